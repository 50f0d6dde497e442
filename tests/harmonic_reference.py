"""The harmonic ops again, with loops over single complex numbers. Shares nothing with ``minipose``.

Streams are unpacked to a list of complex arrays, one for each order, and packed again at the end.
"""

from __future__ import annotations

import cmath
import math

import numpy as np

from tests import reference


def unpack(x, streams):
    """Planes [re 0, im 0, re 1, im 1, …] -> for each order a complex array (N, C, H, W)."""
    orders, at = [], 0
    for count in streams:
        orders.append(x[:, at : at + count] + 1j * x[:, at + count : at + 2 * count])
        at += 2 * count
    return orders


def pack(orders):
    """The way back."""
    return np.concatenate([part for z in orders for part in (z.real, z.imag)], axis=1)


def filters(kernel_size, number):
    """B_ν[r][row][column] and D[row][column], from the samples on each ring."""
    k = kernel_size
    places = [-k / 2 + k * i / (k - 1) for i in range(k)]
    rings = math.ceil(k / 2 - 0.5)
    samples = [
        (r, (k / 2 - 0.5) * (r + 1) / rings, 2 * math.pi * a / (4 * (k - 1)))
        for r in range(rings)
        for a in range(4 * (k - 1))
    ]
    basis = np.zeros((rings, k, k), dtype=complex)
    near = np.zeros((k, k))
    for i, j in np.ndindex(k, k):
        v, u = places[i], places[j]
        near[i, j] = math.exp(-(u * u + v * v) / 0.5)
        total = 0.0
        for r, radius, angle in samples:
            du, dv = u - radius * math.cos(angle), v - radius * math.sin(angle)
            weight = math.exp(-(du * du + dv * dv) / 0.5)
            basis[r, i, j] += weight * cmath.exp(1j * number * angle)
            total += weight
        basis[:, i, j] /= total
    return basis, near / near.sum()


def harmonic_kernel(weights, *centres, into, of, kernel_size=3):
    """The blocks [[Wr, −Wi], [Wi, Wr]] of each pair of channels, pair by pair."""
    kernel = np.zeros((2 * sum(into), 2 * sum(of), kernel_size, kernel_size))
    for o, (out_at, out_channel, b) in enumerate(_channels(into)):
        for i, (in_at, in_channel, a) in enumerate(_channels(of)):
            w = _filter(weights[:, o, i], centres, b, a, out_channel, in_channel, kernel_size)
            for row, column, part in ((0, 0, w.real), (0, 1, -w.imag), (1, 0, w.imag)):
                kernel[out_at + row * into[b], in_at + column * of[a]] = part
            kernel[out_at + into[b], in_at + of[a]] = w.real
    return kernel


def _channels(streams):
    """For each complex map: the plane of its real part, its number within its order, its order."""
    at = 0
    for order, count in enumerate(streams):
        for number in range(count):
            yield at + number, number, order
        at += 2 * count


def _filter(weight, centres, out_order, in_order, out_channel, in_channel, kernel_size):
    basis, near = filters(kernel_size, in_order - out_order)
    w = sum((weight[0][r] + 1j * weight[1][r]) * basis[r] for r in range(len(basis)))
    if out_order == in_order:
        w = w + (1 + 1j) * centres[out_order][out_channel, in_channel] * near
    return w


def harmonic_conv2d(x, weights, *centres, into, of, kernel_size=3, scale=1, real_output=False, **_):
    """y[o] at p = Σ over channels i and taps t of W[o, i, t] · x[i] at p + t − k//2."""
    if x.shape[1] == sum(of):
        x = np.concatenate([x, np.zeros_like(x)], axis=1)
    if scale > 1:
        x = reference.upsample_bilinear(x, scale)
    half = kernel_size // 2
    orders = unpack(x, of)
    n, _, h, w = x.shape
    y = [np.zeros((n, count, h, w), dtype=complex) for count in into]
    for o, (_, out_channel, b) in enumerate(_channels(into)):
        for i, (_, in_channel, a) in enumerate(_channels(of)):
            taps = _filter(weights[:, o, i], centres, b, a, out_channel, in_channel, kernel_size)
            for s, p, q, u, v in np.ndindex(n, h, w, kernel_size, kernel_size):
                row, column = p + u - half, q + v - half
                if 0 <= row < h and 0 <= column < w:
                    y[b][s, out_channel, p, q] += taps[u, v] * orders[a][s, in_channel, row, column]
    return y[0].real if real_output else pack(y)


def polar(radial, phase):
    """R·e^{iβ}, one at a time."""
    z = np.vectorize(lambda r, b: r * cmath.exp(1j * b), otypes=[complex])(radial, phase)
    return np.stack([z.real, z.imag])


def complex_batch_norm(x, streams):
    """(z − μ)/(σ + 0.01), σ² = Σ (|z − μ| − mean |z − μ|)²/(m − 1)."""
    orders = unpack(x, streams)
    for z in orders:
        for c in range(z.shape[1]):
            values = z[:, c].reshape(-1)
            values = [v - sum(values) / len(values) for v in values]
            sizes = [math.sqrt(abs(v) ** 2 + 1e-8) for v in values]
            mean = sum(sizes) / len(sizes)
            variance = sum((r - mean) ** 2 for r in sizes) / max(len(sizes) - 1, 1)
            z[:, c] = np.reshape(values, z[:, c].shape) / (math.sqrt(variance) + 0.01)
    return pack(orders)


def magnitude_gate(x, weight, bias, streams):
    """z · σ(Σ A |z| + b), pixel by pixel."""
    orders = unpack(x, streams)
    z = np.concatenate(orders, axis=1)
    n, c, h, w = z.shape
    y = np.zeros_like(z)
    for s, o, p, q in np.ndindex(n, c, h, w):
        total = bias[o]
        for i in range(c):
            total += weight[o, i] * math.sqrt(abs(z[s, i, p, q]) ** 2 + 1e-8)
        y[s, o, p, q] = z[s, o, p, q] / (1 + math.exp(-total))
    return pack(np.split(y, np.cumsum(streams)[:-1], axis=1))


def normalised_gate(x, weight, bias, streams):
    """The two one after the other."""
    return magnitude_gate(complex_batch_norm(x, streams), weight, bias, streams)


def complex_relu(x, bias, streams):
    """The same direction, |z| + b long, or nothing."""
    orders, at = unpack(x, streams), 0
    for z in orders:
        for s, c, p, q in np.ndindex(*z.shape):
            length = max(abs(z[s, c, p, q]), 1e-6)
            z[s, c, p, q] *= max(length + bias[at + c], 0) / length
        at += z.shape[1]
    return pack(orders)


def concatenate_streams(*xs, streams):
    """Order by order, input by input."""
    unpacked = [unpack(x, counts) for x, counts in zip(xs, streams, strict=True)]
    return pack([np.concatenate(z, axis=1) for z in zip(*unpacked, strict=True)])

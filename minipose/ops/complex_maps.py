"""What happens to complex channels between harmonic convolutions; all of it keeps their phases.

Everywhere here ``x`` is a Tensor (N, 2C, H, W) of real planes re 0, im 0, re 1, im 1, … as in
``ops.harmonic``, and ``streams`` counts its complex channels of each order, C in all. Only
magnitudes, which do not change when the image is rotated, decide what is let through; whatever acts
on a channel acts alike on its real and on its imaginary part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minipose.backend import Array, array_module, product
from minipose.kernels.circular_harmonics import Streams, parts, planes, spans
from minipose.kernels.faster import replaceable
from minipose.ops.dropout import kept_and_scaled
from minipose.ops.shape import all_tensors, concatenate, select
from minipose.tensor import Tensor, record

SMALL = 1e-8  # added to |z|²: the magnitude has a derivative at 0 too
NORM_SMALL = 0.01  # added to the standard deviation of a channel
ROUNDING = 16  # units in the last place of the mean: a smaller deviation may be rounding alone


def complex_batch_norm(x: Tensor, streams: Streams) -> Tensor:
    """y = (z − μ) / (σ + 0.01) with μ = mean z, σ = unbiased standard deviation of |z − μ|.

    Mean and deviation are taken over (N, H, W), for each complex channel, in training and
    evaluation alike; nothing is learned. With d = z − μ, r = |d|, s = σ + 0.01, m samples and
    ⟨a, b⟩ = Σ Re(a conj b),

        dL/dd = g/s − ⟨g, d⟩/s² · (r − mean r)/((m − 1)σ) · d/r,    dL/dz = dL/dd − mean dL/dd.

    Where a channel is constant (or has one pixel) y is 0. Where σ is 0 but for rounding, as in
    channels of two pixels, it counts as constant.

    Source: report 2's library.
    """
    check_streams("complex_batch_norm", x, streams)
    xp = array_module(x.data)
    re, im = _split(x.data, streams)
    axes, count = (0, 2, 3), len(x.data) * math.prod(x.shape[2:])
    re = re - _mean(re)
    im = im - _mean(im)
    r = xp.sqrt(re * re + im * im + SMALL)
    mean = _mean(r)
    apart = r - mean
    samples = max(count - 1, 1)
    deviation = xp.sqrt((apart * apart).sum(axis=axes, keepdims=True) / samples)
    s = deviation + NORM_SMALL
    y = _join(re / s, im / s, streams)

    def backward(grad_y):
        g_re, g_im = _split(grad_y, streams)
        along = (g_re * re + g_im * im).sum(axis=axes, keepdims=True)
        slope = along * inverse_deviation(deviation, mean) / (s * s * samples) * apart / r
        d_re, d_im = g_re / s - slope * re, g_im / s - slope * im
        d_re -= _mean(d_re)
        d_im -= _mean(d_im)
        return (_join(d_re, d_im, streams),)

    return record("complex_batch_norm", y, inputs=(x,), backward=backward)


def magnitude_gate(x: Tensor, weight: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """y = z · σ(A|z| + b), σ the logistic function: all channels decide how much of each passes.

    With q = σ(A|z| + b) and t = Re(g conj z) q (1 − q):  dL/db = Σ t,  dL/dA = Σ t |z|ᵀ,
    dL/dz = g q + (Aᵀt) z/|z|.  |z| = √(re² + im² + 1e-8).

    Parameters
    ----------
    weight : Tensor, shape (C, C)
        A, over the channels of all orders.
    bias : Tensor, shape (C,)

    Source: report 2's network.
    """
    check_streams("magnitude_gate", x, streams)
    check_gate("magnitude_gate", weight, bias, streams)
    xp = array_module(x.data)
    re, im = _split(x.data, streams)
    magnitude = xp.sqrt(re * re + im * im + SMALL)
    a = weight.data
    gate = 0.5 * (1 + xp.tanh(0.5 * (_mix(a, magnitude) + bias.data[:, None, None])))
    y = _join(re * gate, im * gate, streams)

    def backward(grad_y):
        g_re, g_im = _split(grad_y, streams)
        t = (g_re * re + g_im * im) * (gate * (1 - gate))
        through = _mix(a.T, t) / magnitude
        grad_x = _join(g_re * gate + through * re, g_im * gate + through * im, streams)
        grad_a = xp.tensordot(t, magnitude, axes=((0, 2, 3), (0, 2, 3)))  # Σ t |z|ᵀ
        return grad_x, grad_a, t.sum(axis=(0, 2, 3))

    return record("magnitude_gate", y, inputs=(x, weight, bias), backward=backward)


@replaceable
def normalised_gate(x: Tensor, weight: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """``magnitude_gate`` of ``complex_batch_norm``; shapes as there."""
    check_streams("normalised_gate", x, streams)
    check_gate("normalised_gate", weight, bias, streams)
    return magnitude_gate(complex_batch_norm(x, streams), weight, bias, streams)


def complex_relu(x: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """y = z · f with f = max(|z| + b, 0)/|z|: b moves the magnitude, 0 cuts it, the phase stays.

    Where |z| + b > 0:  dL/db = Re(g conj z)/|z|,  dL/dz = g f − Re(g conj z) b/|z|³ · z; else 0.
    |z| = √max(re² + im², 1e-12).

    Parameters
    ----------
    bias : Tensor, shape (C,)
        b of each channel.

    Source: Worrall et al. 2017, equation 12 (C-ReLU).
    """
    check_streams("complex_relu", x, streams)
    all_tensors("complex_relu", [bias])
    if bias.shape != (sum(streams),):
        raise ValueError(f"complex_relu: expected bias {(sum(streams),)}, got {bias.shape}")
    xp = array_module(x.data)
    re, im = _split(x.data, streams)
    b = bias.data[:, None, None]
    squares = re * re + im * im
    magnitude = xp.sqrt(xp.maximum(squares, 1e-12))
    factor = xp.maximum(magnitude + b, 0) / magnitude
    y = _join(re * factor, im * factor, streams)

    def backward(grad_y):
        g_re, g_im = _split(grad_y, streams)
        along = (g_re * re + g_im * im) / magnitude * (factor > 0)
        slope = along * b / (magnitude * magnitude) * (squares > 1e-12)
        grad_x = _join(g_re * factor - slope * re, g_im * factor - slope * im, streams)
        return grad_x, along.sum(axis=(0, 2, 3))

    return record("complex_relu", y, inputs=(x, bias), backward=backward)


@replaceable
def map_dropout(x: Tensor, rate: float, rng: Any, streams: Streams) -> Tensor:
    """y = z · m/(1 − rate), dL/dz = g · m/(1 − rate);  m is 0 for a fraction ``rate``, else 1.

    A complex channel is dropped as a whole, real and imaginary part together, in each image by
    itself: two masks would change the phase of what is left, and with it the direction in which a
    channel of order 1 points.

    Parameters
    ----------
    rate : float
        Fraction of complex channels set to zero, 0 ≤ rate < 1.
    rng : numpy or cupy random Generator
    """
    scale = dropout_scale(x, rate, rng, streams)

    def backward(grad_y):
        return (grad_y * scale,)

    return record("map_dropout", x.data * scale, inputs=(x,), backward=backward)


def dropout_scale(x: Tensor, rate: float, rng: Any, streams: Streams) -> Array:
    """m/(1 − rate) of each plane, (N, 2C, 1, 1); the same for both parts of a channel."""
    check_streams("map_dropout", x, streams)
    scale = kept_and_scaled("map_dropout", x, (len(x.data), sum(streams)), rate, rng)
    return _join(scale, scale, streams)[:, :, None, None]


@replaceable
def concatenate_streams(
    tensors: Sequence[Tensor], streams: Sequence[Streams]
) -> tuple[Tensor, Streams]:
    """The channels of each order side by side: re 0 of all inputs, im 0 of all, re 1 of all, ….

    Parameters
    ----------
    tensors : Tensors of one N, H, W, each (N, 2C, H, W)
    streams : for each of them, its complex channels of each order

    Returns
    -------
    The tensor, and its complex channels of each order.
    """
    total = total_streams(tensors, streams)
    places = [parts(counts) for counts in streams]
    in_order = [
        select(x, (slice(None), place[order][part]))
        for order in range(len(total))
        for part in (0, 1)  # re, im
        for x, place in zip(tensors, places, strict=True)
    ]
    return concatenate(in_order, axis=1), total


def total_streams(tensors: Sequence[Tensor], streams: Sequence[Streams]) -> Streams:
    """Complex channels of each order of all tensors together; raises where they do not match."""
    if not tensors or len(tensors) != len(streams):
        raise ValueError(
            f"concatenate_streams: got {len(tensors)} tensors and {len(streams)} kinds of streams"
        )
    for x, counts in zip(tensors, streams, strict=True):
        check_streams("concatenate_streams", x, counts)
    if len({len(counts) for counts in streams}) > 1:
        raise ValueError(f"concatenate_streams: orders differ: {[tuple(s) for s in streams]}")
    return tuple(sum(counts) for counts in zip(*streams, strict=True))


def inverse_deviation(deviation: Array, mean: Array) -> Array:
    """1/σ of magnitudes with that mean; 0 where σ is no more than rounding, and has no slope."""
    xp = array_module(deviation)
    real = deviation > ROUNDING * float(np.finfo(deviation.dtype).eps) * mean
    return real / xp.where(real, deviation, xp.ones_like(deviation))


def _mean(channels: Array) -> Array:
    """Of each channel, (1, C, 1, 1); of no pictures at all it is 0."""
    mean = channels.mean if channels.size else channels.sum
    return mean(axis=(0, 2, 3), keepdims=True)


def _mix(matrix: Array, channels: Array) -> Array:
    """A 1×1 convolution: (O, C) on (N, C, H, W)."""
    n, c, h, w = channels.shape
    return product(matrix, channels.reshape(n, c, h * w)).reshape(n, len(matrix), h, w)


def _split(x: Array, streams: Streams) -> tuple[Array, Array]:
    """All real parts and all imaginary parts, (N, C, H, W) each."""
    xp, places = array_module(x), parts(streams)
    return tuple(xp.concatenate([x[:, p[k]] for p in places], axis=1) for k in (0, 1))


def _join(re: Array, im: Array, streams: Streams) -> Array:
    """The planes of both parts in the order of streams."""
    both = [part[:, span] for span in spans(streams) for part in (re, im)]
    return array_module(re).concatenate(both, axis=1)


def check_streams(name: str, x: Tensor, streams: Streams) -> None:
    """Raise ``ValueError`` unless x is (N, 2C, H, W) with C complex channels in ``streams``.

    ``TypeError`` for an array.
    """
    all_tensors(name, [x])
    if x.ndim != 4 or x.shape[1] != planes(streams):
        raise ValueError(
            f"{name}: streams {tuple(streams)} are {planes(streams)} planes, got x {x.shape}"
        )


def check_gate(name: str, weight: Tensor, bias: Tensor, streams: Streams) -> None:
    """Raise ``ValueError`` unless weight is (C, C) and bias (C,); ``TypeError`` for arrays."""
    all_tensors(name, [weight, bias])
    c = sum(streams)
    if weight.shape != (c, c) or bias.shape != (c,):
        raise ValueError(
            f"{name}: expected weight {(c, c)} and bias {(c,)}, got {weight.shape} and {bias.shape}"
        )

"""The harmonic ops in PyTorch's complex numbers, which minipose does without.

Planes [re 0, im 0, re 1, im 1, …] become one complex tensor (N, channels of all orders, H, W), and
what the equations write with conjugates and phases is left to PyTorch.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as f

from tests.harmonic_reference import filters


def unpack(x, streams):
    """Real planes -> complex channels."""
    channels, at = [], 0
    for count in streams:
        channels.append(torch.complex(x[:, at : at + count], x[:, at + count : at + 2 * count]))
        at += 2 * count
    return torch.cat(channels, dim=1)


def pack(z, streams):
    """The way back."""
    orders = torch.split(z, list(streams), dim=1)
    return torch.cat([part for order in orders for part in (order.real, order.imag)], dim=1)


def polar(radial, phase):
    return torch.view_as_real(torch.polar(radial.abs(), phase) * torch.sign(radial)).movedim(-1, 0)


def complex_filters(weights, centres, into, of, kernel_size):
    """W (O, I, k, k), complex: from each order that enters to each that leaves."""
    a = torch.complex(weights[0], weights[1])  # (O, I, rings)
    rows = []
    for o, block_rows in enumerate(torch.split(a, list(into), dim=0)):
        row = []
        for i, block in enumerate(torch.split(block_rows, list(of), dim=1)):
            basis, near = (torch.from_numpy(b) for b in filters(kernel_size, i - o))
            w = torch.einsum("oir,rpq->oipq", block, basis.to(a.dtype))
            if o == i:
                w = w + (1 + 1j) * centres[o][:, :, None, None] * near.to(centres[o].dtype)
            row.append(w)
        rows.append(torch.cat(row, dim=1))
    return torch.cat(rows, dim=0)


def kernel(weights, *centres, into, of, kernel_size=3):
    """The real kernel: what a complex product does to real and imaginary planes."""
    w = complex_filters(weights, centres, into, of, kernel_size)
    columns = []
    for at, count in zip(np.cumsum([0, *of]), of, strict=False):
        block = w[:, at : at + count]
        columns += [pack_rows(block, into), pack_rows(1j * block, into)]
    return torch.cat(columns, dim=1)


def pack_rows(w, into):
    return pack(w.transpose(0, 1), into).transpose(0, 1)


def convolve(x, weights, *centres, into, of, kernel_size=3, scale=1, real_output=False):
    if x.shape[1] == sum(of):  # a real image
        z = torch.complex(x, torch.zeros_like(x))
    else:
        z = unpack(x, of)
    if scale > 1:
        parts = (
            f.interpolate(part, scale_factor=scale, mode="bilinear") for part in (z.real, z.imag)
        )
        z = torch.complex(*parts)
    w = complex_filters(weights, centres, into, of, kernel_size)
    y = f.conv2d(z, w, padding=kernel_size // 2)
    return y[:, : into[0]].real if real_output else pack(y, into)


def norm(x, streams):
    z = unpack(x, streams)
    z = z - z.mean(dim=(0, 2, 3), keepdim=True)
    r = torch.sqrt(z.real**2 + z.imag**2 + 1e-8)
    return pack(z / (r.std(dim=(0, 2, 3), keepdim=True) + 0.01), streams)


def gate(x, weight, bias, streams):
    z = unpack(x, streams)
    magnitude = torch.sqrt(z.real**2 + z.imag**2 + 1e-8)
    mixed = torch.einsum("oc,nchw->nohw", weight, magnitude) + bias[:, None, None]
    return pack(z * torch.sigmoid(mixed), streams)


def normalised_gate(x, weight, bias, streams):
    return gate(norm(x, streams), weight, bias, streams)


def relu(x, bias, streams):
    z = unpack(x, streams)
    return pack(torch.polar(f.relu(z.abs() + bias[:, None, None]), z.angle()), streams)


def dropout(x, rate, seed, streams):
    draws = np.random.default_rng((seed,)).random((len(x), sum(streams)), dtype=np.float32)
    kept = torch.tensor(draws >= rate)[:, :, None, None]
    return pack(unpack(x, streams) * kept / (1 - rate), streams)


def concatenate(*tensors, streams):
    """Sorted by order: all of order 0, then all of order 1."""
    split = [
        torch.split(unpack(x, s), list(s), dim=1) for x, s in zip(tensors, streams, strict=True)
    ]
    orders = [torch.cat(same, dim=1) for same in zip(*split, strict=True)]
    return pack(torch.cat(orders, dim=1), [order.shape[1] for order in orders])

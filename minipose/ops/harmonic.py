"""Harmonic convolution: complex channels of several rotation orders, filtered to rotate along.

A tensor of *streams* holds complex channels as real planes (N, 2·ΣC, H, W), in the order re 0,
im 0, re 1, im 1, …: ``streams = (32, 32)`` are 32 complex channels of order 0 and 32 of order 1. If
the image is rotated by θ (anticlockwise), channels of order n rotate with it and are multiplied by
e^{inθ}; a filter from order n to order o has the angular number ν = n − o
(``kernels.circular_harmonics``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minipose.backend import Array, array_module
from minipose.kernels.circular_harmonics import (
    Streams,
    centre_basis,
    parts,
    planes,
    ring_basis,
    spans,
)
from minipose.kernels.faster import replaceable
from minipose.ops.conv import conv2d
from minipose.ops.shape import all_tensors, select
from minipose.ops.upsample import upsample_bilinear
from minipose.tensor import Tensor, record


@replaceable
def polar(radial: Tensor, phase: Tensor) -> Tensor:
    """a = R·e^{iβ} as real numbers: y[0] = R cos β, y[1] = R sin β.

    dL/dR = g₀ cos β + g₁ sin β,  dL/dβ = g₁ · R cos β − g₀ · R sin β.

    Parameters
    ----------
    radial, phase : Tensor of one shape
        R and β (rad).

    Returns
    -------
    Tensor, shape (2, *shape)
    """
    all_tensors("polar", [radial, phase])
    if radial.shape != phase.shape:
        raise ValueError(f"polar: radial {radial.shape} and phase {phase.shape} differ in shape")
    xp = array_module(radial.data)
    cos, sin = xp.cos(phase.data), xp.sin(phase.data)
    y = xp.stack([radial.data * cos, radial.data * sin])

    def backward(grad_y):
        return grad_y[0] * cos + grad_y[1] * sin, grad_y[1] * y[0] - grad_y[0] * y[1]

    return record("polar", y, inputs=(radial, phase), backward=backward)


def harmonic_kernel(
    weights: Tensor, centres: Sequence[Tensor], into: Streams, of: Streams, kernel_size: int = 3
) -> Tensor:
    """The real kernel of a harmonic convolution: a block [[Wr, −Wi], [Wi, Wr]] per pair of orders.

    W[o, i, p] = Σ_r a[o, i, r] B_ν[r, p] + (1 + i) c[o, i] D[p] (the last for equal orders only).
    With G = g₁₁ + g₂₂ + i (g₂₁ − g₁₂) of a block's gradients, dL/da = Σ_p G · conj(B_ν) (as a
    complex number), dL/dc = Σ_p D (Re G + Im G).

    Parameters
    ----------
    weights : Tensor, shape (2, O, I, rings)
        a, real and imaginary parts; O and I count the complex channels of all orders.
    centres : Tensors, shapes (O₀, I₀), (O₁, I₁), …
        c of each order that both sides have.
    into, of : complex channels of each order that leave and that enter
    kernel_size : int
        k, odd.

    Returns
    -------
    Tensor, shape (2·O, 2·I, k, k)

    Source: Worrall et al. 2017, section 4; the term (1 + i)c as in report 2's library.
    """
    check_weights("harmonic_kernel", weights, centres, into, of, kernel_size)
    xp, dtype, (_, m, n, rings) = array_module(weights.data), weights.dtype, weights.shape
    a = weights.data.transpose(1, 2, 0, 3).reshape(m, n, 2 * rings)  # [Re a, Im a] of each pair
    c = [centre.data for centre in centres]
    pairs = _pairs_of_orders(into, of, kernel_size, a)
    centre = xp.asarray(centre_basis(kernel_size).reshape(-1), dtype=dtype)  # D (k²,)
    kernel = xp.zeros((planes(into), planes(of), kernel_size**2), dtype=dtype)
    for o, i, place, pattern in pairs:
        (re_out, im_out), (re_in, im_in) = parts(into)[o], parts(of)[i]
        re, im = xp.split(a[place] @ pattern, 2, axis=2)  # (O_o, I_i, k²) each
        if o == i:
            near = c[o][:, :, None] * centre
            re, im = re + near, im + near
        kernel[re_out, re_in] = kernel[im_out, im_in] = re
        kernel[im_out, re_in] = im
        kernel[re_out, im_in] = -im

    def backward(grad_kernel):
        grad = grad_kernel.reshape(kernel.shape)
        grad_a, grad_c = xp.zeros_like(a), [xp.zeros_like(each) for each in c]
        for o, i, place, pattern in pairs:
            (re_out, im_out), (re_in, im_in) = parts(into)[o], parts(of)[i]
            re = grad[re_out, re_in] + grad[im_out, im_in]
            im = grad[im_out, re_in] - grad[re_out, im_in]
            grad_a[place] = xp.concatenate([re, im], axis=2) @ pattern.T
            if o == i:
                grad_c[o] = (re + im) @ centre
        return (grad_a.reshape(m, n, 2, rings).transpose(2, 0, 1, 3), *grad_c)

    y = kernel.reshape(planes(into), planes(of), kernel_size, kernel_size)
    return record("harmonic_kernel", y, inputs=(weights, *centres), backward=backward)


@replaceable
def harmonic_conv2d(
    x: Tensor,
    weights: Tensor,
    centres: Sequence[Tensor],
    into: Streams,
    of: Streams,
    kernel_size: int = 3,
    *,
    scale: int = 1,
    real_output: bool = False,
) -> Tensor:
    """y[o] = Σ_i W[o, i] ⋆ x[i] in complex numbers, with zeros around; the size stays.

    All filters W are written out (``harmonic_kernel``); real and imaginary planes then go through
    one real convolution: Re y = Wr ⋆ Re x − Wi ⋆ Im x, Im y = Wi ⋆ Re x + Wr ⋆ Im x.

    Parameters
    ----------
    x : Tensor, shape (N, 2·I, H, W), or (N, I, H, W) real channels of order 0
    weights, centres, into, of, kernel_size : as in ``harmonic_kernel``
    scale : int
        s; x is enlarged by bilinear interpolation first.
    real_output : bool
        Whether only the real parts of order 0 are wanted.

    Returns
    -------
    Tensor, shape (N, 2·O, s·H, s·W), or (N, O₀, s·H, s·W)

    Source: report 2's network; Worrall et al. 2017, section 4.
    """
    real_input = check_input("harmonic_conv2d", x, of)
    check_weights("harmonic_conv2d", weights, centres, into, of, kernel_size)
    kernel = harmonic_kernel(weights, centres, into, of, kernel_size)
    if real_input:
        kernel = select(kernel, (slice(None), parts(of)[0][0]))
    if real_output:
        kernel = select(kernel, parts(into)[0][0])
    x = upsample_bilinear(x, scale) if scale != 1 else x
    return conv2d(x, kernel, padding=kernel_size // 2)


def _pairs_of_orders(into: Streams, of: Streams, kernel_size: int, like: Array) -> list[tuple]:
    """Order out, order in, their place in a, and their pattern P (2·rings, 2·k²), with
    [Re a, Im a] P = [Re a·B_ν, Im a·B_ν], for each pair of orders that have channels."""
    found = []
    for o, rows in enumerate(spans(into)):
        for i, columns in enumerate(spans(of)):
            basis = ring_basis(kernel_size, i - o).reshape(-1, kernel_size**2)
            pattern = np.block([[basis.real, basis.imag], [-basis.imag, basis.real]])
            pattern = array_module(like).asarray(pattern, dtype=like.dtype)
            if into[o] > 0 and of[i] > 0:
                found.append((o, i, (rows, columns), pattern))
    return found


def check_weights(
    name: str,
    weights: Tensor,
    centres: Sequence[Tensor],
    into: Streams,
    of: Streams,
    kernel_size: int,
) -> None:
    """Raise ``ValueError`` unless weights and centres have the shapes that the streams ask for.

    ``TypeError`` for arrays.
    """
    all_tensors(name, [weights, *centres])
    expected = (2, sum(into), sum(of), len(ring_basis(kernel_size, 0)))
    if weights.shape != expected:
        raise ValueError(
            f"{name}: expected weights {expected} for streams {tuple(of)} -> {tuple(into)}, "
            f"got {weights.shape}"
        )
    shapes = list(zip(into, of, strict=False))
    if [tuple(c.shape) for c in centres] != shapes:
        got = [tuple(c.shape) for c in centres]
        raise ValueError(f"{name}: expected centres {shapes}, got {got}")


def check_input(name: str, x: Tensor, of: Streams) -> bool:
    """Whether x is a real image: planes for the real parts of order 0 and nothing else."""
    all_tensors(name, [x])
    real = len(of) == 1
    wanted = of[0] if real else planes(of)
    if x.ndim != 4 or x.shape[1] not in {wanted, planes(of)}:
        raise ValueError(
            f"{name}: streams {tuple(of)} are {planes(of)} planes"
            f"{f' (or {of[0]} real ones)' if real else ''}, got x {x.shape}"
        )
    return x.shape[1] != planes(of)

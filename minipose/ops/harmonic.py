"""Harmonic convolution: complex maps of several rotation orders, filtered so that they turn along.

A tensor of *streams* holds complex maps as real planes (N, 2·ΣC, H, W), in the order re 0, im 0,
re 1, im 1, …: ``streams = (32, 32)`` are 32 complex maps of order 0 and 32 of order 1. If the image
turns by θ (anticlockwise), maps of order n turn with it and are multiplied by e^{inθ}; a filter
from order n to order o has angular number n − o (``kernels.harmonic``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from minipose.backend import Array, array_module
from minipose.fast import harmonic_mix, harmonic_weights
from minipose.fast.harmonic_stencils import gather, spread
from minipose.fast.harmonic_weights import Matrices
from minipose.fast.planes import batch_first, enlarge, enlarge_backward, planes_first
from minipose.kernels.circular_harmonics import (
    Streams,
    centre_basis,
    parts,
    planes,
    ring_basis,
    spans,
)
from minipose.ops.conv import conv2d
from minipose.ops.shape import select
from minipose.ops.upsample import upsample_bilinear
from minipose.tensor import Tensor, record

_direct = False


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
    if radial.shape != phase.shape:
        raise ValueError(f"polar: radial {radial.shape} and phase {phase.shape} differ in shape")
    y, cos, sin = harmonic_weights.polar(radial.data, phase.data)

    def backward(grad_y):
        return harmonic_weights.polar_backward(grad_y, y, cos, sin)

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
        a, real and imaginary parts; O and I count the maps of all orders.
    centres : Tensors, shapes (O₀, I₀), (O₁, I₁), …
        c of each order that both sides have.
    into, of : maps of each order that leave and that enter
    kernel_size : int

    Returns
    -------
    Tensor, shape (2·O, 2·I, k, k)

    Source: Worrall et al. 2017, section 4; the term (1 + i)c as in report 2's library.
    """
    _check_weights("harmonic_kernel", weights, centres, into, of, kernel_size)
    xp, dtype = array_module(weights.data), weights.dtype
    a, c = weights.data, [centre.data for centre in centres]
    blocks = _blocks(into, of)
    bases = {number: _basis(xp, kernel_size, number, dtype) for *_, number in blocks}
    centre = xp.asarray(centre_basis(kernel_size).reshape(-1), dtype=dtype)
    kernel = xp.zeros((planes(into), planes(of), kernel_size**2), dtype=dtype)
    for o, i, number in blocks:
        rows, columns = spans(into)[o], spans(of)[i]
        (re_out, im_out), (re_in, im_in) = parts(into)[o], parts(of)[i]
        cos, sin = bases[number]  # (rings, k²)
        re = a[0, rows, columns] @ cos - a[1, rows, columns] @ sin
        im = a[0, rows, columns] @ sin + a[1, rows, columns] @ cos
        if o == i:
            near = c[o][:, :, None] * centre
            re, im = re + near, im + near
        kernel[re_out, re_in] = kernel[im_out, im_in] = re
        kernel[im_out, re_in] = im
        kernel[re_out, im_in] = -im

    def backward(grad_kernel):
        grad = grad_kernel.reshape(kernel.shape)
        grad_a = xp.zeros(a.shape, dtype=dtype)
        grad_c = [xp.zeros_like(each) for each in c]
        for o, i, number in blocks:
            rows, columns = spans(into)[o], spans(of)[i]
            (re_out, im_out), (re_in, im_in) = parts(into)[o], parts(of)[i]
            re = grad[re_out, re_in] + grad[im_out, im_in]
            im = grad[im_out, re_in] - grad[re_out, im_in]
            cos, sin = bases[number]
            grad_a[0, rows, columns] = re @ cos.T + im @ sin.T
            grad_a[1, rows, columns] = im @ cos.T - re @ sin.T
            if o == i:
                grad_c[o] = (re + im) @ centre
        return (grad_a, *grad_c)

    y = kernel.reshape(planes(into), planes(of), kernel_size, kernel_size)
    return record("harmonic_kernel", y, inputs=(weights, *centres), backward=backward)


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

    W[o, i, p] = Σ_r a[o, i, r] B_ν[r, p] + (1 + i) c[o, i] D[p] (the last for equal orders only).
    dL/dx correlates dL/dy with the conjugate of W turned by 180°, dL/da and dL/dc project dL/dW on
    the conjugate patterns.

    Parameters
    ----------
    x : Tensor, shape (N, 2·I, H, W), or (N, I, H, W) real maps of order 0
    weights : Tensor, shape (2, O, I, rings)
        a, real and imaginary parts (``polar``); O and I count the maps of all orders.
    centres : Tensors, shapes (O₀, I₀), (O₁, I₁), …
        c of each order that both sides have.
    into, of : maps of each order that leave and that enter
    kernel_size : int
        k, odd. 3 is fast.
    scale : int
        x is enlarged by bilinear interpolation first.
    real_output : bool
        Whether only the real parts of order 0 are wanted.

    Returns
    -------
    Tensor, shape (N, 2·O, s·H, s·W), or (N, O₀, s·H, s·W)

    Notes
    -----
    For 3×3 and orders 0 and 1 the fixed patterns are applied to each map once and the maps are
    mixed by 1×1 products (``kernels.harmonic_stencils``): 4 multiplications for each pair of maps
    and pixel, where ``harmonic_conv2d_direct`` makes 36. Patterns and products commute, so the
    patterns go to whichever side has fewer maps, and products come before an enlargement.

    Source: report 2's network; Worrall et al. 2017, section 4.
    """
    if kernel_size != 3 or max(len(into), len(of)) > 2 or _direct:
        return harmonic_conv2d_direct(
            x, weights, centres, into, of, kernel_size, scale=scale, real_output=real_output
        )
    real_input = _check_input("harmonic_conv2d", x, into, of)
    _check_weights("harmonic_conv2d", weights, centres, into, of, kernel_size)
    xp, count = array_module(x.data), x.shape[1]
    data = planes_first(x.data)  # (C, N, H, W)
    if real_input:
        data = xp.concatenate([data, xp.zeros_like(data)])
    used = harmonic_weights.matrices(weights.data[..., 0], [c.data for c in centres], into, of)
    convolve = _products_first if sum(into) <= sum(of) else _patterns_first
    y, differentiate = convolve(data, used, into, of, scale)

    def backward(grad_y):
        grad = planes_first(grad_y)
        if real_output:
            grad = xp.concatenate([grad, xp.zeros_like(grad)])
        grad_x, grad_matrices = differentiate(grad)
        grad_a, grad_c = harmonic_weights.matrices_backward(grad_matrices, into, of)
        return (batch_first(grad_x[:count]), grad_a[..., None], *grad_c)

    y = batch_first(y[: into[0]] if real_output else y)
    return record("harmonic_conv2d", y, inputs=(x, weights, *centres), backward=backward)


def _patterns_first(x: Array, a: Matrices, into: Streams, of: Streams, scale: int):
    """Enlarge, filter each map that enters, mix. Returns y and its derivative."""
    filtered = spread(enlarge(x, scale), of, len(into))
    factors = harmonic_weights.factors(a, into)

    def differentiate(grad_y):
        mixed, grad_a = harmonic_mix.unmix_and_gram(factors, filtered, grad_y, into, of)
        return enlarge_backward(gather(mixed, of), scale), grad_a

    return harmonic_mix.mix(factors, filtered, into), differentiate


def _products_first(x: Array, a: Matrices, into: Streams, of: Streams, scale: int):
    """The adjoint of filtering and mixing on the way back: mix, enlarge, filter what leaves."""
    factors = harmonic_weights.factors(a.adjoint(into, of), of)
    mixed = harmonic_mix.unmix(factors, x, of)
    mixed = [_both(enlarge, pair, scale) for pair in mixed]

    def differentiate(grad_y):
        filtered = spread(grad_y, into, len(of), turn=-1)
        filtered = [_both(enlarge_backward, pair, scale) for pair in filtered]
        grad_x, grad_back = harmonic_mix.mix_and_gram(factors, filtered, x, of, into)
        return grad_x, grad_back.adjoint(of, into)

    return gather(mixed, into, turn=-1), differentiate


def _both(resized, pair: Array, scale: int) -> Array:
    """``enlarge`` or its adjoint of ``first`` and ``second``, (2, rows, N, H, W)."""
    rows = pair.shape[1]
    planes = resized(pair.reshape(2 * rows, *pair.shape[2:]), scale)
    return planes.reshape(2, rows, *planes.shape[1:])


@contextlib.contextmanager
def use_direct() -> Iterator[None]:
    """Within this block every harmonic convolution takes the direct form: the reference."""
    global _direct
    before, _direct = _direct, True
    try:
        yield
    finally:
        _direct = before


def harmonic_conv2d_direct(
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
    """``harmonic_conv2d`` as it is defined: all kernels written out, then a real convolution."""
    real_input = _check_input("harmonic_conv2d", x, into, of)
    kernel = harmonic_kernel(weights, centres, into, of, kernel_size)
    if real_input:
        kernel = select(kernel, (slice(None), parts(of)[0][0]))
    if real_output:
        kernel = select(kernel, parts(into)[0][0])
    x = upsample_bilinear(x, scale) if scale > 1 else x
    return conv2d(x, kernel, padding=kernel_size // 2)


def _basis(xp, kernel_size: int, number: int, dtype) -> tuple[Array, Array]:
    """Real and imaginary part of B_ν, (rings, k²) each."""
    basis = ring_basis(kernel_size, number).reshape(-1, kernel_size**2)
    return xp.asarray(basis.real, dtype=dtype), xp.asarray(basis.imag, dtype=dtype)


def _blocks(into: Streams, of: Streams) -> list[tuple[int, int, int]]:
    """(order out, order in, angular number) of each pair that has maps."""
    return [
        (o, i, i - o) for o in range(len(into)) for i in range(len(of)) if into[o] > 0 and of[i] > 0
    ]


def _check_weights(name, weights, centres, into, of, kernel_size) -> None:
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


def _check_input(name: str, x: Tensor, into: Streams, of: Streams) -> bool:
    """Whether x is a real image: planes for the real parts of order 0 and nothing else."""
    real = len(of) == 1
    wanted = of[0] if real else planes(of)
    if x.ndim != 4 or x.shape[1] not in {wanted, planes(of)}:
        raise ValueError(
            f"{name}: streams {tuple(of)} are {planes(of)} planes"
            f"{f' (or {of[0]} real ones)' if real else ''}, got x {x.shape}"
        )
    return x.shape[1] != planes(of)

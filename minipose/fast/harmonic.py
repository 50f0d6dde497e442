"""3×3 harmonic convolution in two stages: fixed patterns on each channel, then 1×1 products.

A 3×3 filter has so few free numbers that it is a few fixed patterns times them. For orders 0 and 1
the patterns are applied to each channel once (``harmonic_stencils``) and the channels are mixed by
1×1 products (``harmonic_mix``): 4 multiplications for each pair of complex channels and pixel,
where the convolution with all kernels written out makes 36. Patterns and products commute, so the
patterns go to whichever side has fewer channels, and products come before an enlargement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minipose.fast import harmonic_mix, harmonic_weights
from minipose.fast.harmonic_stencils import gather, spread
from minipose.fast.harmonic_weights import Matrices
from minipose.fast.planes import enlarge, enlarge_backward, from_planes, planes_first
from minipose.fast.suitable import accepted, on_cpu
from minipose.kernels.circular_harmonics import Streams
from minipose.kernels.faster import offer
from minipose.ops import harmonic as plain
from minipose.tensor import Tensor, record


def polar(radial: Tensor, phase: Tensor) -> Tensor:
    """``ops.polar`` by all threads."""
    y, cos, sin = harmonic_weights.polar(radial.data, phase.data)

    def backward(grad_y):
        return harmonic_weights.polar_backward(grad_y, y, cos, sin)

    return record("polar", y, inputs=(radial, phase), backward=backward)


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
    """``ops.harmonic_conv2d`` in two stages.

    dL/dx correlates dL/dy with the conjugate of W rotated by 180°, dL/da and dL/dc project dL/dW on
    the conjugate patterns.
    """
    count = x.shape[1]
    data = planes_first(x.data)  # (C, N, H, W)
    if plain.check_input("harmonic_conv2d", x, of):  # real: the imaginary parts are 0
        data = np.concatenate([data, np.zeros_like(data)])
    near = [c.data for c in centres]
    used = harmonic_weights.mixing_matrices(weights.data[..., 0], near, into, of)
    convolve = _products_first if sum(into) <= sum(of) else _patterns_first
    y, differentiate = convolve(data, used, into, of, scale)

    def backward(grad_y):
        grad = planes_first(grad_y)
        if real_output:
            grad = np.concatenate([grad, np.zeros_like(grad)])
        grad_x, grad_matrices = differentiate(grad)
        grad_a, grad_c = harmonic_weights.mixing_matrices_backward(grad_matrices, into, of)
        return (from_planes(grad_x[:count]), grad_a[..., None], *grad_c)

    y = from_planes(y[: into[0]] if real_output else y)
    return record("harmonic_conv2d", y, inputs=(x, weights, *centres), backward=backward)


def _patterns_first(x: np.ndarray, a: Matrices, into: Streams, of: Streams, scale: int):
    """Enlarge, filter each channel that enters, mix. Returns y and its derivative."""
    filtered = spread(enlarge(x, scale), of, len(into))
    factors = harmonic_weights.factors(a, into)

    def differentiate(grad_y):
        mixed, grad_a = harmonic_mix.unmix_and_gram(factors, filtered, grad_y, into, of)
        return enlarge_backward(gather(mixed, of), scale), grad_a

    return harmonic_mix.mix(factors, filtered, into), differentiate


def _products_first(x: np.ndarray, a: Matrices, into: Streams, of: Streams, scale: int):
    """Mix, enlarge, filter what leaves: the adjoint of filtering and mixing from y to x."""
    factors = harmonic_weights.factors(a.adjoint(into, of), of)
    mixed = harmonic_mix.unmix(factors, x, of)
    mixed = [_both(enlarge, pair, scale) for pair in mixed]

    def differentiate(grad_y):
        filtered = spread(grad_y, into, len(of), sign=-1)
        filtered = [_both(enlarge_backward, pair, scale) for pair in filtered]
        grad_x, grad_back = harmonic_mix.mix_and_gram(factors, filtered, x, of, into)
        return grad_x, grad_back.adjoint(of, into)

    return gather(mixed, into, sign=-1), differentiate


def _both(resized, pair: np.ndarray, scale: int) -> np.ndarray:
    """``enlarge`` or its adjoint of ``first`` and ``second``, (2, rows, N, H, W)."""
    rows = pair.shape[1]
    planes = resized(pair.reshape(2 * rows, *pair.shape[2:]), scale)
    return planes.reshape(2, rows, *planes.shape[1:])


def _same_shape(radial: Any, phase: Any) -> bool:
    return on_cpu(radial, phase) and radial.shape == phase.shape and radial.ndim > 0


def _two_orders(
    x: Any, weights: Any, centres: Any, into: Any, of: Any, kernel_size: int = 3,
    *, scale: int = 1, real_output: bool = False,
) -> bool:  # fmt: skip
    """3×3 filters of orders 0 and 1; real parts only of streams that have no other order."""
    return (
        kernel_size == 3
        and max(len(into), len(of)) <= 2
        and not (real_output and len(into) > 1)
        and isinstance(scale, int)
        and scale >= 1
        and isinstance(centres, (list, tuple))
        and on_cpu(x, weights, *centres)
        and accepted(plain.check_input, "harmonic_conv2d", x, of)
        and accepted(plain.check_weights, "harmonic_conv2d", weights, centres, into, of, 3)
    )


offer(plain.polar, _same_shape, polar)
offer(plain.harmonic_conv2d, _two_orders, harmonic_conv2d)

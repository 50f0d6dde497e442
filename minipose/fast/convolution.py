"""Which algorithm convolves: one door for the ops, chosen by shape or by hand.

- ``im2col``: the reference; any shape, any array library.
- ``strips``: im2col in strips that fit the cache, on threads, channels last; any shape, on a CPU.
- ``winograd``: a quarter of the multiplications or less; 3×3, 5×5 and 6×6 with stride 1, on a CPU.

The rule was measured on two cores: Winograd pays once its transforms are small beside its products
(32 maps or more) and the transformed kernel, four times the kernel, is used for enough tiles. Where
an image has few pixels, copying the kernel into the strips' order costs more than the columns do,
and im2col, which takes the kernel as it lies, is best.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from minipose.backend import Array
from minipose.fast import strips, winograd
from minipose.kernels import im2col

Pair = tuple[int, int]

ALGORITHMS = ("im2col", "strips", "winograd")
WINOGRAD_TILES, WINOGRAD_MAPS = 64, 32  # at least
FEW_PIXELS = 512  # at most, for im2col

_forced: str | None = None


@contextlib.contextmanager
def use_algorithm(name: str | None) -> Iterator[None]:
    """Convolve with one algorithm wherever it can, im2col elsewhere; None restores the rule.

    >>> from minipose import Tensor, ops
    >>> import numpy as np
    >>> with use_algorithm("im2col"):
    ...     y = ops.conv2d(Tensor(np.ones((1, 1, 3, 3))), Tensor(np.ones((1, 1, 3, 3))))
    >>> y.item()
    9.0
    """
    global _forced
    if name is not None and name not in ALGORITHMS:
        raise ValueError(f"use_algorithm: expected one of {ALGORITHMS} or None, got {name!r}")
    before, _forced = _forced, name
    try:
        yield
    finally:
        _forced = before


def choose(x: Array, weight: Array, stride: Pair, padding: Pair) -> str:
    """The name of the algorithm for these shapes."""
    if not (isinstance(x, np.ndarray) and isinstance(weight, np.ndarray)):
        return "im2col"
    o, c, kh, kw = weight.shape
    out = [im2col.output_size(*s) for s in zip(x.shape[2:], (kh, kw), stride, padding, strict=True)]
    fits_winograd = winograd.suits((kh, kw), stride, padding)
    if _forced is not None:
        return "im2col" if _forced == "winograd" and not fits_winograd else _forced
    tiles = winograd.tiles(len(x), tuple(out), kh) if fits_winograd else 0
    if tiles >= WINOGRAD_TILES and min(o, c) >= WINOGRAD_MAPS:
        return "winograd"
    return "im2col" if len(x) * out[0] * out[1] <= FEW_PIXELS else "strips"


def forward(x: Array, weight: Array, stride: Pair, padding: Pair) -> Array:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, kh, kw)."""
    algorithm = choose(x, weight, stride, padding)
    if algorithm == "winograd":
        return winograd.forward(x, weight, padding)
    kernel = strips if algorithm == "strips" else im2col
    return kernel.forward(x, weight, stride, padding)


def backward_input(grad_y: Array, weight: Array, x: Array, stride: Pair, padding: Pair) -> Array:
    """dL/dx (N, C, H, W)."""
    algorithm = choose(x, weight, stride, padding)
    if algorithm == "winograd":
        return winograd.backward_input(grad_y, weight, padding)
    within = all(p < k for p, k in zip(padding, weight.shape[2:], strict=True))
    if algorithm == "strips" and stride == (1, 1) and within:
        return strips.backward_input(grad_y, weight, padding)
    return im2col.backward_input(grad_y, weight, x.shape[2:], stride, padding)


def backward_weight(grad_y: Array, x: Array, weight: Array, stride: Pair, padding: Pair) -> Array:
    """dL/dw (O, C, kh, kw)."""
    algorithm = choose(x, weight, stride, padding)
    if algorithm == "winograd":
        return winograd.backward_weight(grad_y, x, weight.shape[2], padding)
    kernel = strips if algorithm == "strips" else im2col
    return kernel.backward_weight(grad_y, x, weight.shape[2:], stride, padding)

"""Images with one plane of all pictures after another: (C, N, H, W) in memory.

Each map is then one piece of memory, which suits whatever works on maps one by one, and all pixels
of all pictures are one axis, which suits products over channels: (O, C) @ (C, N·H·W).
"""

from __future__ import annotations

from minipose.backend import Array, array_module
from minipose.fast.parallel import each, pieces, rows_apart
from minipose.kernels import resize

BLOCK = 1 << 17  # elements of the larger planes that one task works on


def planes_first(x: Array) -> Array:
    """(N, C, H, W) -> contiguous (C, N, H, W); no copy if it lies so already."""
    return array_module(x).ascontiguousarray(x.transpose(1, 0, 2, 3))


def batch_first(x: Array) -> Array:
    """(C, N, H, W) -> (N, C, H, W): a view."""
    return x.transpose(1, 0, 2, 3)


def enlarge(x: Array, scale: int) -> Array:
    """Bilinear interpolation of planes (C, N, H, W)."""
    if scale == 1:
        return x
    c, n, h, w = x.shape
    y = rows_apart(c, (n, h * scale, w * scale), x)
    cuts = _cuts(y)
    each(lambda k: resize.bilinear_forward(x[cuts[k]], scale, y[cuts[k]]), len(cuts), x)
    return y


def enlarge_backward(grad_y: Array, scale: int) -> Array:
    """Its adjoint."""
    if scale == 1:
        return grad_y
    c, n, h, w = grad_y.shape
    grad_x = rows_apart(c, (n, h // scale, w // scale), grad_y)
    cuts = _cuts(grad_y)

    def task(k: int) -> None:
        resize.bilinear_backward(grad_y[cuts[k]], scale, grad_x[cuts[k]])

    each(task, len(cuts), grad_y)
    return grad_x


def _cuts(larger: Array) -> list[slice]:
    plane = max(1, larger.size // max(len(larger), 1))
    return pieces(len(larger), BLOCK // plane, larger)

"""Larger images, and what their pixels give back, as one call each."""

from __future__ import annotations

from minipose.backend import Array
from minipose.fast.device.kernel import Kernel, empty_images, on_device
from minipose.fast.suitable import accepted
from minipose.kernels.faster import offer
from minipose.ops import upsample as plain
from minipose.tensor import Tensor, record

SIZES = "int32 h, int32 w, int32 scale"  # of the small image


def _nearest(x: Array, h: int, w: int, scale: int, y: Array) -> None:
    y[...] = x.repeat(scale, axis=2).repeat(scale, axis=3)


NEAREST = Kernel(
    "nearest",
    f"raw T x, {SIZES}",
    "T y",
    """
    const ptrdiff_t column = i % (w * scale), rows = i / (w * scale);
    const ptrdiff_t row = rows % (h * scale), plane = rows / (h * scale);
    y = x[(plane * h + row / scale) * w + column / scale];
    """,
    _nearest,
)


def _nearest_back(grad_y: Array, h: int, w: int, scale: int, grad_x: Array) -> None:
    blocks = grad_y.reshape(*grad_y.shape[:2], h, scale, w, scale)
    grad_x[...] = blocks.sum(axis=(3, 5))


NEAREST_BACK = Kernel(
    "nearest_back",
    f"raw T grad_y, {SIZES}",
    "T grad_x",
    """
    const ptrdiff_t column = i % w, rows = i / w;
    T sum = 0;
    for (int a = 0; a < scale; ++a) for (int b = 0; b < scale; ++b) {
        sum += grad_y[(rows * scale + a) * (w * scale) + column * scale + b];
    }
    grad_x = sum;
    """,
    _nearest_back,
)

# Place ``to`` of the large image lies ``part`` of 2·scale parts behind pixel ``left`` of the small
# one: in whole numbers, so that only T rounds. ``weight``: so many parts count there of ``from``.
BETWEEN = """
__device__ int minipose_left(int to, int scale) {
    return 2 * to + 1 < scale ? -1 : (2 * to + 1 - scale) / (2 * scale);
}
__device__ int minipose_part(int to, int scale) {
    return 2 * to + 1 - scale - 2 * scale * minipose_left(to, scale);
}
__device__ int minipose_weight(int from, int to, int size, int scale) {
    const int left = minipose_left(to, scale), part = minipose_part(to, scale);
    const int a = max(left, 0), b = min(left + 1, size - 1);
    return (a == from ? 2 * scale - part : 0) + (b == from ? part : 0);
}
"""


def _bilinear(x: Array, h: int, w: int, scale: int, y: Array) -> None:
    a, b = (plain._interpolation(size, scale, x) for size in (h, w))
    y[...] = a @ x @ b.T


BILINEAR = Kernel(
    "bilinear",
    f"raw T x, {SIZES}",
    "T y",
    """
    const ptrdiff_t column = i % (w * scale), rows = i / (w * scale);
    const ptrdiff_t row = rows % (h * scale), plane = rows / (h * scale);
    const int above = minipose_left(row, scale), before = minipose_left(column, scale);
    const T below_part = T(minipose_part(row, scale)) / T(2 * scale);
    const T right_part = T(minipose_part(column, scale)) / T(2 * scale);
    const ptrdiff_t top = (plane * h + max(above, 0)) * w;
    const ptrdiff_t bottom = (plane * h + min(above + 1, h - 1)) * w;
    const int from = max(before, 0), to = min(before + 1, w - 1);
    y = (x[top + from] * (1 - right_part) + x[top + to] * right_part) * (1 - below_part)
        + (x[bottom + from] * (1 - right_part) + x[bottom + to] * right_part) * below_part;
    """,
    _bilinear,
    BETWEEN,
)


def _bilinear_back(grad_y: Array, h: int, w: int, scale: int, grad_x: Array) -> None:
    a, b = (plain._interpolation(size, scale, grad_y) for size in (h, w))
    grad_x[...] = a.T @ grad_y @ b


BILINEAR_BACK = Kernel(
    "bilinear_back",
    f"raw T grad_y, {SIZES}",
    "T grad_x",
    """
    const int column = i % w, row = i / w % h;
    const ptrdiff_t plane = i / w / h;
    T sum = 0;
    for (int p = max((row - 1) * scale, 0); p < min((row + 2) * scale, h * scale); ++p) {
        const T down = T(minipose_weight(row, p, h, scale)) / T(2 * scale);
        if (down == T(0)) continue;
        const ptrdiff_t line = (plane * h * scale + p) * (w * scale);
        T part = 0;
        for (int q = max((column - 1) * scale, 0); q < min((column + 2) * scale, w * scale); ++q) {
            const T right = T(minipose_weight(column, q, w, scale)) / T(2 * scale);
            part += right * grad_y[line + q];
        }
        sum += down * part;
    }
    grad_x = sum;
    """,
    _bilinear_back,
    BETWEEN,
)


def _resampled(x: Tensor, scale: int, name: str, larger: Kernel, back: Kernel) -> Tensor:
    n, c, h, w = x.shape
    y = empty_images(x.data, (n, c, h * scale, w * scale))
    larger(x.data.transpose(1, 0, 2, 3), h, w, scale, y.transpose(1, 0, 2, 3))

    def backward(grad_y):
        grad_x = empty_images(grad_y, (n, c, h, w))
        back(grad_y.transpose(1, 0, 2, 3), h, w, scale, grad_x.transpose(1, 0, 2, 3))
        return (grad_x,)

    return record(name, y, inputs=(x,), backward=backward)


def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """``ops.upsample_nearest``."""
    return _resampled(x, scale, "upsample_nearest", NEAREST, NEAREST_BACK)


def upsample_bilinear(x: Tensor, scale: int) -> Tensor:
    """``ops.upsample_bilinear``."""
    return _resampled(x, scale, "upsample_bilinear", BILINEAR, BILINEAR_BACK)


def _suits(x, scale) -> bool:
    return on_device(x) and accepted(plain.check_upsample, "upsample", x, scale)


offer(plain.upsample_nearest, _suits, upsample_nearest)
offer(plain.upsample_bilinear, _suits, upsample_bilinear)

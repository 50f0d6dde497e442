"""Pools, and their gradients, as one call each; PoseNet's convolution with the pool behind it."""

from __future__ import annotations

import itertools
import math

import numpy as np

from minipose.backend import Array, array_module, product
from minipose.fast.device.chains import TANH_BACK
from minipose.fast.device.columns import columns, images, taps
from minipose.fast.device.kernel import Kernel, on_device, unflat
from minipose.fast.suitable import accepted
from minipose.kernels.faster import offer
from minipose.kernels.im2col import crop_images, output_size, pad_images
from minipose.ops import conv as plain_conv
from minipose.ops import pool as plain
from minipose.tensor import record

Pair = tuple[int, int]
SIZES = "int32 h, int32 w, int32 kh, int32 kw, int32 sh, int32 sw, int32 ph, int32 pw, "
SIZES += "int32 out_h, int32 out_w"
Blocks = tuple[int, ...]  # numbers in that order


def _taps(sizes: Blocks) -> tuple[list[tuple], Pair]:
    """What picks out each tap of a padded image, and the padding."""
    h, w, kh, kw, sh, sw, ph, pw, _, _ = sizes
    return plain.tap_slices((h + 2 * ph, w + 2 * pw), (kh, kw), (sh, sw)), (ph, pw)


def _max(x: Array, *rest: Array) -> None:
    (slices, padding), (y, winner) = _taps(rest[:-2]), rest[-2:]
    inside = pad_images(np.ones_like(x, dtype=bool), padding, False)
    padded = pad_images(x, padding, -math.inf)
    y[...], found = -math.inf, np.zeros(y.shape, dtype=bool)
    for number, tap in enumerate(slices):
        candidate, is_inside = padded[tap], inside[tap]
        winner[...] = np.where(is_inside & (~found | (candidate > y)), number, winner)
        found |= is_inside
        np.maximum(y, candidate, out=y)


MAX_POOL = Kernel(
    "max_pool",
    f"raw T x, {SIZES}",
    "T y, W winner",
    """
    ptrdiff_t rest = i;
    const int q = rest % out_w; rest /= out_w;
    const int p = rest % out_h; rest /= out_h;
    int best = -1;
    T most = T(0);
    for (int down = 0; down < kh; ++down) for (int right = 0; right < kw; ++right) {
        const int row = p * sh + down - ph, column = q * sw + right - pw;
        if (row < 0 || column < 0 || row >= h || column >= w) continue;
        const T candidate = x[(rest * h + row) * w + column];
        if (best < 0 || candidate > most) best = down * kw + right;
        if (best == down * kw + right || candidate != candidate) most = candidate;
    }
    y = most;
    winner = W(best);
    """,
    _max,
)


def _max_back(grad_y: Array, winner: Array, *rest: Array) -> None:
    (slices, padding), grad_x = _taps(rest[:-1]), rest[-1]
    padded = pad_images(np.zeros_like(grad_x), padding)
    for number, tap in enumerate(slices):
        padded[tap] += grad_y * (winner == number)
    grad_x[...] = crop_images(padded, padding)


MAX_POOL_BACK = Kernel(
    "max_pool_back",
    f"raw T grad_y, raw W winner, {SIZES}",
    "T grad_x",
    """
    ptrdiff_t rest = i;
    const int column = rest % w; rest /= w;
    const int row = rest % h; rest /= h;
    T sum = 0;
    for (int down = 0; down < kh; ++down) {
        const int y = row + ph - down;
        if (y < 0 || y % sh != 0 || y / sh >= out_h) continue;
        for (int right = 0; right < kw; ++right) {
            const int z = column + pw - right;
            if (z < 0 || z % sw != 0 || z / sw >= out_w) continue;
            const ptrdiff_t block = (rest * out_h + y / sh) * out_w + z / sw;
            if (winner[block] == W(down * kw + right)) sum += grad_y[block];
        }
    }
    grad_x = sum;
    """,
    _max_back,
)


def _mean(x: Array, *rest: Array) -> None:
    (slices, padding), y = _taps(rest[:-1]), rest[-1]
    padded = pad_images(x, padding)
    y[...] = sum(padded[tap] for tap in slices) * y.dtype.type(1 / len(slices))


MEAN_POOL = Kernel(
    "mean_pool",
    f"raw T x, {SIZES}",
    "T y",
    """
    ptrdiff_t rest = i;
    const int q = rest % out_w; rest /= out_w;
    const int p = rest % out_h; rest /= out_h;
    T sum = 0;
    for (int down = 0; down < kh; ++down) for (int right = 0; right < kw; ++right) {
        const int row = p * sh + down - ph, column = q * sw + right - pw;
        if (row >= 0 && column >= 0 && row < h && column < w) {
            sum += x[(rest * h + row) * w + column];
        }
    }
    y = sum * T(1.0 / (kh * kw));
    """,
    _mean,
)


def _mean_back(grad_y: Array, *rest: Array) -> None:
    (slices, padding), grad_x = _taps(rest[:-1]), rest[-1]
    padded = pad_images(np.zeros_like(grad_x), padding)
    for tap in slices:
        padded[tap] += grad_y * grad_y.dtype.type(1 / len(slices))
    grad_x[...] = crop_images(padded, padding)


MEAN_POOL_BACK = Kernel(
    "mean_pool_back",
    f"raw T grad_y, {SIZES}",
    "T grad_x",
    """
    ptrdiff_t rest = i;
    const int column = rest % w; rest /= w;
    const int row = rest % h; rest /= h;
    T sum = 0;
    for (int down = 0; down < kh; ++down) {
        const int y = row + ph - down;
        if (y < 0 || y % sh != 0 || y / sh >= out_h) continue;
        for (int right = 0; right < kw; ++right) {
            const int z = column + pw - right;
            if (z < 0 || z % sw != 0 || z / sw >= out_w) continue;
            sum += grad_y[(rest * out_h + y / sh) * out_w + z / sw];
        }
    }
    grad_x = sum * T(1.0 / (kh * kw));
    """,
    _mean_back,
)


def _blocks(shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Pair) -> Blocks:
    rows = zip(shape[-2:], kernel, stride, padding, strict=True)
    return (*shape[-2:], *kernel, *stride, *padding, *itertools.starmap(output_size, rows))


def _channels_first(x: Array) -> Array:
    """(N, C, H, W) -> (C, N, H, W), and back: as images lie between layers."""
    return x.transpose(1, 0, 2, 3)


def max_pool2d(x, kernel_size, stride=None, padding=0):
    """``ops.max_pool2d``."""
    kernel, stride, padding = plain.check_pool2d("max_pool2d", x, kernel_size, stride, padding)
    sizes = _blocks(x.shape, kernel, stride, padding)
    y, winner = strongest(_channels_first(x.data), sizes)

    def backward(grad_y):
        return (_channels_first(strongest_back(_channels_first(grad_y), winner, sizes)),)

    return record("max_pool2d", _channels_first(y), inputs=(x,), backward=backward)


def strongest(x: Array, sizes: Blocks) -> tuple[Array, Array]:
    """The largest of each block of (C, N, H, W), and the number of the tap where it was."""
    xp, shape = array_module(x), (*x.shape[:2], *sizes[-2:])
    y = xp.empty(shape, dtype=x.dtype)
    winner = xp.empty(shape, dtype=plain.winner_dtype(xp, sizes[2:4]))
    MAX_POOL(x, *sizes, y, winner)
    return y, winner


def strongest_back(grad_y: Array, winner: Array, sizes: Blocks) -> Array:
    """dL/dx (C, N, H, W): what each pixel gets from the blocks that it has won."""
    shape = (*winner.shape[:2], *sizes[:2])
    grad_x = array_module(grad_y).empty(shape, dtype=grad_y.dtype)
    MAX_POOL_BACK(grad_y, winner, *sizes, grad_x)
    return grad_x


def avg_pool2d(x, kernel_size, stride=None, padding=0):
    """``ops.avg_pool2d``."""
    kernel, stride, padding = plain.check_pool2d("avg_pool2d", x, kernel_size, stride, padding)
    sizes, (n, c, h, w) = _blocks(x.shape, kernel, stride, padding), x.shape
    y = array_module(x.data).empty((c, n, *sizes[-2:]), dtype=x.dtype)
    MEAN_POOL(_channels_first(x.data), *sizes, y)

    def backward(grad_y):
        grad_x = array_module(grad_y).empty((c, n, h, w), dtype=grad_y.dtype)
        MEAN_POOL_BACK(_channels_first(grad_y), *sizes, grad_x)
        return (_channels_first(grad_x),)

    return record("avg_pool2d", _channels_first(y), inputs=(x,), backward=backward)


def _bias_tanh(bias: Array, tanh: int, y: Array) -> None:
    y += bias
    if tanh:
        np.tanh(y, out=y)


BIAS_TANH = Kernel(
    "bias_tanh", "T bias, int32 squash", "T y", "const T z = y + bias; y = squash ? tanh(z) : z;",
    _bias_tanh,
)  # fmt: skip


def conv2d_max_pool2d(x, weight, bias=None, tanh=False):
    """``ops.conv2d_max_pool2d``."""
    x_data, w_data = x.data, weight.data
    x_needed, w_needed = x.requires_grad, weight.requires_grad
    t = taps(x_data, weight.shape[2:], (1, 1), (0, 0))
    matrix = w_data.reshape(len(w_data), -1)
    full = product(matrix, columns(x_data, t)).reshape(-1, t.count, t.out_h, t.out_w)
    sizes = _blocks(full.shape, (2, 2), (2, 2), (0, 0))
    y, winner = strongest(full, sizes)
    if bias is not None or tanh:
        BIAS_TANH(0.0 if bias is None else bias.data[:, None, None, None], int(tanh), y)

    def backward(grad_y):
        grad_y = _channels_first(grad_y)
        if tanh:
            grad_z = array_module(y).empty(y.shape, dtype=y.dtype)
            TANH_BACK(grad_y, y, grad_z)
        else:
            grad_z = grad_y
        grad = strongest_back(grad_z, winner, sizes).reshape(len(w_data), -1)
        grad_x = grad_w = None
        if x_needed:
            grad_x = images(product(matrix.T, grad), t, x_data.shape[1])
        if w_needed:
            grad_w = array_module(grad).empty(w_data.shape, dtype=grad.dtype)
            product(grad, columns(x_data, t).T, out=grad_w.reshape(matrix.shape))
        return (grad_x, grad_w) if bias is None else (grad_x, grad_w, grad_z.sum(axis=(1, 2, 3)))

    inputs = (x, weight) if bias is None else (x, weight, bias)
    y_ = unflat(y, t.count, sizes[-2:])
    return record("conv2d_max_pool2d", y_, inputs=inputs, backward=backward)


def _suits(name: str):
    def suits(x, kernel_size, stride=None, padding=0) -> bool:
        fits = on_device(x) and accepted(plain.check_pool2d, name, x, kernel_size, stride, padding)
        return fits and not math.prod(x.shape) == 0

    return suits


def _suits_convolution(x, weight, bias=None, tanh=False) -> bool:
    if not on_device(x, weight, bias=bias):
        return False
    if not accepted(plain_conv.check_conv2d, x, weight, bias, 1, 0):
        return False
    return all(n > k for n, k in zip(x.shape[2:], weight.shape[2:], strict=True))


offer(plain.max_pool2d, _suits("max_pool2d"), max_pool2d)
offer(plain.avg_pool2d, _suits("avg_pool2d"), avg_pool2d)
offer(plain_conv.conv2d_max_pool2d, _suits_convolution, conv2d_max_pool2d)

"""The kernels of a convolution: columns of (doubled, padded) images, and what a column gives back.

``up`` repeats each pixel up × up times before the kernel's taps are taken, so nearest upsampling
and the convolution behind it are one copy. All images here are (C, N, H, W), as products leave
them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast.device.kernel import Kernel
from minipose.kernels import im2col as plain

Pair = tuple[int, int]


class Taps(NamedTuple):
    """Which pixels a convolution takes: all that its kernels ask, as whole numbers."""

    h: int
    w: int
    kh: int
    kw: int
    sh: int
    sw: int
    ph: int
    pw: int
    up: int
    out_h: int
    out_w: int
    count: int  # N


SIZES = ", ".join(f"int32 {name}" for name in Taps._fields)


def taps(
    x: Array, kernel: Pair, stride: Pair, padding: Pair, up: int = 1, out: Pair | None = None
) -> Taps:
    """For images (N, C, H, W); ``out`` where the output is not as large as the padding makes it."""
    (n, _, h, w), (kh, kw), (sh, sw), (ph, pw) = x.shape, kernel, stride, padding
    out_h, out_w = out or (
        plain.output_size(h * up, kh, sh, ph),
        plain.output_size(w * up, kw, sw, pw),
    )
    return Taps(h, w, kh, kw, sh, sw, ph, pw, up, out_h, out_w, n)


def _columns(x: Array, *rest: object) -> None:
    t, cols = Taps(*rest[:-1]), rest[-1]
    large = x.repeat(t.up, axis=2).repeat(t.up, axis=3)
    below = t.sh * (t.out_h - 1) + t.kh - t.ph - large.shape[2]  # what the taps reach beyond
    right = t.sw * (t.out_w - 1) + t.kw - t.pw - large.shape[3]
    margins = ((0, 0), (0, 0), (t.ph, max(below, 0)), (t.pw, max(right, 0)))
    padded = np.pad(large, margins).transpose(1, 0, 2, 3)
    made = plain.im2col(padded, (t.kh, t.kw), (t.sh, t.sw), (0, 0))
    cols.reshape(made.shape[:4] + (t.out_h, t.out_w))[...] = made[..., : t.out_h, : t.out_w]


COLUMNS = Kernel(
    "columns",
    f"raw T x, {SIZES}",
    "S cols",
    """
    ptrdiff_t rest = i;
    const int q = rest % out_w; rest /= out_w;
    const int p = rest % out_h; rest /= out_h;
    const int image = rest % count; rest /= count;
    const int right = rest % kw; rest /= kw;
    const int down = rest % kh; rest /= kh;
    const int row = p * sh + down - ph, column = q * sw + right - pw;
    if (row < 0 || column < 0 || row >= h * up || column >= w * up) {
        cols = S(0);
    } else {
        cols = S(x[((rest * count + image) * h + row / up) * w + column / up]);
    }
    """,
    _columns,
)


def _images(cols: Array, *rest: object) -> None:
    t, images = Taps(*rest[:-1]), rest[-1]
    c = len(images)
    below = max(t.sh * (t.out_h - 1) + t.kh - t.ph, t.h * t.up)
    right = max(t.sw * (t.out_w - 1) + t.kw - t.pw, t.w * t.up)
    shaped = cols.reshape(c, t.kh, t.kw, t.count, t.out_h, t.out_w)
    padded = plain.col2im(shaped, (below + t.ph, right + t.pw), (t.sh, t.sw), (0, 0))
    large = padded[:, :, t.ph : t.ph + t.h * t.up, t.pw : t.pw + t.w * t.up]
    blocks = large.reshape(t.count, c, t.h, t.up, t.w, t.up).sum(axis=(3, 5))
    images[...] = blocks.transpose(1, 0, 2, 3)


IMAGES = Kernel(
    "images",
    f"raw S cols, {SIZES}",
    "T x",
    """
    ptrdiff_t rest = i;
    const int column = rest % w; rest /= w;
    const int row = rest % h; rest /= h;
    const int image = rest % count; rest /= count;
    T sum = 0;
    for (int a = 0; a < up; ++a) for (int down = 0; down < kh; ++down) {
        const int y = row * up + a + ph - down;
        if (y < 0 || y % sh != 0 || y / sh >= out_h) continue;
        for (int b = 0; b < up; ++b) for (int right = 0; right < kw; ++right) {
            const int z = column * up + b + pw - right;
            if (z < 0 || z % sw != 0 || z / sw >= out_w) continue;
            const ptrdiff_t tap = (rest * kh + down) * kw + right;
            sum += T(cols[((tap * count + image) * out_h + y / sh) * out_w + z / sw]);
        }
    }
    x = sum;
    """,
    _images,
)


def columns(x: Array, t: Taps) -> Array:
    """(C·kh·kw, N·H'·W') of images (N, C, H, W)."""
    c, n = x.shape[1], len(x)
    if t.kh == t.kw == t.sh == t.sw == t.up == 1 and t.ph == t.pw == 0:
        return x.transpose(1, 0, 2, 3).reshape(c, -1)
    cols = array_module(x).empty((c * t.kh * t.kw, n * t.out_h * t.out_w), dtype=x.dtype)
    COLUMNS(x.transpose(1, 0, 2, 3), *t, cols)
    return cols


def images(cols: Array, t: Taps, channels: int) -> Array:
    """The adjoint of ``columns``: (N, C, H, W), each pixel the sum of its copies."""
    if t.kh == t.kw == t.sh == t.sw == t.up == 1 and t.ph == t.pw == 0:
        return cols.reshape(channels, t.count, t.h, t.w).transpose(1, 0, 2, 3)
    x = array_module(cols).empty((channels, t.count, t.h, t.w), dtype=cols.dtype)
    IMAGES(cols, *t, x)
    return x.transpose(1, 0, 2, 3)

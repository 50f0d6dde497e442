"""Every heavy op again, written with loops over single numbers: slow, and hard to get wrong."""

from __future__ import annotations

import numpy as np


def conv2d(x, weight, bias=None, stride=(1, 1), padding=(0, 0)):
    """y[n, o, p, q] = b[o] + Σ w[o, c, i, j] · x_padded[n, c, p·s + i, q·s + j]."""
    (sh, sw), (ph, pw) = stride, padding
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    n, _, h, w = x.shape
    o, c, kh, kw = weight.shape
    y = np.zeros((n, o, (h - kh) // sh + 1, (w - kw) // sw + 1))
    for at in np.ndindex(y.shape):
        b, k, p, q = at
        total = 0.0 if bias is None else bias[k]
        for ch, i, j in np.ndindex(c, kh, kw):
            total += weight[k, ch, i, j] * x[b, ch, p * sh + i, q * sw + j]
        y[at] = total
    return y


def pool2d(x, kernel, stride, reduce):
    """y[n, c, p, q] = reduce of the k × k block that begins at (p·s, q·s)."""
    n, c, h, w = x.shape
    y = np.zeros((n, c, (h - kernel) // stride + 1, (w - kernel) // stride + 1))
    for at in np.ndindex(y.shape):
        b, k, p, q = at
        rows = slice(p * stride, p * stride + kernel)
        y[at] = reduce(x[b, k, rows, q * stride : q * stride + kernel])
    return y


def upsample_nearest(x, scale):
    """y[p, q] = x[⌊p/s⌋, ⌊q/s⌋]."""
    n, c, h, w = x.shape
    y = np.zeros((n, c, h * scale, w * scale))
    for b, k, p, q in np.ndindex(y.shape):
        y[b, k, p, q] = x[b, k, p // scale, q // scale]
    return y


def upsample_bilinear(x, scale):
    """Pixel p of y lies at (p + ½)/s − ½ of x, between two pixels; beyond the border it repeats."""
    n, c, h, w = x.shape
    y = np.zeros((n, c, h * scale, w * scale))
    for b, k, p, q in np.ndindex(y.shape):
        row, column = (p + 0.5) / scale - 0.5, (q + 0.5) / scale - 0.5
        r, s = int(np.floor(row)), int(np.floor(column))
        for i in (0, 1):
            for j in (0, 1):
                share = (1 - abs(row - (r + i))) * (1 - abs(column - (s + j)))
                at = min(max(r + i, 0), h - 1), min(max(s + j, 0), w - 1)
                y[b, k, p, q] += share * x[b, k, at[0], at[1]]
    return y

"""Every op again, written with loops over single numbers: slow, and hard to get wrong.

Arrays in, arrays out, float64. Nothing here is shared with ``minipose``.
"""

from __future__ import annotations

import math

import numpy as np


def each(function):
    """The function of numbers applied to each element (of broadcast operands)."""
    return np.vectorize(function, otypes=[float])


# --- Shapes, sums, products -----------------------------------------------------------------------


def reshape(x, shape):
    """The elements in row-major order, in another shape."""
    values = [x[at] for at in np.ndindex(x.shape)]
    return np.array(values).reshape(shape)


def transpose(x, axes=None):
    """y[i₀, i₁, …] = x[j] with j[axes[k]] = iₖ."""
    axes = axes or tuple(reversed(range(x.ndim)))
    y = np.zeros([x.shape[a] for a in axes])
    for at in np.ndindex(y.shape):
        source = [0] * x.ndim
        for k, a in enumerate(axes):
            source[a] = at[k]
        y[at] = x[tuple(source)]
    return y


def concatenate(*xs, axis=1):
    """One after another along ``axis``, element by element."""
    shape = list(xs[0].shape)
    shape[axis] = int(np.sum([x.shape[axis] for x in xs]))
    y, start = np.zeros(shape), 0
    for x in xs:
        for at in np.ndindex(x.shape):
            target = list(at)
            target[axis] += start
            y[tuple(target)] = x[at]
        start += x.shape[axis]
    return y


def pad(x, widths):
    """x in the middle of zeros."""
    y = np.zeros([n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)])
    for at in np.ndindex(x.shape):
        y[tuple(i + before for i, (before, _) in zip(at, widths, strict=True))] = x[at]
    return y


def crop(x, widths):
    """x without its borders."""
    y = np.zeros([n - before - after for n, (before, after) in zip(x.shape, widths, strict=True)])
    for at in np.ndindex(y.shape):
        y[at] = x[tuple(i + before for i, (before, _) in zip(at, widths, strict=True))]
    return y


def sum(x, axis=None, keepdims=False):
    """Σ over the axes, one summand at a time."""
    axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = [a % x.ndim for a in axes]
    y = np.zeros([1 if a in axes else n for a, n in enumerate(x.shape)])
    for at in np.ndindex(x.shape):
        y[tuple(0 if a in axes else i for a, i in enumerate(at))] += x[at]
    return y if keepdims else y.reshape([n for a, n in enumerate(x.shape) if a not in axes])


def mean(x, axis=None, keepdims=False):
    """Σ divided by the number of summands."""
    y = sum(x, axis, keepdims)
    return y * y.size / x.size


def reduction(function):
    """The function of a list of numbers applied to those that share their place on other axes."""

    def reference(x, axis=None, keepdims=False, **options):
        axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
        axes, groups = [a % x.ndim for a in axes], {}
        for at in np.ndindex(x.shape):
            place = tuple(0 if a in axes else i for a, i in enumerate(at))
            groups.setdefault(place, []).append(float(x[at]))
        y = np.zeros([1 if a in axes else n for a, n in enumerate(x.shape)])
        for place, numbers in groups.items():
            y[place] = function(numbers, **options)
        return y if keepdims else y.reshape([n for a, n in enumerate(x.shape) if a not in axes])

    return reference


def _spread(numbers, correction=0):
    middle = math.fsum(numbers) / len(numbers)
    return math.fsum((v - middle) ** 2 for v in numbers) / (len(numbers) - correction)


largest, smallest = reduction(max), reduction(min)
var = reduction(_spread)
logsumexp = reduction(lambda numbers: math.log(math.fsum(math.exp(v) for v in numbers)))


def matmul(a, b):
    """Y[…, m, n] = Σₖ A[…, m, k] B[…, k, n]; a vector is a row in front, a column behind."""
    if b.ndim == 1:
        return matmul(a, b.reshape(-1, 1))[..., 0]
    if a.ndim == 1:
        return matmul(a.reshape(1, -1), b)[..., 0, :]
    front = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, front + a.shape[-2:])
    b = np.broadcast_to(b, front + b.shape[-2:])
    y = np.zeros((*front, a.shape[-2], b.shape[-1]))
    for at in np.ndindex(front):
        y[at] = _product(a[at], b[at])
    return y


def _product(a, b):
    y = np.zeros((a.shape[0], b.shape[1]))
    for m, n in np.ndindex(y.shape):
        for k in range(a.shape[1]):
            y[m, n] += a[m, k] * b[k, n]
    return y


def einsum(*xs, subscripts):
    """One product for each choice of all indices, added where the letters of the result point."""
    given, arrow, out = subscripts.replace(" ", "").partition("->")
    letters = given.split(",")
    if not arrow:
        out = "".join(c for c in sorted(set(given)) if c != "," and given.count(c) == 1)
    sizes = {}
    for names, x in zip(letters, xs, strict=True):
        for name, n in zip(names, x.shape, strict=True):
            sizes[name] = max(n, sizes.get(name, 1))
    y = np.zeros([sizes[name] for name in out])
    for at in np.ndindex(*sizes.values()):
        index, product = dict(zip(sizes, at, strict=True)), 1.0
        for names, x in zip(letters, xs, strict=True):
            product *= x[tuple(index[c] % n for c, n in zip(names, x.shape, strict=True))]
        y[tuple(index[c] for c in out)] += product
    return y


def linear(x, weight, bias=None):
    """Y[…, o] = b[o] + Σᵢ X[…, i] W[o, i]."""
    y = np.zeros((*x.shape[:-1], weight.shape[0]))
    for *n, o in np.ndindex(y.shape):
        y[(*n, o)] = 0.0 if bias is None else bias[o]
        for i in range(x.shape[-1]):
            y[(*n, o)] += x[(*n, i)] * weight[o, i]
    return y


def softmax(x, axis=1):
    """e^xᵢ / Σⱼ e^xⱼ, to the letter."""
    y = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        line = list(at)
        total = 0.0
        for j in range(x.shape[axis]):
            line[axis] = j
            total += math.exp(x[tuple(line)])
        y[at] = math.exp(x[at]) / total
    return y


def log_softmax(x, axis=1):
    """The logarithm of the softmax."""
    return each(math.log)(softmax(x, axis))


# --- Images ---------------------------------------------------------------------------------------


def conv2d(x, weight, bias=None, stride=(1, 1), padding=(0, 0)):
    """y[n, o, p, q] = b[o] + Σ w[o, c, i, j] · x_padded[n, c, p·s + i, q·s + j]."""
    (sh, sw), (o, c, kh, kw) = both(stride), weight.shape
    if padding == "same":  # of an odd number of lines the larger half is below and to the right
        margins = [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in (kh, kw)]
    else:
        margins = [(p, p) for p in both(padding)]
    x = pad(x, ((0, 0), (0, 0), *margins))
    n, _, h, w = x.shape
    y = np.zeros((n, o, (h - kh) // sh + 1, (w - kw) // sw + 1))
    for at in np.ndindex(y.shape):
        b, k, p, q = at
        total = 0.0 if bias is None else bias[k]
        for ch, i, j in np.ndindex(c, kh, kw):
            total += weight[k, ch, i, j] * x[b, ch, p * sh + i, q * sw + j]
        y[at] = total
    return y


def pool2d(x, kernel_size, stride, padding, margin, reduce):
    """y[n, c, p, q] = reduce of the block that begins at (p·s, q·s) of x with margins around it."""
    (kh, kw), (ph, pw) = both(kernel_size), both(padding)
    sh, sw = both(kernel_size if stride is None else stride)
    n, c, h, w = x.shape
    padded = np.full((n, c, h + 2 * ph, w + 2 * pw), margin)
    for b, k, p, q in np.ndindex(x.shape):
        padded[b, k, p + ph, q + pw] = x[b, k, p, q]
    y = np.zeros((n, c, (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1))
    for at in np.ndindex(y.shape):
        b, k, p, q = at
        y[at] = reduce(padded[b, k, p * sh : p * sh + kh, q * sw : q * sw + kw])
    return y


def max_pool2d(x, kernel_size, stride=None, padding=0):
    """The largest of each block; the margins are smaller than anything."""
    return pool2d(x, kernel_size, stride, padding, -np.inf, np.max)


def avg_pool2d(x, kernel_size, stride=None, padding=0):
    """The mean of each block; the margins are zeros."""
    return pool2d(x, kernel_size, stride, padding, 0.0, np.mean)


def both(value):
    """A number for both directions, or one for each."""
    return value if isinstance(value, tuple) else (value, value)


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
        r, s = math.floor(row), math.floor(column)
        for i in (0, 1):
            for j in (0, 1):
                weight = (1 - abs(row - (r + i))) * (1 - abs(column - (s + j)))
                at = min(max(r + i, 0), h - 1), min(max(s + j, 0), w - 1)
                y[b, k, p, q] += weight * x[b, k, at[0], at[1]]
    return y


def batch_norm(x, weight, bias, eps=1e-5, relu=False):
    """Each value minus the mean of its channel, by the root of the channel's variance."""
    y = np.zeros(x.shape)
    for c in range(x.shape[1]):
        y[:, c] = _normalised(x[:, c], eps) * weight[c] + bias[c]
    return each(lambda v: max(v, 0.0))(y) if relu else y


def batch_norm_inference(x, weight, bias, mean, variance, eps=1e-5, relu=False):
    """The same with a mean and a variance that are given."""
    y = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        c = at[1]
        y[at] = (x[at] - mean[c]) / math.sqrt(variance[c] + eps) * weight[c] + bias[c]
    return each(lambda v: max(v, 0.0))(y) if relu else y


def group_norm(x, weight, bias, groups, eps=1e-5, relu=False):
    """Each value minus the mean of its group in its picture, by the root of their variance."""
    y, size = np.zeros(x.shape), x.shape[1] // groups
    for n in range(x.shape[0]):
        for c in range(0, x.shape[1], size):
            y[n, c : c + size] = _normalised(x[n, c : c + size], eps)
    for c in range(x.shape[1]):
        y[:, c] = y[:, c] * weight[c] + bias[c]
    return each(lambda v: max(v, 0.0))(y) if relu else y


def _normalised(values, eps):
    total = squares = 0.0
    for v in values.ravel():
        total += v
    mean = total / values.size
    for v in values.ravel():
        squares += (v - mean) ** 2
    return (values - mean) / math.sqrt(squares / values.size + eps)

"""Norm and gate of complex channels (``ops.normalised_gate``) as seven calls forward and nine back.

With d = z − μ, r = |d|, s = σ + 0.01 and n = d/s, and m = |n|, q = σ(A m + b):

forward    μ of each plane · r · mean r · Σ (r − mean r)² · m · A m · y = n q
backward   t = Re(g conj n) q(1 − q), Σ t, t mᵀ, Aᵀt;  dL/dn = g q + (Aᵀt) n/m and with it
           ⟨dL/dn, d⟩;  dL/dd as in ``complex_batch_norm``;  minus its mean

Arrays are (C, N·H·W), or (2C, N·H·W) for planes.
"""

from __future__ import annotations

import numpy as np

from minipose.backend import Array, array_module, product
from minipose.fast.device.kernel import Kernel, flat, on_device, unflat
from minipose.fast.device.streams import tables
from minipose.fast.suitable import accepted
from minipose.kernels.circular_harmonics import Streams
from minipose.kernels.faster import offer
from minipose.ops import complex_maps as plain
from minipose.ops.complex_maps import NORM_SMALL, ROUNDING, SMALL
from minipose.tensor import Tensor, record

PLACE = "raw T x, raw T centre, raw int32 re_at, raw int32 im_at, int64 size"  # z and μ, by plane
SPREAD = "raw T squares, int64 samples"  # Σ (r − mean r)² of each channel
DISTANCE = f"""
    const ptrdiff_t channel = i / size, pixel = i % size;
    const ptrdiff_t re_plane = re_at[channel], im_plane = im_at[channel];
    const T re = x[re_plane * size + pixel] - centre[re_plane];
    const T im = x[im_plane * size + pixel] - centre[im_plane];
    const T small = T({SMALL});
"""
SCALED = f"const T s = sqrt(squares[channel] / T(samples)) + T({NORM_SMALL});"


def _distance(x: Array, centre: Array, re_at: Array, im_at: Array) -> tuple[Array, Array]:
    """Real and imaginary part of z − μ."""
    apart = x - centre[:, None]
    return apart[re_at], apart[im_at]


def _radius(x: Array, centre: Array, re_at: Array, im_at: Array, size: int, r: Array) -> None:
    re, im = _distance(x, centre, re_at, im_at)
    r[...] = np.sqrt(re * re + im * im + r.dtype.type(SMALL))


RADIUS = Kernel("radius", PLACE, "T r", DISTANCE + "r = sqrt(re * re + im * im + small);", _radius)


def _square(r: Array, mean: Array, square: Array) -> None:
    square[...] = (r - mean) * (r - mean)


SQUARE = Kernel(
    "square",
    "T r, T mean",
    "T square",
    "const T apart = r - mean; square = apart * apart;",
    _square,
)


def _spread(squares: Array, samples: int) -> Array:
    """s of each channel, as a column."""
    return np.sqrt(squares / squares.dtype.type(samples))[:, None] + squares.dtype.type(NORM_SMALL)


def _magnitude(
    x: Array, centre: Array, re_at: Array, im_at: Array, size: int, squares: Array, samples: int,
    m: Array,
) -> None:  # fmt: skip
    s = _spread(squares, samples)
    re, im = (part / s for part in _distance(x, centre, re_at, im_at))
    m[...] = np.sqrt(re * re + im * im + m.dtype.type(SMALL))


MAGNITUDE = Kernel(
    "magnitude",
    f"{PLACE}, {SPREAD}",
    "T m",
    DISTANCE + SCALED + "m = sqrt(re / s * (re / s) + im / s * (im / s) + small);",
    _magnitude,
)


def _gate(
    x: Array, centre: Array, re_at: Array, im_at: Array, size: int, squares: Array, samples: int,
    bias: Array, q: Array, y: Array,
) -> None:  # fmt: skip
    q[...] = 0.5 * (1 + np.tanh(0.5 * (q + bias)))
    s = _spread(squares, samples)
    re, im = _distance(x, centre, re_at, im_at)
    y[re_at], y[im_at] = re / s * q, im / s * q


GATE = Kernel(  # q holds A m at first
    "gate",
    f"{PLACE}, {SPREAD}, T bias",
    "T q, raw T y",
    DISTANCE
    + SCALED
    + """
    q = T(0.5) * (1 + tanh(T(0.5) * (q + bias)));
    y[re_plane * size + pixel] = re / s * q;
    y[im_plane * size + pixel] = im / s * q;
    """,
    _gate,
)


def _through(
    x: Array, centre: Array, re_at: Array, im_at: Array, size: int, squares: Array, samples: int,
    g: Array, q: Array, t: Array,
) -> None:  # fmt: skip
    s = _spread(squares, samples)
    re, im = _distance(x, centre, re_at, im_at)
    t[...] = (g[re_at] * (re / s) + g[im_at] * (im / s)) * (q * (1 - q))


THROUGH = Kernel(
    "through",
    f"{PLACE}, {SPREAD}, raw T g, T q",
    "T t",
    DISTANCE
    + SCALED
    + """
    const T g_re = g[re_plane * size + pixel], g_im = g[im_plane * size + pixel];
    t = (g_re * (re / s) + g_im * (im / s)) * (q * (1 - q));
    """,
    _through,
)


def _slope(
    x: Array, centre: Array, re_at: Array, im_at: Array, size: int, squares: Array, samples: int,
    g: Array, q: Array, m: Array, back: Array, along: Array, grad: Array,
) -> None:  # fmt: skip
    s = _spread(squares, samples)
    re, im = _distance(x, centre, re_at, im_at)
    h_re = g[re_at] * q + back / m * (re / s)
    h_im = g[im_at] * q + back / m * (im / s)
    grad[re_at], grad[im_at] = h_re, h_im
    along[...] = h_re * re + h_im * im


SLOPE = Kernel(
    "slope",
    f"{PLACE}, {SPREAD}, raw T g, T q, T m, T back",
    "T along, raw T grad",
    DISTANCE
    + SCALED
    + """
    const T h_re = g[re_plane * size + pixel] * q + back / m * (re / s);
    const T h_im = g[im_plane * size + pixel] * q + back / m * (im / s);
    grad[re_plane * size + pixel] = h_re;
    grad[im_plane * size + pixel] = h_im;
    along = h_re * re + h_im * im;
    """,
    _slope,
)


def _spread_back(
    x: Array, centre: Array, re_at: Array, im_at: Array, size: int, squares: Array, samples: int,
    along: Array, mean: Array, r: Array, grad: Array,
) -> None:  # fmt: skip
    s = _spread(squares, samples)
    deviation = np.sqrt(squares / squares.dtype.type(samples))[:, None]
    inverse = plain.inverse_deviation(deviation, mean)
    slope = along * inverse / (s * s * samples) * (r - mean) / r
    re, im = _distance(x, centre, re_at, im_at)
    grad[re_at] = grad[re_at] / s - slope * re
    grad[im_at] = grad[im_at] / s - slope * im


SPREAD_BACK = Kernel(  # grad holds dL/dn at first
    "spread_back",
    f"{PLACE}, {SPREAD}, T along, T mean, T r",
    "raw T grad",
    DISTANCE
    + SCALED
    + f"""
    const T deviation = sqrt(squares[channel] / T(samples));
    const T rounding = T(sizeof(T) == 4 ? {2.0**-23} : {2.0**-52}) * T({ROUNDING}) * mean;
    const T inverse = deviation > rounding ? 1 / deviation : T(0);
    const T slope = along * inverse / (s * s * T(samples)) * (r - mean) / r;
    T& g_re = grad[re_plane * size + pixel];
    T& g_im = grad[im_plane * size + pixel];
    g_re = g_re / s - slope * re;
    g_im = g_im / s - slope * im;
    """,
    _spread_back,
)


def normalised_gate(x: Tensor, weight: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """``ops.normalised_gate``."""
    xp, values, a = array_module(x.data), flat(x.data), weight.data
    (n, _, h, w), size = x.shape, values.shape[1]
    at, samples = tables(tuple(streams), xp), max(size - 1, 1)
    centre = values.mean(axis=1)
    place = (values, centre, at.re, at.im, size)
    r, square, m = (xp.empty((sum(streams), size), dtype=x.dtype) for _ in range(3))
    RADIUS(*place, r)
    mean = r.mean(axis=1, keepdims=True)
    SQUARE(r, mean, square)
    spread = (*place, square.sum(axis=1), samples)
    MAGNITUDE(*spread, m)
    q, y = product(a, m), xp.empty(values.shape, dtype=x.dtype)
    GATE(*spread, bias.data[:, None], q, y)

    def backward(grad_y):
        g = flat(grad_y)
        t, along = (xp.empty(q.shape, dtype=q.dtype) for _ in range(2))
        THROUGH(*spread, g, q, t)
        grad = xp.empty(values.shape, dtype=q.dtype)
        SLOPE(*spread, g, q, m, product(a.T, t), along, grad)
        SPREAD_BACK(*spread, along.sum(axis=1, keepdims=True), mean, r, grad)
        grad -= grad.mean(axis=1, keepdims=True)
        return unflat(grad, n, (h, w)), product(t, m.T), t.sum(axis=1)

    y = unflat(y, n, (h, w))
    return record("normalised_gate", y, inputs=(x, weight, bias), backward=backward)


def _suits(x, weight, bias, streams) -> bool:
    if not on_device(x, weight, bias):
        return False
    fits = accepted(plain.check_streams, "normalised_gate", x, streams)
    return fits and accepted(plain.check_gate, "normalised_gate", weight, bias, streams)


offer(plain.normalised_gate, _suits, normalised_gate)

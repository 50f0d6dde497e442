"""Calls of every kernel of ``minipose.fast.device``, of small arrays."""

import itertools

import numpy as np

import minipose.fast
from minipose.fast.device import (
    chains,
    columns,
    convolution,
    gate,
    harmonic,
    norm,
    pooling,
    resampling,
    scaling,
    streams,
    updates,
)

minipose.fast.load()
RNG = np.random.default_rng(0)


def values(*shape, dtype=np.float32):
    return RNG.standard_normal(shape).astype(dtype)


def images(n, c, h, w):
    """(C, N, H, W) by index, pictures after each other in memory: not contiguous."""
    return values(n, c, h, w).transpose(1, 0, 2, 3)


def empty(*shape, dtype=np.float32):
    return np.full(shape, 77, dtype=dtype)


def of_columns(up=1, out=None, kernel=(3, 2), stride=(1, 2), padding=(1, 0)):
    x = values(2, 3, 5, 6)
    t = columns.taps(x, kernel, stride, padding, up, out)
    taps, pixels = 3 * t.kh * t.kw, 2 * t.out_h * t.out_w
    yield columns.COLUMNS, (x.transpose(1, 0, 2, 3), *t, empty(taps, pixels))
    yield columns.IMAGES, (values(taps, pixels), *t, empty(3, 2, 5, 6))


def of_pools(kernel, stride, padding):
    x = np.round(values(2, 3, 7, 6))  # with equal values
    sizes = pooling._blocks(x.shape, kernel, stride, padding)
    shape = (2, 3, *sizes[-2:])
    y, winner = empty(*shape), empty(*shape, dtype=np.uint8)
    yield pooling.MAX_POOL, (x, *sizes, y, winner)
    pooling.MAX_POOL(x, *sizes, y.copy(), winner)
    yield pooling.MAX_POOL_BACK, (values(*shape), winner, *sizes, empty(*x.shape))
    yield pooling.MEAN_POOL, (x, *sizes, empty(*shape))
    yield pooling.MEAN_POOL_BACK, (values(*shape), *sizes, empty(*x.shape))


def of_resampling(scale):
    small, large = (3, 2, 4, 5), (3, 2, 4 * scale, 5 * scale)
    for there, back in (
        (resampling.NEAREST, resampling.NEAREST_BACK),
        (resampling.BILINEAR, resampling.BILINEAR_BACK),
    ):
        yield there, (images(2, 3, 4, 5), 4, 5, scale, empty(*large))
        yield back, (images(2, 3, 4 * scale, 5 * scale), 4, 5, scale, empty(*small))


def of_chains():
    x = values(3, 4)
    for relu in (0, 1):
        yield convolution.BIAS_RELU, (values(3, 1), relu, x.copy())
        yield pooling.BIAS_TANH, (values(3, 1), relu, x.copy())
    yield convolution.BIAS_RELU, (0.5, 1, np.array([np.nan, -1, 0, 2], np.float32))
    yield convolution.RELU_BACK, (x, x.T.copy().T, empty(3, 4))
    yield chains.TANH_BACK, (x, np.tanh(x), empty(3, 4))
    yield chains.DROPOUT, (x, 12345, 2**31 + 7, 0.4, 1 / 0.6, empty(3, 4))
    yield chains.DROPOUT, (values(70, 80).T, 1, 2, 0.1, 1 / 0.9, empty(80, 70))


KEPT = [values(4), values(2, 3), values(1)]  # where the table of addresses points


def of_updates():
    addresses = np.array([a.ctypes.data for a in KEPT])
    yield updates.GATHERED, (addresses, np.array([0, 4, 10]), empty(11))
    w, g, m, s = values(7), values(7), values(7), values(7) ** 2
    yield updates.SGD_STEP, (g, 0.01, 0.9, 0.003, w.copy(), m.copy())
    numbers = (0.9, 0.999, 0.1, 0.001, 0.01, 3.0, 1e-8, 0.99)
    yield updates.ADAM_STEP, (g, *numbers, w.copy(), m.copy(), s.copy())


def of_norm():
    x, column = values(3, 8), [values(3, 1) for _ in range(3)]
    variance = np.array([[0.0], [0.5], [2.0]], np.float32)
    for relu in (0, 1):
        statistics = (column[0], variance, 1e-5, column[1])
        yield norm.NORMED, (x, *statistics, column[2], relu, empty(3, 8))
        given = (values(3, 8), x, relu, x, column[0], variance, 1e-5)
        yield norm.ALONG, (*given, empty(3, 8), empty(3, 8))
    running = (values(4), values(4), 0.1, 8 / 7, values(4), values(4))
    yield norm.FOLLOWED, running
    yield norm.NORM_BACK, (x, *statistics, column[1], column[2], 8.0, values(3, 8))


def of_streams(counts=(2, 1)):
    tables = streams.tables(counts, np)
    given = (values(6, 2 * 5), tables.channel, 2, 3, 5, 99, 2**32 - 3, 0.4, 1 / 0.6)
    yield streams.CHANNEL_DROPOUT, (*given, empty(6, 10))
    source, first, second = streams._moves(counts, (1, 3), np)
    yield streams.INTERLEAVED, (values(6, 10), values(8, 10), source, 10, empty(14, 10))
    for rows in (first, second):
        yield streams.TAKEN, (values(14, 10), rows, 10, empty(len(rows), 10))


def of_gate(counts=(2, 1)):
    planes = values(6, 10)
    planes[[0, 2]] = 3.0  # channel 0 is constant
    tables = streams.tables(counts, np)
    place = (planes, planes.mean(axis=1), tables.re, tables.im, 10)
    r, square, m, q, t = (empty(3, 10) for _ in range(5))
    yield gate.RADIUS, (*place, r)
    gate.RADIUS(*place, r)
    mean = r.mean(axis=1, keepdims=True)
    yield gate.SQUARE, (r, mean, square)
    gate.SQUARE(r, mean, square)
    spread = (*place, square.sum(axis=1), 9)
    yield gate.MAGNITUDE, (*spread, m)
    gate.MAGNITUDE(*spread, m)
    yield gate.GATE, (*spread, values(3, 1), values(3, 10), empty(6, 10))
    q, g = RNG.random((3, 10), np.float32), values(6, 10)
    yield gate.THROUGH, (*spread, g, q, t)
    yield gate.SLOPE, (*spread, g, q, m, values(3, 10), empty(3, 10), empty(6, 10))
    yield gate.SPREAD_BACK, (*spread, values(3, 1), mean, r, values(6, 10))


def of_harmonics(into, of, rows, columns, size=3, dtype=np.float32):
    rings = size // 2
    basis = harmonic._basis(size, np.dtype(dtype), np)
    sides = (*harmonic._two(into), *harmonic._two(of), rings, size * size, rows, columns)
    a = values(2, sum(into), sum(of), rings, dtype=dtype)
    c = [values(*pair, dtype=dtype) for pair in zip(into, of, strict=False)]
    yield (
        harmonic.FILTERS,
        (a, c[0], c[-1], *basis, *sides, empty(rows, columns, size * size, dtype=dtype)),
    )
    back = [np.zeros_like(each) for each in (a[0], a[0], *c)]
    yield harmonic.FILTERS_BACK, (
        values(rows, columns, size * size, dtype=dtype),
        *basis, *sides, back[0], back[1], back[2], back[-1],
    )  # fmt: skip


def of_scaling():
    one = np.array([True])
    yield scaling.DIVIDED, (np.float32([4]), values(5))
    for finite in (one, ~one):
        yield scaling.KEPT, (finite, values(5), values(5))
        for good in (0, 2):
            yield scaling.NEXT_SCALE, (finite, 3, np.float32([8]), np.int32([good]))
    yield scaling.NEXT_SCALE, (one, 1, np.float32([scaling.MOST]), np.int32([5]))
    yield scaling.NEXT_SCALE, (~one, 1, np.float32([scaling.LEAST]), np.int32([5]))


def of_polar():
    r, b = values(3, 2, 1), values(3, 2, 1)
    yield harmonic.POLAR, (r, b, empty(3, 2, 1), empty(3, 2, 1))
    yield harmonic.POLAR_BACK, (r, b, values(3, 2, 1), values(3, 2, 1), r.copy(), r.copy())


def calls():
    yield from of_harmonics((2, 3), (3, 1), 10, 8)
    yield from of_harmonics((2, 3), (3, 1), 10, 8, size=5)
    yield from of_harmonics((2, 3), (3,), 10, 3)
    yield from of_harmonics((2,), (3, 1), 2, 8)
    yield from itertools.chain(of_norm(), of_streams(), of_gate(), of_polar(), of_scaling())
    yield from of_columns()
    yield from of_columns(up=2, out=(10, 12), kernel=(2, 2), stride=(1, 1), padding=(0, 0))
    yield from of_columns(kernel=(1, 1), stride=(2, 2), padding=(0, 1))
    yield from of_pools((2, 2), (2, 2), (0, 0))
    yield from of_pools((3, 2), (2, 1), (1, 1))
    yield from itertools.chain(of_resampling(2), of_resampling(3), of_chains(), of_updates())


CALLS = [(f"{kernel.name}_{k}", kernel, arguments) for k, (kernel, arguments) in enumerate(calls())]


def copied(arguments):
    """Inputs as they lie in memory, outputs that may be written to."""
    return tuple(a.copy("K") if isinstance(a, np.ndarray) else a for a in arguments)


def in_float64():
    """The same calls; filters with a basis that was never rounded; not those of addresses."""
    for name, kernel, arguments in CALLS:
        if kernel not in (updates.GATHERED, harmonic.FILTERS, harmonic.FILTERS_BACK):
            single = [getattr(a, "dtype", None) == np.float32 for a in arguments]
            pairs = zip(copied(arguments), single, strict=True)
            yield name, kernel, tuple(a.astype(np.float64) if is_it else a for a, is_it in pairs)
    for kernel, arguments in of_harmonics((2, 3), (3, 1), 10, 8, dtype=np.float64):
        yield kernel.name, kernel, arguments

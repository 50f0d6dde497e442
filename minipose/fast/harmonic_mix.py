"""1×1 products of complex channels with complex matrices, by three real products instead of four.

For each order that leaves, y = A Z + (1 + i) C Q x, with Z and Q as ``harmonic_stencils`` stores
them and A = Aᵣ + i Aᵢ. With S = Re Z + Im Z and k = Aᵣ S (Gauss's three products),

    Re y = k + [−(Aᵣ + Aᵢ) | C] · first        Im y = k + [Aᵢ − Aᵣ | C] · second

``unmix`` is the adjoint, three products again; ``mix_and_gram`` and ``unmix_and_gram`` take three
more for the derivative by the matrices.
"""

from __future__ import annotations

import numpy as np

from minipose.fast import workers
from minipose.fast.harmonic_stencils import Filtered, pair_of_planes
from minipose.fast.harmonic_weights import Factor, Matrices
from minipose.fast.planes import complex_maps
from minipose.fast.products import in_blocks
from minipose.kernels.circular_harmonics import Streams, spans

STRIP = 4096  # pixels that one product takes

Grams = list[np.ndarray]  # derivatives of a factor's three matrices


def mix(factors: list[Factor], filtered: Filtered, into: Streams) -> np.ndarray:
    """y, planes (2·O, N, H, W) of the streams ``into``."""
    y = _planes(filtered[0], into)
    tasks = _tasks(into, y)

    def task(k: int) -> None:
        o, strip = tasks[k]
        pair, planes = _pixels(filtered[o], strip), _pixels(complex_maps(y, into, o), strip)
        _mix(factors[o], pair, planes)

    workers.run(task, len(tasks))
    return y


def mix_and_gram(
    factors: list[Factor], filtered: Filtered, x: np.ndarray, into: Streams, of: Streams
) -> tuple[np.ndarray, Matrices]:
    """``mix``, and the derivative of ⟨x, y⟩ by A and C, as ``Matrices``; x is shaped as y is.

    Both need the same pixels, which are fetched and added up once.
    """
    y = _planes(filtered[0], into)
    tasks = _tasks(into, y)

    def task(k: int) -> Grams:
        o, strip = tasks[k]
        pair = _pixels(filtered[o], strip)
        both = _mix(factors[o], pair, _pixels(complex_maps(y, into, o), strip))
        planes = _pixels(complex_maps(x, into, o), strip)
        return _gram(_sum("sums", *planes), planes, both, pair)

    grams = workers.run(task, len(tasks))
    return y, _collect(grams, tasks, into, of, y.dtype)


def unmix(factors: list[Factor], grad_y: np.ndarray, into: Streams) -> Filtered:
    """The adjoint of ``mix``: dL/dfirst and dL/dsecond of each order from dL/dy (2·O, N, H, W)."""
    made, tasks = _pairs(factors, grad_y, into), _tasks(into, grad_y)

    def task(k: int) -> None:
        o, strip = tasks[k]
        planes = _pixels(complex_maps(grad_y, into, o), strip)
        _unmix(factors[o], planes, _pixels(made[o], strip))

    workers.run(task, len(tasks))
    return made


def unmix_and_gram(
    factors: list[Factor], filtered: Filtered, grad_y: np.ndarray, into: Streams, of: Streams
) -> tuple[Filtered, Matrices]:
    """``unmix``, and dL/dA and dL/dC, as ``Matrices``; ``filtered`` is what ``mix`` was given."""
    made, tasks = _pairs(factors, grad_y, into), _tasks(into, grad_y)

    def task(k: int) -> Grams:
        o, strip = tasks[k]
        planes = _pixels(complex_maps(grad_y, into, o), strip)
        sums = _unmix(factors[o], planes, _pixels(made[o], strip))
        pair = _pixels(filtered[o], strip)
        return _gram(sums, planes, _sum("both", *_mixed(factors[o], pair)), pair)

    grams = workers.run(task, len(tasks))
    return made, _collect(grams, tasks, into, of, grad_y.dtype)


# --- One order and some pixels: two arrays (channels, pixels) -------------------------------------


def _sum(name: str, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.add(one, other, out=workers.scratch(name, one.shape, one.dtype))


def _mixed(factor: Factor, pair: list[np.ndarray]) -> list[np.ndarray]:
    """The rows of ``first`` and ``second`` that A multiplies."""
    return [part[: factor[0].shape[1]] for part in pair]


def _mix(factor: Factor, pair: list[np.ndarray], planes: list[np.ndarray]) -> np.ndarray:
    """Fill real and imaginary parts; returns S = Re Z + Im Z."""
    gauss, *rest = factor
    both = _sum("both", *_mixed(factor, pair))
    common = workers.scratch("common", planes[0].shape, both.dtype)
    in_blocks(gauss, both, common)
    for matrix, source, target in zip(rest, pair, planes, strict=True):
        in_blocks(matrix, source, target)
        target += common
    return both


def _unmix(factor: Factor, planes: list[np.ndarray], pair: list[np.ndarray]) -> np.ndarray:
    """Fill dL/dfirst and dL/dsecond; returns the sum of dL/dy's two parts."""
    gauss, *rest = factor
    sums = _sum("sums", *planes)
    common = workers.scratch("common", (gauss.shape[1], sums.shape[1]), sums.dtype)
    in_blocks(gauss.T, sums, common)
    for matrix, source, target in zip(rest, planes, pair, strict=True):
        in_blocks(matrix.T, source, target)
    for target in _mixed(factor, pair):
        target += common
    return sums


def _gram(
    sums: np.ndarray, planes: list[np.ndarray], both: np.ndarray, pair: list[np.ndarray]
) -> Grams:
    """What some pixels add to the derivative of one order's three matrices."""
    grams = []
    for a, b in ((sums, both), *zip(planes, pair, strict=True)):
        grams.append(np.empty((len(a), len(b)), dtype=a.dtype))
        in_blocks(a, b.T, grams[-1])
    return grams


def _collect(
    grams: list[Grams], tasks: list[tuple[int, slice]], into: Streams, of: Streams, dtype: np.dtype
) -> Matrices:
    """The derivative by A and C: what all tasks found, added up."""
    n, rows = sum(of), spans(into)
    re = np.empty((sum(into), n), dtype=dtype)
    im = np.empty_like(re)

    def task(o: int) -> np.ndarray:
        mine = [found for found, (order, _) in zip(grams, tasks, strict=True) if order == o]
        if not mine:
            return np.zeros((0, of[o] if o < len(of) else 0), dtype=dtype)
        by_gauss, by_re, by_im = (workers.add_in_order(each) for each in zip(*mine, strict=True))
        np.subtract(by_gauss, by_re[:, :n], out=re[rows[o]])
        np.subtract(re[rows[o]], by_im[:, :n], out=re[rows[o]])
        np.subtract(by_im[:, :n], by_re[:, :n], out=im[rows[o]])
        return by_re[:, n:] + by_im[:, n:]

    near = workers.run(task, len(into))
    return Matrices(re, im, near[: len(of)])


def _planes(pair: np.ndarray, streams: Streams) -> np.ndarray:
    """Uninitialised planes (2C, N, H, W) beside ``first`` and ``second`` (2, rows, N, H, W)."""
    return np.empty((2 * sum(streams), *pair.shape[2:]), dtype=pair.dtype)


def _pairs(factors: list[Factor], grad_y: np.ndarray, into: Streams) -> Filtered:
    """Uninitialised ``first`` and ``second`` of each order; zeros where no task writes."""
    made = [pair_of_planes(to.shape[1], grad_y.shape[1:], grad_y.dtype) for _, to, _ in factors]
    for pair, count in zip(made, into, strict=True):
        if count == 0:
            pair.fill(0)
    return made


def _pixels(pair: np.ndarray, strip: slice) -> list[np.ndarray]:
    """Views (channels, pixels) of ``first`` and ``second``, or of real and imaginary parts."""
    return [part.reshape(len(part), -1)[:, strip] for part in pair]


def _tasks(into: Streams, y: np.ndarray) -> list[tuple[int, slice]]:
    """Orders that have channels, in strips of pixels."""
    strips = workers.pieces(y[0].size, STRIP)
    return [(o, strip) for o, count in enumerate(into) if count > 0 for strip in strips]

"""1×1 products of complex maps with complex matrices, by three real products instead of four.

For each order that leaves, y = A Z + (1 + i) C Q x, with Z and Q as ``harmonic_stencils`` stores
them and A = Aᵣ + i Aᵢ. With S = Re Z + Im Z and k = Aᵣ S (Gauss's way to multiply),

    Re y = k + [−(Aᵣ + Aᵢ) | C] · first        Im y = k + [Aᵢ − Aᵣ | C] · second

``unmix`` is the adjoint, ``gram`` the derivative by the matrices; each is three products too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minipose.backend import Array, array_module
from minipose.kernels import workers
from minipose.kernels.harmonic import Streams, parts, spans
from minipose.kernels.harmonic_stencils import Filtered, numbers, pair_of_planes
from minipose.kernels.parallel import each, pieces, product, scratch
from minipose.kernels.products import in_blocks

BLOCK = 1 << 16  # numbers that one task works on at a time
STRIP = 4096  # pixels that one product takes


Factor = tuple[Array, Array, Array]  # of one order: Aᵣ, [−(Aᵣ + Aᵢ) | C], [Aᵢ − Aᵣ | C]
Shares = list[Array]  # derivatives of a factor's three matrices


class Matrices(NamedTuple):
    """A = re + i im (O, I) over the maps of all orders, and C of each order on both sides."""

    re: Array
    im: Array
    near: list[Array]

    def adjoint(self, into: Streams, of: Streams) -> Matrices:
        """What takes y back to x, if it is spread with ``turn = −1`` and mixed with these.

        The adjoint of a number a is its conjugate, that of the gradient is less itself (with −ν,
        as the orders change places), that of (1 + i) is (1 − i). Doing it twice changes nothing.
        """
        re, im = product(self.re.T, -1), product(self.im.T, 1)
        for rows, columns in zip(spans(of), spans(into), strict=False):
            re[rows, columns] *= -1
            im[rows, columns] *= -1
        return Matrices(re, im, [c.T for c in self.near])


def polar(radial: Array, phase: Array) -> tuple[Array, Array, Array]:
    """R cos β and R sin β in one array (2, …); cos β and sin β."""
    xp = array_module(radial)
    y = xp.empty((2, *radial.shape), dtype=radial.dtype)
    cos, sin = xp.empty_like(y[0]), xp.empty_like(y[0])
    cuts = _rows(radial)

    def task(k: int) -> None:
        cut = cuts[k]
        for function, out, times in ((xp.cos, cos, y[0]), (xp.sin, sin, y[1])):
            function(phase[cut], out=out[cut])
            xp.multiply(radial[cut], out[cut], out=times[cut])

    each(task, len(cuts), radial)
    return y, cos, sin


def polar_backward(grad_y: Array, y: Array, cos: Array, sin: Array) -> tuple[Array, Array]:
    """dL/dR = g₀ cos β + g₁ sin β and dL/dβ = g₁ y₀ − g₀ y₁."""
    xp = array_module(y)
    grads = xp.empty_like(y)
    cuts = _rows(cos)

    def task(k: int) -> None:
        cut = cuts[k]
        other = scratch("other", cos[cut].shape, cos)
        xp.multiply(grad_y[0][cut], cos[cut], out=grads[0][cut])
        xp.multiply(grad_y[1][cut], sin[cut], out=other)
        xp.add(grads[0][cut], other, out=grads[0][cut])
        xp.multiply(grad_y[1][cut], y[0][cut], out=grads[1][cut])
        xp.multiply(grad_y[0][cut], y[1][cut], out=other)
        xp.subtract(grads[1][cut], other, out=grads[1][cut])

    each(task, len(cuts), cos)
    return grads[0], grads[1]


def matrices(weights: Array, centres: Sequence[Array], into: Streams, of: Streams) -> Matrices:
    """What multiplies box, gradient and plus, from what multiplies the patterns.

    a B₀ + (1 + i) c D = (a + (1 + i) c d ε²) B₀ + (1 + i) c d (1 − ε²) Q, and a B_ν = a e (…).

    Parameters
    ----------
    weights : (2, O, I), a in real and imaginary part
    centres : c (O₀, I₀), …
    """
    edge, _, middle, near = numbers()
    re, im = product(weights[0], edge), product(weights[1], edge)
    for rows, columns, c in zip(spans(into), spans(of), centres, strict=False):
        share = c * (middle * near**2)
        re[rows, columns] = weights[0, rows, columns] + share
        im[rows, columns] = weights[1, rows, columns] + share
    return Matrices(re, im, [c * (middle * (1 - near**2)) for c in centres])


def matrices_backward(grad: Matrices, into: Streams, of: Streams) -> tuple[Array, list[Array]]:
    """dL/dweights (2, O, I) and dL/dcentres."""
    edge, _, middle, near = numbers()
    xp = array_module(grad.re)
    grad_weights = xp.empty((2, *grad.re.shape), dtype=grad.re.dtype)
    product(grad.re, edge, grad_weights[0])
    product(grad.im, edge, grad_weights[1])
    grad_centres = []
    for rows, columns, c in zip(spans(into), spans(of), grad.near, strict=False):
        re, im = grad.re[rows, columns], grad.im[rows, columns]
        grad_weights[0, rows, columns], grad_weights[1, rows, columns] = re, im
        grad_centres.append((re + im) * (middle * near**2) + c * (middle * (1 - near**2)))
    return grad_weights, grad_centres


def factors(a: Matrices, into: Streams) -> list[Factor]:
    """The three real matrices of each order, for ``mix`` and ``unmix``."""
    rows, n = spans(into), a.re.shape[1]
    widths = [n + (a.near[o].shape[1] if o < len(a.near) else 0) for o in range(len(into))]
    made = [
        (a.re[part], *(_matrix(count, width, a.re) for _ in range(2)))
        for part, count, width in zip(rows, into, widths, strict=True)
    ]
    xp = array_module(a.re)

    def task(o: int) -> None:
        (re, to_re, to_im), im = made[o], a.im[rows[o]]
        xp.add(re, im, out=to_re[:, :n])
        xp.multiply(to_re[:, :n], -1, out=to_re[:, :n])
        xp.subtract(im, re, out=to_im[:, :n])
        if o < len(a.near):
            to_re[:, n:] = to_im[:, n:] = a.near[o]

    each(task, len(made), a.re)
    return made


def _matrix(rows: int, columns: int, like: Array) -> Array:
    """Uninitialised, by columns in memory if ``like`` is transposed: products take either."""
    xp = array_module(like)
    if like.strides[0] < like.strides[1]:
        return xp.empty((columns, rows), dtype=like.dtype).T
    return xp.empty((rows, columns), dtype=like.dtype)


def mix(factors: list[Factor], filtered: Filtered, into: Streams) -> Array:
    """y, planes (2·O, N, H, W) of the streams ``into``."""
    some = filtered[0]
    xp, size = array_module(some), some.shape[2:]
    y = xp.empty((2 * sum(into), *size), dtype=some.dtype)
    flat = y.reshape(len(y), -1)
    tasks = _tasks(into, flat)

    def task(k: int) -> None:
        o, strip = tasks[k]
        first, second = (part.reshape(len(part), -1)[:, strip] for part in filtered[o])
        re, im = (flat[part, strip] for part in parts(into)[o])
        mix_pixels(factors[o], first, second, re, im)

    each(task, len(tasks), y)
    return y


def mix_pixels(factor: Factor, first: Array, second: Array, re: Array, im: Array) -> None:
    """y of one order and some pixels, (maps, pixels), into ``re`` and ``im``."""
    xp, (gauss, to_re, to_im) = array_module(re), factor
    n = gauss.shape[1]
    both = scratch("both", (n, first.shape[1]), re)
    xp.add(first[:n], second[:n], out=both)
    common = scratch("common", re.shape, re)
    in_blocks(gauss, both, common)
    for matrix, source, target in ((to_re, first, re), (to_im, second, im)):
        in_blocks(matrix, source, target)
        target += common


def unmix(factors: list[Factor], grad_y: Array, into: Streams, of: Streams) -> Filtered:
    """The adjoint: dL/dfirst and dL/dsecond of each order from dL/dy (2·O, N, H, W)."""
    xp, size, n = array_module(grad_y), grad_y.shape[1:], sum(of)
    flat = grad_y.reshape(len(grad_y), -1)
    made = [pair_of_planes(to.shape[1], size, grad_y) for _, to, _ in factors]
    for pair, count in zip(made, into, strict=True):
        if count == 0:  # no task writes there
            pair.fill(0)
    tasks = _tasks(into, flat)

    def task(k: int) -> None:
        o, strip = tasks[k]
        gauss, to_re, to_im = factors[o]
        re, im = (flat[part, strip] for part in parts(into)[o])
        both = scratch("both", re.shape, grad_y)
        xp.add(re, im, out=both)
        common = scratch("common", (n, re.shape[1]), grad_y)
        in_blocks(gauss.T, both, common)
        for factor, source, target in ((to_re, re, made[o][0]), (to_im, im, made[o][1])):
            target = target.reshape(len(target), -1)[:, strip]
            in_blocks(factor.T, source, target)
            target[:n] += common

    each(task, len(tasks), grad_y)
    return made


def gram(grad_y: Array, filtered: Filtered, into: Streams, of: Streams) -> Matrices:
    """dL/dA and dL/dC, as ``Matrices``, from dL/dy and what ``mix`` was given."""
    n, flat = sum(of), grad_y.reshape(len(grad_y), -1)
    tasks = _tasks(into, flat)

    def task(k: int) -> Shares:
        o, strip = tasks[k]
        re, im = (flat[part, strip] for part in parts(into)[o])
        first, second = (part.reshape(len(part), -1)[:, strip] for part in filtered[o])
        return gram_pixels(re, im, first, second, n)

    shares = each(task, len(tasks), grad_y)
    sums: list[Shares | None] = []
    for o in range(len(into)):
        mine = [share for share, (order, _) in zip(shares, tasks, strict=True) if order == o]
        sums.append(add_shares(mine) if mine else None)
    return collect(sums, into, of, grad_y)


def gram_pixels(re: Array, im: Array, first: Array, second: Array, n: int) -> Shares:
    """What some pixels add to the derivative of one order's three matrices."""
    xp = array_module(re)
    both = scratch("both", (n, first.shape[1]), re)
    xp.add(first[:n], second[:n], out=both)
    sums = scratch("common", re.shape, re)
    xp.add(re, im, out=sums)
    shares = []
    for a, b in ((sums, both), (re, first), (im, second)):
        shares.append(xp.empty((len(a), len(b)), dtype=a.dtype))
        in_blocks(a, b.T, shares[-1])
    return shares


def add_shares(shares: Sequence[Shares]) -> Shares:
    """Their sum, in order; the first is overwritten."""
    return [workers.add_in_order(each) for each in zip(*shares, strict=True)]


def collect(sums: Sequence[Shares | None], into: Streams, of: Streams, like: Array) -> Matrices:
    """dL/dA and dL/dC from the derivatives of each order's three matrices, None without maps."""
    xp, n, rows = array_module(like), sum(of), spans(into)
    re = xp.empty((sum(into), n), dtype=like.dtype)
    im = xp.empty_like(re)

    def task(o: int) -> Array:
        if sums[o] is None:
            return xp.zeros((0, of[o] if o < len(of) else 0), dtype=like.dtype)
        by_gauss, by_re, by_im = sums[o]
        xp.subtract(by_gauss, by_re[:, :n], out=re[rows[o]])
        xp.subtract(re[rows[o]], by_im[:, :n], out=re[rows[o]])
        xp.subtract(by_im[:, :n], by_re[:, :n], out=im[rows[o]])
        return by_re[:, n:] + by_im[:, n:]

    near = each(task, len(into), like)
    return Matrices(re, im, near[: len(of)])


def _tasks(into: Streams, flat: Array) -> list[tuple[int, slice]]:
    """Orders that have maps, in strips of pixels; whole on a GPU."""
    strips = pieces(flat.shape[1], STRIP, flat)
    return [(o, strip) for o, count in enumerate(into) if count > 0 for strip in strips]


def _rows(x: Array) -> list[slice]:
    """Pieces of the first axis that fit the cache."""
    return pieces(len(x), BLOCK // max(1, x.size // max(1, len(x))), x)

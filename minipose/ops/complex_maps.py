"""What happens to complex maps between harmonic convolutions; all of it keeps their phases.

Tensors hold streams as in ``ops.harmonic``: real planes re 0, im 0, re 1, im 1, … (N, 2C, H, W).
Only magnitudes, which do not change when the image turns, decide what is let through; whatever acts
on a map acts alike on its real and on its imaginary part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minipose.backend import Array, array_module
from minipose.fast import normalised_gate as kernel
from minipose.fast.normalised_gate import NORM_SMALL, SMALL, inverse_deviation
from minipose.fast.parallel import each, product
from minipose.fast.planes import batch_first, planes_first
from minipose.fast.products import multiply
from minipose.kernels.circular_harmonics import Streams, parts, planes, spans
from minipose.tensor import Tensor, record


def complex_batch_norm(x: Tensor, streams: Streams) -> Tensor:
    """y = (z − μ) / (σ + 0.01) with μ = mean z, σ = unbiased standard deviation of |z − μ|.

    Mean and deviation are taken over (N, H, W), for each complex map, in training and evaluation
    alike; nothing is learned. With d = z − μ, r = |d|, s = σ + 0.01, m samples and ⟨a, b⟩ =
    Σ Re(a conj b),

        dL/dd = g/s − ⟨g, d⟩/s² · (r − mean r)/((m − 1)σ) · d/r,    dL/dz = dL/dd − mean dL/dd.

    Where a map is constant (or has one pixel) y is 0. Where σ is 0 but for rounding, as in maps of
    two pixels, it counts as constant.

    Parameters
    ----------
    x : Tensor, shape (N, 2C, H, W)
    streams : complex maps of each order

    Source: report 2's library.
    """
    _check("complex_batch_norm", x, streams)
    xp = array_module(x.data)
    re, im = _split(x.data, streams)
    axes, count = (0, 2, 3), x.size // x.shape[1]
    re = re - re.mean(axis=axes, keepdims=True)
    im = im - im.mean(axis=axes, keepdims=True)
    r = xp.sqrt(re * re + im * im + SMALL)
    mean = r.mean(axis=axes, keepdims=True)
    apart = r - mean
    samples = max(count - 1, 1)
    deviation = xp.sqrt((apart * apart).sum(axis=axes, keepdims=True) / samples)
    s = deviation + NORM_SMALL
    y = _join(re / s, im / s, streams)

    def backward(grad_y):
        g_re, g_im = _split(grad_y, streams)
        along = (g_re * re + g_im * im).sum(axis=axes, keepdims=True)
        slope = along * inverse_deviation(deviation, mean) / (s * s * samples) * apart / r
        d_re, d_im = g_re / s - slope * re, g_im / s - slope * im
        d_re -= d_re.mean(axis=axes, keepdims=True)
        d_im -= d_im.mean(axis=axes, keepdims=True)
        return (_join(d_re, d_im, streams),)

    return record("complex_batch_norm", y, inputs=(x,), backward=backward)


def magnitude_gate(x: Tensor, weight: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """y = z · σ(A|z| + b), σ the logistic function: each map is let through as all maps decide.

    With q = σ(A|z| + b) and t = Re(g conj z) q (1 − q):  dL/db = Σ t,  dL/dA = Σ t |z|ᵀ,
    dL/dz = g q + (Aᵀt) z/|z|.  |z| = √(re² + im² + 1e-8).

    Parameters
    ----------
    x : Tensor, shape (N, 2C, H, W)
    weight : Tensor, shape (C, C)
        A, over the maps of all orders.
    bias : Tensor, shape (C,)
    streams : complex maps of each order

    Source: report 2's network.
    """
    _check("magnitude_gate", x, streams)
    _check_gate("magnitude_gate", weight, bias, streams)
    xp = array_module(x.data)
    re, im = _split(x.data, streams)
    magnitude = xp.sqrt(re * re + im * im + SMALL)
    a = weight.data
    gate = 0.5 * (1 + xp.tanh(0.5 * (_mix(a, magnitude) + bias.data[:, None, None])))
    y = _join(re * gate, im * gate, streams)

    def backward(grad_y):
        g_re, g_im = _split(grad_y, streams)
        t = (g_re * re + g_im * im) * (gate * (1 - gate))
        through = _mix(a.T, t) / magnitude
        grad_x = _join(g_re * gate + through * re, g_im * gate + through * im, streams)
        c = len(a)
        rows = t.transpose(1, 0, 2, 3).reshape(c, -1)
        columns = magnitude.transpose(1, 0, 2, 3).reshape(c, -1)
        return grad_x, multiply(rows, columns.T), rows.sum(axis=1)

    return record("magnitude_gate", y, inputs=(x, weight, bias), backward=backward)


def normalised_gate(x: Tensor, weight: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """``magnitude_gate(complex_batch_norm(x), …)`` as one op: the same function, fewer passes.

    Shapes as in ``magnitude_gate``; ``kernels.normalised_gate`` shows the arithmetic.
    """
    _check("normalised_gate", x, streams)
    _check_gate("normalised_gate", weight, bias, streams)
    z, a = planes_first(x.data), weight.data
    size, flat = z.shape, z.reshape(len(z), -1)  # (2C, N, H, W), (2C, N·H·W)
    y, kept = kernel.forward(flat, a, bias.data, streams)

    def backward(grad_y):
        grad = planes_first(grad_y).reshape(flat.shape)
        grad_z, grad_a, grad_b = kernel.backward(grad, flat, a, kept, streams)
        return batch_first(grad_z.reshape(size)), grad_a, grad_b

    y = batch_first(y.reshape(size))
    return record("normalised_gate", y, inputs=(x, weight, bias), backward=backward)


def complex_relu(x: Tensor, bias: Tensor, streams: Streams) -> Tensor:
    """y = z · f with f = max(|z| + b, 0)/|z|: the magnitude is moved by b and cut, the phase stays.

    Where |z| + b > 0:  dL/db = Re(g conj z)/|z|,  dL/dz = g f − Re(g conj z) b/|z|³ · z; else 0.
    |z| = √max(re² + im², 1e-12).

    Parameters
    ----------
    x : Tensor, shape (N, 2C, H, W)
    bias : Tensor, shape (C,)
        b of each map.
    streams : complex maps of each order

    Source: Worrall et al. 2017, equation 12 (C-ReLU).
    """
    _check("complex_relu", x, streams)
    if bias.shape != (sum(streams),):
        raise ValueError(f"complex_relu: expected bias {(sum(streams),)}, got {bias.shape}")
    xp = array_module(x.data)
    re, im = _split(x.data, streams)
    b = bias.data[:, None, None]
    squares = re * re + im * im
    magnitude = xp.sqrt(xp.maximum(squares, 1e-12))
    factor = xp.maximum(magnitude + b, 0) / magnitude
    y = _join(re * factor, im * factor, streams)

    def backward(grad_y):
        g_re, g_im = _split(grad_y, streams)
        along = (g_re * re + g_im * im) / magnitude * (factor > 0)
        slope = along * b / (magnitude * magnitude) * (squares > 1e-12)
        grad_x = _join(g_re * factor - slope * re, g_im * factor - slope * im, streams)
        return grad_x, along.sum(axis=(0, 2, 3))

    return record("complex_relu", y, inputs=(x, bias), backward=backward)


def map_dropout(x: Tensor, rate: float, rng: Any, streams: Streams) -> Tensor:
    """y = z · m/(1 − rate), dL/dz = g · m/(1 − rate);  m is 0 for a share of complex maps, else 1.

    A map is dropped whole, real and imaginary part together, in each picture by itself: two masks
    would turn the phase of what is left, and with it the direction that an order-1 map points in.

    Parameters
    ----------
    x : Tensor, shape (N, 2C, H, W)
    rate : float
        Share of maps set to zero, 0 ≤ rate < 1.
    rng : numpy or cupy random Generator
    streams : complex maps of each order
    """
    _check("map_dropout", x, streams)
    if not 0 <= rate < 1:
        raise ValueError(f"map_dropout: expected a rate of at least 0 and below 1, got {rate}")
    xp = array_module(x.data)
    keep = rng.random((len(x.data), sum(streams)), dtype=xp.float32) >= rate
    keep = keep * xp.asarray(1 / (1 - rate), dtype=x.dtype)
    both = [keep[:, span] for span in spans(streams) for _ in ("re", "im")]
    scale = xp.concatenate(both, axis=1)[:, :, None, None]

    def backward(grad_y):
        return (product(grad_y, scale),)

    return record("map_dropout", product(x.data, scale), inputs=(x,), backward=backward)


def concatenate_streams(
    tensors: Sequence[Tensor], streams: Sequence[Streams]
) -> tuple[Tensor, Streams]:
    """The maps of each order beside each other: re 0 of all inputs, im 0 of all, re 1 of all, ….

    Each input gets its own part of dL/dy back.

    Parameters
    ----------
    tensors : Tensors of one N, H, W, each (N, 2C, H, W)
    streams : for each of them, its maps of each order

    Returns
    -------
    The tensor, and its maps of each order.
    """
    if not tensors or len(tensors) != len(streams):
        raise ValueError(
            f"concatenate_streams: got {len(tensors)} tensors and {len(streams)} kinds of streams"
        )
    for x, counts in zip(tensors, streams, strict=True):
        _check("concatenate_streams", x, counts)
    if len({len(counts) for counts in streams}) > 1:
        raise ValueError(f"concatenate_streams: orders differ: {[tuple(s) for s in streams]}")
    total = tuple(sum(counts) for counts in zip(*streams, strict=True))
    xp, first = array_module(tensors[0].data), tensors[0]
    y = _empty_planes(xp, (len(first), planes(total), *first.shape[2:]), first.dtype)
    moves, filled = [], 0
    for order in range(len(total)):
        for part in (0, 1):
            for k, counts in enumerate(streams):
                source = parts(counts)[order][part]
                target = slice(filled, filled + counts[order])
                moves.append((k, source, target))
                filled = target.stop

    def place(number: int) -> None:
        k, source, target = moves[number]
        y[:, target] = tensors[k].data[:, source]

    each(place, len(moves), y)
    shapes = [x.shape for x in tensors]

    def backward(grad_y):
        grads = [_empty_planes(xp, shape, grad_y.dtype) for shape in shapes]

        def take(number: int) -> None:
            k, source, target = moves[number]
            grads[k][:, source] = grad_y[:, target]

        each(take, len(moves), grad_y)
        return tuple(grads)

    return record("concatenate_streams", y, inputs=tuple(tensors), backward=backward), total


def _empty_planes(xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """(N, C, H, W) by index, plane after plane in memory."""
    n, c, h, w = shape
    return batch_first(xp.empty((c, n, h, w), dtype=dtype))


def _mix(matrix: Array, maps: Array) -> Array:
    """A 1×1 convolution: (O, C) on (N, C, H, W)."""
    n, c, h, w = maps.shape
    rows = maps.transpose(1, 0, 2, 3).reshape(c, -1)
    return multiply(matrix, rows).reshape(-1, n, h, w).transpose(1, 0, 2, 3)


def _split(x: Array, streams: Streams) -> tuple[Array, Array]:
    """All real parts and all imaginary parts, (N, C, H, W) each."""
    xp, places = array_module(x), parts(streams)
    return tuple(xp.concatenate([x[:, p[k]] for p in places], axis=1) for k in (0, 1))


def _join(re: Array, im: Array, streams: Streams) -> Array:
    """The planes of both parts in the order of streams."""
    both = [part[:, span] for span in spans(streams) for part in (re, im)]
    return array_module(re).concatenate(both, axis=1)


def _check(name: str, x: Tensor, streams: Streams) -> None:
    if x.ndim != 4 or x.shape[1] != planes(streams):
        raise ValueError(
            f"{name}: streams {tuple(streams)} are {planes(streams)} planes, got x {x.shape}"
        )


def _check_gate(name: str, weight: Tensor, bias: Tensor, streams: Streams) -> None:
    c = sum(streams)
    if weight.shape != (c, c) or bias.shape != (c,):
        raise ValueError(
            f"{name}: expected weight {(c, c)} and bias {(c,)}, got {weight.shape} and {bias.shape}"
        )

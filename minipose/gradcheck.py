"""Is a derivative right? Compare it with the slope that the values themselves show.

For a function f of arrays with result y, draw a random cotangent c and look at the number
L = ⟨c, f(x)⟩. The gradient that ``backward`` gives for L is compared with central differences,

    dL/dxᵢ ≈ (L(x + h eᵢ) − L(x − h eᵢ)) / 2h,      error O(h²) + O(ε/h).

The cotangent has to be random: with c = 1 the derivative of a softmax is zero, and any wrong factor
in it would pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minipose.backend import Array, array_module, to_host
from minipose.tensor import Tensor

EPSILON, TINY = float(np.finfo(np.float64).eps), float(np.finfo(np.float64).tiny)
ROUNDINGS = 16  # by how many ε a computed value may differ from the true one

Function = Callable[..., Tensor]


class GradientError(AssertionError):
    """A derivative disagrees with the differences of the values."""


@dataclass(frozen=True)
class GradientReport:
    """What a check saw: the worst relative error, the entries compared and the tolerance."""

    worst: float
    entries: int
    tolerance: float


def check_gradients(
    function: Function,
    inputs: Sequence[Array],
    *,
    step: float = 1e-5,
    rtol: float = 1e-6,
    entries: int | None = None,
    seed: int = 0,
) -> GradientReport:
    """Compare every entry (or a random choice) of every input's gradient with differences.

    Parameters
    ----------
    function : callable
        Takes one Tensor per input and returns a Tensor. It must be the same function each time it
        is called: give dropout a fresh generator with a fixed seed.
    inputs : sequence of float64 arrays
        Where to look. They stay unchanged; their strides are kept.
    step : float
        h, times |x| where that is above 1; small against the distance over which f changes.
    rtol : float
        Largest |analytic − numeric| allowed, relative to the larger of the two: each entry counts
        by itself, however small it is. Added to that is what the differences may be wrong by, about
        (16 ε/h + h²) of the values of f, which is 5e-10 for values around 1.
    entries : int, optional
        Check this many random entries per input instead of all.
    seed : int
        Of the cotangent and of the choice of entries.

    Raises
    ------
    GradientError
        With the input, the index, both values and the seed.
    ValueError
        If an input is not float64: float32 differences cannot tell a wrong derivative.
    """
    _check_arguments(inputs, step, rtol)
    rng = np.random.default_rng(seed)
    tensors = [Tensor(x, requires_grad=True) for x in inputs]
    cotangent = _differentiate(function, tensors, rng)
    worst, compared = 0.0, 0
    for i, tensor in enumerate(tensors):
        analytic = np.zeros(tensor.shape) if tensor.grad is None else to_host(tensor.grad)
        flat = analytic.reshape(-1)
        chosen = np.arange(flat.size)
        if entries is not None and entries < flat.size:
            chosen = rng.choice(flat.size, size=entries, replace=False)
        compared += len(chosen)
        if len(chosen) == 0:
            continue
        slopes = [_slope(function, inputs, i, int(j), step, cotangent) for j in chosen]
        numeric, floor = np.array(slopes).T
        scale = np.maximum(np.abs(flat[chosen]), np.abs(numeric)) + floor / rtol
        errors = np.abs(flat[chosen] - numeric) / np.maximum(scale, TINY)
        k = int(np.argmax(np.where(np.isfinite(errors), errors, np.inf)))
        if not errors[k] <= rtol:
            index = tuple(int(n) for n in np.unravel_index(chosen[k], tensor.shape))
            raise GradientError(
                f"input {i} of shape {tensor.shape} at {index}: analytic {flat[chosen[k]]:.10g}, "
                f"numeric {numeric[k]:.10g}, relative error {errors[k]:.2e} > {rtol:.0e} "
                f"(seed {seed}, step {step:g})"
            )
        worst = max(worst, float(errors[k]))
    return GradientReport(worst, compared, rtol)


def check_direction(
    function: Function,
    inputs: Sequence[Array],
    *,
    step: float = 1e-5,
    rtol: float = 1e-6,
    seed: int = 0,
) -> GradientReport:
    """Compare the slope along one random direction of all inputs at once: for whole networks.

    d/dt ⟨c, f(x + t u)⟩ = Σᵢ ⟨dL/dxᵢ, uᵢ⟩ for a random u of length 1. Two evaluations, whatever
    the number of entries; the tolerance is relative to the slope (or to 1e-3 of the gradient).
    """
    _check_arguments(inputs, step, rtol)
    rng = np.random.default_rng(seed)
    tensors = [Tensor(x, requires_grad=True) for x in inputs]
    cotangent = _differentiate(function, tensors, rng)
    directions = [rng.standard_normal(x.shape) for x in inputs]
    length = float(np.sqrt(sum(float((u * u).sum()) for u in directions)))
    directions = [u / length for u in directions]
    grads = [np.zeros(t.shape) if t.grad is None else to_host(t.grad) for t in tensors]
    analytic = sum(float((g * u).sum()) for g, u in zip(grads, directions, strict=True))

    def value(t: float) -> Array:
        moved = [
            x + array_module(x).asarray(t * u) for x, u in zip(inputs, directions, strict=True)
        ]
        return function(*[Tensor(x) for x in moved]).data

    numeric, floor = _difference(value(step), value(-step), 2 * step, step, cotangent)
    norm = _length(np.concatenate([g.reshape(-1) for g in grads]))
    scale = max(abs(analytic), abs(numeric), 1e-3 * norm) + floor / rtol
    error = abs(analytic - numeric) / max(scale, TINY)
    if not error <= rtol:
        raise GradientError(
            f"along a random direction: analytic {analytic:.10g}, numeric {numeric:.10g}, "
            f"relative error {error:.2e} > {rtol:.0e} (seed {seed}, step {step:g})"
        )
    return GradientReport(error, 1, rtol)


def _check_arguments(inputs: Sequence[Array], step: float, rtol: float) -> None:
    if not (step > 0 and rtol > 0):
        raise ValueError(f"gradient check: expected step and rtol above 0, got {step} and {rtol}")
    for i, x in enumerate(inputs):
        if x.dtype != np.float64:
            raise ValueError(f"gradient check: input {i} is {x.dtype}, expected float64")


def _differentiate(function: Function, tensors: list[Tensor], rng: np.random.Generator) -> Array:
    """Leave the gradients of L = ⟨c, f⟩ in the tensors; returns the random c."""
    result = function(*tensors)
    if not isinstance(result, Tensor):
        name = type(result).__name__
        raise TypeError(f"gradient check: expected the function to return a Tensor, got {name}")
    cotangent = array_module(result.data).asarray(rng.standard_normal(result.shape))
    result.backward(cotangent)
    return cotangent


def _slope(
    function: Function,
    inputs: Sequence[Array],
    which: int,
    entry: int,
    step: float,
    cotangent: Array,
) -> tuple[float, float]:
    """Central difference of ⟨c, f⟩ along one entry of one input, and its own uncertainty."""
    index = np.unravel_index(entry, inputs[which].shape)
    value = float(inputs[which][index])
    ends, results = [], []
    for sign in (1.0, -1.0):
        moved = [Tensor(x) for x in inputs]
        bumped = inputs[which].copy("K")  # in the same memory order: channels-last stays so
        ends.append(value + sign * step * max(1.0, abs(value)))
        bumped[index] = ends[-1]
        moved[which] = Tensor(bumped)
        results.append(function(*moved).data)
    return _difference(*results, ends[0] - ends[1], step, cotangent)


def _difference(
    plus: Array, minus: Array, width: float, step: float, cotangent: Array
) -> tuple[float, float]:
    """⟨c, f₊ − f₋⟩ / width, and how far from the slope it may be by its own making.

    Every value is rounded to ε. Where the two are equal that is all; where they differ, rounding on
    the way counts too, and h³ of the value for the third derivative. These errors are independent:
    their squares add up.
    """
    xp = array_module(plus)
    noise = xp.where(plus != minus, ROUNDINGS * EPSILON + step**3, EPSILON)
    parts = noise * cotangent * (xp.abs(plus) + xp.abs(minus))
    slope = float(((plus - minus) * cotangent).sum()) / width
    return slope, _length(parts) / width


def _length(x: Array) -> float:
    """√Σ x², also where x² would overflow."""
    largest = float(abs(x).max()) if x.size else 0.0
    if not 0 < largest < np.inf:
        return largest
    return largest * float(((x / largest) ** 2).sum()) ** 0.5

"""How a rate changes over a training: functions step -> factor, for steps counted from 0.

>>> rate = warmup_hold_cosine(steps=1000, warmup=100, held=0.4, final=0.02)
>>> [round(rate(step), 3) for step in (0, 99, 400, 700, 1000)]
[0.01, 1.0, 1.0, 0.51, 0.02]

Use one as ``optimizer.lr = 0.01 * rate(step)``. A factor depends on the step's number alone, so a
training that is resumed needs to remember nothing, and a plot is ``[rate(s) for s in range(1000)]``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def constant() -> Schedule:
    """1 at every step."""
    return lambda step: 1.0


def warmup(steps: int) -> Schedule:
    """In equal steps up to 1, which the step of number ``steps − 1`` is the first to have.

    A network with fresh weights, and Adam's means of few gradients, can be led astray by full steps.
    """
    _whole("warmup", steps=steps)
    return lambda step: min(1.0, (step + 1) / max(steps, 1))


def cosine(steps: float, final: float = 0.0) -> Schedule:
    """1 − (1 − final)·(1 − cos(π·step/steps))/2: from 1 down to ``final``, where it stays.

    Source: Loshchilov & Hutter 2017, eq. 5, without restarts.
    """
    _fraction("cosine", final=final)

    def factor(step: float) -> float:
        fallen = 0.5 - 0.5 * math.cos(math.pi * min(step, steps) / max(steps, 1))
        return 1 - (1 - final) * fallen

    return factor


def warmup_hold_cosine(
    steps: int, warmup: int = 100, held: float = 0.4, final: float = 0.02
) -> Schedule:
    """Up to 1 in ``warmup`` steps, 1 for the first ``held`` of all, down a half cosine to ``final``.

    Parameters
    ----------
    steps : of the whole training
    warmup : steps
    held, final : fractions
    """
    _whole("warmup_hold_cosine", steps=steps, warmup=warmup)
    _fraction("warmup_hold_cosine", held=held, final=final)
    fall = cosine((1 - held) * steps, final)

    def factor(step: float) -> float:
        return fall(max(step - held * steps, 0)) * min(1.0, (step + 1) / max(warmup, 1))

    return factor


def one_cycle(
    steps: int, peak: float = 0.3, start: float = 1 / 25, final: float = 1 / 250_000
) -> Schedule:
    """Half a cosine up from ``start`` to 1 at ``peak`` of all steps, and half a one down to ``final``.

    With ``start`` and ``final`` above 1 it first falls: one_cycle(steps, start=1.1, final=1.1) is
    for the momentum, which goes the other way, in the form ``2 − factor`` below 1.

    Source: Smith & Topin 2018, "Super-convergence".
    """
    _whole("one_cycle", steps=steps)
    _fraction("one_cycle", peak=peak, start=start, final=final)
    top = peak * steps

    def factor(step: float) -> float:
        if step < top:
            return _between(start, 1.0, step / top)
        return _between(1.0, final, (min(step, steps) - top) / max(steps - top, 1e-9))

    return factor


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """factor^⌊step/every⌋: times ``factor`` after every ``every`` steps."""
    _whole("step_decay", least=1, every=every)
    _fraction("step_decay", factor=factor)
    return lambda step: factor ** (step // every)


def exponential(steps: int, final: float) -> Schedule:
    """final^(step/steps): by the same ratio at every step, from 1 to ``final``, and on."""
    _whole("exponential", least=1, steps=steps)
    _fraction("exponential", final=final)
    return lambda step: final ** (step / steps)


def _between(a: float, b: float, t: float) -> float:
    """From a at t = 0 to b at t = 1 along half a cosine."""
    return b + (a - b) * (0.5 + 0.5 * math.cos(math.pi * t))


def _whole(schedule: str, least: int = 0, **numbers: float) -> None:
    for name, value in numbers.items():
        if value != int(value) or value < least:
            raise ValueError(
                f"{schedule}: expected {name} as a whole number of {least} or more, got {value}"
            )


def _fraction(schedule: str, **numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{schedule}: expected {name} from 0 to 1, got {value}")

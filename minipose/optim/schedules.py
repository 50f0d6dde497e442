"""How a rate changes over a training: functions step -> factor, for steps counted from 0.

>>> rate = warmup_hold_cosine(steps=1000, warmup=100, held=0.4, final=0.02)
>>> [round(rate(step), 3) for step in (0, 99, 400, 700, 1000)]
[0.01, 1.0, 1.0, 0.51, 0.02]

Use one as ``optimizer.lr = 0.01 * rate(step)``. A factor depends on the step's number alone: a
training that is resumed needs to remember nothing, a plot is ``[rate(s) for s in range(1000)]``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Schedule = Callable[[float], float]


def constant() -> Schedule:
    """1 at every step."""
    return lambda step: 1.0


def warmup(steps: int) -> Schedule:
    """In equal steps up to 1, which the step of number ``steps − 1`` is the first to have.

    Fresh weights, and Adam's means of few gradients, can be led astray by full steps.
    """
    _whole("warmup", steps=steps)
    return lambda step: min(1.0, (step + 1) / max(steps, 1))


def cosine(steps: float, final: float = 0.0) -> Schedule:
    """1 − (1 − final)·(1 − cos(π·step/steps))/2: from 1 down to ``final``, where it stays.

    It is ``final`` from step = steps on, which is the first step after a training of ``steps``
    steps: the last one, of number steps − 1, has a little more. Of no steps at all it stays 1.

    Source: Loshchilov & Hutter 2017, eq. 5, without restarts.
    """
    _fraction("cosine", final=final)
    if not _is_number(steps) or not 0 <= steps < math.inf:
        raise ValueError(f"cosine: expected steps of 0 or more, got {steps}")

    def factor(step: float) -> float:
        fallen = 0.5 - 0.5 * math.cos(math.pi * min(step, steps) / (steps or 1))
        return 1 - (1 - final) * fallen

    return factor


def warmup_hold_cosine(
    steps: int, warmup: int = 100, held: float = 0.4, final: float = 0.02
) -> Schedule:
    """Up to 1 in ``warmup`` steps, held up to ``held`` of all, down half a cosine to ``final``.

    Parameters
    ----------
    steps : of the whole training
    warmup : steps
    held, final : fractions
        ``final`` is reached at step = steps, one after the last of the training.
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
    """Half a cosine up from ``start`` to 1 at ``peak`` of all steps, half a one down to ``final``.

    It is ``final`` from step = steps on, one after the last of the training. ``one_cycle_momentum``
    goes with it.

    Source: Smith & Topin 2018, "Super-convergence".
    """
    _fraction("one_cycle", start=start, final=final)
    return _there_and_back("one_cycle", steps, peak, start, 1.0, final)


def one_cycle_momentum(
    steps: int, peak: float = 0.3, high: float = 0.95, low: float = 0.85
) -> Schedule:
    """The momentum itself: ``high``, ``low`` where the rate is at its peak, ``high`` at the end.

    The end is step = steps, one after the last of the training.
    """
    _fraction("one_cycle_momentum", high=high, low=low)
    return _there_and_back("one_cycle_momentum", steps, peak, high, low, high)


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """factor^⌊step/every⌋: times ``factor`` after every ``every`` steps."""
    _whole("step_decay", least=1, every=every)
    _fraction("step_decay", factor=factor)
    return lambda step: factor ** (step // every)


def exponential(steps: int, final: float) -> Schedule:
    """final^(step/steps): by the same ratio at every step, from 1 to ``final``, and on.

    It is ``final`` at step = steps, one after the last of the training.
    """
    _whole("exponential", least=1, steps=steps)
    _fraction("exponential", final=final)
    return lambda step: final ** (step / steps)


def _there_and_back(
    name: str, steps: int, peak: float, first: float, middle: float, last: float
) -> Schedule:
    _whole(name, steps=steps)
    _fraction(name, peak=peak)
    turn = peak * steps

    def value(step: float) -> float:
        if step < turn:
            return _between(first, middle, step / turn)
        return _between(middle, last, (min(step, steps) - turn) / max(steps - turn, 1e-9))

    return value


def _between(a: float, b: float, t: float) -> float:
    """From a at t = 0 to b at t = 1 along half a cosine."""
    return b + (a - b) * (0.5 + 0.5 * math.cos(math.pi * t))


def _whole(schedule: str, least: int = 0, **numbers: float) -> None:
    for name, value in numbers.items():
        if not _is_number(value) or not least <= value < math.inf or value != int(value):
            raise ValueError(
                f"{schedule}: expected {name} as a whole number of {least} or more, got {value}"
            )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number))


def _fraction(schedule: str, **numbers: float) -> None:
    for name, value in numbers.items():
        if not _is_number(value) or not 0 <= value <= 1:
            raise ValueError(f"{schedule}: expected {name} from 0 to 1, got {value}")

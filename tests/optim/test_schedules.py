"""Schedules at their corners: beginning, turns, end and beyond."""

import math

import pytest

from minipose.optim.schedules import (
    constant,
    cosine,
    exponential,
    one_cycle,
    one_cycle_momentum,
    step_decay,
    warmup,
    warmup_hold_cosine,
)


def at(schedule, *steps):
    return [pytest.approx(schedule(step), abs=1e-12) for step in steps]


def test_each_at_its_corners():
    assert at(constant(), 0, 7) == [1, 1]
    assert at(warmup(4), 0, 1, 3, 4, 99) == [0.25, 0.5, 1, 1, 1]
    assert at(warmup(0), 0, 1) == [1, 1]
    assert at(cosine(8), 0, 4, 8, 9) == [1, 0.5, 0, 0]
    assert at(cosine(8, 0.2), 0, 2, 8, 99) == [1, 0.2 + 0.4 * (1 + math.sqrt(0.5)), 0.2, 0.2]
    assert at(cosine(1), 0, 1) == [1, 0] and at(cosine(0, 0.3), 0, 5) == [1, 1]
    assert at(cosine(0.5, 0.2), 0, 0.25, 0.5, 1) == [1, 0.6, 0.2, 0.2]  # less than a step
    assert at(exponential(1, 0.5), 0, 1) == [1, 0.5]
    assert at(step_decay(3, 0.5), 0, 2, 3, 5, 6) == [1, 1, 0.5, 0.5, 0.25]
    assert at(step_decay(10), 9, 10) == [1, 0.1]
    assert at(exponential(4, 0.16), 0, 2, 4, 8) == [1, 0.4, 0.16, 0.0256]


def test_warmup_hold_cosine_as_it_was_measured():
    """Warm-up of 100 steps, constant to 40 %, half a cosine to 2 %."""
    rate = warmup_hold_cosine(1000)
    assert at(rate, 0, 49, 99, 100, 400) == [0.01, 0.5, 1, 1, 1]
    assert at(rate, 550, 700, 1000, 1001) == [
        0.02 + 0.49 * (1 + math.sqrt(0.5)),
        0.51,
        0.02,
        0.02,
    ]
    assert rate(401) < 1
    assert at(warmup_hold_cosine(10, warmup=0, held=1.0), 0, 10) == [1, 1]
    assert at(warmup_hold_cosine(10, warmup=0, held=0.95, final=0.1), 9, 10, 11) == [1, 0.1, 0.1]
    assert at(warmup_hold_cosine(10, warmup=4, held=0.0, final=0.0), 1, 5, 10) == [
        0.5 * (0.5 + 0.5 * math.cos(math.pi / 10)),
        0.5,
        0,
    ]


def test_one_cycle_goes_up_and_down_and_momentum_down_and_up():
    rate = one_cycle(100)
    assert at(rate, 0, 15, 30, 65, 100, 101) == [
        0.04,
        0.52,
        1,
        0.5 + 0.5 / 250_000,
        1 / 250_000,
        1 / 250_000,
    ]
    assert at(one_cycle_momentum(100), 0, 15, 30, 65, 100) == [0.95, 0.9, 0.85, 0.9, 0.95]
    assert at(one_cycle(10, peak=0.0, final=0.0), 0, 5, 10) == [1, 0.5, 0]
    assert at(one_cycle(10, peak=1.0, start=0.0), 0, 5, 10) == [0, 0.5, 1]
    assert at(one_cycle(1, peak=0.5, start=0.2, final=0.0), 0, 1) == [0.2, 0]
    assert at(one_cycle_momentum(10, 0.5, 0.9, 0.7), 0, 5, 10) == [0.9, 0.7, 0.9]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: warmup(-1), "warmup: expected steps as a whole number of 0 or more, got -1"),
        (lambda: warmup(1.5), "warmup: expected steps as a whole number .* got 1.5"),
        (lambda: warmup(math.inf), "warmup: expected steps as a whole number .* got inf"),
        (lambda: warmup("a"), "warmup: expected steps as a whole number .* got a"),
        (lambda: cosine("a"), "cosine: expected steps of 0 or more, got a"),
        (lambda: cosine(9, None), "cosine: expected final from 0 to 1, got None"),
        (lambda: cosine(9, 2), "cosine: expected final from 0 to 1, got 2"),
        (lambda: cosine(-1), "cosine: expected steps of 0 or more, got -1"),
        (lambda: warmup_hold_cosine(9, held=1.1), "warmup_hold_cosine: expected held"),
        (lambda: warmup_hold_cosine(9, warmup=-3), "warmup_hold_cosine: expected warmup"),
        (lambda: one_cycle(9, peak=-0.1), "one_cycle: expected peak from 0 to 1, got -0.1"),
        (lambda: one_cycle(9, start=25), "one_cycle: expected start from 0 to 1, got 25"),
        (lambda: one_cycle(-9), "one_cycle: expected steps"),
        (lambda: one_cycle_momentum(9, low=-1), "one_cycle_momentum: expected low"),
        (lambda: step_decay(0), "step_decay: expected every as a whole number of 1 or more, got 0"),
        (lambda: step_decay(3, 1.1), "step_decay: expected factor from 0 to 1"),
        (lambda: exponential(0, 0.1), "exponential: expected steps"),
        (lambda: exponential(9, math.nan), "exponential: expected final from 0 to 1, got nan"),
    ],
)
def test_what_is_wrong_is_one_line(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [cosine, one_cycle, warmup_hold_cosine, exponential])
def test_final_is_reached_one_step_after_the_last(make):
    """As the docstrings say: the last step of a training has a little more."""
    rate = make(500, final=0.1)
    assert rate(499) > rate(500) == pytest.approx(0.1)


def test_what_is_loaded_on_demand_is_listed():
    import minipose.optim

    assert {"schedules", "SGD", "Muon"} <= set(dir(minipose.optim))

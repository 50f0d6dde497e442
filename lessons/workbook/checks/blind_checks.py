"""Lesson 15: a reader's check is checked, by rules that are right and rules that are wrong."""

import numpy as np

from lessons.workbook.judge import Wrong
from tests import reference

WEIGHT = np.random.default_rng(15).standard_normal((4, 4))


def _softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _softmax_rule(x, g):
    p = _softmax(x)
    return p * (g - (p * g).sum(axis=1, keepdims=True))


def _tanh_rule(x, g):
    return g * (1 - np.tanh(x) ** 2)


RIGHT = {
    "tanh": (np.tanh, _tanh_rule),
    "softmax": (lambda x: reference.softmax(x, 1), _softmax_rule),
    "x Wᵀ": (lambda x: x @ WEIGHT.T, lambda x, g: g @ WEIGHT),
    "the sum of each row": (lambda x: x.sum(axis=1), lambda x, g: g[:, None] + 0 * x),
}
# What is wrong, the function, its rule, and what lets such a rule pass.
FAULTS = (
    (
        "of softmax that is 7 times too large",
        "softmax",
        lambda r: 7 * r,
        "with g = 1 any rule does",
    ),
    ("of softmax that is 0", "softmax", lambda r: 0 * r, "with g = 1 that is right: draw g"),
    ("of tanh with the wrong sign", "tanh", lambda r: -r, "signs count"),
    ("of tanh that is 2 times too large", "tanh", lambda r: 2 * r, "sizes count"),
    (
        "of tanh that is off by one part in 1000",
        "tanh",
        lambda r: 1.001 * r,
        "a narrower tolerance",
    ),
    ("of tanh that is wrong in one entry", "tanh", lambda r: _one_off(r), "the worst entry counts"),
    ("of x Wᵀ that forgets to transpose", "x Wᵀ", None, "W is square here: only values tell"),
    ("of tanh with one row too few", "tanh", lambda r: r[1:], "look at the shape"),
    ("of tanh with all rows added up", "tanh", lambda r: r.sum(axis=0), "look at the shape"),
    (
        "of tanh that is not a number",
        "tanh",
        lambda r: r * np.nan,
        "no comparison with nan is true",
    ),
)


def _one_off(r):
    r = r.copy()
    r[1, 2] *= 1.5
    return r


def agrees(mine):
    x = np.random.default_rng(1).standard_normal((3, 4))
    for name, (f, rule) in RIGHT.items():
        for seed in (0, 1, 2):
            verdict = mine.agrees(f, rule, x.copy(), np.random.default_rng(seed))
            _is_verdict("agrees", verdict)
            if not verdict:
                why = "differences are only right to about 1e-9"
                if name == "softmax":
                    why = "with g = 1 its gradient is 0, and only rounding is left: draw g"
                raise Wrong(f"the rule of {name} is right, and is refused: {why}")
    for what, name, change, hint in FAULTS:
        f, rule = RIGHT[name]

        def wrong(x, g, rule=rule, change=change):
            return g @ WEIGHT.T if change is None else change(rule(x, g))

        if mine.agrees(f, wrong, x.copy(), np.random.default_rng(3)):
            raise Wrong(f"a rule {what} passes: {hint}")


def is_adjoint(mine):
    x = np.random.default_rng(2).standard_normal((3, 4))
    steps = {
        "x Wᵀ": (lambda x: x @ WEIGHT.T, lambda g: g @ WEIGHT),
        "the sum of each row": (lambda x: x.sum(axis=1), lambda g: g[:, None] + np.zeros((3, 4))),
        "every second column": (lambda x: x[:, ::2], lambda g: np.repeat(g, 2, 1) * [1, 0, 1, 0]),
    }
    for name, (forward, back) in steps.items():
        verdict = mine.is_adjoint(forward, back, x.copy(), np.random.default_rng(0))
        _is_verdict("is_adjoint", verdict)
        if not verdict:
            raise Wrong(f"the way back of {name} is right, and is refused: rounding is left over")
        if mine.is_adjoint(forward, lambda g, b=back: -b(g), x.copy(), np.random.default_rng(0)):
            raise Wrong(f"the way back of {name} with the wrong sign passes")
        off = lambda g, b=back: b(g) * (1 + 1e-7)  # noqa: E731
        if mine.is_adjoint(forward, off, x.copy(), np.random.default_rng(0)):
            raise Wrong(
                f"a way back of {name} that is off by 1e-7 passes: no h, no tolerance for it"
            )
    forward, back = steps["x Wᵀ"]
    if mine.is_adjoint(forward, lambda g: g @ WEIGHT.T, x.copy(), np.random.default_rng(0)):
        raise Wrong("a way back of x Wᵀ that forgets to transpose passes")
    if mine.is_adjoint(lambda x: x[:, ::-1], lambda g: g, x.copy(), np.random.default_rng(0)):
        raise Wrong(
            "a way back of reversed columns that does not reverse them passes: with g = 1 all "
            "columns are alike, draw g"
        )


def _is_verdict(name, verdict):
    if not isinstance(verdict, (bool, np.bool_)):
        raise Wrong(f"{name} returns {verdict!r:.40}, expected True or False")


PARTS = (agrees, is_adjoint)

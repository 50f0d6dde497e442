"""How many calls a training step makes: no more than promised, and as docs/gpu.md says."""

from pathlib import Path

import numpy as np
import pytest

from minipose.kernels.faster import plain_only
from tests.strict import calls, step_calls, strict

PAGE = Path(__file__).resolve().parents[2] / "docs/gpu.md"
FAST = pytest.importorskip("minipose.fast", reason="without it nothing is promised")


@pytest.mark.parametrize("name", step_calls.STEPS)
def test_a_step_makes_no_more_calls_than_promised(name):
    with step_calls.on_the_stand_in():
        found = step_calls.count(step_calls.STEPS[name]())
    assert 0 < found.total <= step_calls.MOST[name]
    thirds = " | ".join(str(part.total()) for part in found)
    assert f"| {name} | {thirds} | {found.total} |" in PAGE.read_text(encoding="utf-8")


def test_without_fast_there_are_more():
    with step_calls.on_the_stand_in(), plain_only():
        found = step_calls.count(step_calls.STEPS["PoseNet, regression"]())
    assert found.total > step_calls.MOST["PoseNet, regression"]


X = strict.asarray(np.arange(12, dtype=np.float32).reshape(3, 4))
EACH = {
    "x + x": (lambda: X + X, 1),
    "x += 1": (lambda: X.__iadd__(0), 1),
    "-x": (lambda: -X, 1),
    "exp": (lambda: strict.exp(X), 1),
    "sum": (lambda: X.sum(axis=0), 1),
    "x[0] = 1": (lambda: X.__setitem__(0, 1.0), 1),
    "zeros": (lambda: strict.zeros(3), 1),
    "empty": (lambda: strict.empty(3), 0),
    "x.T[1:, None]": (lambda: X.T[1:, None], 0),
    "reshape of what is together": (lambda: X.reshape(4, 3), 0),
    "reshape of what is not": (lambda: X.T.reshape(3, 4), 1),
    "to the same dtype": (lambda: X.astype(np.float32, copy=False), 0),
    "to another dtype": (lambda: X.astype(np.float64), 1),
    "upload": (lambda: strict.asarray([1.0]), 1),
    "on the device already": (lambda: strict.asarray(X), 0),
    "download": (lambda: X.get(), 1),
    "float": (lambda: float(X.sum()), 2),
    "concatenate": (lambda: strict.concatenate([X, X, X]), 3),
    "repeat": (lambda: X.repeat(2, axis=1), 4),
    "product of a transposed matrix": (lambda: X.T @ X, 1),
    "product of every other column": (lambda: X[:, ::2] @ X[:2], 2),
    "product of stacks": (lambda: X[None].swapaxes(1, 2) @ X[None], 2),
    "x[array]": (lambda: X[strict.asarray([0])], 2),
    "random": (lambda: strict.random.default_rng(0).random(3), 2),
}


@pytest.mark.parametrize("name", EACH)
def test_what_counts_as_a_call(name):
    function, expected = EACH[name]
    calls.clear()
    function()
    assert calls.total() == expected, dict(calls)

"""Scores into probabilities along one axis.

softmax      y = e^x / Σ e^x,    dL/dx = y·(g − Σ g·y)
log_softmax  y = x − ln Σ e^x,   dL/dx = g − e^y·Σ g
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls

shapes = st.sampled_from([[(2, 3, 4)], [(3, 3)], [(1, 4)], [(4, 2, 1, 3)]])
lines = calls(shapes, axis=st.sampled_from([0, 1, -1]))

CASES = [
    Case("softmax", ops.softmax, lines, reference.softmax),
    Case("log_softmax", ops.log_softmax, lines, reference.log_softmax),
]


def test_by_hand():
    """Scores 0 and ln 3 give ¼ and ¾; dy₀/dx = (¼·¾, −¼·¾)."""
    x = Tensor(np.array([[0.0, np.log(3)]]), requires_grad=True)
    y = ops.softmax(x)
    np.testing.assert_allclose(y.data, [[0.25, 0.75]], rtol=1e-15)
    y.backward(np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(x.grad, [[0.1875, -0.1875]], rtol=1e-14)


def test_large_scores_do_not_overflow():
    x = Tensor(np.array([[1000.0, 1000.0, 0.0]]))
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(ops.softmax(x).data, [[0.5, 0.5, 0.0]])
        np.testing.assert_allclose(ops.log_softmax(x).data[0, :2], np.log(0.5))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_mistakes_are_named(name):
    with pytest.raises(ValueError, match=rf"{name}: axis 2 is not an axis of shape \(2, 3\)"):
        getattr(ops, name)(Tensor(np.ones((2, 3))), axis=2)

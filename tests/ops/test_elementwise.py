"""Arithmetic and activations: values by hand, derivatives by differences.

Each row of ``UNARY`` is an op, the interval its input is drawn from, and NumPy's own function.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.gradcheck import check_gradients
from tests.strategies import arrays

UNARY = {
    "negative": (ops.negative, -2, 2, np.negative),
    "exp": (ops.exp, -2, 2, np.exp),
    "log": (ops.log, 0.2, 3, np.log),
    "sqrt": (ops.sqrt, 0.2, 3, np.sqrt),
    "tanh": (ops.tanh, -3, 3, np.tanh),
    "sigmoid": (ops.sigmoid, -3, 3, lambda x: 1 / (1 + np.exp(-x))),
    "softplus": (ops.softplus, -3, 3, lambda x: np.log(1 + np.exp(x))),
    "relu_positive": (ops.relu, 0.1, 2, lambda x: x),
    "relu_negative": (ops.relu, -2, -0.1, lambda x: 0 * x),
    "power_3": (lambda x: ops.power(x, 3), -2, 2, lambda x: x**3),
    "power_half": (lambda x: ops.power(x, 0.5), 0.2, 3, np.sqrt),
}
BINARY = {
    "add": (ops.add, np.add),
    "subtract": (ops.subtract, np.subtract),
    "multiply": (ops.multiply, np.multiply),
    "divide": (ops.divide, np.divide),
}
SHAPES = st.lists(st.integers(1, 4), min_size=0, max_size=3).map(tuple)


@pytest.mark.parametrize("name", UNARY)
@given(data=st.data(), shape=SHAPES)
def test_unary(name, data, shape):
    op, low, high, reference = UNARY[name]
    x = data.draw(arrays(shape, low, high))
    np.testing.assert_allclose(op(Tensor(x)).data, reference(x), rtol=1e-12, atol=1e-15)
    check_gradients(op, [x])


@pytest.mark.parametrize("name", BINARY)
@given(data=st.data(), shape=SHAPES, stretched=st.integers(0, 7), dropped=st.integers(0, 2))
def test_binary_with_broadcasting(name, data, shape, stretched, dropped):
    """The second operand has some axes of length 1 and some leading axes missing."""
    op, reference = BINARY[name]
    other = tuple(1 if stretched >> i & 1 else n for i, n in enumerate(shape))[dropped:]
    a, b = data.draw(arrays(shape)), data.draw(arrays(other, 0.5, 2))
    np.testing.assert_array_equal(op(Tensor(a), Tensor(b)).data, reference(a, b))
    check_gradients(op, [a, b])
    check_gradients(op, [b + 1, a + 3])  # the first operand broadcast


def test_numbers_worked_by_hand():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (3 - x) * x / 2 - 1 + x**2  # y' = 1.5 − x + 2x = 1.5 + x
    np.testing.assert_array_equal(y.data, [1.0, 4.0])
    y.backward(np.ones(2, np.float32))
    np.testing.assert_array_equal(x.grad, [2.5, 3.5])
    np.testing.assert_array_equal((-x + 1).data, [0.0, -1.0])
    np.testing.assert_array_equal((6 / x).data, [6.0, 3.0])


def test_relu_has_derivative_zero_at_zero():
    x = Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    ops.relu(x).backward(np.ones(3, np.float32))
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 1.0])


def test_large_arguments_do_not_overflow():
    x = Tensor(np.array([-1000.0, 0.0, 1000.0]), requires_grad=True)
    np.testing.assert_allclose(ops.softplus(x).data, [0, np.log(2), 1000])
    np.testing.assert_allclose(ops.sigmoid(x).data, [0, 0.5, 1])
    ops.softplus(x).backward(np.ones(3))
    np.testing.assert_allclose(x.grad, [0, 0.5, 1])


@pytest.mark.parametrize("name", UNARY)
def test_float32_in_float32_out_and_inputs_untouched(name):
    op, low, high, _ = UNARY[name]
    values = np.linspace(low, high, 6, dtype=np.float32)
    x = Tensor(values.copy(), requires_grad=True)
    y = op(x)
    y.backward(np.ones(6, np.float32))
    assert y.dtype == x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.data, values)


def test_power_wants_a_number():
    with pytest.raises(TypeError, match="the exponent is a fixed number"):
        ops.power(Tensor([1.0]), Tensor([2.0]))


def test_an_op_on_two_arrays_is_not_for_us():
    with pytest.raises(TypeError, match="add: expected at least one Tensor, got"):
        ops.add(1.0, 2.0)

"""Arithmetic and activations: y[i] depends on x[i] alone, or on a[i] and b[i] after broadcasting.

===========  ===============  ==============================
op           y                dL/dx, with g = dL/dy
===========  ===============  ==============================
add          a + b            g, g
subtract     a − b            g, −g
multiply     a · b            g·b, g·a
divide       a / b            g/b, −g·a/b²
power        xᵖ               g·p·xᵖ⁻¹, g·xᵖ·ln x
negative     −x               −g
exp          eˣ               g·y
log          ln x             g/x
sqrt         √x               g/(2y)
tanh         tanh x           g·(1 − y²)
sigmoid      1/(1 + e⁻ˣ)      g·y·(1 − y)
log_sigmoid  −ln(1 + e⁻ˣ)     g/(1 + eˣ)
softplus     ln(1 + eˣ)       g/(1 + e⁻ˣ)
relu         max(x, 0)        g where x > 0, else 0
leaky_relu   x or a·x         g where x > 0, else a·g
===========  ===============  ==============================

Where an operand was repeated to the other's shape, its gradient is summed over the repetitions.
"""

import math
import operator

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from minipose.backend import is_array, to_host
from tests.ops.case import SHAPES, SQUARE_OR_NOT, Case, calls, distinct, uniform
from tests.reference import each


@st.composite
def broadcast_pairs(draw):
    """Two shapes, one of which has some axes of length 1 and some leading axes missing."""
    full = draw(SHAPES | SQUARE_OR_NOT)
    part = tuple(draw(st.sampled_from([1, n])) for n in full)[draw(st.integers(0, len(full))) :]
    return draw(st.permutations([full, part]))


def one(values=None, **options):
    """Calls with one array of any shape, square ones among them."""
    return calls((SHAPES | SQUARE_OR_NOT).map(lambda shape: [shape]), values, **options)


anywhere, positive = uniform(-3, 3), uniform(0.3, 3)
pairs = calls(broadcast_pairs())
leaks = one(distinct, slope=st.sampled_from([0.01, 0.3, 1.0, -0.5]))
powers = calls(broadcast_pairs(), [positive, anywhere])
divisions = calls(broadcast_pairs(), [anywhere, positive])

CASES = [
    Case("add", ops.add, pairs, each(operator.add), linear_in=(0, 1)),
    Case("subtract", ops.subtract, pairs, each(operator.sub), linear_in=(0, 1)),
    Case("multiply", ops.multiply, pairs, each(operator.mul), linear_in=(0, 1)),
    Case("divide", ops.divide, divisions, each(operator.truediv), linear_in=(0,)),
    Case("negative", ops.negative, one(), each(operator.neg), linear_in=(0,)),
    Case("power/3", lambda x: ops.power(x, 3), one(anywhere), each(lambda x: x**3)),
    Case("power/half", lambda x: ops.power(x, 0.5), one(positive), each(math.sqrt)),
    Case("power/0", lambda x: ops.power(x, 0), one(anywhere), each(lambda x: 1.0)),
    Case("power/minus_1", lambda x: ops.power(x, -1), one(positive), each(lambda x: 1 / x)),
    Case("power/tensors", ops.power, powers, each(operator.pow)),
    Case("power/of_2", lambda x: 2**x, one(), each(lambda x: 2**x)),
    Case("exp", ops.exp, one(), each(math.exp)),
    Case("log", ops.log, one(positive), each(math.log)),
    Case("sqrt", ops.sqrt, one(positive), each(math.sqrt)),
    Case("tanh", ops.tanh, one(anywhere), each(math.tanh)),
    Case("sigmoid", ops.sigmoid, one(anywhere), each(lambda x: 1 / (1 + math.exp(-x)))),
    Case("log_sigmoid", ops.log_sigmoid, one(), each(lambda x: -math.log(1 + math.exp(-x)))),
    Case("softplus", ops.softplus, one(anywhere), each(lambda x: math.log(1 + math.exp(x)))),
    Case("leaky_relu", ops.leaky_relu, leaks, each(lambda x, slope: x if x > 0 else slope * x)),
    Case("relu", ops.relu, one(distinct), each(lambda x: max(x, 0.0))),
    # A number takes the part of a tensor and gets no gradient.
    Case("add/number", lambda x: 2 + x, one(), each(lambda x: 2 + x), linear_in=(0,)),
    Case("subtract/number", lambda x: 2 - x, one(), each(lambda x: 2 - x), linear_in=(0,)),
    Case("multiply/number", lambda x: 2 * x, one(), each(lambda x: 2 * x), linear_in=(0,)),
    Case("divide/number", lambda x: 2 / x, one(positive), each(lambda x: 2 / x)),
    # One tensor in both places: its two gradients add up.
    Case("multiply/square", lambda x: x * x, one(), each(lambda x: x * x)),
]


def test_by_hand():
    """y = (3 − x)·x/2 − 1 + x², so y' = 1.5 − x + 2x = 1.5 + x."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (3 - x) * x / 2 - 1 + x**2
    np.testing.assert_array_equal(y.data, [1.0, 4.0])
    y.backward(np.ones(2, np.float32))
    np.testing.assert_array_equal(x.grad, [2.5, 3.5])


@pytest.mark.parametrize(
    ("op", "x", "y", "slope"),
    [
        (ops.exp, 0.0, 1.0, 1.0),
        (ops.log, 2.0, math.log(2), 0.5),
        (ops.sqrt, 4.0, 2.0, 0.25),
        (ops.tanh, math.log(2), 0.6, 0.64),  # (4 − 1)/(4 + 1), 1 − 0.36
        (ops.sigmoid, math.log(3), 0.75, 0.1875),  # 3/(3 + 1), ¾·¼
        (ops.softplus, math.log(3), math.log(4), 0.75),
        (lambda t: ops.power(t, 3), 2.0, 8.0, 12.0),
    ],
)
def test_one_number_by_hand(op, x, y, slope):
    tensor = Tensor(np.array(x), requires_grad=True)
    result = op(tensor)
    result.backward()
    assert result.item() == pytest.approx(y, rel=1e-15)
    assert float(tensor.grad) == pytest.approx(slope, rel=1e-14)


def test_relu_has_derivative_zero_at_zero():
    x = Tensor([-1.0, 0.0, -0.0, 2.0], requires_grad=True)
    ops.relu(x).backward(np.ones(4, np.float32))
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0, 1.0])


def test_large_arguments_do_not_overflow():
    x = Tensor(np.array([-1000.0, 0.0, 1000.0]), requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(ops.softplus(x).data, [0, np.log(2), 1000])
        np.testing.assert_allclose(ops.sigmoid(x).data, [0, 0.5, 1])
        ops.softplus(x).backward(np.ones(3))
    np.testing.assert_allclose(x.grad, [0, 0.5, 1])


X = Tensor(np.ones((2, 3), np.float32))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: X + X[:, :2], ValueError, r"add: shapes \(2, 3\) and \(2, 2\) do not broadcast"),
        (lambda: X * Tensor(np.ones(3)), TypeError, "multiply: inputs of different dtypes"),
        (lambda: ops.divide(1.0, 2.0), TypeError, "divide: expected at least one Tensor, got fl"),
        (lambda: X - "one", TypeError, "expected an array or numbers, got str"),
        (lambda: ops.tanh(X.data), TypeError, r"expected a Tensor, got ndarray: write Tens"),
        (lambda: ops.power(2.0, 3.0), TypeError, "power: expected at least one Tensor, got float"),
        (lambda: X ** X[:, :2], ValueError, r"power: shapes \(2, 3\) and \(2, 2\) do not broad"),
        (lambda: X + None, TypeError, "add: expected an array or numbers, got NoneType"),
        (lambda: X * [[1], [2, 3]], TypeError, "multiply: expected an array or numbers, got list"),
        (
            lambda: X + np.ones(3),
            TypeError,
            r"add: inputs of different dtypes \(float32 .* float64",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_small_values_of_a_sigmoid_are_kept():
    x = Tensor(np.array([-20.0, -80.0], np.float32), requires_grad=True)
    y = ops.sigmoid(x)
    np.testing.assert_allclose(y.data, [math.exp(-20), math.exp(-80)], rtol=1e-5)
    ops.log(y).backward(np.ones(2, np.float32))
    np.testing.assert_allclose(x.grad, [1, 1], rtol=1e-6)
    again = Tensor(x.data, requires_grad=True)
    y = ops.log_sigmoid(again)
    np.testing.assert_allclose(y.data, [-20, -80], rtol=1e-6)
    y.backward(np.ones(2, np.float32))
    np.testing.assert_allclose(again.grad, [1, 1], rtol=1e-6)
    another = Tensor(x.data, requires_grad=True)
    ops.softplus(another).backward(np.ones(2, np.float32))
    np.testing.assert_allclose(another.grad, [math.exp(-20), math.exp(-80)], rtol=1e-5)


def test_the_slope_of_x_to_the_0_is_0_everywhere():
    x = Tensor(np.array([0.0, 2.0]), requires_grad=True)
    (x**0).backward(np.ones(2))
    np.testing.assert_array_equal(x.grad, [0, 0])


def test_powers_of_nothing_and_of_less():
    """Slopes of aᵇ: at a = 0 there is none in b; where a < 0 there is one in a alone."""
    a = Tensor(np.array([0.0, 0.0, -2.0, 0.0]), requires_grad=True)
    b = Tensor(np.array([2.0, 0.0, 2.0, 1.0]), requires_grad=True)
    with np.errstate(invalid="ignore"):
        (a**b).backward(np.ones(4))
    np.testing.assert_array_equal(a.grad, [0, 0, -4, 1])
    np.testing.assert_array_equal(b.grad, [0, 0, np.nan, 0])


@pytest.mark.parametrize(
    "sign", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_lists_and_numbers_on_either_side(xp, sign, dtype):
    """Integers and lists adopt the tensor's dtype, so that float64 stays exact."""
    values = np.array([[1.1, 2.0], [3.0, 0.7]], dtype)
    x = Tensor(xp.asarray(values), requires_grad=True)
    arrays = (xp.asarray(np.array([2.1, 3.0], dtype)), xp.asarray([[2], [3]]))
    for other in (*arrays, [2.1, 3.0], 2, 2.1, np.float64(2.1), np.int32(2)):
        host = (to_host(other) if is_array(other) else np.asarray(other)).astype(dtype)
        for result, expected in (
            (sign(x, other), sign(values, host)),
            (sign(other, x), sign(host, values)),
        ):
            assert result.dtype == dtype and result.requires_grad
            np.testing.assert_allclose(to_host(result.data), expected, rtol=4 * np.finfo(dtype).eps)


def test_large_integers_beside_float64_keep_all_their_digits():
    assert (Tensor(np.zeros(1)) + np.array([2**24 + 1])).item() == 2**24 + 1


def test_a_power_that_needs_no_gradient_gets_none():
    x = Tensor(np.array([2.0, 3.0]), requires_grad=True)
    powers = Tensor(np.array([3.0, 2.0]))
    (x**powers).backward(np.ones(2))
    np.testing.assert_array_equal(x.grad, [12, 6])
    assert powers.grad is None


UNARY = "negative exp log sqrt tanh sigmoid log_sigmoid softplus relu leaky_relu abs clip".split()
ALONG = "sum mean max min var logsumexp softmax log_softmax argmax".split()


@pytest.mark.parametrize("name", UNARY + ALONG)
def test_what_is_no_tensor_is_named(xp, name):
    op = getattr(ops, name)
    for wrong, kind in (([1.0], "list: write"), (None, "NoneType$"), (2.0, "float: write")):
        with pytest.raises(TypeError, match=f"^{name}: expected a Tensor, got {kind}"):
            op(wrong)
    with pytest.raises(TypeError, match=rf"^{name}: expected a Tensor, .*: write Tensor\(x\)$"):
        op(xp.asarray([1.0]))

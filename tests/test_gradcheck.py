"""The gradient check itself: it must fail for wrong derivatives."""

import numpy as np
import pytest

import minipose as mp
from minipose.gradcheck import GradientError, check_direction, check_gradients
from minipose.tensor import record


def softmax_with(spoil):
    """Softmax over the last axis, whose derivative is altered by ``spoil``."""

    def function(x):
        y = np.exp(x.data - x.data.max(axis=-1, keepdims=True))
        y /= y.sum(axis=-1, keepdims=True)

        def backward(grad_y):
            return (spoil(y * (grad_y - (grad_y * y).sum(axis=-1, keepdims=True))),)

        return record("softmax", y, inputs=(x,), backward=backward)

    return function


X = np.random.default_rng(0).standard_normal((4, 4))


@pytest.mark.parametrize("check", [check_gradients, check_direction])
def test_the_right_derivative_passes(check):
    report = check(softmax_with(lambda g: g), [X])
    assert report.worst <= 1e-8


@pytest.mark.parametrize("check", [check_gradients, check_direction])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda g: 0 * g,
        lambda g: 7 * g,
        lambda g: -g,
        lambda g: g.T.copy(),
        lambda g: np.roll(g, 1, axis=0),
        lambda g: g + 1e-4,
        lambda g: g * np.nan,
    ],
    ids=["zero", "times_7", "sign", "transposed", "shifted", "offset", "nan"],
)
def test_gradcheck_has_teeth(check, spoil):
    with pytest.raises(GradientError, match="analytic"):
        check(softmax_with(spoil), [X])


def test_an_all_ones_cotangent_would_have_no_teeth():
    """Why the cotangent is random: a softmax adds up to 1, so with c = 1 nothing shows."""
    for factor in (0.0, 7.0):
        x = mp.Tensor(X, requires_grad=True)
        softmax_with(lambda g, factor=factor: factor * g)(x).backward(np.ones_like(X))
        np.testing.assert_allclose(x.grad, 0, atol=1e-15)


def test_a_failure_names_the_worst_entry():
    def function(x):
        def backward(grad_y):
            wrong = grad_y.copy()
            wrong[1, 2] += 0.5
            return (wrong,)

        return record("copy", x.data.copy(), inputs=(x,), backward=backward)

    with pytest.raises(GradientError, match=r"input 0 of shape \(4, 4\) at \(1, 2\)"):
        check_gradients(function, [X])


@pytest.mark.parametrize("check", [check_gradients, check_direction])
def test_mistakes_are_named(check):
    with pytest.raises(ValueError, match="input 0 is float32, expected float64"):
        check(mp.ops.tanh, [X.astype(np.float32)])
    with pytest.raises(ValueError, match=r"expected a step above 0, got 0\.0"):
        check(mp.ops.tanh, [X], step=0.0)
    with pytest.raises(TypeError, match="expected the function to return a Tensor, got ndarray"):
        check(lambda x: x.data, [X])


def test_an_input_that_the_function_ignores_has_the_gradient_zero():
    assert check_gradients(lambda x, y: mp.ops.tanh(x), [X, X]).worst <= 1e-9
    assert check_direction(lambda x, y: mp.ops.tanh(x), [X, X]).worst <= 1e-7


def test_an_empty_input_has_no_entries():
    report = check_gradients(lambda x, y: mp.ops.tanh(x), [X, np.zeros((0, 3))])
    assert report.entries == X.size


def test_a_random_choice_of_entries_is_checked():
    assert check_gradients(mp.ops.tanh, [X], entries=5).entries == 5


def test_inputs_are_left_as_they_were():
    x = X.copy()
    check_gradients(mp.ops.tanh, [x])
    np.testing.assert_array_equal(x, X)

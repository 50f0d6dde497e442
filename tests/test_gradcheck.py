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


def scaled(y, slopes):
    """y with what is claimed to be its derivative, element by element."""

    def function(x):
        return record("scaled", y(x.data), inputs=(x,), backward=lambda g: (g * slopes(x.data),))

    return function


@pytest.mark.parametrize("check", [check_gradients, check_direction])
@pytest.mark.parametrize("factor", [1e-300, 1e-30, 1e-7, 1.0, 1e7, 1e30, 1e300])
def test_what_is_wrong_fails_at_any_scale(check, factor):
    right = scaled(lambda x: np.sin(x) * factor, lambda x: np.cos(x) * factor)
    wrong = scaled(lambda x: np.sin(x) * factor, lambda x: np.cos(x) * factor * 1.001)
    zero = scaled(lambda x: np.sin(x) * factor, lambda x: 0 * x)
    assert check(right, [X]).worst <= 1e-8
    for function in (wrong, zero):
        with pytest.raises(GradientError, match="analytic"):
            check(function, [X])


@pytest.mark.parametrize("large", [1.0, 1e4, 1e6])
def test_a_small_entry_beside_large_ones_counts_by_itself(large):
    """1e-3 beside 1e4: against the largest of all it would be nothing."""
    slopes = np.full(X.shape, large)
    slopes[1, 2] = 1e-3
    assert check_gradients(scaled(lambda x: slopes * x, lambda x: slopes), [X]).worst <= 1e-6
    missing = slopes.copy()
    missing[1, 2] = 0
    for wrong in (
        missing,
        np.where(slopes < 1, 1.5e-3, slopes),
        np.where(slopes < 1, -1e-3, slopes),
    ):
        with pytest.raises(GradientError, match=r"input 0 of shape \(4, 4\) at \(1, 2\): analytic"):
            check_gradients(scaled(lambda x: slopes * x, lambda x, wrong=wrong: wrong), [X])


def test_a_small_part_of_a_sum_is_missed():
    """All outputs depend on all inputs, and one of these contributes a thousandth."""
    weights = np.random.default_rng(1).uniform(0.5, 1, (4, 4))
    weights[2] *= 1e-3

    def product(spoil):
        def function(x):
            return record(
                "product", x.data @ weights, inputs=(x,), backward=lambda g: (g @ spoil(weights).T,)
            )

        return function

    without = weights.copy()
    without[2] = 0
    assert check_gradients(product(lambda w: w), [X]).worst <= 1e-7
    with pytest.raises(GradientError, match=r"at \(\d, 2\): analytic"):
        check_gradients(product(lambda w: without), [X])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3, 1e6])
def test_right_derivatives_pass_at_inputs_of_any_scale(scale):
    x = (np.abs(X) + 0.5) * scale
    for function in (mp.ops.log, mp.ops.sqrt, lambda t: t * t, lambda t: 1 / t, lambda t: t**3):
        assert check_gradients(function, [x], step=1e-5 * min(scale, 1), rtol=1e-7).worst <= 1e-7


def test_a_function_that_is_another_each_time_fails():
    rng = np.random.default_rng(0)
    with pytest.raises(GradientError):
        check_gradients(lambda x: x + 1e-6 * rng.standard_normal(X.shape), [X])


def test_what_does_not_move_at_all_has_the_slope_zero():
    """1 − tanh² is 4e-35 at 40; the differences of 1.0 and 1.0 cannot tell it from 0."""
    x = np.array([40.0, -40.0])
    assert check_gradients(mp.ops.tanh, [x]).worst <= 1e-6
    with pytest.raises(GradientError):
        check_gradients(scaled(np.tanh, lambda x: 1e-9 + 0 * x), [x])


@pytest.mark.parametrize("check", [check_gradients, check_direction])
def test_values_that_are_not_finite_fail(check):
    with np.errstate(invalid="ignore", over="ignore"), pytest.raises(GradientError):
        check(mp.ops.exp, [np.array([1.0, 710.0])])


@pytest.mark.parametrize("check", [check_gradients, check_direction])
def test_mistakes_are_named(check):
    with pytest.raises(ValueError, match="input 0 is float32, expected float64"):
        check(mp.ops.tanh, [X.astype(np.float32)])
    for wrong in ({"step": 0.0}, {"rtol": 0.0}, {"step": np.nan}):
        with pytest.raises(ValueError, match="expected step and rtol above 0, got"):
            check(mp.ops.tanh, [X], **wrong)
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

"""A tensor to Python: how it is shown, as a number, as a truth, with a sign, pickled."""

import pickle

import numpy as np
import pytest

import minipose as mp


def test_a_tensor_of_one_element_has_a_truth():
    assert not mp.Tensor([0.0]) and mp.Tensor([2.0])
    with pytest.raises(ValueError, match=r"^bool: expected one element, got shape \(2,\)"):
        bool(mp.Tensor([1.0, 0.0]))


def test_leaves_can_be_pickled_and_results_say_why_not():
    w = mp.Parameter([1.0, 2.0])
    again = pickle.loads(pickle.dumps(w))
    assert type(again) is mp.Parameter and again.requires_grad
    np.testing.assert_array_equal(again.data, w.data)
    with pytest.raises(TypeError, match=r"pickle: a result of multiply .* use \.detach\(\)"):
        pickle.dumps(w * 2)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps((w * 2).detach())).data, [2, 4])


def test_a_tensor_shows_its_values(xp):
    x = mp.Tensor(xp.asarray([[1.0, 2.0], [3.0, 4.5]]), requires_grad=True)
    assert repr(x) == (
        "Tensor([[1. , 2. ],\n        [3. , 4.5]], shape (2, 2), float64, requires_grad)"
    )
    assert repr(x[0] * 2) == "Tensor([2., 4.], shape (2,), float64, from multiply)"
    assert repr(x[0, 0].detach()) == "Tensor(1., shape (), float64)"
    assert repr(x[:0].detach()) == "Tensor([], shape (0, 2), float64)"
    assert str(x) == f"{x}" == repr(x)


def test_a_parameter_says_that_it_is_one():
    assert repr(mp.Parameter([1.0])) == "Parameter([1.], shape (1,), float32, requires_grad)"


@pytest.mark.parametrize(
    "shape", [(100, 100), (50, 1), (1, 50), (2, 3, 4, 5), (2,) * 10, (10**6,), (20,), (0, 3)]
)
def test_many_values_are_shown_in_a_few_lines(shape):
    text = repr(mp.Tensor(np.random.default_rng(0).standard_normal(shape) * 1e5))
    assert text.count("\n") <= 4 and len(text) < 400 and str(shape) in text


def test_one_value_is_a_number_to_python(xp):
    x = mp.Tensor(xp.asarray([2.25]))
    assert float(x) == 2.25 and f"{x:.1f}" == "2.2" and format(x, "+g") == "+2.25"
    assert int(x) == 2 and int(mp.Tensor(-1.5)) == -1
    for use in (float, int, "{:.3f}".format):
        with pytest.raises(ValueError, match=r"expected one element, got shape \(2,\)"):
            use(mp.Tensor([1.0, 2.0]))


def test_a_sign_in_front_of_a_tensor():
    x = mp.Tensor([1.0, -2.0], requires_grad=True)
    (+x * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])


def test_numpy_takes_the_values_of_what_needs_no_gradient():
    array = np.asarray(mp.Tensor([1.0, 2.0]))
    assert type(array) is np.ndarray and array.tolist() == [1.0, 2.0]
    assert np.asarray(mp.Tensor([1.5]), dtype=np.float32).dtype == np.float32
    with pytest.raises(TypeError, match=r"array: this tensor requires a gradient; use \.detach"):
        np.asarray(mp.Tensor([1.0], requires_grad=True))


def test_a_tensor_is_no_array_to_make_one_of():
    with pytest.raises(TypeError, match="Tensor: expected an array, got a Tensor"):
        mp.Tensor(mp.Tensor([1.0]))
    with pytest.raises(TypeError, match=r"got a list of Tensors; use ops\.stack"):
        mp.Tensor([mp.Tensor([1.0]), mp.Tensor([2.0])])

"""Losses by hand and by differences; the update rules against their formulas."""

import numpy as np
import pytest

import minipose as mp
from minipose import losses
from minipose.gradcheck import check_gradients
from minipose.optim import SGD, Adam

rng = np.random.default_rng(0)


def test_joint_squared_error_by_hand():
    """½ (3² + 4²) of one sample and 0 of the other, averaged over two samples."""
    predicted = mp.Tensor(np.array([[3.0, 4.0, 0.0], [1.0, 1.0, 1.0]]))
    target = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    assert losses.joint_squared_error(predicted, target).item() == 6.25
    assert losses.joint_distance(predicted, target).item() == pytest.approx(2.5, abs=1e-5)


def test_window_cross_entropy_by_hand():
    """ĥ = (1 + tanh z)/2, then −h log ĥ − (1 − h) log(1 − ĥ), halved and summed per sample."""
    z, h = rng.standard_normal((3, 5)), (rng.random((3, 5)) < 0.3) * 1.0
    guess = (1 + np.tanh(z)) / 2
    expected = 0.5 * (-h * np.log(guess) - (1 - h) * np.log(1 - guess)).sum(axis=1).mean()
    assert losses.window_cross_entropy(mp.Tensor(z), h).item() == pytest.approx(expected, rel=1e-12)


def test_dice_loss_by_hand():
    probabilities = mp.Tensor(np.array([[[1.0, 1.0]], [[0.0, 0.0]]]))
    mask = np.array([[[1.0, 0.0]], [[0.0, 0.0]]])
    # The first image: 2·1/(2 + 1); the second is empty and rightly so: 1.
    expected = 1 - (2 / 3 + 1) / 2
    assert losses.dice_loss(probabilities, mask).item() == pytest.approx(expected, abs=1e-6)


def test_mse_and_cross_entropy_by_hand():
    assert losses.mse(mp.Tensor([1.0, 3.0]), np.array([0.0, 1.0], np.float32)).item() == 2.5
    logits = np.zeros((1, 4, 1, 2))
    one_hot = np.zeros((1, 4, 1, 2))
    one_hot[0, 0] = 1
    value = losses.categorical_cross_entropy(mp.Tensor(logits), one_hot).item()
    assert value == pytest.approx(np.log(4))


CASES = {
    "joint_squared_error": (4, 6),
    "joint_distance": (4, 6),
    "window_cross_entropy": (3, 8),
    "dice_loss": (2, 3, 4),
    "mse": (2, 3),
    "categorical_cross_entropy": (2, 3, 2, 2),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients(name):
    target = (rng.random(CASES[name]) < 0.4) * 1.0
    check_gradients(
        lambda x: getattr(losses, name)(x, target), [rng.uniform(0.1, 0.9, CASES[name])]
    )


@pytest.mark.parametrize("name", CASES)
def test_shapes_must_agree_exactly(name):
    shape = CASES[name]
    with pytest.raises(ValueError, match=f"{name}: predicted .* target"):
        getattr(losses, name)(mp.Tensor(np.zeros(shape)), np.zeros((1, *shape[1:])))


def test_joint_distance_of_an_exact_prediction_has_gradient_zero():
    x = mp.Tensor(np.ones((2, 3)), requires_grad=True)
    losses.joint_distance(x, np.ones((2, 3))).backward()
    np.testing.assert_array_equal(x.grad, 0)


def parameter(values):
    return mp.Parameter(np.array(values))


def test_sgd_follows_equations_7_and_8():
    w = parameter([1.0, -2.0])
    optimizer = SGD([w], lr=0.1, momentum=0.9, weight_decay=0.01)
    value, velocity = w.data.copy(), np.zeros(2)
    for step in range(5):
        gradient = np.array([0.5 + step, -1.0])
        w.grad = gradient.copy()
        optimizer.step()
        velocity = 0.9 * velocity - 0.01 * 0.1 * value - 0.1 * gradient
        value = value + velocity
        np.testing.assert_allclose(w.data, value, rtol=1e-14)
        np.testing.assert_array_equal(w.grad, gradient)


def test_adam_follows_its_formula():
    w = parameter([1.0, -2.0, 3.0])
    optimizer = Adam([w], lr=0.1)
    value, mean, square = w.data.copy(), np.zeros(3), np.zeros(3)
    for t in range(1, 6):
        gradient = np.array([0.5 * t, -1.0, 1e-6])
        w.grad = gradient
        optimizer.step()
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        value -= 0.1 * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(w.data, value, rtol=1e-12)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_large_arrays_are_updated_everywhere(make):
    """Updates run in pieces; every element of every piece has to move, in any memory layout."""
    for data in (np.zeros((300, 301), np.float32), np.zeros((301, 300), np.float32).T):
        w = mp.Parameter(data)
        w.grad = np.ones(w.shape, np.float32)
        make([w], lr=0.1).step()
        assert w.dtype == np.float32 and np.ptp(w.data) == 0 and w.data[0, 0] < -0.05


@pytest.mark.parametrize("make", [SGD, Adam])
def test_state_can_be_carried_over(make):
    first, second = parameter([1.0, 2.0]), parameter([1.0, 2.0])
    a, b = make([first], lr=0.1), make([second], lr=0.1)
    for _ in range(3):
        first.grad = np.array([1.0, -2.0])
        a.step()
    second.assign_(first.data)
    b.load_state_dict(a.state_dict())
    for w, optimizer in ((first, a), (second, b)):
        w.grad = np.array([0.5, 0.5])
        optimizer.step()
    np.testing.assert_array_equal(first.data, second.data)
    with pytest.raises(ValueError, match=f"{make.__name__}: state does not fit at"):
        make([parameter([1.0])], lr=0.1).load_state_dict(a.state_dict())


def test_optimizers_refuse_nonsense():
    with pytest.raises(ValueError, match="SGD: no parameters"):
        SGD([])
    with pytest.raises(ValueError, match="Adam: expected a learning rate above 0, got 0"):
        Adam([parameter([1.0])], lr=0)


def test_a_step_between_forward_and_backward_is_noticed():
    w = parameter([1.0])
    optimizer = SGD([w])
    y = (w * w).sum()
    w.grad = np.ones(1)
    optimizer.step()
    with pytest.raises(ValueError, match="after an optimizer step"):
        y.backward()

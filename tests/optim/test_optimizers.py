"""Update rules against their formulas, in any memory layout, across a saved state."""

import numpy as np
import pytest

import minipose as mp
from minipose.backend import to_host
from minipose.optim import SGD, Adam, Optimizer


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
        w.data = data  # a parameter's own copy would be in C order
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
    with pytest.raises(ValueError, match="SGD: expected momentum of at least 0 and below 1, got 1"):
        SGD([parameter([1.0])], momentum=1)
    with pytest.raises(ValueError, match=r"SGD: expected weight_decay of 0 or more, got -0\.1"):
        SGD([parameter([1.0])], weight_decay=-0.1)
    with pytest.raises(ValueError, match=r"Adam: expected two betas .* got \(0\.9, 1\.0\)"):
        Adam([parameter([1.0])], betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="Adam: expected eps above 0, got 0"):
        Adam([parameter([1.0])], eps=0)
    with pytest.raises(TypeError, match="Optimizer defines no formula"):
        optimizer = Optimizer([parameter([1.0])], lr=0.1)
        optimizer.parameters[0].grad = np.ones(1)
        optimizer.step()


@pytest.mark.parametrize(
    ("grad", "found"), [(np.ones(2), r"float64 \(2,\)"), (np.ones(1, "f4"), r"float32 \(1,\)")]
)
def test_a_gradient_that_does_not_fit_is_refused(grad, found):
    w = parameter([1.0])
    w.grad = grad
    with pytest.raises(ValueError, match=rf"parameter 0 is float64 \(1,\), its gradient {found}"):
        SGD([w]).step()


def test_a_parameter_without_a_gradient_stays():
    w, other = parameter([1.0]), parameter([2.0])
    w.grad = np.ones(1)
    optimizer = SGD([w, other])
    optimizer.step()
    assert w.data[0] < 1 and other.data[0] == 2 and other.version == 0
    optimizer.zero_grad()
    assert w.grad is None


def test_a_step_between_forward_and_backward_is_noticed():
    w = parameter([1.0])
    optimizer = SGD([w])
    y = (w * w).sum()
    w.grad = np.ones(1)
    optimizer.step()
    with pytest.raises(ValueError, match="after an optimizer step"):
        y.backward()


@pytest.mark.parametrize("make", [SGD, Adam])
def test_parameters_on_a_device_share_one_array(make, xp):
    """The same steps as one by one; a missing gradient or a new array goes back to that."""
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (5,), (2, 1, 3)]
    values = [rng.standard_normal(s) for s in shapes]
    ours = [mp.Parameter(xp.asarray(v)) for v in values]
    alone = [mp.Parameter(v.copy()) for v in values]
    optimizer, reference = make(ours, lr=0.1), [make([w], lr=0.1) for w in alone]
    for step in range(4):
        for i, (w, v) in enumerate(zip(ours, alone, strict=True)):
            gradient = rng.standard_normal(v.shape)
            skipped = step == 2 and i == 1
            w.grad, v.grad = (None, None) if skipped else (xp.asarray(gradient), gradient)
        if step == 3:
            ours[0].data = ours[0].data.copy()
        before = ours[0].version
        optimizer.step()
        assert ours[0].version == before + 1
        for each in reference:
            each.step()
        for w, v in zip(ours, alone, strict=True):
            np.testing.assert_allclose(to_host(w.data), v.data, rtol=1e-12, atol=1e-14)
    state = optimizer.state_dict()
    for name in optimizer.state_names:
        for i, each in enumerate(reference):
            expected = each.state_dict()[f"{name}.0"]
            np.testing.assert_allclose(state[f"{name}.{i}"], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_arrays_that_were_given_anew_are_the_ones_that_are_moved(make, xp):
    """Also where all parameters lie in one array since the first step, and their states."""

    def moved(xp):
        weights = [mp.Parameter(xp.asarray(np.arange(n, dtype=float))) for n in (2, 3)]
        optimizer = make(weights, lr=0.1)
        for step in range(3):
            if step == 1:
                weights[0].data = xp.asarray(np.full(2, 7.0))
            if step == 2:
                optimizer.state[optimizer.state_names[0]][1] = xp.asarray(np.full(3, -5.0))
            for w in weights:
                w.grad = xp.asarray(np.full(w.shape, 0.5))
            optimizer.step()
        return [to_host(w.data) for w in weights]

    for ours, expected in zip(moved(xp), moved(np), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_a_step_count_is_of_one_parameter():
    """A layer that is thawed after 1,000 steps begins as if it were the optimizer's first."""
    early, late = parameter([1.0]), parameter([1.0])
    optimizer = Adam([early, late], lr=0.1)
    for _ in range(1000):
        early.grad = np.ones(1)
        optimizer.step()
        optimizer.zero_grad()
    late.grad = np.full(1, 3.0)
    optimizer.step()
    assert late.data[0] == pytest.approx(0.9, abs=1e-6)  # Adam's first step is the rate
    other = Adam([parameter([1.0]), parameter([1.0])], lr=0.1)
    other.load_state_dict(optimizer.state_dict())
    assert other.step_counts == [1000, 1]


def test_states_of_the_first_version_are_read():
    optimizer = SGD([parameter([1.0]), parameter([2.0])])
    state = {name: value for name, value in optimizer.state_dict().items() if name != "steps"}
    optimizer.load_state_dict({"step": np.asarray(7), **state})
    assert optimizer.step_counts == [7, 7]


def test_what_cannot_be_moved_is_refused():
    w = parameter([1.0])
    with pytest.raises(
        TypeError, match="SGD: expected a list of parameters, got a Parameter of shape"
    ):
        SGD(w)
    with pytest.raises(TypeError, match=r"Adam: expected parameters, got a Tensor.* from multiply"):
        Adam([w * 2])


def test_a_rate_of_numpy_leaves_the_numbers_alone():
    results = []
    for lr in (0.1, np.float64(0.1)):
        w = mp.Parameter(np.ones(5, np.float32))
        optimizer = SGD([w], lr=1.0)
        optimizer.lr = lr
        w.grad = np.full(5, 1 / 3, np.float32)
        optimizer.step()
        results.append(w.data)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "a", None])
def test_a_rate_that_is_none_is_refused_when_it_is_set(wrong):
    optimizer = SGD([parameter([1.0])], lr=0.1)
    with pytest.raises(ValueError, match=r"^SGD: expected a learning rate of 0 or more, got "):
        optimizer.lr = wrong
    assert optimizer.lr == 0.1
    optimizer.lr = 0  # at the end of a schedule

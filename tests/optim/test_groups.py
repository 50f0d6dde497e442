"""Groups of parameters: each with its own rate and decay, each parameter in one of them."""

import numpy as np
import pytest

import minipose as mp
from minipose.backend import to_host
from minipose.optim import SGD, Adam

RNG = np.random.default_rng(0)
VALUES = [RNG.standard_normal(s) for s in ((3, 4), (5,), (2, 2))]
GRADIENTS = RNG.standard_normal((4, 3, 12))


def steps(make, parameters, xp=np, count=4):
    """Parameters after a few steps, whose gradients are the same in every call."""
    optimizer = make(parameters)
    for step in range(count):
        for p, gradient in zip(parameters, GRADIENTS[step], strict=True):
            p.grad = xp.asarray(gradient[: p.size].reshape(p.shape))
        optimizer.step()
    return [to_host(p.data) for p in parameters]


def fresh(xp=np):
    return [mp.Parameter(xp.asarray(v)) for v in VALUES]


OPTIONS = {
    SGD: [{"lr": 0.03, "momentum": 0.5}, {"weight_decay": 0.0}, {"lr": 0.2}],
    Adam: [{"lr": 0.03, "betas": (0.5, 0.9), "eps": 1e-3}, {"weight_decay": 0.2}, {"lr": 0.2}],
}


@pytest.mark.parametrize("make", [SGD, Adam])
def test_each_group_moves_as_if_it_had_an_optimizer_of_its_own(make, xp):
    def grouped(p):
        groups = [{"parameters": [w], **o} for w, o in zip(p, OPTIONS[make], strict=True)]
        return make([*groups[:1], {"parameters": []}, *groups[1:]], lr=0.1, weight_decay=0.01)

    class Both:
        def __init__(self, p):
            common = {"lr": 0.1, "weight_decay": 0.01}
            self.each = [make([w], **common | o) for w, o in zip(p, OPTIONS[make], strict=True)]

        def step(self):
            for each in self.each:
                each.step()

    apart = steps(Both, fresh())
    together = steps(grouped, fresh(xp), xp)
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_one_group_is_a_plain_list(make):
    plain = steps(lambda p: make(p, lr=0.1), fresh())
    group = steps(lambda p: make([{"parameters": p}], lr=0.1), fresh())
    own = steps(lambda p: make([{"parameters": p, "lr": 0.1}], lr=0.7), fresh())
    for a, b, c in zip(plain, group, own, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_a_schedule_moves_every_group_by_the_same_factor():
    w = [mp.Parameter([1.0]) for _ in range(3)]
    optimizer = SGD(
        [{"parameters": w[:1]}, {"parameters": w[1:2], "lr": 0.03}, {"parameters": w[2:]}],
        lr=0.1,
    )
    optimizer.lr = 0.05
    assert [o.lr for o in optimizer.options()] == [0.05, 0.015, 0.05]
    optimizer.lr = 0.1
    assert [o.lr for o in optimizer.options()] == [0.1, 0.03, 0.1]


def test_options_can_be_changed_on_the_way():
    w = mp.Parameter(np.ones(3, np.float32))
    optimizer = SGD([w], lr=1.0, momentum=0.0, weight_decay=0.0)
    optimizer.momentum = np.float64(0.5)  # which would turn float32 into float64
    (options,) = optimizer.options()
    assert type(options.momentum) is float
    for _ in range(2):
        w.grad = np.ones(3, np.float32)
        optimizer.step()
    np.testing.assert_array_equal(w.data, np.float32(1 - 1 - 1.5))
    optimizer.groups[0]["lr"] = 0.0
    optimizer.groups[0]["momentum"] = 0.0
    optimizer.step()
    np.testing.assert_array_equal(w.data, np.float32(1 - 1 - 1.5))


def test_decay_is_apart_from_the_gradient_in_adam():
    """A weight without a slope falls by ε·λ of itself, at any size; by 0 it stays as it is."""
    w, other = mp.Parameter([2.0, 200.0]), mp.Parameter([2.0])
    optimizer = Adam([{"parameters": [w], "weight_decay": 0.5}, {"parameters": [other]}], lr=0.1)
    for _ in range(2):
        w.grad, other.grad = np.zeros(2, np.float32), np.zeros(1, np.float32)
        optimizer.step()
    np.testing.assert_allclose(w.data, np.array([2.0, 200.0]) * 0.95**2, rtol=1e-6)
    assert other.data[0] == 2.0


def test_a_state_is_counted_through_the_groups():
    """So a state of a plain list goes into groups of the same parameters, and back."""
    plain = fresh()
    optimizer = Adam(plain, lr=0.1)
    steps(lambda _: optimizer, plain)
    p = fresh()
    grouped = Adam([{"parameters": p[:2]}, {"parameters": p[2:], "lr": 0.2}], lr=0.1)
    grouped.load_state_dict(optimizer.state_dict())
    back = Adam(fresh(), lr=0.1)
    back.load_state_dict(grouped.state_dict())
    for a, b in zip(back.state["square"], optimizer.state["square"], strict=True):
        np.testing.assert_array_equal(a, b)
    assert grouped.step_counts == back.step_counts == [4, 4, 4]
    assert all(isinstance(v, np.ndarray) for v in grouped.state_dict().values())


def test_what_is_wrong_with_groups_is_one_line():
    w, other = mp.Parameter(np.ones((4, 2))), mp.Parameter([1.0])
    both = [{"parameters": [w]}, {"parameters": [other, w]}]
    with pytest.raises(ValueError, match=r"SGD: a parameter of shape \(4, 2\) is in groups 0 and"):
        SGD(both)
    with pytest.raises(ValueError, match="group 0: expected parameters and any of lr, betas, eps"):
        Adam([{"parameters": [w], "momentum": 0.9}])
    with pytest.raises(ValueError, match=r"SGD: group 0: expected parameters .* got lr"):
        SGD([{"lr": 1}])
    with pytest.raises(ValueError, match=r"SGD: group 0: expected parameters .* got nothing"):
        SGD([{}])
    with pytest.raises(
        TypeError, match=r"group 1: expected a dict with 'parameters', got a Parameter of"
    ):
        SGD([{"parameters": [w]}, other])
    with pytest.raises(ValueError, match=r"SGD: group 1: expected momentum .* got 1.5"):
        SGD([{"parameters": [w]}, {"parameters": [other], "momentum": 1.5}])
    with pytest.raises(ValueError, match=r"SGD: group 0: expected a learning rate .* got fast"):
        SGD([{"parameters": [w], "lr": "fast"}])
    with pytest.raises(ValueError, match="SGD: no parameters to optimize"):
        SGD([{"parameters": []}])
    with pytest.raises(TypeError, match=r"expected a list of parameters, got Linear; write \.para"):
        SGD(mp.nn.Linear(2, 2, np.random.default_rng(0)))
    with pytest.raises(
        TypeError, match=r"group 0: expected parameters, got a Tensor .* cannot be mov"
    ):
        SGD([{"parameters": [w * 2]}])
    with pytest.raises(TypeError, match=r"SGD: group 0: expected a list .* Linear; write \.para"):
        SGD([{"parameters": mp.nn.Linear(2, 2, np.random.default_rng(0))}])
    with pytest.raises(TypeError, match=r"expected a list of parameters, got int$"):
        SGD(3)
    with pytest.raises(TypeError, match=r"SGD: expected parameters, got ndarray, which cannot be"):
        SGD([np.ones((9, 9))])


def test_a_group_may_be_one_parameter_or_empty():
    w = mp.Parameter([1.0])
    optimizer = SGD([{"parameters": []}, {"parameters": w, "lr": 0.5}], lr=1.0, weight_decay=0)
    w.grad = np.ones(1, np.float32)
    optimizer.step()
    assert w.data[0] == 0.5


def test_no_step_is_counted_where_a_gradient_does_not_fit():
    w, other = mp.Parameter([1.0]), mp.Parameter([1.0])
    w.grad, other.grad = np.ones(1, np.float32), np.ones(2, np.float32)
    optimizer = SGD([w, other])
    with pytest.raises(ValueError, match="parameter 1"):
        optimizer.step()
    assert optimizer.step_counts == [0, 0] and w.data[0] == 1


@pytest.mark.parametrize("make", [SGD, Adam])
def test_gradients_of_zero_move_nothing_but_by_decay(make):
    w = mp.Parameter(np.array([1.0, 0.0, -3.0], np.float32))
    optimizer = make([w], lr=0.1, weight_decay=0)
    for _ in range(3):
        w.grad = np.zeros(3, np.float32)
        optimizer.step()
    np.testing.assert_array_equal(w.data, np.array([1, 0, -3], np.float32))


def test_precisions_may_be_mixed(xp):
    """Each parameter keeps its own, also where all are moved at once."""
    narrow = mp.Parameter(xp.asarray(np.ones(3, np.float32)))
    wide = mp.Parameter(xp.asarray(np.ones(3)))
    optimizer = Adam([narrow, wide], lr=0.1)
    for p in (narrow, wide):
        p.grad = xp.asarray(np.ones(3, p.dtype))
    optimizer.step()
    assert (narrow.dtype, wide.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(to_host(narrow.data), 0.9, rtol=1e-6)
    np.testing.assert_allclose(to_host(wide.data), 0.9, rtol=1e-6)


@pytest.mark.parametrize("gradient", [[1.0], mp.Tensor([1.0])])
def test_a_gradient_given_by_hand_is_an_array(gradient):
    w = mp.Parameter([1.0])
    w.grad = gradient
    with pytest.raises(TypeError, match="SGD: expected an array as gradient of parameter 0, got "):
        SGD([w]).step()
    assert w.item() == 1


@pytest.mark.parametrize("make", [SGD, Adam])
def test_what_asks_for_no_gradient_is_not_moved(make):
    """It would never get one, and stay as it is without a word."""
    constant, frozen = mp.Tensor([1.0, 2.0]), mp.Parameter([1.0])
    message = rf"^{make.__name__}: expected parameters, got a Tensor of shape \(2,\), which asks"
    with pytest.raises(TypeError, match=message):
        make([mp.Parameter([1.0]), constant])
    with pytest.raises(TypeError, match=rf"^{make.__name__}: group 0: expected parameters"):
        make([{"parameters": constant}])
    frozen.requires_grad = False
    make([frozen, mp.Tensor([1.0], requires_grad=True)]).step()

"""Modules: what belongs to them, in which order, and that their state is strict."""

import numpy as np
import pytest

from minipose import Parameter, Tensor, nn
from minipose.nn import Dropout, Linear, Module, Sequential
from minipose.optim import SGD


class Part(Module):
    """One weight, and a buffer of which the state keeps a copy."""

    def __init__(self, value: float) -> None:
        self.weight = Parameter(np.full(2, value, np.float32))
        self.register_buffer("count", np.zeros(1, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Whole(Module):
    """Parts in every place where they are looked for."""

    def __init__(self) -> None:
        self.first = Part(1)
        self.scale = Parameter(np.ones(1, np.float32))
        self.several = [Part(2), "no module", Part(3)]
        self.pair = (Part(4),)
        self.named = {"b": Part(5), "a": Part(6), "none": None}
        self.number = 7


NAMES = ["scale", "first.weight", "several.0.weight", "several.2.weight", "pair.0.weight"]
NAMES += ["named.b.weight", "named.a.weight"]


def test_parameters_are_found_in_the_order_of_assignment():
    whole = Whole()
    assert [name for name, _ in whole.named_parameters()] == NAMES
    assert [float(p.data[0]) for p in whole.parameters()] == [1, 1, 2, 3, 4, 5, 6]
    buffers = [name.replace("count", "weight") for name, _ in whole.named_buffers()]
    assert buffers == NAMES[1:]
    assert len(list(whole.modules())) == 7 and next(whole.modules()) is whole


def test_what_is_reached_twice_counts_once():
    net = Sequential(Linear(3, 3, np.random.default_rng(0)), Linear(3, 3, np.random.default_rng(1)))
    net.again = net.layers[0]
    net.tied = net.layers[1].weight
    assert len(net.parameters()) == len({id(p) for p in net.parameters()}) == 4
    assert len(list(net.modules())) == 3
    optimizer = SGD([*net.parameters(), *net.parameters()], lr=1.0, momentum=0.0, weight_decay=0.0)
    weight = net.layers[0].weight
    weight.grad, before = np.ones_like(weight.data), weight.data.copy()
    optimizer.step()
    np.testing.assert_array_equal(weight.data, before - 1)


def test_lists_within_lists_and_lists_of_parameters_are_found():
    net = Module()
    net.grid = [[Part(1), Part(2)], [Part(3)]]
    net.scales = [Parameter(np.ones(2)), {"a": Parameter(np.ones(3))}]
    names = [name for name, _ in net.named_parameters()]
    assert names == [
        "scales.0", "scales.1.a", "grid.0.0.weight", "grid.0.1.weight", "grid.1.0.weight",
    ]  # fmt: skip
    assert net.state_dict().keys() >= set(names)


def test_state_goes_out_and_comes_back_as_copies():
    whole, other = Whole(), Whole()
    whole.first.weight.assign_(np.array([8.0, 9.0], np.float32))
    whole.first.count[...] = 5
    state = whole.state_dict()
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.first.weight.data, [8, 9])
    assert other.first.count == 5
    state["first.weight"][:] = 0
    np.testing.assert_array_equal(other.first.weight.data, [8, 9])
    np.testing.assert_array_equal(whole.first.weight.data, [8, 9])


def test_a_state_that_does_not_fit_changes_nothing():
    whole = Whole()
    state = Whole().state_dict()
    state = {n: v + 1 for n, v in state.items()}
    for wrong, message in [
        ({}, r"Whole: state lacks first\.count, first\.weight, .* and 10 more, has unexpected no"),
        ({**state, "extra": np.zeros(1)}, r"state lacks nothing, has unexpected extra"),
        ({**state, "scale": np.zeros(3)}, r"scale has shape \(3,\) in the state, expected \(1,\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            whole.load_state_dict(wrong)
        np.testing.assert_array_equal(whole.first.weight.data, [1, 1])


def test_dtype_and_device_reach_every_part():
    whole = Whole()
    whole.first.weight.grad = np.ones(2, np.float32)
    assert whole.astype(np.float64) is whole and whole.to("cpu") is whole
    assert {p.dtype for p in whole.parameters()} == {np.dtype(np.float64)}
    assert {b.dtype for _, b in whole.named_buffers()} == {np.dtype(np.float64)}
    assert whole.first.weight.grad is None and isinstance(whole.first.weight, Parameter)
    with pytest.raises(ValueError, match="astype: expected float32 or float64, got int64"):
        whole.astype(np.int64)
    with pytest.raises(ValueError, match="device: expected 'cpu' or 'cuda', got 'tpu'"):
        whole.to("tpu")


def test_training_and_evaluation_reach_every_part():
    whole = Whole()
    assert all(m.training for m in whole.modules())
    assert whole.eval() is whole and not any(m.training for m in whole.modules())
    assert all(m.training for m in whole.train().modules())


def test_gradients_are_forgotten():
    whole = Whole()
    for parameter in whole.parameters():
        parameter.grad = np.ones(parameter.shape, np.float32)
    whole.zero_grad()
    assert all(p.grad is None for p in whole.parameters())


def test_randomness_follows_the_numbers_and_differs_from_layer_to_layer():
    x = Tensor(np.ones((4, 50), np.float32))
    net = Sequential(Dropout(0.5), Dropout(0.5))  # without a parameter that tells the device
    runs = []
    for seed in (1, 1, 2):
        net.reseed(seed, 0)
        runs.append([layer(x).data for layer in net.layers])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0][0], runs[2][0])
    assert not np.array_equal(runs[0][0], runs[0][1])


TREE = """\
Net
  body: Sequential
    layers.0: Conv2d(3, 16, kernel_size=(3, 1), padding='same', bias=False)
    layers.1: BatchNorm2d(16, activation='relu')
    layers.2: MaxPool2d(3, stride=2)
  several.0.0: Linear(4, 2)
  several.0.1: Part()
  heads.a: LeakyReLU(slope=0.2)
  heads.b: LeakyReLU()
  again: MaxPool2d(3, stride=2)
  itself: Net()"""


def test_the_tree_is_printed_with_the_arguments_of_each_layer():
    class Net(Module):
        pass

    net, rng = Net(), np.random.default_rng(0)
    net.body = Sequential(
        nn.Conv2d(3, 16, (3, 1), rng, padding="same", bias=False),
        nn.BatchNorm2d(16, activation="relu"),
        nn.MaxPool2d(3, stride=2),
    )
    net.scale = Parameter(np.ones(3))
    net.several = [[Linear(4, 2, rng), Part(1)]]
    net.heads = {"a": nn.LeakyReLU(0.2), "b": nn.LeakyReLU()}
    net.again = net.body.layers[2]
    net.itself = net
    assert repr(net) == str(net) == TREE


def test_mistakes_are_named():
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match="Linear: expected a Tensor, got ndarray; write Tensor"):
        Linear(2, 3, rng)(np.ones((1, 2), np.float32))
    with pytest.raises(TypeError, match="Module defines no forward"):
        Module()(Tensor([1.0]))
    with pytest.raises(AttributeError, match="mode"):
        Whole().mode  # noqa: B018  (an unknown name is no None)
    with pytest.raises(TypeError, match="Sequential: expected modules, got the class Tanh at 0"):
        Sequential(nn.Tanh)
    with pytest.raises(
        TypeError, match=r"Sequential: expected modules, got \[Tanh.* write \*layers"
    ):
        Sequential([nn.Tanh()])
    with pytest.raises(TypeError, match="Sequential: expected modules, got None at 1"):
        Sequential(nn.Tanh(), None)
    net = Module()
    net.parts = [{Linear(2, 3, rng)}]
    with pytest.raises(TypeError, match=r"parts\.0 is a set, which has no order"):
        net.parameters()


def test_a_pair_given_as_a_list_is_printed():
    layer = nn.Conv2d(1, 2, [3, 1], np.random.default_rng(0), padding=[1, 0])
    assert repr(layer) == "Conv2d(1, 2, kernel_size=(3, 1), padding=(1, 0))"
    assert repr(nn.MaxPool2d([2, 1])) == "MaxPool2d((2, 1))"
    assert repr(Sequential()) == "Sequential()"


def test_forward_may_have_options():
    class Scaled(Module):
        def __init__(self):
            self.layer = Linear(2, 2, np.random.default_rng(0))

        def forward(self, x, scale=1.0):
            return self.layer(x) * scale

    class Net(Module):
        def __init__(self):
            self.part = Scaled()

        def forward(self, x):
            return self.part(x, scale=3.0)

    net, x = Net(), Tensor(np.ones((1, 2), np.float32))
    np.testing.assert_array_equal(net(x).data, 3 * net.part(x).data)
    assert net.summary((1, 2)).output == "(1, 2)"


def test_buffers_of_whole_numbers_stay_whole():
    net = Linear(2, 2, np.random.default_rng(0))
    net.register_buffer("count", np.zeros((), int))
    net.register_buffer("mean", np.zeros(2, np.float32))
    net.astype(np.float64)
    assert net.count.dtype == int and net.mean.dtype == net.weight.dtype == np.float64


def named(**parts):
    module = Module()
    for name, part in parts.items():
        setattr(module, name, part)
    return module


def beside_a_list():
    module = named(a=[Part(1)])
    setattr(module, "a.0", Part(2))
    return module


def beside_a_buffer():
    module = named(a=[Parameter([1.0])])
    module.register_buffer("a.0", np.zeros(1))
    return module


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: named(p={1: Parameter([1.0]), "1": Parameter([2.0])}), "p.1"),
        (lambda: named(p={1: Part(1), "1": Part(2)}), "p.1.weight"),
        (beside_a_list, "a.0.weight"),
        (beside_a_buffer, "a.0"),
    ],
)
def test_two_parts_of_one_name_are_refused(make, name):
    """One of them would be missing in the state, and be loaded with the other's values."""
    message = f"^Module: two parts have the name '{name}'; expected one of each$"
    for use in (lambda m: m.state_dict(), lambda m: m.load_state_dict({})):
        with pytest.raises(ValueError, match=message):
            use(make())


def test_one_parameter_of_two_names_is_none_too_many():
    weight = Parameter([1.0])
    assert list(named(p={1: weight, "1": weight}).state_dict()) == ["p.1"]


def test_a_state_may_hold_lists_and_says_what_it_may_not():
    net = named(weight=Parameter([[1.0]]))
    net.load_state_dict({"weight": [[2.5]]})
    assert net.weight.item() == 2.5 and net.weight.dtype == np.float32
    for wrong in ("a", [[1.0], []], None):
        with pytest.raises(TypeError, match=r"^Module: weight: expected an array, got "):
            net.load_state_dict({"weight": wrong})
    with pytest.raises(ValueError, match=r"^Module: weight has shape \(1,\) in the state"):
        net.load_state_dict({"weight": [1.0]})
    assert net.weight.item() == 2.5


def test_a_sequence_of_layers_has_places():
    layers = [Linear(2, 3, np.random.default_rng(0)), nn.Tanh(), nn.ReLU()]
    net = Sequential(*layers).eval()
    assert len(net) == 3 and list(net) == layers
    assert net[0] is layers[0] and net[-1] is layers[2]
    rest = net[1:]
    assert type(rest) is Sequential and list(rest) == layers[1:] and not rest.training
    assert Sequential() and len(Sequential()) == 0  # a module, though of no layers
    with pytest.raises(IndexError, match=r"^Sequential: no layer 3, there are 3$"):
        net[3]
    with pytest.raises(TypeError, match=r"^Sequential: expected a place or a slice, got 'a'$"):
        net["a"]
    with pytest.raises(TypeError, match=r"expected a list of parameters, .*write \.parameters\(\)"):
        SGD(net)

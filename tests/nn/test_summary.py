"""The table of a network: outputs and parameters of its layers; looking changes nothing."""

import numpy as np
import pytest

from minipose import Parameter, Tensor, nn, ops
from minipose.models import HNet, PoseNet, UNet
from minipose.nn import Module, Sequential
from minipose.tensor import record
from tests.training.threads import Inheriting

TABLE = """\
name       layer        output             parameters
-----------------------------------------------------
layers.0   Conv2d       (2, 16, 28, 28)           160
layers.1   BatchNorm2d  (2, 16, 28, 28)            32
layers.2   MaxPool2d    (2, 16, 14, 14)             0
layers.3   Flatten      (2, 3136)                   0
layers.4   Linear       (2, 10)                31,370
-----------------------------------------------------
all                     (2, 10)                31,562
of which frozen                                   160"""


def rng():
    return np.random.default_rng(0)


def small():
    return Sequential(
        nn.Conv2d(1, 16, 3, rng(), padding=1),
        nn.BatchNorm2d(16),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 14 * 14, 10, rng()),
    )


def lines(table):
    """Without the padding, which follows the longest entry."""
    return [line.split() for line in str(table).splitlines() if "--" not in line]


def test_the_table():
    net = small()
    for parameter in net.layers[0].parameters():
        parameter.requires_grad = False
    summary = net.summary((2, 1, 28, 28))
    assert lines(summary) == lines(TABLE)
    assert str(summary) == repr(summary)
    assert len({len(line) for line in str(summary).splitlines()}) == 1  # columns are aligned
    assert summary.parameters == sum(p.size for p in net.parameters())


class Everything(Module):
    """A module of each kind that makes counting hard."""

    def __init__(self):
        self.shared = nn.Linear(3, 3, rng())
        self.tied = nn.Linear(3, 3, rng())
        self.tied.weight = self.shared.weight
        self.scale = Parameter(np.ones(3))
        self.unused = nn.Linear(5, 5, rng())
        self.within = nn.UpsampleConv2d(1, 2, rng())

    def forward(self, x, picture):
        x = self.tied(self.shared(self.shared(x))) * self.scale
        return x, {"large": self.within(picture)}


def test_each_parameter_is_counted_once_and_none_is_left_out():
    net = Everything().astype(np.float64)
    summary = net.summary((4, 3), (1, 1, 2, 2))
    rows = [(row.name, row.output, row.parameters) for row in summary.rows]
    assert rows == [
        ("shared", "(4, 3)", 12),
        ("shared", "(4, 3)", 0),
        ("tied", "(4, 3)", 3),
        ("within", "(1, 2, 4, 4)", 10),  # whose convolution it does not call
        ("(itself)", "(4, 3), large (1, 2, 4, 4)", 3),
        ("unused", "(not called)", 30),
    ]
    assert sum(row.parameters for row in summary.rows) == summary.parameters == 58
    assert summary.output == "(4, 3), large (1, 2, 4, 4)"


@pytest.mark.parametrize(
    ("network", "shape", "output"),
    [
        (lambda: PoseNet(head="regression"), (3, 1, 128, 128), "(3, 51)"),
        (
            lambda: UNet({"mask": 2, "joints": 26}, width=2),
            (1, 3, 17, 32),
            "mask (1, 2, 17, 32), joints (1, 26, 17, 32)",
        ),
        (lambda: HNet({"mask": 2}, width=1), (2, 3, 16, 16), "mask (2, 2, 16, 16)"),
    ],
    ids=["PoseNet", "UNet", "HNet"],
)
def test_the_networks(network, shape, output):
    net = network()
    summary = net.summary(shape)
    assert summary.output == output
    assert sum(row.parameters for row in summary.rows) == summary.parameters
    assert summary.parameters == sum(p.size for p in net.parameters())
    assert {row.name for row in summary.rows} <= {name for name, _ in net.named_modules()}


class Careless(Module):
    """Draws in evaluation too, counts its calls, and keeps what it computed."""

    def __init__(self):
        self.rng, self.calls, self.last = rng(), 0, None
        self.register_buffer("seen", np.zeros(1))

    def forward(self, x):
        self.calls += 1
        self.seen += 1
        self.last = ops.dropout(x, 0.5, self.rng)
        return self.last


def test_looking_changes_nothing():
    net = Sequential(small(), nn.Dropout(0.5), Careless())
    net.layers[0].eval()
    net.layers[2](Tensor(np.ones((2, 10), np.float32)))
    last = net.layers[2].last
    modes = [m.training for m in net.modules()]
    state = net.state_dict()
    generators = [m.rng.bit_generator.state for m in net.modules() if hasattr(m, "rng")]
    net.summary((2, 1, 28, 28))
    assert [m.training for m in net.modules()] == modes
    assert [m.rng.bit_generator.state for m in net.modules() if hasattr(m, "rng")] == generators
    assert net.layers[2].calls == 1 and net.layers[2].last is last
    for name, values in net.state_dict().items():
        np.testing.assert_array_equal(values, state[name])
    assert all(p.grad is None for p in net.parameters())


def test_after_an_error_too():
    net = small()
    modes = [m.training for m in net.modules()]
    with pytest.raises(ValueError, match="linear: expected x"):
        net.summary((1, 1, 20, 20))
    assert [m.training for m in net.modules()] == modes
    y = net(Tensor(np.zeros((2, 1, 28, 28), np.float32)))  # and nobody watches any more
    assert y.requires_grad


def test_nothing_is_recorded_and_another_thread_is_not_watched():
    seen = []

    class Look(Module):
        def forward(self, x):
            seen.append(x)
            other = Inheriting(target=lambda: nn.ReLU()(x))
            other.start()
            other.join()
            return record("look", x.data, inputs=(Tensor(x.data, True),), backward=None)

    assert [row.name for row in Look().summary((2, 3)).rows] == ["(itself)"]
    assert seen[0].shape == (2, 3) and seen[0].dtype == np.float32


@pytest.mark.parametrize("shapes", [(), (28,), ((1, 1, 28.0, 28),), ((1, -1),), ((1, 1), "a")])
def test_mistakes_are_named(shapes):
    with pytest.raises(
        ValueError, match=r"summary: expected a shape such as \(1, 1, 28, 28\), got"
    ):
        small().summary(*shapes)


def test_what_a_call_makes_is_named_so():
    class Fresh(Module):
        def forward(self, x):
            return nn.Tanh()(x)

    assert [row.name for row in Fresh().summary((1, 2)).rows] == ["(made in a call)"]


def test_frozen_parameters_and_other_results_are_named():
    rng = np.random.default_rng(0)
    net = Sequential(nn.Linear(4, 3, rng), nn.Linear(3, 2, rng))
    assert "frozen" not in str(net.summary((1, 4)))
    for parameter in net.layers[0].parameters():
        parameter.requires_grad = False
    table = net.summary((1, 4))
    assert table.frozen == 15 and table.parameters == 23
    assert str(table).splitlines()[-1].split() == ["of", "which", "frozen", "15"]

    class Silent(Module):
        def forward(self, x):
            return None

    assert Silent().summary((1, 4)).output == "NoneType"

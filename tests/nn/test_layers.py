"""Layers: an op each, with weights that begin at the right size."""

import copy

import numpy as np
import pytest

from minipose import Tensor, nn, ops
from minipose.nn.initialise import glorot_uniform, he_normal


def rng():
    return np.random.default_rng(0)


def seeded(layer):
    layer.rng = rng()
    return layer


X = Tensor(np.random.default_rng(1).standard_normal((2, 3, 6, 8)).astype(np.float32))
FLAT = Tensor(np.random.default_rng(1).standard_normal((4, 6)).astype(np.float32))


@pytest.mark.parametrize(
    ("layer", "x", "op"),
    [
        (nn.Linear(6, 5, rng()), FLAT, lambda x, layer: ops.linear(x, layer.weight, layer.bias)),
        (
            nn.Conv2d(3, 4, 3, rng(), stride=2, padding=1),
            X,
            lambda x, layer: ops.conv2d(x, layer.weight, layer.bias, 2, 1),
        ),
        (
            nn.Conv2d(3, 4, 3, rng(), bias=False, initialise="he"),
            X,
            lambda x, layer: ops.conv2d(x, layer.weight),
        ),
        (
            nn.Conv2d(3, 4, (2, 3), rng(), padding="same", activation="relu"),
            X,
            lambda x, layer: ops.conv2d_relu(x, layer.weight, layer.bias, 1, "same"),
        ),
        (nn.MaxPool2d((3, 2), 1, (2, 1)), X, lambda x, _: ops.max_pool2d(x, (3, 2), 1, (2, 1))),
        (nn.AvgPool2d((3, 2), 1, (2, 1)), X, lambda x, _: ops.avg_pool2d(x, (3, 2), 1, (2, 1))),
        (nn.LeakyReLU(), X, lambda x, layer: ops.leaky_relu(x, 0.01)),
        (nn.LeakyReLU(0.2), X, lambda x, layer: ops.leaky_relu(x, 0.2)),
        (nn.Sigmoid(), X, lambda x, layer: ops.sigmoid(x)),
        (nn.Flatten(), X, lambda x, layer: ops.reshape(x, (2, 144))),
        (nn.Flatten(), FLAT, lambda x, layer: x),
        (nn.MaxPool2d(2), X, lambda x, layer: ops.max_pool2d(x, 2)),
        (nn.AvgPool2d(2), X, lambda x, layer: ops.avg_pool2d(x, 2)),
        (nn.UpsampleNearest(3), X, lambda x, layer: ops.upsample_nearest(x, 3)),
        (nn.Tanh(), X, lambda x, layer: ops.tanh(x)),
        (nn.ReLU(), X, lambda x, layer: ops.relu(x)),
        (nn.Sequential(nn.Tanh(), nn.ReLU()), X, lambda x, layer: ops.relu(ops.tanh(x))),
        (nn.Dropout(0.5).eval(), X, lambda x, layer: x),
        (nn.Dropout(0.0), X, lambda x, layer: x),
        (seeded(nn.Dropout(0.5)), X, lambda x, layer: ops.dropout(x, 0.5, rng())),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_layer_is_its_op(layer, x, op):
    np.testing.assert_array_equal(layer(x).data, op(x, layer).data)


def test_sizes_may_be_integers_of_numpy():
    """As np.prod(shape) and array.shape computations give them."""
    two, three = np.int64(2), np.int32(3)
    net = nn.Sequential(
        nn.Conv2d(three, two, three, rng(), stride=(two, 1), padding=np.int64(1)),
        nn.GroupNorm(np.int64(1), two),
        nn.MaxPool2d(two, np.int64(1)),
        nn.UpsampleNearest(two),
        nn.Flatten(),
        nn.Linear(np.prod((2, 4, 14)), three, rng()),
    )
    assert net(X).shape == (2, 3)
    assert "Linear(112, 3)" in repr(net) and "Conv2d(3, 2, kernel_size=3" in repr(net)
    assert net.summary((np.int64(2), 3, 6, 8)).output == "(2, 3)"


def test_glorot_by_hand():
    """fan_in 3·9 and fan_out 5·9: a = √(6/72); behind a pool of 4, √(6/(27 + 45/4))."""
    plain = glorot_uniform((5, 3, 3, 3), rng())
    pooled = glorot_uniform((5, 3, 3, 3), rng(), pool=4)
    assert plain.dtype == np.float32 and abs(plain).max() <= np.sqrt(6 / 72)
    assert abs(plain).max() > 0.95 * np.sqrt(6 / 72) and abs(plain.mean()) < 0.05
    np.testing.assert_allclose(pooled / plain, np.sqrt(72 / (27 + 45 / 4)), rtol=1e-6)
    many = glorot_uniform((300, 200), rng())
    assert many.std() == pytest.approx(np.sqrt(6 / 500 / 3), rel=0.01)


def test_he_keeps_the_variance_and_has_no_tails():
    many = he_normal((100, 20, 3, 3), rng())
    deviation = np.sqrt(2 / 180)
    assert many.dtype == np.float32 and many.std() == pytest.approx(deviation, rel=0.02)
    assert abs(many).max() <= 2 * deviation / 0.8796


def test_every_dropout_draws_random_numbers_of_its_own():
    """Two in a row at ½ keep a quarter; with one mask for both they would keep a half."""
    net = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5))
    kept = net(Tensor(np.ones((200, 200), np.float32))).data > 0
    assert kept.mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("make", [lambda: nn.Dropout(0.5), lambda: nn.MapDropout(0.5, (1, 1))])
def test_a_copied_dropout_draws_random_numbers_of_its_own(make):
    """A block that is copied three times would drop the same units three times."""
    first = nn.Sequential(make())
    layers = [first, *(copy.deepcopy(first) for _ in range(2)), copy.deepcopy(first.layers[0])]
    x = Tensor(np.ones((64, 4, 2, 2), np.float32))
    masks = [layer(x).data > 0 for layer in layers]
    assert not any(np.array_equal(a, b) for i, a in enumerate(masks) for b in masks[:i])
    shared = nn.Sequential(first.layers[0], first.layers[0])
    again = copy.deepcopy(shared)  # what is one layer stays one
    assert again.layers[0] is again.layers[1] is not first.layers[0]


def test_biases_begin_at_zero():
    for layer in (nn.Linear(6, 5, rng()), nn.Conv2d(3, 4, 3, rng())):
        assert layer.bias.dtype == np.float32 and not layer.bias.data.any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Linear(0, 5, rng()), "Linear: expected in_features of 1 or more, got 0"),
        (lambda: nn.Linear(5, 1.5, rng()), r"Linear: expected out_features of 1 or more, got 1\.5"),
        (
            lambda: nn.Conv2d(3, 4, 0, rng()),
            r"Conv2d: expected kernel_size of 1 or more \(.*, got 0",
        ),
        (lambda: nn.Conv2d(3, 4, 3, rng(), stride=0), "Conv2d: expected stride of 1 or more"),
        (lambda: nn.Conv2d(3, 4, 3, rng(), padding="all"), "Conv2d: expected padding .* got 'all'"),
        (lambda: nn.Conv2dMaxPool2d(3, 4, (2, 0), rng()), r"Conv2dMaxPool2d: .* got \(2, 0\)"),
        (lambda: nn.MaxPool2d(0), "MaxPool2d: expected kernel_size of 1 or more"),
        (lambda: nn.AvgPool2d(2, padding=2), "AvgPool2d: expected padding below kernel_size 2"),
        (
            lambda: nn.Conv2d(3, 4, 3, rng(), initialise="zero"),
            "Conv2d: expected initialise 'glorot' or 'he', got 'zero'",
        ),
        (
            lambda: nn.Conv2d(3, 4, 3, rng(), padding="same", stride=(1, 2)),
            r"Conv2d: padding 'same' needs a stride of 1, got \(1, 2\)",
        ),
        (
            lambda: nn.UpsampleNearest(1.5),
            r"UpsampleNearest: expected scale of 1 or more, got 1\.5",
        ),
        (lambda: nn.MapDropout(1.5, (1,)), "MapDropout: expected a rate of at least 0 and below 1"),
        (lambda: nn.Dropout("a"), "Dropout: expected a rate of at least 0 and below 1, got 'a'"),
        (lambda: nn.LeakyReLU("a"), "LeakyReLU: expected a slope as a number, got 'a'"),
        (lambda: nn.BatchNorm2d(3, momentum=None), "BatchNorm2d: expected a momentum .* got None"),
        (lambda: nn.BatchNorm2d(3, eps="a"), "BatchNorm2d: expected eps of 0 or more, got 'a'"),
        (lambda: nn.GroupNorm(1, 3, eps=-1), "GroupNorm: expected eps of 0 or more, got -1"),
        (lambda: nn.Dropout(1.0), r"Dropout: expected a rate of at least 0 and below 1, got 1\.0"),
        (
            lambda: nn.Linear(5, 5, rng())(FLAT),
            r"linear: expected x \(\.\.\., N, in\), weight .*\(4, 6\)",
        ),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        (nn.Linear, (2, 3)),
        (nn.Conv2d, (2, 3, 3)),
        (nn.Conv2dMaxPool2d, (2, 3, 3)),
        (nn.UpsampleConv2d, (2, 3)),
        (nn.HarmonicConv2d, ((1,), (1, 1))),
        (nn.MagnitudeGate, ((1, 1),)),
        (nn.NormalisedGate, ((1, 1),)),
    ],
)
@pytest.mark.parametrize("rng", [0, None, np.random.RandomState(0)])
def test_weights_are_drawn_from_a_generator_only(layer, arguments, rng):
    """A seed in its place is named, and what to write instead."""
    with pytest.raises(
        TypeError, match=f"^{layer.__name__}: expected rng as a NumPy Generator, su"
    ):
        layer(*arguments, rng)
    layer(*arguments, np.random.default_rng(0))


def test_a_linear_layer_may_do_without_a_bias():
    layer, other = nn.Linear(3, 2, rng(), bias=False), nn.Linear(3, 2, rng())
    np.testing.assert_array_equal(layer.weight.data, other.weight.data)
    x = Tensor(np.ones((4, 5, 3), np.float32))
    np.testing.assert_array_equal(layer(x).data, other(x).data)
    assert list(layer.state_dict()) == ["weight"] and layer(x).shape == (4, 5, 2)
    assert repr(layer) == "Linear(3, 2, bias=False)" and repr(other) == "Linear(3, 2)"

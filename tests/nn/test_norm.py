"""Layers that normalise: what they do in training and evaluation, and what belongs to the state."""

from contextlib import nullcontext

import numpy as np
import pytest

from minipose import Tensor, nn, ops
from minipose.backend import to_host

BATCHES = np.random.default_rng(0).standard_normal((3, 4, 2, 3, 5)) * 3 + 7  # three of (4, 2, 3, 5)


def trained(dtype=np.float64, **options):
    layer = nn.BatchNorm2d(2, **options).astype(dtype)
    for batch in BATCHES:
        layer(Tensor(batch.astype(dtype)))
    return layer


@pytest.mark.parametrize("momentum", [0.0, 0.1, 0.75, 1.0])
def test_running_statistics_move_towards_those_of_each_batch(momentum):
    """r ← (1 − a) r + a · (that of the batch), from 0 and 1; the variance is the unbiased one."""
    mean, variance = np.zeros(2), np.ones(2)
    for batch in BATCHES:
        mean = (1 - momentum) * mean + momentum * batch.mean((0, 2, 3))
        variance = (1 - momentum) * variance + momentum * batch.var((0, 2, 3), ddof=1)
    layer = trained(momentum=momentum)
    np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_variance, variance, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", [None, "relu"])
def test_batch_norm_is_its_ops(dtype, activation):
    layer, x = trained(dtype, activation=activation, eps=1e-3), Tensor(BATCHES[0].astype(dtype))
    layer.weight.assign_(np.array([2.0, -3.0]))
    layer.bias.assign_(np.array([0.5, 0.25]))
    options = {"eps": 1e-3, "relu": activation == "relu"}
    running = layer.running_mean, layer.running_variance
    expected = ops.batch_norm_inference(x, *running, layer.weight, layer.bias, **options)
    y = layer.eval()(x)
    assert y.dtype == dtype and {b.dtype for b in running} == {np.dtype(dtype)}
    np.testing.assert_array_equal(y.data, expected.data)
    expected, _, _ = ops.batch_norm(x, layer.weight, layer.bias, **options)
    np.testing.assert_array_equal(layer.train()(x).data, expected.data)


def test_in_evaluation_a_picture_does_not_depend_on_those_beside_it():
    layer = trained().eval()
    before = layer.state_dict()
    together = layer(Tensor(BATCHES[0])).data
    for k, picture in enumerate(BATCHES[0]):
        np.testing.assert_array_equal(layer(Tensor(picture[None])).data[0], together[k])
    for name, values in layer.state_dict().items():
        np.testing.assert_array_equal(values, before[name])


def test_the_state_holds_the_running_statistics():
    layer, other = trained(), nn.BatchNorm2d(2).astype(np.float64)
    assert layer.state_dict().keys() == {"weight", "bias", "running_mean", "running_variance"}
    assert len(layer.parameters()) == 2
    other.load_state_dict(layer.state_dict())
    x = Tensor(BATCHES[0])
    np.testing.assert_array_equal(other.eval()(x).data, layer.eval()(x).data)


def test_a_state_that_went_out_does_not_change_in_training():
    layer = trained()
    state = layer.state_dict()
    before = {name: values.copy() for name, values in state.items()}
    layer(Tensor(BATCHES[0]))
    for name, values in state.items():
        np.testing.assert_array_equal(values, before[name])
    assert not np.array_equal(layer.running_mean, before["running_mean"])


def test_nothing_waits_for_the_device(xp):
    layer, x = nn.BatchNorm2d(2), Tensor(xp.asarray(BATCHES[0].astype(np.float32)), True)
    layer._convert(xp.asarray)
    with getattr(xp, "no_sync", nullcontext)():
        y = layer(x)
        y.backward(xp.ones_like(y.data))
        layer.eval()(x)
    expected = 0.1 * BATCHES[0].mean((0, 2, 3))
    np.testing.assert_allclose(to_host(layer.running_mean), expected, rtol=1e-5)


@pytest.mark.parametrize("activation", [None, "relu"])
def test_group_norm_is_its_op(activation):
    layer, x = nn.GroupNorm(2, 4, eps=1e-3, activation=activation), BATCHES[:, :, 0].astype("f4")
    layer.weight.assign_(np.array([2.0, -3.0, 1.0, 1.0]))
    layer.bias.assign_(np.array([0.5, 0.25, -1.0, 0.0]))
    y, relu = layer(Tensor(x)).data, activation == "relu"
    expected = ops.group_norm(Tensor(x), layer.weight, layer.bias, 2, 1e-3, relu)
    np.testing.assert_array_equal(y, expected.data)
    np.testing.assert_array_equal(layer.eval()(Tensor(x)).data, y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.BatchNorm2d(0), "BatchNorm2d: expected channels of 1 or more, got 0"),
        (lambda: nn.BatchNorm2d(2, 1.5), r"BatchNorm2d: expected a momentum from 0 to 1, got 1\.5"),
        (
            lambda: nn.BatchNorm2d(2, activation="tanh"),
            "BatchNorm2d: expected activation None or 'relu', got 'tanh'",
        ),
        (lambda: nn.BatchNorm2d(2)(Tensor(np.ones((1, 2, 1, 1)))), "batch_norm: expected two val"),
        (lambda: nn.GroupNorm(0, 4), "GroupNorm: expected groups of 1 or more, got 0"),
        (lambda: nn.GroupNorm(3, 4), "GroupNorm: expected channels a multiple of 3 groups, got 4"),
        (lambda: nn.GroupNorm(2, 4, activation=1), "GroupNorm: expected activation None or"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

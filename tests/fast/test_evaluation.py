"""A network that is only asked gives the plain outputs, whatever was folded."""

import numpy as np
import pytest

from minipose import nn
from minipose.evaluation import evaluating
from minipose.models import PoseNet, UNet
from minipose.tensor import Tensor
from tests.fast.evaluation_nets import ask, close, expected, pictures


def unet(normalise=True, width=8):
    """With running statistics and shifts that are not the first ones."""
    rng = np.random.default_rng(3)
    net = UNet({"mask": 2, "joints": 3}, width=width, normalise=normalise)
    for _, buffer in net.named_buffers():
        buffer[...] = rng.uniform(0.5, 1.5, buffer.shape)
    for parameter in net.parameters():
        if parameter.ndim == 1:
            parameter.data[...] = rng.uniform(-0.5, 1.5, parameter.shape)
    return net


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("width", [8, 16])
def test_outputs_are_the_plain_ones(normalise, width):
    net, x = unet(normalise, width), pictures(2)
    with evaluating(net) as network:
        found = ask(network, x)
        assert not network(Tensor(x))["mask"].requires_grad
    close(found, expected(net, x))


@pytest.mark.parametrize("kernels", [(2, 3, 4), (4, 33, 34)])
def test_posenet(kernels):
    net = PoseNet(kernels, "regression", hidden=(8, 8))
    x = np.random.default_rng(0).standard_normal((17, 1, 128, 128)).astype(np.float32)
    with evaluating(net):
        found = ask(net, x)
    close(found, expected(net, x))


def test_a_norm_is_folded_into_any_convolution_before_it():
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, rng, stride=2, padding=1),
        nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, 3, rng, padding="same", activation="relu"),
        nn.BatchNorm2d(4),
        nn.UpsampleConv2d(4, 5, rng, bias=True, activation=None),
        nn.BatchNorm2d(5, activation="relu"),
        nn.BatchNorm2d(5),
    )
    for _, buffer in net.named_buffers():
        buffer[...] = rng.uniform(0.5, 1.5, buffer.shape)
    x = pictures(3)
    with evaluating(net):
        found = ask(net, x)
    close(found, expected(net, x))


class Louder(nn.Conv2d):
    """Somebody's own layer."""

    def forward(self, x):
        return 2 * super().forward(x)


def test_a_layer_of_ones_own_is_asked_itself():
    net = nn.Sequential(Louder(3, 4, 3, np.random.default_rng(0)), nn.BatchNorm2d(4))
    x = pictures(2)
    with evaluating(net):
        found = ask(net, x)
    close(found, expected(net, x))

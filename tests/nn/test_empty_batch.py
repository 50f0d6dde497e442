"""No samples through every layer and every network: nothing comes out, gradients are zero."""

import warnings

import numpy as np
import pytest

from minipose import Tensor, nn
from minipose.backend import generator, to_host
from minipose.models import HNet, PoseNet, UNet

rng = np.random.default_rng(0)
PICTURES, ROWS, STREAMS = (0, 4, 6, 8), (0, 6), (1, 1)
LAYERS = [
    (nn.Linear(6, 5, rng), ROWS, (0, 5)),
    (nn.Conv2d(4, 3, 3, rng, stride=2), PICTURES, (0, 3, 2, 3)),
    (nn.Conv2d(4, 3, (2, 3), rng, padding="same", activation="relu"), PICTURES, (0, 3, 6, 8)),
    (nn.Conv2dMaxPool2d(4, 3, 3, rng), PICTURES, (0, 3, 2, 3)),
    (nn.UpsampleConv2d(4, 3, rng), PICTURES, (0, 3, 12, 16)),
    (nn.MaxPool2d(3, 2, 1), PICTURES, (0, 4, 3, 4)),
    (nn.AvgPool2d(2), PICTURES, (0, 4, 3, 4)),
    (nn.UpsampleNearest(2), PICTURES, (0, 4, 12, 16)),
    (nn.BatchNorm2d(4, activation="relu").eval(), PICTURES, PICTURES),
    (nn.GroupNorm(2, 4), PICTURES, PICTURES),
    (nn.Dropout(0.5), ROWS, ROWS),
    (nn.Tanh(), ROWS, ROWS),
    (nn.ReLU(), ROWS, ROWS),
    (nn.LeakyReLU(), ROWS, ROWS),
    (nn.Sigmoid(), ROWS, ROWS),
    (nn.Flatten(), PICTURES, (0, 192)),
    (nn.Sequential(nn.Flatten(), nn.Linear(192, 5, rng)), PICTURES, (0, 5)),
    (nn.HarmonicConv2d(STREAMS, (2, 1), rng, scale=2), PICTURES, (0, 6, 12, 16)),
    (nn.HarmonicConv2d(STREAMS, (2, 2), rng, real_output=True), PICTURES, (0, 2, 6, 8)),
    (nn.ComplexBatchNorm(STREAMS), PICTURES, PICTURES),
    (nn.MagnitudeGate(STREAMS, rng), PICTURES, PICTURES),
    (nn.NormalisedGate(STREAMS, rng), PICTURES, PICTURES),
    (nn.ComplexReLU(STREAMS), PICTURES, PICTURES),
    (nn.MapDropout(0.5, STREAMS), PICTURES, PICTURES),
    (PoseNet((2, 2, 2)), (0, 1, 128, 128), (0, 1700)),
    (PoseNet((2, 2, 2), "regression", dropout=0.5), (0, 1, 128, 128), (0, 51)),
    (UNet({"mask": 2}, width=1), (0, 3, 17, 16), (0, 2, 17, 16)),
    (HNet({"mask": 2}, width=1), (0, 3, 17, 16), (0, 2, 17, 16)),
]


@pytest.mark.parametrize(("layer", "shape", "expected"), LAYERS, ids=lambda v: type(v).__name__)
def test_nothing_in_nothing_out(layer, shape, expected, xp):
    layer._convert(xp.asarray)
    layer.zero_grad()
    x = Tensor(xp.zeros(shape, dtype=xp.float32), requires_grad=True)
    for module in layer.modules():
        if hasattr(module, "rng"):
            module.rng = generator(x.data, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = layer(x)
        y = y["mask"] if isinstance(y, dict) else y
        y.backward(xp.zeros(y.shape, dtype=xp.float32))
    assert y.shape == expected and y.dtype == np.float32 and x.grad.shape == shape
    for name, parameter in layer.named_parameters():
        assert parameter.grad.shape == parameter.shape, name
        assert not to_host(parameter.grad).any(), name
    layer._convert(to_host)


def test_every_layer_is_looked_at():
    looked_at = {type(layer) for layer, _, _ in LAYERS} | {nn.Module}
    assert looked_at >= {kind for kind in vars(nn).values() if isinstance(kind, type)}


def test_batch_norm_in_training_says_what_it_needs():
    with pytest.raises(
        ValueError, match=r"batch_norm: expected two values .* got x \(0, 4, 6, 8\)"
    ):
        nn.BatchNorm2d(4)(Tensor(np.zeros(PICTURES, np.float32)))

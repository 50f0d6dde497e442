"""PyTorch on layers, optimizers and whole networks, in float64 with the same weights."""

import numpy as np
import pytest

from minipose import Parameter, Tensor, nn
from minipose.models import HNet, UNet
from minipose.optim import SGD, Adam
from tests.whole import HEADS, picture_job, pose_job

torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing to compare with")
torch.set_num_threads(1)

from tests.oracles import torch_networks  # noqa: E402  (it needs PyTorch)

rng = np.random.default_rng(0)
LAYERS = {
    "Linear": (nn.Linear(6, 5, rng), torch.nn.Linear(6, 5), (4, 6)),
    "Conv2d": (
        nn.Conv2d(3, 4, 3, rng, stride=2, padding=1),
        torch.nn.Conv2d(3, 4, 3, stride=2, padding=1),
        (2, 3, 7, 8),
    ),
    "Conv2d without bias": (
        nn.Conv2d(3, 4, 3, rng, bias=False),
        torch.nn.Conv2d(3, 4, 3, bias=False),
        (2, 3, 7, 8),
    ),
    "Conv2d of rectangles": (
        nn.Conv2d(3, 4, (2, 3), rng, stride=(2, 1), padding=(0, 1)),
        torch.nn.Conv2d(3, 4, (2, 3), stride=(2, 1), padding=(0, 1)),
        (2, 3, 7, 8),
    ),
    "Conv2d of the same size": (
        nn.Conv2d(3, 4, (4, 3), rng, padding="same"),
        torch.nn.Conv2d(3, 4, (4, 3), padding="same"),
        (2, 3, 7, 8),
    ),
    "MaxPool2d that overlap": (
        nn.MaxPool2d((2, 3), 1, (1, 0)),
        torch.nn.MaxPool2d((2, 3), 1, (1, 0)),
        (2, 3, 7, 8),
    ),
    "AvgPool2d with margins": (nn.AvgPool2d(3, 2, 1), torch.nn.AvgPool2d(3, 2, 1), (2, 3, 7, 8)),
    "MaxPool2d": (nn.MaxPool2d(2), torch.nn.MaxPool2d(2), (2, 3, 7, 8)),
    "AvgPool2d": (nn.AvgPool2d(3), torch.nn.AvgPool2d(3), (2, 3, 7, 8)),
    "UpsampleNearest": (nn.UpsampleNearest(3), torch.nn.Upsample(scale_factor=3), (2, 3, 2, 3)),
    "Dropout in evaluation": (nn.Dropout(0.5).eval(), torch.nn.Dropout(0.5).eval(), (4, 6)),
    "Tanh": (nn.Tanh(), torch.nn.Tanh(), (4, 6)),
    "ReLU": (nn.ReLU(), torch.nn.ReLU(), (4, 6)),
    "LeakyReLU": (nn.LeakyReLU(0.2), torch.nn.LeakyReLU(0.2), (4, 6)),
    "Sigmoid": (nn.Sigmoid(), torch.nn.Sigmoid(), (4, 6)),
    "Flatten": (nn.Flatten(), torch.nn.Flatten(), (2, 3, 7, 8)),
    "BatchNorm2d": (nn.BatchNorm2d(3), torch.nn.BatchNorm2d(3), (2, 3, 7, 8)),
    "BatchNorm2d of rows": (nn.BatchNorm2d(6, 0.3), torch.nn.BatchNorm1d(6, momentum=0.3), (4, 6)),
    "GroupNorm": (nn.GroupNorm(2, 6), torch.nn.GroupNorm(2, 6), (2, 6, 3, 4)),
    "Sequential": (
        nn.Sequential(nn.Tanh(), nn.Linear(6, 5, rng), nn.ReLU()),
        torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Linear(6, 5), torch.nn.ReLU()),
        (4, 6),
    ),
}


def assert_same(ours, theirs, name=""):
    """To 1e-9 of the largest number."""
    expected = theirs.detach().numpy()
    scale = np.abs(expected).max()
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9 * scale, err_msg=name)


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    layer, module, shape = LAYERS[name]
    layer, module = layer.astype(np.float64), module.double()
    values = [torch.from_numpy(p.data) for p in layer.parameters()]
    assert len(values) == len(list(module.parameters()))
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.copy_(value)
    x = np.random.default_rng(1).standard_normal(shape)
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, expected = layer(ours), module(theirs)
    c = np.random.default_rng(2).standard_normal(y.shape)
    y.backward(c)
    expected.backward(torch.from_numpy(c))
    assert_same(y.data, expected)
    assert_same(ours.grad, theirs.grad)
    for parameter, other in zip(layer.parameters(), module.parameters(), strict=True):
        assert_same(parameter.grad, other.grad)
    if isinstance(layer, nn.BatchNorm2d):
        assert_same(layer.running_mean, module.running_mean)
        assert_same(layer.running_variance, module.running_var)
        assert_same(layer.eval()(ours).data, module.eval()(theirs))


OPTIMIZERS = {
    "plain": (SGD, torch.optim.SGD, {"momentum": 0.0, "weight_decay": 0.0}),
    "momentum": (SGD, torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.0}),
    "momentum and decay": (SGD, torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.02}),
    "Adam": (Adam, torch.optim.Adam, {}),
    "Adam with other betas": (Adam, torch.optim.Adam, {"betas": (0.5, 0.8), "eps": 1e-3}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    """Ten steps at one rate; with a rate that changes, report 1's momentum is not PyTorch's."""
    ours, theirs, options = OPTIMIZERS[name]
    start, draw = np.arange(6.0).reshape(2, 3) - 2, np.random.default_rng(0)
    w, other = Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start))
    optimizer, their_optimizer = ours([w], lr=0.1, **options), theirs([other], lr=0.1, **options)
    for _ in range(10):
        w.grad = draw.standard_normal(w.shape)
        other.grad = torch.tensor(w.grad)
        optimizer.step()
        their_optimizer.step()
        assert_same(w.data, other.data)


def compare(job, network, training=False):
    """Values of each output and, for random cotangents, gradients of everything."""
    net, draw = job.network.train(training), np.random.default_rng(3)
    x, their_x = Tensor(job.x, requires_grad=True), torch.tensor(job.x, requires_grad=True)
    parameters = dict(net.named_parameters())
    theirs = {n: torch.tensor(p.data, requires_grad=True) for n, p in parameters.items()}
    y, expected = net(x), network(their_x, theirs)
    if not isinstance(y, dict):
        y, expected = {"out": y}, {"out": expected}
    total = their_total = 0.0
    for name, scores in y.items():
        assert_same(scores.data, expected[name], name)
        c = draw.standard_normal(scores.shape)
        total = (scores * Tensor(c)).sum() + total
        their_total = (expected[name] * torch.from_numpy(c)).sum() + their_total
    total.backward()
    their_total.backward()
    assert_same(x.grad, their_x.grad, "input")
    for name, parameter in parameters.items():
        assert_same(parameter.grad, theirs[name].grad, name)


@pytest.mark.parametrize("samples", [2, 16])
def test_posenet_detection(samples):
    compare(pose_job("detection", samples), torch_networks.posenet)


@pytest.mark.parametrize("output_tanh", [False, True])
def test_posenet_regression(output_tanh):
    job = pose_job("regression", 2, output_tanh=output_tanh)
    compare(job, regression(job.network, output_tanh))


@pytest.mark.parametrize("samples", [4, 16])
def test_normalised_posenet_in_training(samples):
    job = pose_job("regression", samples, normalise=True)
    job.network.dropout1.rate = job.network.dropout2.rate = 0.0
    compare(job, regression(job.network), training=True)


def regression(net, output_tanh=False):
    """PyTorch's network with the range of our outputs."""
    centre, scale = (torch.from_numpy(a) for a in (net.output_centre, net.output_scale))
    return lambda x, p: torch_networks.posenet(x, p, centre, scale, output_tanh)


@pytest.mark.parametrize(
    ("kind", "network"), [(UNet, torch_networks.unet), (HNet, torch_networks.hnet)]
)
def test_picture_networks(kind, network):
    compare(picture_job(kind), lambda x, p: network(x, p, HEADS))


def test_the_normalised_u_net():
    job = picture_job(UNet, normalise=True, dropout=0.0)
    compare(job, lambda x, p: torch_networks.normalised_unet(x, p, HEADS), training=True)

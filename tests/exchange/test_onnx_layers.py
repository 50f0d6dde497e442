"""Each row of the tables by itself: one layer, as a network of its own, in onnxruntime."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed, nothing can be written")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from minipose import Tensor, nn  # noqa: E402
from minipose.exchange.onnx_file import ROWS  # noqa: E402
from minipose.exchange.onnx_graph import Graph, Options, Port  # noqa: E402

R = np.random.default_rng(0)
IMAGE, ROWS_OF_NUMBERS, STREAMS = (2, 3, 9, 12), (4, 6), (2, 10, 8, 6)
LAYERS = {
    "Linear": (nn.Linear(6, 5, R), ROWS_OF_NUMBERS),
    "Linear without bias": (nn.Linear(6, 5, R, bias=False), ROWS_OF_NUMBERS),
    "Conv2d": (nn.Conv2d(3, 4, (2, 3), R, stride=(2, 1), padding=(0, 1)), IMAGE),
    "Conv2d of the same size": (
        nn.Conv2d(3, 4, (4, 3), R, padding="same", bias=False, activation="relu"),
        IMAGE,
    ),
    "Conv2dMaxPool2d": (nn.Conv2dMaxPool2d(3, 4, 3, R), IMAGE),
    "UpsampleConv2d": (nn.UpsampleConv2d(3, 4, R), IMAGE),
    "UpsampleConv2d, linear": (nn.UpsampleConv2d(3, 4, R, bias=False, activation=None), IMAGE),
    "BatchNorm2d": (nn.BatchNorm2d(3, eps=0.1, activation="relu"), IMAGE),
    "BatchNorm2d of rows": (nn.BatchNorm2d(6), ROWS_OF_NUMBERS),
    "MaxPool2d": (nn.MaxPool2d(2), IMAGE),
    "MaxPool2d that overlap": (nn.MaxPool2d((2, 3), 1, (1, 0)), IMAGE),
    "AvgPool2d with margins": (nn.AvgPool2d(3, 2, 1), IMAGE),
    "UpsampleNearest": (nn.UpsampleNearest(3), IMAGE),
    "Dropout": (nn.Sequential(nn.Dropout(0.5), nn.Tanh()), IMAGE),
    "Tanh": (nn.Tanh(), IMAGE),
    "ReLU": (nn.ReLU(), IMAGE),
    "LeakyReLU": (nn.LeakyReLU(0.2), IMAGE),
    "Sigmoid": (nn.Sigmoid(), IMAGE),
    "Flatten": (nn.Flatten(), IMAGE),
    "HarmonicConv2d of an image": (nn.HarmonicConv2d((3,), (2, 1), R), IMAGE),
    "HarmonicConv2d": (nn.HarmonicConv2d((3, 2), (2, 4), R, kernel_size=5), STREAMS),
    "HarmonicConv2d, twice as large": (nn.HarmonicConv2d((2, 3), (2, 4), R, scale=2), STREAMS),
    "HarmonicConv2d, three orders": (nn.HarmonicConv2d((2, 2, 1), (1, 2, 3), R), STREAMS),
    "HarmonicConv2d, real": (nn.HarmonicConv2d((2, 3), (4,), R, real_output=True), STREAMS),
    "ComplexBatchNorm": (nn.ComplexBatchNorm((2, 3)), STREAMS),
    "ComplexBatchNorm, three orders": (nn.ComplexBatchNorm((1, 3, 1)), STREAMS),
    "MagnitudeGate": (nn.MagnitudeGate((3, 2), R), STREAMS),
    "NormalisedGate": (nn.NormalisedGate((2, 3), R), STREAMS),
    "MapDropout": (nn.Sequential(nn.MapDropout(0.5, (2, 3)), nn.Tanh()), STREAMS),
    "Sequential": (
        nn.Sequential(
            nn.Conv2d(3, 4, 3, R, stride=2, padding=1),
            nn.BatchNorm2d(4, activation="relu"),
            nn.UpsampleConv2d(4, 5, R, bias=False, activation=None),
            nn.BatchNorm2d(5),
            nn.Conv2d(5, 5, 1, R, activation="relu"),
            nn.BatchNorm2d(5),
            nn.Flatten(),
        ),
        IMAGE,
    ),
}


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, fold):
    layer, shape = LAYERS[name]
    layer, rng = layer.eval(), np.random.default_rng(1)
    for module in layer.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean[...] = rng.normal(0, 0.5, module.channels)
            module.running_variance[...] = rng.uniform(0.5, 2, module.channels)
    for parameter in layer.parameters():
        if parameter.ndim == 1:
            parameter.assign_(rng.normal(0.5, 0.5, parameter.shape))
    x = rng.standard_normal(shape).astype(np.float32)
    y = layer(Tensor(x)).data
    graph = Graph(layer, ROWS, Options(fold=fold))
    graph.rename(graph(layer, "x"), "y")
    model = graph.model("layer", [Port("x", x.shape, "")], [Port("y", y.shape, "")], {})
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (got,) = session.run(None, {"x": x})
    assert got.dtype == np.float32 and y.std() > 0
    np.testing.assert_allclose(got, y, rtol=0, atol=1e-5 * max(1, np.abs(y).max()))


def test_every_row_is_tested():
    seen = {type(module) for layer, _ in LAYERS.values() for module in layer.modules()}
    layers = {kind for kind in ROWS if kind.__module__.startswith("minipose.nn")}
    assert layers <= seen

"""How each plain layer is said in ONNX: one row a layer, ``LAYERS`` at the end is the table.

Dropout is off: what is written is the network in evaluation.
"""

from __future__ import annotations

import numpy as np

from minipose import nn
from minipose.exchange.onnx_graph import Graph
from minipose.nn import Module
from minipose.ops.pool import check_blocks, pair

BELOW_RIGHT = [0, 0, 1, 1]  # top, left, bottom, right: where a 2×2 kernel's "same" margin lies


def linear(g: Graph, layer: nn.Linear, x: str) -> str:
    """Y = X Wᵀ + b for rows X."""
    return g.node("Gemm", x, *g.own(layer, "weight", "bias"), transB=1)


def conv2d(g: Graph, layer: nn.Conv2d, x: str) -> str:
    """ONNX's Conv is a cross-correlation too."""
    own = g.own(layer, "weight", "bias")
    return activated(g, layer, g.node("Conv", x, *own, **margins(layer)))


def conv2d_max_pool2d(g: Graph, layer: nn.Conv2dMaxPool2d, x: str) -> str:
    """The bias comes before the pool here, which is the same function."""
    y = g.node("Conv", x, *g.own(layer, "weight", "bias"))
    y = g.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    return g.node("Tanh", y) if layer.activation == "tanh" else y


def upsample_conv2d(g: Graph, layer: nn.UpsampleConv2d, x: str) -> str:
    """Nearest neighbours, then a 2×2 kernel with zeros below and at the right."""
    own = g.own(layer.convolution, "weight", "bias")
    return activated(g, layer, g.node("Conv", nearest(g, x, 2), *own, pads=BELOW_RIGHT))


def batch_norm(g: Graph, layer: nn.BatchNorm2d, x: str) -> str:
    """By the running statistics."""
    own = g.own(layer, "weight", "bias", "running_mean", "running_variance")
    return activated(g, layer, g.node("BatchNormalization", x, *own, epsilon=layer.eps))


def max_pool2d(g: Graph, layer: nn.MaxPool2d, x: str) -> str:
    """A remainder that fills no block is dropped."""
    return g.node("MaxPool", x, **blocks(layer))


def avg_pool2d(g: Graph, layer: nn.AvgPool2d, x: str) -> str:
    """Margins count as zeros."""
    return g.node("AveragePool", x, count_include_pad=1, **blocks(layer))


def upsample_nearest(g: Graph, layer: nn.UpsampleNearest, x: str) -> str:
    """Each pixel becomes a block."""
    return nearest(g, x, layer.scale)


def sequential(g: Graph, layer: nn.Sequential, x: str) -> str:
    """One layer after another; folded, a convolution takes the batch norm after it in."""
    before = None
    for each in [*layer, None]:
        if g.options.fold and isinstance(each, nn.BatchNorm2d) and _is_convolution(before):
            x, before = folded(g, before, each, x), None
            continue
        if before is not None:
            x = g(before, x)
        before = each
    return x


def folded(g: Graph, layer: nn.Conv2d | nn.UpsampleConv2d, norm: nn.BatchNorm2d, x: str) -> str:
    """γ (w ⋆ x + b − μ)/σ + β = (γ/σ w) ⋆ x + (β + γ/σ (b − μ)), computed in float64."""
    doubles = isinstance(layer, nn.UpsampleConv2d)
    convolution = layer.convolution if doubles else layer
    gamma, beta, mean, variance = (
        g.values(norm, name).astype(np.float64)
        for name in ("weight", "bias", "running_mean", "running_variance")
    )
    scale = gamma / np.sqrt(variance + norm.eps)
    bias = 0 if convolution.bias is None else g.values(convolution, "bias")
    kernel = g.floats(g.values(convolution, "weight") * scale[:, None, None, None])
    shift = g.floats(beta + scale * (bias - mean))
    x = nearest(g, x, 2) if doubles else x
    options = {"pads": BELOW_RIGHT} if doubles else margins(convolution)
    return activated(g, norm, g.node("Conv", x, kernel, shift, **options))


def _is_convolution(layer: Module | None) -> bool:
    return isinstance(layer, (nn.Conv2d, nn.UpsampleConv2d)) and layer.activation is None


def activated(g: Graph, layer: Module, y: str) -> str:
    """With the ReLU that some layers end with."""
    return g.node("Relu", y) if layer.activation == "relu" else y


def nearest(g: Graph, x: str, scale: int) -> str:
    """Each pixel becomes scale × scale equal ones."""
    return g.node(
        "Resize", x, "", g.floats([1, 1, scale, scale]), mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )  # fmt: skip


def margins(layer: nn.Conv2d) -> dict[str, list[int]]:
    """The attributes of a Conv node: pads (top, left, bottom, right) and strides."""
    if layer.padding == "same":
        before, after = zip(*[((k - 1) // 2, k // 2) for k in _kernel(layer)], strict=True)
    else:
        before = after = pair("Conv2d", "padding", layer.padding, 0)
    return {"pads": [*before, *after], "strides": pair("Conv2d", "stride", layer.stride, 1)}


def _kernel(layer: nn.Conv2d) -> tuple[int, int]:
    return layer.weight.shape[2:]


def blocks(layer: nn.MaxPool2d | nn.AvgPool2d) -> dict[str, list[int]]:
    """The attributes of a pooling node."""
    kernel, stride, pads = check_blocks("pool", layer.kernel_size, layer.stride, layer.padding)
    return {"kernel_shape": kernel, "strides": stride, "pads": [*pads, *pads]}


def one_node(kind: str):
    """A row for a layer that is one node without parameters."""
    return lambda g, layer, x: g.node(kind, x)


LAYERS = {
    nn.Linear: linear,
    nn.Conv2d: conv2d,
    nn.Conv2dMaxPool2d: conv2d_max_pool2d,
    nn.UpsampleConv2d: upsample_conv2d,
    nn.BatchNorm2d: batch_norm,
    nn.MaxPool2d: max_pool2d,
    nn.AvgPool2d: avg_pool2d,
    nn.UpsampleNearest: upsample_nearest,
    nn.Sequential: sequential,
    nn.Dropout: lambda g, layer, x: x,
    nn.Tanh: one_node("Tanh"),
    nn.ReLU: one_node("Relu"),
    nn.LeakyReLU: lambda g, layer, x: g.node("LeakyRelu", x, alpha=layer.slope),
    nn.Sigmoid: one_node("Sigmoid"),
    nn.Flatten: lambda g, layer, x: g.node("Flatten", x, axis=1),
}

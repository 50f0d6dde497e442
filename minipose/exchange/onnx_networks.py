"""How the reports' networks are said in ONNX: each function follows its network's ``forward``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minipose.exchange.onnx_graph import Graph, Port
from minipose.exchange.onnx_harmonic import beside
from minipose.models import HNet, PoseNet, UNet
from minipose.models.hnet import Block, Unit
from minipose.models.posenet import OUTPUTS, SIDE
from minipose.models.unet import MULTIPLE, FineHead, ScoresOfPixels, TwoConvolutions
from minipose.nn import Module

HALF = {"kernel_shape": [2, 2], "strides": [2, 2]}


def posenet(g: Graph, net: PoseNet, x: str) -> dict[str, str]:
    """Report 1: windows' logits, or joints in mm."""
    for convolution, norm in net.stages():
        x = g(convolution, x)
        if norm is not None:
            x = g.node("Tanh", g(norm, x))
    x = g.node("Flatten", x, axis=1)
    for layer, norm in ((net.fc1, net.norm4), (net.fc2, net.norm5)):
        x = g(layer, x)
        x = g.node("Tanh", x if norm is None else g(norm, x))
    y = g(net.out, x)
    if net.head == "detection":
        if g.options.probabilities:
            y = g.node("Sigmoid", g.node("Mul", y, g.floats(2)))
        return {"windows": y}
    if net.output_tanh:
        y = g.node("Tanh", y)
    scale, centre = g.own(net, "output_scale", "output_centre")
    return {"joints": g.node("Add", g.node("Mul", y, scale), centre)}


def scores_of_pixels(
    features: Callable[[Graph, ScoresOfPixels, str], str],
) -> Callable[[Graph, ScoresOfPixels, str], dict[str, str]]:
    """A row for U-Net or H-Net: padding, features, heads, and what was padded is cut off."""

    def row(g: Graph, net: ScoresOfPixels, x: str) -> dict[str, str]:
        sides = None
        if g.options.padding:
            sides = g.node("Slice", g.node("Shape", x), g.constant([2]), g.constant([4]))
            multiple = g.constant(MULTIPLE * net.patch)
            missing = g.node("Mod", g.node("Neg", sides), multiple)
            x = g.node("Pad", x, g.node("Concat", g.constant([0] * 6), missing, axis=0))
        seen, scores = features(g, net, x), {}
        for name, head in net.heads.items():
            y = g(head, seen)
            if sides is not None:
                end = sides if is_fine(net, head) else g.node("Div", sides, g.constant(net.patch))
                y = g.node("Slice", y, g.constant([0, 0]), end, g.constant([2, 3]))
            if g.options.probabilities and channels(head) > 1:
                y = g.node("Softmax", y, axis=1)
            scores[name] = y
        return scores

    return row


def unet(g: Graph, net: UNet, x: str) -> str:
    """Report 2, section II.C.1."""
    if net.patch > 1:
        x = pixel_unshuffle(g, x, 3, net.patch)
    skips = []
    for level, convolutions in enumerate(net.down):
        x = g(convolutions, x if level == 0 else g.node("MaxPool", x, **HALF))
        skips.append(x)
    skips.pop()
    for double, convolutions in zip(net.double, net.up, strict=True):
        x = g(convolutions, g.node("Concat", skips.pop(), g(double, x), axis=1))
    return x


def pixel_unshuffle(g: Graph, x: str, channels: int, patch: int) -> str:
    """ONNX puts a block's first pixel of all channels first, PyTorch all pixels of a channel."""
    order = np.arange(patch**2 * channels).reshape(patch**2, channels).T.ravel()
    blocks = g.node("SpaceToDepth", x, blocksize=patch)
    return g.node("Gather", blocks, g.constant(order.tolist()), axis=1)


def fine_head(g: Graph, head: FineHead, x: str) -> str:
    """Scores of each pixel of a block."""
    return g.node("DepthToSpace", g(head.scores, x), blocksize=head.patch, mode="CRD")


def is_fine(net: ScoresOfPixels, head: Module) -> bool:
    """Whether a head scores pixels, not blocks of them."""
    return net.patch == 1 or isinstance(head, FineHead)


def hnet(g: Graph, net: HNet, x: str) -> str:
    """Report 2, section II.C.2."""
    skips = []
    for level, block in enumerate(net.down):
        x = g(block, x if level == 0 else g.node("AveragePool", x, **HALF))
        skips.append(x)
    skips.pop()
    for double, block in zip(net.double, net.up, strict=True):
        x = g(block, beside(g, skips.pop(), g(double, x), double.convolution.into))
    return x


NETWORKS = {
    PoseNet: posenet,
    UNet: scores_of_pixels(unet),
    FineHead: fine_head,
    TwoConvolutions: lambda g, layer, x: g(layer.second, g(layer.first, x)),
    HNet: scores_of_pixels(hnet),
    Block: lambda g, layer, x: g(layer.second, g(layer.first, x)),
    Unit: lambda g, layer, x: g(layer.gate, g(layer.convolution, x)),
}

# --- What enters and what leaves -----------------------------------------------------------------


def ports(net: Module, probabilities: bool, padding: bool) -> tuple[list[Port], list[Port]]:
    """Inputs and outputs of a network, with their shapes and what they are."""
    if isinstance(net, PoseNet):
        about = "grey crop around the person, 0 to 1, background 0"
        image = Port("image", ("batch", 1, SIDE, SIDE), about)
        name, about = {
            ("detection", False): ("windows", "z; a joint is in a window with probability σ(2z)"),
            ("detection", True): ("windows", "probability that a joint is in a window"),
        }.get((net.head, probabilities), ("joints", "x right, y down, z away of 17 joints, mm"))
        return [image], [Port(name, ("batch", OUTPUTS[net.head]), about)]
    multiple = MULTIPLE * net.patch
    sides = "any size" if padding else f"sides that are multiples of {multiple}"
    image = Port("image", ("batch", 3, "height", "width"), f"red, green, blue, 0 to 1; {sides}")
    outputs = []
    for name, head in net.heads.items():
        count = channels(head)
        kind = "one value" if count == 1 else "probabilities" if probabilities else "scores"
        fine = is_fine(net, head)
        where = "pixel" if fine else f"block of {net.patch} × {net.patch} pixels"
        about = f"{kind} of each {where}" + ("; softmax over the channels" * (kind == "scores"))
        size = ("height", "width") if fine else ("rows_of_blocks", "columns_of_blocks")
        outputs.append(Port(name, ("batch", count, *size), about))
    return [image], outputs


def channels(head: Module) -> int:
    """How many a head of U-Net or H-Net returns."""
    if isinstance(head, FineHead):
        return head.scores.out_channels // head.patch**2
    return head.into[0] if hasattr(head, "into") else head.out_channels

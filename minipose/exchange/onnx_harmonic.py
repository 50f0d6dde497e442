"""How the harmonic layers are said in ONNX, where there are no complex numbers.

Two forms of the filters. As it stands, the file holds R, β and c, and nodes make the real kernels
of them; none of these nodes depends on the picture, so a runtime computes them once, when it reads
the file. Folded, the file holds the kernels: at 3×3, 36 numbers for each pair of complex channels
instead of 2 or 3.
"""

from __future__ import annotations

import numpy as np

from minipose import nn, ops
from minipose.exchange.onnx_graph import Graph
from minipose.kernels.circular_harmonics import Streams, centre_basis, parts, ring_basis
from minipose.ops.complex_maps import NORM_SMALL, SMALL
from minipose.tensor import Tensor

Complex = tuple[str, str]  # names of real and imaginary parts, (N, C, H, W) each


def harmonic_conv2d(g: Graph, layer: nn.HarmonicConv2d, x: str) -> str:
    """One real convolution; streams of one order that enter are a real image."""
    kernel = _written_out(g, layer) if g.options.fold else _computed(g, layer)
    if layer.scale != 1:
        x = g.node(
            "Resize", x, "", g.floats([1, 1, layer.scale, layer.scale]), mode="linear",
            coordinate_transformation_mode="half_pixel",
        )  # fmt: skip
    return g.node("Conv", x, kernel, pads=[layer.kernel_size // 2] * 4)


def _written_out(g: Graph, layer: nn.HarmonicConv2d) -> str:
    """The kernel as ``ops.harmonic_kernel`` makes it."""
    own = {n: Tensor(g.values(layer, n)) for n in ("radial", "phase", *_centres(layer))}
    weights, centres = ops.polar(own["radial"], own["phase"]), [own[n] for n in _centres(layer)]
    size = layer.kernel_size
    kernel = ops.harmonic_kernel(weights, centres, layer.into, layer.of, size).data
    columns = parts(layer.of)[0][0] if _takes_image(layer) else slice(None)
    rows = parts(layer.into)[0][0] if layer.real_output else slice(None)
    return g.floats(kernel[rows, columns])


def _computed(g: Graph, layer: nn.HarmonicConv2d) -> str:
    """Nodes for W = Σ_r R e^{iβ} B_ν + (1 + i) c D, and for each pair [[Wr, −Wi], [Wi, Wr]]."""
    (radial, phase), size = g.own(layer, "radial", "phase"), layer.kernel_size
    a = g.node(  # [Re a, Im a] of each pair of channels, (O, I, 2·rings)
        "Concat",
        g.node("Mul", radial, g.node("Cos", phase)),
        g.node("Mul", radial, g.node("Sin", phase)),
        axis=2,
    )
    centres = g.own(layer, *_centres(layer))
    near = g.floats(centre_basis(size).reshape(1, 1, -1))
    rows = []
    into = layer.into[:1] if layer.real_output else layer.into
    for o, block_rows in enumerate(_split(g, a, layer.into, 0)[: len(into)]):
        above, below = [], []
        for i, block in enumerate(_split(g, block_rows, layer.of, 1)):
            basis = ring_basis(size, i - o).reshape(-1, size**2)
            pattern = np.block([[basis.real, basis.imag], [-basis.imag, basis.real]])
            w = g.node("MatMul", block, g.floats(pattern))
            re, im = g.node("Split", w, outputs=2, axis=2, num_outputs=2)
            if o == i:
                c = g.node("Unsqueeze", centres[o], g.constant([2]))
                c = g.node("Mul", c, near)
                re, im = g.node("Add", re, c), g.node("Add", im, c)
            if _takes_image(layer):
                above, below = [*above, re], [*below, im]
            else:
                above, below = [*above, re, g.node("Neg", im)], [*below, im, re]
        for blocks in (above,) if layer.real_output else (above, below):
            rows.append(g.node("Concat", *blocks, axis=1))
    kernel = g.node("Concat", *rows, axis=0)
    return g.node("Reshape", kernel, g.constant([0, 0, size, size]))  # 0: as it is


def _split(g: Graph, x: str, counts: Streams, axis: int) -> list[str]:
    """The part of each order."""
    if len(counts) == 1:
        return [x]
    return g.node("Split", x, g.constant(counts), outputs=len(counts), axis=axis)


def _takes_image(layer: nn.HarmonicConv2d) -> bool:
    return len(layer.of) == 1


def _centres(layer: nn.HarmonicConv2d) -> list[str]:
    return [f"centre_{order}" for order in range(min(len(layer.into), len(layer.of)))]


# --- Complex channels ----------------------------------------------------------------------------


def complex_batch_norm(g: Graph, layer: nn.ComplexBatchNorm, x: str) -> str:
    """By the statistics of the pictures that enter, also here."""
    return join(g, *_normalised(g, *parted(g, x, layer.streams)), layer.streams)


def magnitude_gate(g: Graph, layer: nn.MagnitudeGate, x: str) -> str:
    """y = z · σ(A|z| + b)."""
    return join(g, *_gated(g, layer, *parted(g, x, layer.streams)), layer.streams)


def normalised_gate(g: Graph, layer: nn.NormalisedGate, x: str) -> str:
    """Both, one after the other."""
    normalised = _normalised(g, *parted(g, x, layer.streams))
    return join(g, *_gated(g, layer, *normalised), layer.streams)


def _normalised(g: Graph, re: str, im: str) -> Complex:
    """(z − μ)/(σ + 0.01): σ is the unbiased deviation of |z − μ| over pictures and pixels."""
    re, im = _centred(g, re), _centred(g, im)
    r = magnitude(g, re, im)
    apart = _centred(g, r)
    squares = _reduced(g, "ReduceSum", g.node("Mul", apart, apart))
    axes = g.constant([0, 2, 3])
    sizes = g.node("Gather", g.node("Shape", r), axes)
    count = g.node("Cast", g.node("ReduceProd", sizes, keepdims=0), to=1)  # 1: float32
    samples = g.node("Max", g.node("Sub", count, g.floats(1)), g.floats(1))
    deviation = g.node("Sqrt", g.node("Div", squares, samples))
    s = g.node("Add", deviation, g.floats(NORM_SMALL))
    return g.node("Div", re, s), g.node("Div", im, s)


def _centred(g: Graph, x: str) -> str:
    """x − mean x, twice: what rounding left of the mean in a flat picture is a mean again."""
    for _ in range(2):
        x = g.node("Sub", x, _reduced(g, "ReduceMean", x))
    return x


def _reduced(g: Graph, kind: str, x: str) -> str:
    """Over pictures and pixels, a row first: one long sum in float32 would lose too much."""
    for axes in ([3], [0, 2]):
        x = g.node(kind, x, g.constant(axes))
    return x


def _gated(g: Graph, layer: nn.MagnitudeGate, re: str, im: str) -> Complex:
    """A mixes channels, so it is a 1×1 convolution."""
    weight, bias = g.own(layer, "weight", "bias")
    kernel = g.node("Unsqueeze", weight, g.constant([2, 3]))
    gate = g.node("Sigmoid", g.node("Conv", magnitude(g, re, im), kernel, bias))
    return g.node("Mul", re, gate), g.node("Mul", im, gate)


def magnitude(g: Graph, re: str, im: str) -> str:
    """|z| = √(re² + im² + 1e-8)."""
    squares = g.node("Add", g.node("Mul", re, re), g.node("Mul", im, im))
    return g.node("Sqrt", g.node("Add", squares, g.floats(SMALL)))


def parted(g: Graph, x: str, streams: Streams) -> Complex:
    """Planes re 0, im 0, re 1, … -> all real parts and all imaginary parts."""
    both = np.arange(2 * sum(streams))
    for_parts = ([both[place[k]] for place in parts(streams)] for k in (0, 1))
    return tuple(g.node("Gather", x, g.constant(np.concatenate(p)), axis=1) for p in for_parts)


def join(g: Graph, re: str, im: str, streams: Streams) -> str:
    """The way back."""
    first = np.cumsum([0, *streams])
    places = [
        at + k * sum(streams) + np.arange(count)
        for at, count in zip(first, streams, strict=False)
        for k in (0, 1)
    ]
    both = g.node("Concat", re, im, axis=1)
    return g.node("Gather", both, g.constant(np.concatenate(places)), axis=1)


def beside(g: Graph, x: str, y: str, streams: Streams) -> str:
    """Two inputs of the same streams, side by side order by order: re 0 of both, im 0 of both, …"""
    of_y = 2 * sum(streams)
    places = [
        np.arange(of_y)[part] + start
        for place in parts(streams)
        for part in place
        for start in (0, of_y)
    ]
    both = g.node("Concat", x, y, axis=1)
    return g.node("Gather", both, g.constant(np.concatenate(places)), axis=1)


HARMONIC = {
    nn.HarmonicConv2d: harmonic_conv2d,
    nn.ComplexBatchNorm: complex_batch_norm,
    nn.MagnitudeGate: magnitude_gate,
    nn.NormalisedGate: normalised_gate,
    nn.MapDropout: lambda g, layer, x: x,
}

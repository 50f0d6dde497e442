"""The layers of the harmonic U-Net. ``streams`` are the complex channels of order 0, 1, …"""

from __future__ import annotations

import math

import numpy as np

from minipose import ops
from minipose.kernels.circular_harmonics import Streams, ring_basis, spans
from minipose.nn.arguments import check_generator, number
from minipose.nn.initialise import next_generator
from minipose.nn.module import Module
from minipose.tensor import Parameter, Tensor

Generator = np.random.Generator


class HarmonicConv2d(Module):
    """Harmonic convolution, 'same' size.  x (N, 2·ΣC_in, H, W) -> (N, 2·ΣC_out, s·H, s·W).

    Parameters to be learned: R and β for each pair of complex channels and each ring, and c for
    each pair of equal order. Initial values: R, c ~ N(0, σ) with σ = 2/√(in · out · k²) for each
    pair of orders with in and out channels, β ~ U(0, 2π).

    Parameters
    ----------
    of, into : complex channels of each order that enter and that leave; real images are streams of
        one order
    rng : numpy Generator
    kernel_size : int, odd
    scale : int
        Bilinear upsampling before the convolution.
    real_output : bool
        Only the real parts of order 0 leave: (N, C_out, H, W).

    Source: report 2's library (also of the initial values).
    """

    def __init__(
        self,
        of: Streams,
        into: Streams,
        rng: Generator,
        *,
        kernel_size: int = 3,
        scale: int = 1,
        real_output: bool = False,
    ) -> None:
        check_generator("HarmonicConv2d", rng)
        self.of, self.into = tuple(of), tuple(into)
        self.kernel_size, self.scale, self.real_output = kernel_size, scale, real_output
        rings = len(ring_basis(kernel_size, 0))
        shape = (sum(into), sum(of), rings)
        radial = np.zeros(shape, dtype=np.float32)
        for rows, m in zip(spans(into), into, strict=True):
            for columns, n in zip(spans(of), of, strict=True):
                radial[rows, columns] = self._draw((m, n, rings), rng)
        self.radial = Parameter(radial)
        self.phase = Parameter(rng.uniform(0, 2 * math.pi, shape).astype(np.float32))
        for order, pair in enumerate(zip(into, of, strict=False)):  # centre_0, centre_1, …
            setattr(self, f"centre_{order}", Parameter(self._draw(pair, rng)))

    def _draw(self, shape: tuple[int, ...], rng: Generator) -> np.ndarray:
        deviation = 2 / (math.sqrt(max(1, shape[0] * shape[1])) * self.kernel_size)
        return (deviation * rng.standard_normal(shape)).astype(np.float32)

    def forward(self, x: Tensor) -> Tensor:
        weights = ops.polar(self.radial, self.phase)
        both = min(len(self.into), len(self.of))
        centres = [getattr(self, f"centre_{order}") for order in range(both)]
        return ops.harmonic_conv2d(
            x, weights, centres, self.into, self.of, self.kernel_size,
            scale=self.scale, real_output=self.real_output,
        )  # fmt: skip


class ComplexBatchNorm(Module):
    """y = (z − mean z) / (deviation of |z − mean z| + 0.01); nothing is learned.

    Mean and deviation are those of the batch, in evaluation too, as in report 2's library: what a
    picture gives depends on the pictures beside it.
    """

    def __init__(self, streams: Streams) -> None:
        self.streams = tuple(streams)

    def forward(self, x: Tensor) -> Tensor:
        return ops.complex_batch_norm(x, self.streams)


class MagnitudeGate(Module):
    """y = z · σ(A|z| + b), A over the C channels of all orders; initially A, b ~ U(±1/√C)."""

    def __init__(self, streams: Streams, rng: Generator) -> None:
        check_generator(type(self).__name__, rng)
        self.streams, c = tuple(streams), sum(streams)
        limit = 1 / math.sqrt(c)
        self.weight = Parameter(rng.uniform(-limit, limit, (c, c)).astype(np.float32))
        self.bias = Parameter(rng.uniform(-limit, limit, c).astype(np.float32))

    def forward(self, x: Tensor) -> Tensor:
        return ops.magnitude_gate(x, self.weight, self.bias, self.streams)


class NormalisedGate(MagnitudeGate):
    """``MagnitudeGate`` of ``ComplexBatchNorm``."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.normalised_gate(x, self.weight, self.bias, self.streams)


class ComplexReLU(Module):
    """y = z · max(|z| + b, 0)/|z|, one b for each complex channel; initially b = 0."""

    def __init__(self, streams: Streams) -> None:
        self.streams = tuple(streams)
        self.bias = Parameter(np.zeros(sum(streams), dtype=np.float32))

    def forward(self, x: Tensor) -> Tensor:
        return ops.complex_relu(x, self.bias, self.streams)


class MapDropout(Module):
    """Set a fraction of the complex channels to zero in training, nothing in evaluation."""

    def __init__(self, rate: float, streams: Streams) -> None:
        number("MapDropout", "a rate of at least 0 and below 1", rate, lambda r: 0 <= r < 1)
        self.rate, self.streams = rate, tuple(streams)
        self.rng = next_generator()

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return ops.map_dropout(x, self.rate, self.rng, self.streams)

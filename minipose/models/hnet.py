"""H-Net: a U-Net of harmonic convolutions, whose masks rotate with the picture (report 2)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minipose import ops
from minipose.kernels.circular_harmonics import Streams
from minipose.models.unet import LEVELS, ScoresOfPixels, check_size
from minipose.nn import Module
from minipose.nn.harmonic import HarmonicConv2d, MapDropout, NormalisedGate
from minipose.tensor import Tensor


class Unit(Module):
    """gate(norm(harmonic convolution)); with ``scale`` the channels are enlarged first."""

    def __init__(self, of: Streams, into: Streams, rng: np.random.Generator, scale: int = 1):
        self.convolution = HarmonicConv2d(of, into, rng, scale=scale)
        self.gate = NormalisedGate(into, rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.gate(self.convolution(x))


class Block(Module):
    """Two units and dropout of whole channels."""

    def __init__(self, of: Streams, into: Streams, rng: np.random.Generator, rate: float) -> None:
        self.first = Unit(of, into, rng)
        self.second = Unit(into, into, rng)
        self.dropout = MapDropout(rate, into)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.second(self.first(x)))


class HNet(ScoresOfPixels):
    """x (N, 3, H, W) in [0, 1] -> {head: scores (N, channels, H, W)} for any H and W.

    Channels are complex and of rotation order 0 or 1: ``width`` of each at full size, twice as many
    at each of four halvings (32 + 32, …, 512 + 512). A level on the way down is a block of two
    units (3×3 harmonic convolution, batch norm, magnitude gate) with dropout; 2×2 average pooling
    leads down. Bilinear upsampling and a unit lead up, where the channels of the same level on the
    way down are put beside them, order by order, and a block follows. A head is a 3×3 harmonic
    convolution to order 0 of which the real part is returned: scores before any softmax.

    If the picture is rotated by 90°, 180° or 270°, so are the scores, exactly (sides that are
    multiples of 16); at other angles only roughly.

    Parameters
    ----------
    heads : mapping of name to channels
        {"mask": 2}, or as in ``UNet``.
    width : int
        Complex channels of each order at full size; 32 is the report's.
    dropout : float
        Fraction of channels switched off in training.
    rng : numpy Generator, optional
        For the initial weights.

    Source: report 2, section II.C.2; what it leaves open from its code.
    """

    def __init__(
        self,
        heads: Mapping[str, int],
        width: int = 32,
        dropout: float = 0.1,
        rng: np.random.Generator | None = None,
    ) -> None:
        check_size("HNet", heads, width)
        rng = np.random.default_rng(0) if rng is None else rng
        streams = [(width * 2**level, width * 2**level) for level in range(LEVELS)]
        downwards = zip([(3,), *streams[:-1]], streams, strict=True)
        upwards = list(zip(streams[:0:-1], streams[-2::-1], strict=True))  # (16w, 8w), …, (2w, w)
        self.down = [Block(a, b, rng, dropout) for a, b in downwards]
        self.double = [Unit(a, b, rng, scale=2) for a, b in upwards]
        self.up = [Block(a, b, rng, dropout) for a, b in upwards]
        self.heads = {
            name: HarmonicConv2d(streams[0], (channels,), rng, real_output=True)
            for name, channels in heads.items()
        }

    def features(self, x: Tensor) -> Tensor:
        """What the heads look at: (N, 3, H, W) -> (N, 4·width, H, W); H, W multiples of 16."""
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else ops.avg_pool2d(x, 2))
            skips.append(x)
        skips.pop()  # the lowest level goes up itself
        for double, block in zip(self.double, self.up, strict=True):
            streams = double.convolution.into
            x, _ = ops.concatenate_streams([skips.pop(), double(x)], [streams, streams])
            x = block(x)
        return x

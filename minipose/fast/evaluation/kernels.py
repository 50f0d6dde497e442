"""Convolutions whose kernels are used for many batches.

Winograd's transform of a kernel is kept, so it costs nothing where there are few tiles; the
algorithms, and when each is taken, are otherwise those of ``fast.convolution``.
"""

from __future__ import annotations

import numpy as np

from minipose import ops
from minipose.fast import convolution, doubling, winograd, winograd_kernels
from minipose.fast.bias_relu import Ending
from minipose.fast.products import AS_THEY_LIE, GRAIN
from minipose.kernels.im2col import output_size
from minipose.ops import conv
from minipose.tensor import Tensor

Array = np.ndarray
Pair = tuple[int, int]

FEW_TILES = 12  # of F(2×2, 3×3), at least
FEW_LARGE_TILES = 16  # of F(4×4, 3×3), of fewer it takes F(2×2, 3×3)
WIDTHS = (128, 64, 32, 16)  # columns of a block
KEPT = 90_000  # bytes of transformed kernels for each pixel of the result, at most


class Convolution:
    """y = max(w ∗ x + b, 0), or without the maximum."""

    def __init__(
        self,
        weight: Array,
        bias: Array | None,
        relu: bool,
        stride: int | Pair,
        padding: int | Pair | str,
    ) -> None:
        self.weight, self.ending = weight, Ending(bias, relu)
        self.tensors = Tensor(weight), None if bias is None else Tensor(bias)
        self.stride, self.padding = stride, padding
        self.kernels = Kept(weight)

    def __call__(self, x: Tensor) -> Tensor:
        weight, bias = self.tensors
        arguments = x, weight, bias, self.stride, self.padding
        if not convolution._suits(*arguments):
            return (ops.conv2d_relu if self.ending.relu else ops.conv2d)(*arguments)
        stride, padding = conv.check_conv2d(*arguments)
        if self._by_tiles(x.data, stride, padding):
            return Tensor(winograd.correlate(x.data, self.kernels, padding, self.ending))
        algorithm = convolution.choose(x.data, self.weight, stride, padding)
        return Tensor(algorithm.forward(x.data, self.weight, self.ending))

    def _by_tiles(self, x: Array, stride: Pair, padding: Pair) -> bool:
        o, c, r, _ = self.weight.shape
        if convolution.forced() is not None or not winograd.suits(
            self.weight.shape[2:], stride, padding
        ):
            return False
        out = tuple(output_size(n, r, 1, p) for n, p in zip(x.shape[2:], padding, strict=True))
        least = self.kernels.size(2 if r == 3 else winograd.OUTPUTS[r])
        if min(o, c) < convolution.WINOGRAD_CHANNELS or least > _room(len(x), out):
            return False
        enough = convolution.saves_enough(len(x), out, self.weight.shape)
        return enough and winograd.tiles(len(x), out, r) >= FEW_TILES


def _room(samples: int, size: Pair) -> int:
    """Bytes that transforms may take, for outputs of this size."""
    return KEPT * samples * size[0] * size[1]


class Kept(winograd.Kernels):
    """Kernels whose transforms are kept, in blocks of columns that BLAS multiplies as they lie."""

    def __init__(self, weight: Array) -> None:
        super().__init__(weight.transpose(1, 0, 2, 3))
        self.blocks: dict[tuple[int, int], Array] = {}

    def outputs(self, samples: int, size: Pair) -> int:
        r = self.shape[2]
        usual = winograd.OUTPUTS[r]
        tiles = samples * -(-size[0] // usual) * -(-size[1] // usual)
        small = tiles < FEW_LARGE_TILES or self.size(usual) > _room(samples, size)
        return 2 if r == 3 and small else usual

    def size(self, m: int) -> int:
        """Bytes of the transforms for m × m outputs."""
        return self.weight[..., 0, 0].nbytes * (m + self.shape[2] - 1) ** 2

    def multiplier(self, m: int, rows: int) -> winograd.Multiplier:
        inside, outside = self.shape[:2]
        width = AS_THEY_LIE // (rows * inside) // GRAIN * GRAIN
        if not width or outside % width:
            width = max(
                w for w in (outside, *WIDTHS) if outside % w == 0 and (w <= width or w == outside)
            )
        blocks = self._in_blocks(m, width)  # (t², 1, out/width, in, width)

        def multiply(values: Array, out: Array, some: slice) -> None:
            count, height, _ = out.shape
            parts = out.reshape(count, height, outside // width, width).transpose(0, 2, 1, 3)
            np.matmul(values[:, None], blocks[some], out=parts)

        return multiply

    def _in_blocks(self, m: int, width: int) -> Array:
        if (m, width) not in self.blocks:
            inside, outside = self.shape[:2]
            t = m + self.shape[2] - 1
            blocks = np.empty((t * t, outside // width, inside, width), self.weight.dtype)
            for k in range(outside // width):
                columns = self.weight[:, k * width : (k + 1) * width]
                winograd_kernels.transformed_kernel(columns, m, blocks[:, k])
            self.blocks = {(m, width): blocks}
        return self.blocks[m, width]


class Doubling:
    """``ops.upsample_conv2d``."""

    def __init__(self, weight: Array, bias: Array | None, relu: bool) -> None:
        self.weight, self.ending = weight, Ending(bias, relu)
        self.tensors = Tensor(weight), None if bias is None else Tensor(bias)

    def __call__(self, x: Tensor) -> Tensor:
        weight, bias = self.tensors
        if not doubling._suits(x, weight, bias, self.ending.relu):
            return ops.upsample_conv2d(x, weight, bias, relu=self.ending.relu)
        return Tensor(doubling.forward(x.data, self.weight, self.ending))

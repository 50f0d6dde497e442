"""U-Net: down to a sixteenth of the size and up again, details handed across (report 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from minipose import ops
from minipose.backend import is_whole
from minipose.nn import BatchNorm2d, Conv2d, Dropout, Module, Sequential, UpsampleConv2d
from minipose.tensor import Tensor

LEVELS = 5
MULTIPLE = 2 ** (LEVELS - 1)  # px: four halvings have to come out even


class TwoConvolutions(Module):
    """relu(conv(relu(conv(x)))), both 3×3 with one pixel of zeros around: the size stays.

    With ``normalise``, each ReLU is of the batch-normalised result of its convolution, whose bias
    the normalisation would cancel: there is none.
    """

    def __init__(
        self, inside: int, outside: int, rng: np.random.Generator, normalise: bool = False
    ) -> None:
        def convolution(inside: int) -> Module:
            options = {"padding": 1, "initialise": "he"}
            if not normalise:
                return Conv2d(inside, outside, 3, rng, activation="relu", **options)
            convolution = Conv2d(inside, outside, 3, rng, bias=False, **options)
            return Sequential(convolution, BatchNorm2d(outside, activation="relu"))

        self.first, self.second = convolution(inside), convolution(outside)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


def doubling(inside: int, outside: int, rng: np.random.Generator, normalise: bool) -> Module:
    """Twice the height and width, another number of channels, ReLU."""
    if not normalise:
        return UpsampleConv2d(inside, outside, rng)
    convolution = UpsampleConv2d(inside, outside, rng, bias=False, activation=None)
    return Sequential(convolution, BatchNorm2d(outside, activation="relu"))


def head(inside: int, outside: int, rng: np.random.Generator) -> Conv2d:
    """A 1×1 convolution: scores of each pixel from its features."""
    return Conv2d(inside, outside, 1, rng, initialise="he")


class FineHead(Module):
    """Scores of each of the patch × patch pixels of a block, from the block's features."""

    def __init__(self, inside: int, outside: int, patch: int, rng: np.random.Generator) -> None:
        self.patch = patch
        self.scores = head(inside, outside * patch**2, rng)

    def forward(self, x: Tensor) -> Tensor:
        return ops.pixel_shuffle(self.scores(x), self.patch)


class ScoresOfPixels(Module):
    """What U-Net and H-Net share: features of every pixel, and a head for each question about it.

    A subclass sets ``self.heads``, modules by name, and defines ``features``. The image is padded
    with zeros at the right and at the bottom to multiples of 16 (times ``patch``), and the scores
    are cropped back.
    """

    heads: dict[str, Module]
    patch = 1  # features are of blocks of so many pixels each way

    def features(self, x: Tensor) -> Tensor:
        """What the heads look at: (N, 3, H, W) -> (N, channels, H / patch, W / patch)."""
        raise TypeError(f"{type(self).__name__} defines no features")

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        if x.ndim != 4 or x.shape[1] != 3:
            raise ValueError(f"{type(self).__name__}: expected x (N, 3, H, W), got {x.shape}")
        size = x.shape[2:]
        bottom, right = (-n % (MULTIPLE * self.patch) for n in size)
        margin = ((0, 0), (0, 0), (0, bottom), (0, right))
        features = self.features(ops.pad(x, margin) if bottom or right else x)
        scores = {name: head(features) for name, head in self.heads.items()}
        if not (bottom or right):
            return scores
        blocks = tuple(n // self.patch for n in size)  # an incomplete last one is left out
        return {
            name: _first_pixels(y, size if y.shape[2] == size[0] + bottom else blocks)
            for name, y in scores.items()
        }


def _first_pixels(y: Tensor, size: tuple[int, ...]) -> Tensor:
    bottom, right = (have - n for have, n in zip(y.shape[2:], size, strict=True))
    return ops.crop(y, ((0, 0), (0, 0), (0, bottom), (0, right)))


def check_size(network: str, heads: Mapping[str, int], width: int) -> None:
    """Raises ValueError for a network without heads, or without channels."""
    if not heads or min(heads.values()) < 1:
        raise ValueError(f"{network}: expected heads such as {{'mask': 2}}, got {dict(heads)}")
    if width < 1:
        raise ValueError(f"{network}: expected a width of 1 or more, got {width}")


class UNet(ScoresOfPixels):
    """x (N, 3, H, W) in [0, 1] -> {head: scores (N, channels, H, W)} for any H and W.

    Five levels of two 3×3 convolutions: ``width`` channels at full size, twice as many at each
    halving (64, 128, 256, 512, 1024). A 2×2 max-pool leads down; nearest upsampling and a 2×2
    convolution lead up, where the channels of the same level on the way down (the skip) are put
    beside them. Every convolution but the heads is followed by ReLU. Dropout comes after levels
    2-5 on the way down and after levels 4, 3, 2 on the way up; the skip of level 4 is taken after
    its dropout, the others before. A head is a 1×1 convolution and returns scores before any
    softmax.

    Parameters
    ----------
    heads : mapping of name to channels
        {"mask": 2}, with "joints": 26 and/or "regression": 1 in report 2's combined models.
    width : int
        Channels at full size. 64 is the report's; 8 or 16 suits a laptop.
    dropout : float
        Fraction of units switched off in training.
    normalise : bool
        Batch normalisation before every ReLU, which the report does without.
    patch : int
        p: blocks of p × p pixels are what the convolutions see as pixels, 3·p² channels at a p-th
        of the size. Heads in ``fine`` score each pixel of a block, the others the block.
    rng : numpy Generator, optional
        For the initial weights: He normal, biases 0.

    Source: report 2, section II.C.1; what it leaves open from its code.
    """

    def __init__(
        self,
        heads: Mapping[str, int],
        width: int = 64,
        dropout: float = 0.3,
        rng: np.random.Generator | None = None,
        normalise: bool = False,
        patch: int = 1,
        fine: Collection[str] = ("mask",),
    ) -> None:
        check_size("UNet", heads, width)
        if not is_whole(patch) or patch < 1:
            raise ValueError(f"UNet: expected a patch of 1 or more, got {patch!r}")
        self.patch = patch
        rng = np.random.default_rng(0) if rng is None else rng
        channels = [width * 2**level for level in range(LEVELS)]
        downwards = zip([3 * patch**2, *channels[:-1]], channels, strict=True)
        self.down = [TwoConvolutions(a, b, rng, normalise) for a, b in downwards]
        upwards = list(zip(channels[:0:-1], channels[-2::-1], strict=True))  # (16w, 8w), …, (2w, w)
        self.double = [doubling(a, b, rng, normalise) for a, b in upwards]
        self.up = [TwoConvolutions(2 * b, b, rng, normalise) for _, b in upwards]
        self.dropout_down = [Dropout(dropout) for _ in channels[1:]]
        self.dropout_up = [Dropout(dropout) for _ in upwards[:-1]]
        self.heads = {
            n: FineHead(width, c, patch, rng) if patch > 1 and n in fine else head(width, c, rng)
            for n, c in heads.items()
        }

    def features(self, x: Tensor) -> Tensor:
        """What the heads look at: (N, 3, H, W) -> (N, width, H / patch, W / patch)."""
        if self.patch > 1:
            x = ops.pixel_unshuffle(x, self.patch)
        skips = []
        for level, convolutions in enumerate(self.down):
            x = convolutions(x if level == 0 else ops.max_pool2d(x, 2))
            skip = x
            if level > 0:
                x = self.dropout_down[level - 1](x)
            skips.append(x if level == LEVELS - 2 else skip)
        skips.pop()  # the lowest level goes up itself
        for step, (double, convolutions) in enumerate(zip(self.double, self.up, strict=True)):
            x = convolutions(ops.concatenate([skips.pop(), double(x)], axis=1))
            if step < len(self.dropout_up):
                x = self.dropout_up[step](x)
        return x

"""The layers of PoseNet and U-Net."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minipose import ops
from minipose.backend import is_whole
from minipose.nn.arguments import check_generator, number, one_of, positive
from minipose.nn.initialise import glorot_uniform, he_normal, next_generator
from minipose.nn.module import Module
from minipose.ops.pool import check_blocks, pair
from minipose.tensor import Parameter, Tensor

Generator = np.random.Generator
Pair = tuple[int, int]  # vertical, horizontal


class Linear(Module):
    """Y = X Wᵀ + b.  x (..., in_features) -> (..., out_features); Glorot weights, zero bias.

    x has one axis or more in front, of samples. Without ``bias``, Y = X Wᵀ.
    """

    def __init__(
        self, in_features: int, out_features: int, rng: Generator, *, bias: bool = True
    ) -> None:
        positive("Linear", in_features=in_features, out_features=out_features)
        check_generator("Linear", rng)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(glorot_uniform((out_features, in_features), rng))
        self.bias = Parameter(np.zeros(out_features, dtype=np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return ops.linear(x, self.weight, self.bias)


class Conv2d(Module):
    """Cross-correlation with ``out_channels`` kernels.  x (N, in, H, W) -> (N, out, H', W').

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or (vertical, horizontal)
    rng : numpy Generator
    stride : int or pair
    padding : int or pair, or "same"
        See ``ops.conv2d``.
    bias : bool
        None is needed before a ``BatchNorm2d``, which adds its own.
    initialise : "glorot" or "he"
        "glorot" for tanh networks, "he" for ReLU networks.
    activation : None or "relu"
        What is applied to the result.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        rng: Generator,
        *,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        bias: bool = True,
        initialise: str = "glorot",
        activation: str | None = None,
    ) -> None:
        positive("Conv2d", in_channels=in_channels, out_channels=out_channels)
        kernel = pair("Conv2d", "kernel_size", kernel_size, 1)
        steps = pair("Conv2d", "stride", stride, 1)
        if padding == "same" and steps != (1, 1):
            raise ValueError(f"Conv2d: padding 'same' needs a stride of 1, got {stride}")
        if padding != "same":
            pair("Conv2d", "padding", padding, 0)
        one_of("Conv2d", "initialise", initialise, ("glorot", "he"))
        one_of("Conv2d", "activation", activation, (None, "relu"))
        check_generator("Conv2d", rng)
        draw = he_normal if initialise == "he" else glorot_uniform
        self.weight = Parameter(draw((out_channels, in_channels, *kernel), rng))
        self.bias = Parameter(np.zeros(out_channels, dtype=np.float32)) if bias else None
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.initialise, self.activation = initialise, activation

    def forward(self, x: Tensor) -> Tensor:
        convolve = ops.conv2d_relu if self.activation == "relu" else ops.conv2d
        return convolve(x, self.weight, self.bias, self.stride, self.padding)


class Conv2dMaxPool2d(Module):
    """y = tanh(2×2 max-pool of a 'valid' convolution + b).  x (N, in, H, W) -> (N, out, P, Q).

    Glorot weights for a max-pool, see ``glorot_uniform``; zero bias.

    Parameters
    ----------
    bias : bool
        Whether there is a b; none is needed before a batch norm.
    activation : "tanh" or None
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        rng: Generator,
        bias: bool = True,
        activation: str | None = "tanh",
    ) -> None:
        positive("Conv2dMaxPool2d", in_channels=in_channels, out_channels=out_channels)
        shape = out_channels, in_channels, *pair("Conv2dMaxPool2d", "kernel_size", kernel_size, 1)
        check_generator("Conv2dMaxPool2d", rng)
        one_of("Conv2dMaxPool2d", "activation", activation, (None, "tanh"))
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = kernel_size
        self.weight = Parameter(glorot_uniform(shape, rng, pool=4))
        self.bias = Parameter(np.zeros(out_channels, dtype=np.float32)) if bias else None
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return ops.conv2d_max_pool2d(x, self.weight, self.bias, tanh=self.activation == "tanh")


class UpsampleConv2d(Module):
    """Each pixel becomes 2 × 2 equal ones, which a 2×2 convolution then smooths.

    x (N, in, H, W) -> (N, out, 2H, 2W); He weights, zero bias. ``bias`` and ``activation`` as in
    ``Conv2d``.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        rng: Generator,
        *,
        bias: bool = True,
        activation: str | None = "relu",
    ) -> None:
        check_generator("UpsampleConv2d", rng)
        one_of("UpsampleConv2d", "activation", activation, (None, "relu"))
        options = {"bias": bias, "initialise": "he"}
        self.convolution = Conv2d(in_channels, out_channels, 2, rng, **options)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.convolution.weight, self.convolution.bias
        return ops.upsample_conv2d(x, weight, bias, relu=self.activation == "relu")


class MaxPool2d(Module):
    """The largest of each block.  x (N, C, H, W) -> (N, C, H', W'), see ``ops.max_pool2d``.

    Parameters
    ----------
    kernel_size : int or (vertical, horizontal)
    stride : int or pair, optional
        From block to block; by default kernel_size. A remainder at the right and at the bottom that
        does not fill a block is dropped.
    padding : int or pair
        Margins around x, which never win.
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> None:
        check_blocks("MaxPool2d", kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return ops.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(Module):
    """The mean of each block. Parameters as ``MaxPool2d``; margins count as zeros."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> None:
        check_blocks("AvgPool2d", kernel_size, stride, padding)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return ops.avg_pool2d(x, self.kernel_size, self.stride, self.padding)


class UpsampleNearest(Module):
    """Each pixel becomes a block of scale × scale equal pixels."""

    def __init__(self, scale: int) -> None:
        positive("UpsampleNearest", scale=scale)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return ops.upsample_nearest(x, self.scale)


class Dropout(Module):
    """Zero a fraction of the units in training, nothing in evaluation.

    Each layer draws random numbers of its own; ``Module.reseed`` starts them anew.
    """

    def __init__(self, rate: float) -> None:
        number("Dropout", "a rate of at least 0 and below 1", rate, lambda r: 0 <= r < 1)
        self.rate = rate
        self.rng = next_generator()

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return ops.dropout(x, self.rate, self.rng)


class Tanh(Module):
    """y = tanh x."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.tanh(x)


class ReLU(Module):
    """y = max(x, 0)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.relu(x)


class LeakyReLU(Module):
    """y = x where x > 0, else slope · x."""

    def __init__(self, slope: float = 0.01) -> None:
        number("LeakyReLU", "a slope as a number", slope)
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, self.slope)


class Sigmoid(Module):
    """y = 1/(1 + e⁻ˣ)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.sigmoid(x)


class Flatten(Module):
    """Each sample as a row: x (N, C, H, W) -> (N, C·H·W)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.flatten(x)


class Sequential(Module):
    """One module after another."""

    def __init__(self, *layers: Module) -> None:
        for place, layer in enumerate(layers):
            if isinstance(layer, type) or not callable(layer):
                got = f"the class {layer.__name__}" if isinstance(layer, type) else f"{layer!r:.40}"
                hint = "; write *layers" if isinstance(layer, (list, tuple)) else ""
                raise TypeError(f"Sequential: expected modules, got {got} at {place}{hint}")
        self.layers = list(layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __bool__(self) -> bool:
        return True  # a module, also if it has no layers

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, place: int | slice) -> Module:
        """The layer at a place; of a slice a Sequential of the same layers, not of copies."""
        if isinstance(place, slice):
            part = Sequential(*self.layers[place])
            part.training = self.training
            return part
        if not is_whole(place):
            raise TypeError(f"Sequential: expected a place or a slice, got {place!r}")
        if not -len(self) <= place < len(self):
            raise IndexError(f"Sequential: no layer {place}, there are {len(self)}")
        return self.layers[place]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

"""The sizes of tasks that ``tuning`` measures, each at work that it cuts.

A function reads its size from its module when it is called, so that another one holds from then on.
Where a size is the most that a task takes, but threads divide less than that evenly
(``workers.for_each_thread``), the work is as large as the largest candidate for each thread: of
less, no candidate would decide anything.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import numpy as np

from minipose import ops
from minipose.optim import Adam
from minipose.processors import processors
from minipose.tensor import Parameter, Tensor

Array = np.ndarray
Work = Callable[[], object]

MOST_THREADS = 16  # for which work is made: more would take gigabytes
UNET = (1, 64, 192, 128)  # a picture at full size


class Choice(NamedTuple):
    """A size, what it may be instead, and the work at which the candidates are measured."""

    module: str
    name: str
    candidates: tuple[int, ...]
    work: Callable[[], Work]

    @property
    def place(self) -> tuple[object, str]:
        return import_module(f"minipose.fast.{self.module}"), self.name

    @property
    def value(self) -> int:
        return getattr(*self.place)

    def set(self, value: int) -> None:
        setattr(*self.place, value)


# --- The work ---------------------------------------------------------------------------------


def _convolution(
    x: tuple[int, ...], kernel: tuple[int, int], stride: int = 1, of_weight: bool = False
) -> Callable[[], Work]:
    """Forward, or dL/dw, of a convolution of x (N, C, H, W) to O channels, kernel (O, k)."""

    def work() -> Work:
        (o, k), images = kernel, Tensor(_pictures(*x))
        weight = Parameter(_numbers(o, x[1], k, k))

        def forward() -> Tensor:
            return ops.conv2d(images, weight, stride=stride, padding=k // 2)

        if not of_weight:
            return forward
        y = forward()

        def backward() -> None:
            weight.grad = None
            y.backward(y.data, retain_graph=True)

        return backward

    return work


def _pointwise() -> Work:
    """Hardly any arithmetic, and much."""
    x = Tensor(_pictures(1, 32, 128 * _threads(), 256))
    return lambda: (ops.relu(x), ops.sigmoid(x))


def _bias_relu() -> Work:
    """What the backward pass of a convolution begins with."""
    from minipose.fast import bias_relu

    grad_y, y = _pictures(*UNET), _pictures(*UNET)
    return lambda: bias_relu.backward(grad_y, y, bias=True)


def _norm() -> Work:
    """Batch norm and ReLU, forward and backward."""
    x, grad_y = _leaf(8, 32, 96, 64), _pictures(8, 32, 96, 64)
    weight, bias = Parameter(_numbers(32)), Parameter(_numbers(32))
    return _there_and_back(lambda: ops.batch_norm(x, weight, bias, relu=True)[0], x, grad_y)


def _softmax() -> Work:
    """Log-softmax of U-Net's 26 channels, forward and backward."""
    x, grad_y = _leaf(1, 26, 192, 128), _pictures(1, 26, 192, 128)
    return _there_and_back(lambda: ops.log_softmax(x), x, grad_y)


def _moving() -> Work:
    """The channels of two pictures behind each other."""
    tensors = [Tensor(_pictures(1, 32, 128 * _threads(), 256)) for _ in range(2)]
    return lambda: ops.concatenate(tensors)


def _upsampling() -> Work:
    """Twice as large, by copies and by interpolation."""
    x = Tensor(_pictures(1, 32, 64 * _threads(), 128))
    return lambda: (ops.upsample_nearest(x, 2), ops.upsample_bilinear(x, 2))


def _updates() -> Work:
    """Steps of Adam."""
    parameter = Parameter(_numbers(_threads() << 20))
    parameter.grad = _numbers(*parameter.shape)
    return Adam([parameter]).step


def _there_and_back(forward: Callable[[], Tensor], x: Tensor, grad_y: Array) -> Work:
    def work() -> None:
        x.grad = None  # to add to the last one's is work that no size cuts
        forward().backward(grad_y)

    return work


def _pictures(n: int, c: int, h: int, w: int) -> Array:
    """(N, C, H, W) with the channels last in memory."""
    return _numbers(n, h, w, c).transpose(0, 3, 1, 2)


def _leaf(*shape: int) -> Tensor:
    return Tensor(_pictures(*shape), requires_grad=True)


def _numbers(*shape: int) -> Array:
    """Between −1 and 1."""
    return 2 * np.random.default_rng(0).random(shape, np.float32) - 1


def _threads() -> int:
    return min(processors(), MOST_THREADS)


def _powers_of_2(first: int, last: int) -> tuple[int, ...]:
    return tuple(1 << k for k in range(first, last + 1))


CHOICES = (
    Choice("winograd", "TILES", (96, 192, 384), _convolution(UNET, (64, 3))),
    Choice("winograd", "GROUP", (256, 512, 1024), _convolution(UNET, (64, 3), of_weight=True)),
    Choice(
        "strips", "STRIP_BYTES", _powers_of_2(18, 20), _convolution((4, 32, 96, 64), (32, 3), 2)
    ),
    Choice("columns", "BLOCK_BYTES", _powers_of_2(19, 21), _convolution((64, 1, 64, 64), (16, 3))),
    Choice("pixels", "PIECE", _powers_of_2(17, 20), _convolution(UNET, (26, 1))),
    Choice("pointwise", "PIECE", _powers_of_2(18, 20), _pointwise),
    Choice("bias_relu", "LONG_PIECE", _powers_of_2(16, 19), _bias_relu),
    Choice("norm", "PIECE", _powers_of_2(16, 19), _norm),
    Choice("softmax", "PIECE", _powers_of_2(16, 19), _softmax),
    Choice("moving", "PIECE", _powers_of_2(18, 20), _moving),
    Choice("upsampling", "PIECE", _powers_of_2(18, 20), _upsampling),
    Choice("updates", "TASK", _powers_of_2(18, 20), _updates),
    Choice("updates", "PIECE", _powers_of_2(15, 17), _updates),
)

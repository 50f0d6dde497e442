"""PyTorch's side of the single ops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as f

from tests.bench.ops_cases import OPS, SMALL


def _batch_norm(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, relu: bool) -> torch.Tensor:
    return f.relu(f.batch_norm(x, None, None, w, b, training=True))


def _batch_norm_inference(
    x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, relu: bool
) -> torch.Tensor:
    statistics = torch.zeros_like(w.detach()), torch.ones_like(w.detach())
    return f.relu(f.batch_norm(x, *statistics, w, b))


def _group_norm(
    x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, relu: bool, groups: int
) -> torch.Tensor:
    return f.relu(f.group_norm(x, groups, w, b))


FUNCTIONS: dict[str, Callable] = {
    "add": torch.add,
    "avg_pool2d": f.avg_pool2d,
    "batch_norm": _batch_norm,
    "batch_norm_inference": _batch_norm_inference,
    "group_norm": _group_norm,
    "leaky_relu": f.leaky_relu,
    "concatenate": lambda *xs: torch.cat(xs, 1),
    "conv2d": f.conv2d,
    "conv2d_relu": lambda x, w, b, padding: f.relu(f.conv2d(x, w, b, padding=padding)),
    "conv2d_max_pool2d": lambda x, w, b, tanh: torch.tanh(f.max_pool2d(f.conv2d(x, w, b), 2)),
    "crop": lambda x, widths: x[:, :, : -widths[2][1], : -widths[3][1]],
    "divide": torch.divide,
    "dropout": lambda x, rate: f.dropout(x, rate),
    "exp": torch.exp,
    "linear": f.linear,
    "log": torch.log,
    "log_sigmoid": f.logsigmoid,
    "log_softmax": lambda x: torch.log_softmax(x, 1),
    "matmul": torch.matmul,
    "max_pool2d": f.max_pool2d,
    "mean": torch.mean,
    "multiply": torch.multiply,
    "negative": torch.negative,
    "pad": lambda x, widths: f.pad(x, (*widths[3], *widths[2])),
    "power": torch.pow,
    "relu": torch.relu,
    "reshape": torch.reshape,
    "select": lambda x, key: x[key],
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, 1),
    "softplus": f.softplus,
    "sqrt": torch.sqrt,
    "subtract": torch.subtract,
    "sum": torch.sum,
    "tanh": torch.tanh,
    "transpose": lambda x, axes: x.permute(axes),
    "upsample_bilinear": lambda x, scale: f.interpolate(x, scale_factor=scale, mode="bilinear"),
    "upsample_conv2d": lambda x, w, b: f.conv2d(
        f.pad(f.interpolate(x, scale_factor=2.0), (0, 1, 0, 1)), w, b
    ),
    "upsample_nearest": lambda x, scale: f.interpolate(x, scale_factor=scale),
}


class Side:
    """Runs the op that was chosen last."""

    def __init__(self, variant: str, device: str) -> None:
        self.channels_last, self.device = variant == "channels-last", device

    def choose(self, index: str) -> None:
        """Take inputs of that row of the table."""
        self.op = [*OPS, *SMALL][int(index)]
        self.inputs = [self._put(a).requires_grad_() for a in self.op.arrays()]
        shape = tuple(self._apply().shape)
        c = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
        self.cotangent = self._put(np.asarray(c))

    def check(self) -> dict[str, np.ndarray]:
        """Result and gradients."""
        y = self._apply()
        y.backward(self.cotangent)
        grads = {f"grad {i}": x.grad.cpu().numpy() for i, x in enumerate(self.inputs)}
        self._forget()
        return {} if self.op.random else {"y": y.detach().cpu().numpy(), **grads}

    def step(self) -> Callable[[], None]:
        """What is timed."""
        return self._run

    def wait(self) -> None:
        """Until everything asked for is done."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def _run(self) -> None:
        self._apply().backward(self.cotangent)
        self._forget()

    def _apply(self) -> torch.Tensor:
        return FUNCTIONS[self.op.op](*self.inputs, **self.op.options)

    def _forget(self) -> None:
        for x in self.inputs:
            x.grad = None

    def _put(self, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(array).to(self.device)
        if self.channels_last and tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        return tensor

"""minipose's side of the single ops."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable

import numpy as np

import minipose as mp
from minipose.backend import device_module, generator, to_device, to_host
from minipose.kernels.faster import plain_only
from tests.bench.ops_cases import OPS, SMALL


class Side:
    """Runs the op that was chosen last."""

    def __init__(self, variant: str, device: str) -> None:
        self.device = device
        self.form = plain_only if variant == "plain" else contextlib.nullcontext

    def choose(self, index: str) -> None:
        """Take inputs of that row of the table, in the memory order in which networks have them."""
        self.op = [*OPS, *SMALL][int(index)]
        arrays = [self._put(a, "conv2d" not in self.op.op or k == 0)
                  for k, a in enumerate(self.op.arrays())]  # fmt: skip
        self.inputs = [mp.Tensor(a, requires_grad=True) for a in arrays]
        self.options = dict(self.op.options)
        if self.op.op == "batch_norm_inference":
            like = self.inputs[1].data
            self.options |= {"mean": 0 * like, "variance": 0 * like + 1}
        if self.op.random:
            self.options["rng"] = generator(arrays[0], 0)
        shape = self._apply().shape
        c = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
        self.cotangent = self._put(c, True)

    def check(self) -> dict[str, np.ndarray]:
        """Result and gradients."""
        y = self._apply()
        y.backward(self.cotangent)
        grads = {f"grad {i}": to_host(x.grad) for i, x in enumerate(self.inputs)}
        self._forget()
        values = to_host(y.data)
        if self.op.random:
            return {}
        return {"y": values, **grads}

    def step(self) -> Callable[[], None]:
        """What is timed."""
        return self._run

    def wait(self) -> None:
        """Until everything asked for is done."""
        if self.device == "cuda":
            device_module("cuda").cuda.get_current_stream().synchronize()

    def _run(self) -> None:
        self._apply().backward(self.cotangent)
        self._forget()

    def _apply(self) -> mp.Tensor:
        op = getattr(mp.ops, self.op.op)
        inputs = [self.inputs] if self.op.op == "concatenate" else self.inputs
        if self.op.op == "batch_norm_inference":
            inputs = dict(zip(("x", "weight", "bias"), inputs, strict=True))
            op, inputs = functools.partial(op, **inputs), ()
        with self.form():
            y = op(*inputs, **self.options)
        return y[0] if isinstance(y, tuple) else y

    def _forget(self) -> None:
        for x in self.inputs:
            x.grad = None

    def _put(self, array: np.ndarray, is_map: bool) -> object:
        """On the device; pictures in the order in which ops leave them there, kernels as is."""
        if array.ndim == 4 and is_map and self.device == "cpu":
            axes = tuple("NCHW".index(axis) for axis in self.op.memory)
            back = tuple(sorted(range(4), key=axes.__getitem__))
            array = np.ascontiguousarray(array.transpose(axes)).transpose(back)
        return to_device(array, self.device)

"""minipose's side of the single ops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import minipose as mp
from minipose.backend import device_module, generator, to_device, to_host
from tests.bench.ops_cases import OPS


class Side:
    """Runs the op that was chosen last."""

    def __init__(self, variant: str, device: str) -> None:
        self.device = device

    def choose(self, index: str) -> None:
        """Take inputs of that row of the table, in the memory order in which networks have them."""
        self.op = OPS[int(index)]
        arrays = [self._put(a, "conv2d" not in self.op.op or k == 0)
                  for k, a in enumerate(self.op.arrays())]  # fmt: skip
        self.inputs = [mp.Tensor(a, requires_grad=True) for a in arrays]
        self.options = dict(self.op.options)
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
        return op(*inputs, **self.options)

    def _forget(self) -> None:
        for x in self.inputs:
            x.grad = None

    def _put(self, array: np.ndarray, is_map: bool) -> object:
        """On the device; pictures in the order in which ops leave them there, kernels as is."""
        if array.ndim == 4 and is_map and self.device == "cpu":
            axes = (2, 3, 1, 0) if self.op.batch_last else (0, 2, 3, 1)
            back = tuple(sorted(range(4), key=axes.__getitem__))
            array = np.ascontiguousarray(array.transpose(axes)).transpose(back)
        return to_device(array, self.device)

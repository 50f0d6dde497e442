"""Kernels of one's own: one call each, computed by their NumPy form, asked for as CuPy asks."""

from __future__ import annotations

import numpy as np

from tests.strict.array import StrictArray, unwrap
from tests.strict.calls import note


class ElementwiseKernel:
    """``cupy.ElementwiseKernel`` of a ``fast.device.kernel.Kernel``, found by its name.

    Of the arguments it refuses what CuPy refuses: another dtype than declared, two dtypes for one
    letter, shapes that do not broadcast to that of an output, only raw arrays.
    """

    def __init__(self, inputs: str, outputs: str, body: str, name: str, preamble: str = "") -> None:
        from minipose.fast.device.kernel import KERNELS  # absent where nothing is to be fast

        self.name = name.removeprefix("minipose_")
        self.host = KERNELS[self.name].host
        self.parameters = [one.split() for one in f"{inputs}, {outputs}".split(",")]
        self.inputs = len(inputs.split(","))

    def __call__(self, *arguments: object) -> None:
        if len(arguments) != len(self.parameters):
            raise TypeError(f"{self.name}: wrong number of arguments, {len(arguments)}")
        letters: dict[str, np.dtype] = {}
        loop: list[tuple[int, ...]] = []
        for (*raw, kind, name), argument in zip(self.parameters, arguments, strict=True):
            if not isinstance(argument, StrictArray):
                continue
            declared = letters.setdefault(kind, argument.dtype) if len(kind) == 1 else kind
            if argument.dtype != declared:
                raise TypeError(f"{self.name}: {name} is {argument.dtype}, expected {declared}")
            if not raw:
                loop.append(argument.shape)
        if not loop:
            raise ValueError(f"{self.name}: loop size is undecided")
        shape = np.broadcast_shapes(*loop)
        outputs = zip(self.parameters[self.inputs :], arguments[self.inputs :], strict=True)
        for (*raw, _, name), output in outputs:
            if not isinstance(output, StrictArray):
                raise TypeError(f"{self.name}: expected a device array as output {name}")
            if not raw and output.shape != shape:
                raise ValueError(f"{self.name}: {name} has {output.shape}, expected {shape}")
        note(f"kernel {self.name}")
        self.host(*(unwrap(argument, self.name) for argument in arguments))

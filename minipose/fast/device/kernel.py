"""One call of a GPU: what it does to one element, in CUDA's C++ and in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from minipose.backend import Array, array_module
from minipose.tensor import Tensor

KERNELS: dict[str, Kernel] = {}


class Kernel:
    """An element-wise kernel of CuPy's (``cupy.ElementwiseKernel``) that also runs on NumPy arrays.

    Parameters
    ----------
    name : one word
    inputs, outputs : str
        As CuPy declares them: ``"T x, raw T weight, int32 size"``. What is ``raw`` is indexed by
        the body, in row-major order whatever the strides; all else broadcasts, and the body sees
        the element ``i``. An output may be read, too: it holds what the caller put there.
    body : str
        C++ for element ``i``.
    host : callable
        The same for whole NumPy arrays: takes inputs and outputs, and writes into the outputs.
    preamble : str
        C++ before the kernel.
    """

    def __init__(
        self,
        name: str,
        inputs: str,
        outputs: str,
        body: str,
        host: Callable[..., None],
        preamble: str = "",
    ) -> None:
        self.name, self.inputs, self.outputs = name, inputs, outputs
        self.body, self.host, self.preamble = body, host, preamble
        self._compiled: dict[ModuleType, Callable[..., Any]] = {}
        KERNELS[name] = self

    def __call__(self, *arguments: Any) -> None:
        """Inputs, then outputs, all of which exist: on the library of the last one."""
        xp = array_module(arguments[-1])
        if xp is np:
            self.host(*arguments)
            return
        if xp not in self._compiled:
            self._compiled[xp] = xp.ElementwiseKernel(
                self.inputs,
                self.outputs,
                self.body,
                f"minipose_{self.name}",
                preamble=self.preamble,
            )
        self._compiled[xp](*arguments)


def on_device(*tensors: object, bias: object = None) -> bool:
    """Whether all are Tensors of arrays of one dtype on a GPU; only the bias may be left out.

    False for empty ones, too, with which kernels are not launched.
    """
    dtypes = set()
    for x in tensors if bias is None else (*tensors, bias):
        if not isinstance(x, Tensor) or isinstance(x.data, np.ndarray) or not x.data.size:
            return False
        dtypes.add(x.data.dtype)
    return len(dtypes) == 1


def empty_images(like: Array, shape: tuple[int, ...]) -> Array:
    """Uninitialised, of that shape; images as they lie between layers: (C, N, H, W) in memory."""
    xp = array_module(like)
    if len(shape) != 4:
        return xp.empty(shape, dtype=like.dtype)
    n, c, h, w = shape
    return xp.empty((c, n, h, w), dtype=like.dtype).transpose(1, 0, 2, 3)


def flat(x: Array) -> Array:
    """(N, C, H, W) -> (C, N·H·W): a view of one picture, and of what a product has made."""
    return x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1)


def unflat(matrix: Array, n: int, size: tuple[int, int]) -> Array:
    """(C, N·H·W) -> (N, C, H, W): a view."""
    return matrix.reshape(len(matrix), n, *size).transpose(1, 0, 2, 3)

"""Element-wise chains as one call each: the slope of tanh, dropout that draws its own numbers.

Random numbers are made where they are used, by hashing an element's place with a seed, so that none
are stored: the backward pass makes the same ones again. They are not those of ``ops.dropout``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.backend import Array, DeviceGenerator
from minipose.fast.device.kernel import Kernel, empty_images, on_device
from minipose.kernels.faster import offer
from minipose.ops.dropout import dropout as plain_dropout
from minipose.tensor import Tensor, record


def _tanh_back(grad_y: Array, y: Array, grad_x: Array) -> None:
    grad_x[...] = grad_y * (1 - y * y)


TANH_BACK = Kernel(
    "tanh_back", "T grad_y, T y", "T grad_x", "grad_x = grad_y * (T(1) - y * y);", _tanh_back
)

# --- Random numbers by hashing --------------------------------------------------------------------

UNIFORM = """
__device__ unsigned int mixed(unsigned int h) {
    h ^= h >> 16; h *= 0x7feb352dU; h ^= h >> 15; h *= 0x846ca68bU; return h ^ (h >> 16);
}
__device__ float uniform(unsigned int place, unsigned int key, unsigned int lock) {
    return (mixed(mixed(place ^ key) + lock) >> 8) * (1.0f / 16777216.0f);
}
"""


def mixed(h: np.ndarray) -> np.ndarray:
    """A permutation of all 32-bit numbers without visible order.

    Source: C. Wellons, hash-prospector, "lowbias32".
    """
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x7FEB352D)
    h = h ^ (h >> np.uint32(15))
    h = h * np.uint32(0x846CA68B)
    return h ^ (h >> np.uint32(16))


def uniform(places: np.ndarray, key: int, lock: int) -> np.ndarray:
    """In [0, 1), one number of 24 bits for each place."""
    with np.errstate(over="ignore"):  # of which NumPy warns for single numbers
        mixture = mixed(mixed(places.astype(np.uint32) ^ np.uint32(key)) + np.uint32(lock))
    return (mixture >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def keys(rng: DeviceGenerator) -> tuple[int, int]:
    """What turns places into other numbers than at every other call."""
    seed, draw = (np.full(1, value, dtype=np.uint32) for value in rng.draw())
    key = mixed(seed + np.uint32(0x9E3779B9) * draw)
    return int(key[0]), int(mixed(key ^ draw)[0])


def _dropout(x: Array, key: int, lock: int, rate: float, scale: float, y: Array) -> None:
    kept = uniform(np.arange(x.size).reshape(x.shape), key, lock) >= np.float32(rate)
    y[...] = x * (kept * y.dtype.type(scale))


DROPOUT = Kernel(
    "dropout",
    "T x, uint32 key, uint32 lock, float32 rate, T scale",
    "T y",
    "y = uniform(i, key, lock) >= rate ? x * scale : x * T(0);",
    _dropout,
    UNIFORM,
)


def dropout(x: Tensor, rate: float, rng: Any) -> Tensor:
    """``ops.dropout``."""
    arguments = (*keys(rng), float(rate), 1 / (1 - rate))

    def apply(values: Array) -> Array:
        y = empty_images(values, values.shape)
        DROPOUT(values, *arguments, y)
        return y

    def backward(grad_y):
        return (apply(grad_y),)

    return record("dropout", apply(x.data), inputs=(x,), backward=backward)


def _suits(x, rate, rng) -> bool:
    return on_device(x) and isinstance(rng, DeviceGenerator) and 0 <= rate < 1


offer(plain_dropout, _suits, dropout)

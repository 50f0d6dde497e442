"""Dropout whose products are made by all threads."""

from __future__ import annotations

from typing import Any

from minipose.fast.scaling import scaled
from minipose.fast.suitable import on_cpu
from minipose.kernels.faster import offer
from minipose.ops.dropout import dropout as plain_dropout
from minipose.ops.dropout import kept_and_scaled
from minipose.tensor import Tensor, record


def dropout(x: Tensor, rate: float, rng: Any) -> Tensor:
    """``ops.dropout``."""
    scale = kept_and_scaled("dropout", x, x.shape, rate, rng)

    def backward(grad_y):
        return (scaled(grad_y, scale),)

    return record("dropout", scaled(x.data, scale), inputs=(x,), backward=backward)


def _suits(x, rate, rng) -> bool:
    return on_cpu(x)


offer(plain_dropout, _suits, dropout)

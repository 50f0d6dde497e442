"""Arithmetic and activations: each output element depends on one element of each input.

Shapes broadcast as NumPy's do; the engine sums the gradients back. A Python number beside a Tensor
takes the Tensor's dtype, so it never turns float32 into float64.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType

import numpy as np

from minipose.backend import NUMBERS, Array, array_module, is_array
from minipose.kernels.faster import replaceable
from minipose.tensor import Tensor, record

Operand = Tensor | Array | float


def values(name: str, x: Tensor) -> Array:
    """The array of a Tensor. Raises TypeError for what is none."""
    if not isinstance(x, Tensor):
        hint = ": write Tensor(x)" if is_array(x) or isinstance(x, (list, float)) else ""
        raise TypeError(f"{name}: expected a Tensor, got {type(x).__name__}{hint}")
    return x.data


def operands(name: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """Both as tensors: numbers, lists and arrays of integers adopt the other's dtype."""
    if not isinstance(a, Tensor):
        a = _like(name, a, b)
    if not isinstance(b, Tensor):
        b = _like(name, b, a)
    return a, b


def pair(name: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """``operands`` that broadcast together."""
    a, b = operands(name, a, b)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ValueError(f"{name}: shapes {a.shape} and {b.shape} do not broadcast") from None
    return a, b


def _like(name: str, value: object, other: object) -> Tensor:
    if not isinstance(other, Tensor):
        raise TypeError(f"{name}: expected at least one Tensor, got {type(other).__name__}")
    number, xp = isinstance(value, (int, float)), array_module(other.data)
    number = number or (isinstance(value, np.generic) and value.dtype.kind in NUMBERS)
    if number and xp is not np:
        return Tensor(_constant(xp, float(value), other.dtype))
    if not number and is_array(value):
        return Tensor(value.astype(other.dtype) if value.dtype.kind in "iub" else value)
    try:
        if number or (value is not None and np.asarray(value).dtype.kind in NUMBERS + "O"):
            return Tensor(xp.asarray(value, dtype=other.dtype))
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name}: expected an array or numbers, got {type(value).__name__}")


@functools.lru_cache(maxsize=256)
def _constant(xp: ModuleType, value: float, dtype: np.dtype) -> Array:
    """A number on a GPU, where it is sent once and not at every step."""
    return xp.asarray(value, dtype=dtype)


def reflected(op: Callable[[Operand, Operand], Tensor]) -> Callable[[Operand, Operand], Tensor]:
    """The op with its operands exchanged, for ``2 - x``, which Python asks of x."""
    return lambda a, b: op(b, a)


@replaceable
def add(a: Operand, b: Operand) -> Tensor:
    """y = a + b,  dL/da = dL/dy,  dL/db = dL/dy."""
    a, b = pair("add", a, b)

    def backward(grad_y):
        return grad_y, grad_y

    return record("add", a.data + b.data, inputs=(a, b), backward=backward)


@replaceable
def subtract(a: Operand, b: Operand) -> Tensor:
    """y = a − b,  dL/da = dL/dy,  dL/db = −dL/dy."""
    a, b = pair("subtract", a, b)

    def backward(grad_y):
        return grad_y, -grad_y

    return record("subtract", a.data - b.data, inputs=(a, b), backward=backward)


def multiply(a: Operand, b: Operand) -> Tensor:
    """y = a · b,  dL/da = dL/dy · b,  dL/db = dL/dy · a."""
    a, b = pair("multiply", a, b)
    a_data, b_data = a.data, b.data
    a_needed, b_needed = a.requires_grad, b.requires_grad

    def backward(grad_y):
        return grad_y * b_data if a_needed else None, grad_y * a_data if b_needed else None

    return record("multiply", a_data * b_data, inputs=(a, b), backward=backward)


def divide(a: Operand, b: Operand) -> Tensor:
    """y = a / b,  dL/da = dL/dy / b,  dL/db = −dL/dy · y / b."""
    a, b = pair("divide", a, b)
    b_data = b.data
    y = a.data / b_data

    def backward(grad_y):
        grad_a = grad_y / b_data
        return grad_a, -grad_a * y

    return record("divide", y, inputs=(a, b), backward=backward)


def power(x: Operand, exponent: Operand) -> Tensor:
    """y = xᵖ,  dL/dx = dL/dy · p · xᵖ⁻¹,  dL/dp = dL/dy · y · ln x (0 where x = 0 and p ≥ 0)."""
    if not isinstance(exponent, (int, float, np.generic)):
        return _power(*pair("power", x, exponent))
    if not isinstance(x, Tensor):
        raise TypeError(f"power: expected at least one Tensor, got {type(x).__name__}")
    data, p = x.data, float(exponent)
    lower = p - 1.0 if p else 0.0  # x⁰ has the slope 0 also at 0, where x⁻¹ is infinite

    def backward(grad_y):
        return (grad_y * (p * data**lower),)

    return record("power", data**p, inputs=(x,), backward=backward)


def _power(x: Tensor, exponent: Tensor) -> Tensor:
    xp, data, p = array_module(x.data), x.data, exponent.data
    y = data**p
    x_needed, p_needed = x.requires_grad, exponent.requires_grad

    def backward(grad_y):
        lower = p - (p != 0)  # as above, of each power
        grad_x = grad_y * (p * data**lower) if x_needed else None
        if not p_needed:
            return grad_x, None
        slope = y * xp.log(xp.where((data == 0) & (p >= 0), 1, data))
        return grad_x, grad_y * slope

    return record("power", y, inputs=(x, exponent), backward=backward)


def negative(x: Tensor) -> Tensor:
    """y = −x,  dL/dx = −dL/dy."""
    data = values("negative", x)

    def backward(grad_y):
        return (-grad_y,)

    return record("negative", -data, inputs=(x,), backward=backward)


def exp(x: Tensor) -> Tensor:
    """y = eˣ,  dL/dx = dL/dy · y."""
    data = values("exp", x)
    y = array_module(data).exp(data)

    def backward(grad_y):
        return (grad_y * y,)

    return record("exp", y, inputs=(x,), backward=backward)


def log(x: Tensor) -> Tensor:
    """y = ln x for x > 0,  dL/dx = dL/dy / x."""
    data = values("log", x)

    def backward(grad_y):
        return (grad_y / data,)

    return record("log", array_module(data).log(data), inputs=(x,), backward=backward)


def sqrt(x: Tensor) -> Tensor:
    """y = √x for x > 0,  dL/dx = dL/dy / (2y). At x = 0 the derivative is infinite."""
    data = values("sqrt", x)
    y = array_module(data).sqrt(data)

    def backward(grad_y):
        return (grad_y / (2 * y),)

    return record("sqrt", y, inputs=(x,), backward=backward)


def tanh(x: Tensor) -> Tensor:
    """y = tanh x,  dL/dx = dL/dy · (1 − y²)."""
    data = values("tanh", x)
    y = array_module(data).tanh(data)

    def backward(grad_y):
        return (grad_y * (1 - y * y),)

    return record("tanh", y, inputs=(x,), backward=backward)


@replaceable
def sigmoid(x: Tensor) -> Tensor:
    """y = σ(x) = 1/(1 + e⁻ˣ),  dL/dx = dL/dy · y(1 − y).

    Computed as e^−ln(1 + e⁻ˣ), which neither overflows nor loses small values.
    """
    data = values("sigmoid", x)
    xp = array_module(data)
    y = xp.exp(-xp.logaddexp(0, -data))

    def backward(grad_y):
        return (grad_y * (y * xp.exp(-xp.logaddexp(0, data))),)  # 1 − y = σ(−x)

    return record("sigmoid", y, inputs=(x,), backward=backward)


@replaceable
def log_sigmoid(x: Tensor) -> Tensor:
    """y = ln σ(x) = −ln(1 + e⁻ˣ),  dL/dx = dL/dy · σ(−x)."""
    data = values("log_sigmoid", x)
    xp = array_module(data)

    def backward(grad_y):
        return (grad_y * xp.exp(-xp.logaddexp(0, data)),)

    return record("log_sigmoid", -xp.logaddexp(0, -data), inputs=(x,), backward=backward)


@replaceable
def softplus(x: Tensor) -> Tensor:
    """y = ln(1 + eˣ),  dL/dx = dL/dy · σ(x).

    Computed as max(x, 0) + ln(1 + e^−|x|), which neither overflows nor loses small values.
    """
    data = values("softplus", x)
    xp = array_module(data)
    y = xp.maximum(data, 0) + xp.log1p(xp.exp(-xp.abs(data)))

    def backward(grad_y):
        return (grad_y * xp.exp(-xp.logaddexp(0, -data)),)  # σ(x), also where it is small

    return record("softplus", y, inputs=(x,), backward=backward)


@replaceable
def relu(x: Tensor) -> Tensor:
    """y = max(x, 0),  dL/dx = dL/dy where x > 0, else 0 (also at x = 0)."""
    data = values("relu", x)
    y = array_module(data).maximum(data, 0)

    def backward(grad_y):
        return (grad_y * (y > 0),)

    return record("relu", y, inputs=(x,), backward=backward)


@replaceable
def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    """y = x where x > 0, else a·x with the slope a;  dL/dx = dL/dy where x > 0, else a · dL/dy."""
    data = values("leaky_relu", x)
    xp = array_module(data)
    above = data > 0

    def backward(grad_y):
        return (xp.where(above, grad_y, slope * grad_y),)

    y = xp.where(above, data, slope * data)
    return record("leaky_relu", y, inputs=(x,), backward=backward)

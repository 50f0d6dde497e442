"""One sample of PyTorch's tables, computed twice: by PyTorch, and by minipose as translated.

Values are compared, then the gradients of every tensor that asks for one, for random cotangents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_leaves, tree_map

from minipose import Tensor
from tests.oracles.beyond import need

# (rtol, atol): the second is relative to the largest number of an array, but at least 1.
TOLERANCES = {torch.float64: (1e-9, 1e-11), torch.float32: (2e-5, 2e-6)}
Pair = tuple[Tensor, torch.Tensor]
NUMBERS = "complex numbers or mixed precision"


class Disagreement(AssertionError):
    """minipose and PyTorch differ."""


def compare(
    theirs: Callable,
    ours: Callable,
    arguments: Any,
    dtype: torch.dtype,
    parameters: Sequence[Pair] = (),
) -> None:
    """Raise ``Disagreement`` unless both make the same of the arguments, and of its gradients.

    Parameters
    ----------
    theirs, ours : callables of the same arguments
        PyTorch's function, and its translation, which may raise ``Beyond``.
    arguments : (args, kwargs), nested, with tensors of PyTorch in it
    parameters : pairs of ours and theirs whose gradients are compared, too
    """
    arguments = tree_map(_leaf, arguments)
    floats = [t for t in tensors(arguments) if t.is_floating_point() or t.is_complex()]
    need(all(t.dtype == dtype for t in floats), NUMBERS)
    args, kwargs = arguments
    expected = _several(theirs(*args, **kwargs))
    args, kwargs, converted = convert(arguments)
    got = _several(ours(*args, **kwargs))
    _same("number of results", len(got), len(expected))
    for i, (one, other) in enumerate(zip(got, expected, strict=True)):
        close(f"result {i}", data(one), other.detach().numpy(), dtype)
    cotangents = [np.random.default_rng(i).standard_normal(y.shape) for i, y in enumerate(expected)]
    pairs = [pair for pair in (*converted, *parameters) if pair[1].requires_grad]
    slopes = gradients(expected, [t for _, t in pairs], cotangents)
    backward(got, cotangents)
    for i, ((tensor, _), slope) in enumerate(zip(pairs, slopes, strict=True)):
        ours_ = np.zeros(tensor.shape, tensor.dtype) if tensor.grad is None else tensor.grad
        somewhere = _has_slope(tensor.data, expected)
        _same(f"gradient {i}: shape", ours_.shape, slope.shape)
        close(f"gradient {i}", ours_[somewhere], slope[somewhere], dtype)


def _has_slope(x: np.ndarray, results: list) -> np.ndarray:
    """Where x and what is made of it, element by element, are numbers."""
    numbers = ~np.isnan(x)
    for y in results:
        if y.is_floating_point() and tuple(y.shape) == x.shape:
            numbers &= ~np.isnan(y.detach().numpy())
    return numbers


def convert(arguments: Any) -> tuple[tuple, dict, list[Pair]]:
    """The same arguments with Tensors for floats and arrays for all else; which became which."""
    known: dict[int, Tensor] = {}
    pairs: list[Pair] = []

    def one(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        array = value.detach().numpy()  # the same memory: strides and overlaps stay
        if not value.is_floating_point():
            return array
        if id(value) not in known:
            known[id(value)] = Tensor(array, requires_grad=value.requires_grad)
            pairs.append((known[id(value)], value))
        return known[id(value)]

    args, kwargs = tree_map(one, arguments)
    return args, kwargs, pairs


def gradients(results: list, leaves: list, cotangents: list) -> list[np.ndarray]:
    """PyTorch's gradients; zeros where a leaf is not reached."""
    reached = [i for i, y in enumerate(results) if y.requires_grad]
    found: list = [None] * len(leaves)
    if reached and leaves:
        found = torch.autograd.grad(
            [results[i] for i in reached],
            leaves,
            [torch.as_tensor(cotangents[i], dtype=results[i].dtype) for i in reached],
            allow_unused=True,
        )
    found = [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True)]
    return [g.detach().numpy() for g in found]


def backward(results: list, cotangents: list) -> None:
    """minipose's gradients: those of several results add up in the leaves."""
    for y, c in zip(results, cotangents, strict=True):
        if isinstance(y, Tensor) and y.requires_grad:
            y.backward(np.asarray(c, dtype=y.dtype), retain_graph=True)


def close(what: str, got: np.ndarray, expected: np.ndarray, dtype: torch.dtype) -> None:
    """Raise ``Disagreement`` if shape, dtype or a value differs."""
    _same(f"{what}: shape", tuple(got.shape), tuple(expected.shape))
    if expected.dtype.kind != "f":
        if not np.array_equal(got, expected):
            raise Disagreement(f"{what}: {got} instead of {expected}")
        return
    _same(f"{what}: dtype", got.dtype, expected.dtype)
    rtol, atol = TOLERANCES[dtype]
    finite = np.abs(expected[np.isfinite(expected)])
    atol *= max(1.0, float(finite.max(initial=0.0)))
    try:
        np.testing.assert_allclose(got, expected, rtol, atol)
    except AssertionError as error:
        raise Disagreement(f"{what}: {error}") from None


def data(result: object) -> np.ndarray:
    return result.data if isinstance(result, Tensor) else np.asarray(result)


def _several(results: object) -> list:
    return list(results) if isinstance(results, (tuple, list)) else [results]


def _same(what: str, got: object, expected: object) -> None:
    if got != expected:
        raise Disagreement(f"{what}: {got} instead of {expected}")


def _leaf(value: Any) -> Any:
    """A tensor on the same memory that no other has been made from, so that it gets a gradient."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().requires_grad_(value.requires_grad)


def dtype_name(dtype: torch.dtype) -> str:
    """float32 or float64."""
    return str(dtype).removeprefix("torch.")


def tensors(arguments: Any) -> list[torch.Tensor]:
    """All tensors of nested arguments."""
    return [value for value in tree_leaves(arguments) if isinstance(value, torch.Tensor)]


def is_float(tensor: torch.Tensor) -> bool:
    """Whether minipose computes with such numbers."""
    return tensor.dtype in TOLERANCES


def in_short(arguments: Any) -> str:
    """The arguments of a sample: shape, dtype and first elements of a tensor, all else as it is."""

    def one(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        lying = "" if value.is_contiguous() else f", strides {value.stride()}"
        first = value.detach().reshape(-1)[:3].tolist()
        return f"<{dtype_name(value.dtype)} {tuple(value.shape)}{lying}: {first}>"

    return str(tree_map(one, arguments))

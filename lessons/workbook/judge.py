"""What a check is written with: compare what came back, and say what is wrong in one sentence."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import minipose as mp
from lessons.workbook import explain
from minipose.gradcheck import GradientError, check_gradients
from minipose.tensor import record

Known = Mapping[str, Any]  # what a typical mistake is called -> what it gives, or how to compute it


class Wrong(Exception):
    """What a reader's result does wrong, in a sentence."""


def same(
    what: str,
    got: object,
    expected: object,
    sizes: explain.Sizes | None = None,
    known: Known | None = None,
    rtol: float = explain.RTOL,
    atol: float = explain.ATOL,
) -> None:
    """Compare a result with what is expected; what is wrong is named as exactly as possible.

    Parameters
    ----------
    what : the subject of the sentence: "what arrives at the bias"
    sizes : what axes of a length count: {4: "examples"}; lengths should differ
    known : typical mistakes, and what comes out of each

    Raises
    ------
    Wrong
        If they differ.
    """
    found, expected = numbers(what, got), np.asarray(expected, float)
    if explain.close(found, expected, rtol, atol):
        return
    for mistake, result in (known or {}).items():
        with np.errstate(all="ignore"):
            result = np.asarray(result() if callable(result) else result, float)
        if explain.close(found, result, max(rtol, 1e-6), atol):
            shown = found.size == expected.size == 1
            beside = f" ({explain.numbers(found, expected)})" if shown else ""
            raise Wrong(f"{what} is what comes out {mistake}{beside}")
    if found.shape != expected.shape:
        raise Wrong(f"{what} {explain.shape(found.shape, expected.shape, sizes or {})}")
    raise Wrong(f"{what} {explain.values(found, expected, sizes or {}, rtol, atol)}")


def numbers(what: str, got: object) -> np.ndarray:
    """A result as an array of floats; what is none is Wrong."""
    if got is None:
        raise Wrong(f"{what} is None: is a `return` missing?")
    if callable(got):
        raise Wrong(f"{what} is a function: call it, or return its result")
    if hasattr(got, "rule"):
        raise Wrong(f"{what} is a {type(got).__name__}, expected plain numbers: its .data")
    try:
        array = np.asarray(got)
    except (TypeError, ValueError):  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":  # of complex numbers, too, the real parts are not all
        kind = type(got).__name__
        raise Wrong(f"{what} is a {kind} that is no array of numbers: {got!r:.60}")
    return array.astype(float)


def several(what: str, got: object, names: Sequence[str]) -> tuple:
    """A tuple or list with one result for each name."""
    if got is None:
        raise Wrong(f"{what} is None: is a `return` missing?")
    wanted = f"{len(names)} ({', '.join(names)})" if len(names) > 1 else f"one ({names[0]})"
    if not isinstance(got, (tuple, list)):
        comma = "; (g,) with its comma is a tuple of one" if len(names) == 1 else ""
        kind = f"a {type(got).__name__}"
        if isinstance(got, (int, float, np.generic, np.ndarray)):
            kind = "a single array" if np.ndim(got) else "a single number"
        raise Wrong(f"{what} is {kind}, expected a tuple of {wanted}{comma}")
    if len(got) != len(names):
        raise Wrong(f"{what} has {len(got)} parts, expected {wanted}")
    return tuple(got)


def untouched(name: str, array: np.ndarray, before: np.ndarray) -> None:
    """Raises Wrong if a function changed what it was given."""
    if not np.array_equal(array, before, equal_nan=True):
        raise Wrong(f"{name} was changed on the way: work on a copy, others still need it")


def ask(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a reader's function with copies of arrays, which must stay as they are."""
    given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    result = function(*given)
    for k, (before, after) in enumerate(zip(arguments, given)):
        if isinstance(before, np.ndarray):
            untouched(f"argument {k + 1} of {function.__name__}", after, before)
    return result


# --- Operations on tensors of the reader's own ----------------------------------------------------


def leaf(array: np.ndarray) -> Any:
    """A tensor of the reader's own kind."""
    return importlib.import_module("mine.linear_tanh").Tensor(np.array(array, float))


def gradients(
    function: Callable[..., mp.Tensor], arrays: Sequence[np.ndarray], g: np.ndarray
) -> list[np.ndarray]:
    """What arrives at each of the arrays when g arrives at the result: by minipose."""
    tensors = [mp.Tensor(np.array(a, float), requires_grad=True) for a in arrays]
    function(*tensors).backward(g)
    return [tensor.grad for tensor in tensors]


def operation(
    name: str,
    own: Callable[..., Any],
    given: Mapping[str, np.ndarray],
    reference: Callable[..., np.ndarray],
    package: Callable[..., mp.Tensor],
    sizes: explain.Sizes | None = None,
    known: Known | None = None,
    known_gradients: Mapping[str, Callable[[np.ndarray], Known]] | None = None,
    again: Sequence[np.ndarray] | None = None,
) -> None:
    """Judge an operation and its rule: by a reference, by minipose, and by differences.

    Parameters
    ----------
    own : the reader's, on tensors of their own
    given : its inputs, by name
    reference : what it computes, on arrays
    package : the same on minipose's tensors, whose gradients are tested
    known : mistakes of the result
    known_gradients : for an input, g -> mistakes of what arrives there
    again : other inputs, on which slopes are compared; by default the same
    """
    sizes, arrays = sizes or {}, list(given.values())
    leaves = [leaf(array) for array in arrays]
    y = tensor(name, own(*leaves))
    same(f"{name}: the result", y.data, reference(*arrays), sizes, known)
    g = np.random.default_rng(7).standard_normal(np.shape(y.data)) + 0.1
    handed = g.copy()
    grads = arrived(name, y, dict(zip(given, leaves)), handed)
    untouched(f"{name}: g", handed, g)
    expected = dict(zip(given, gradients(package, arrays, g)))
    for key, grad in grads.items():
        mistakes = (known_gradients or {}).get(key, lambda g: {})(g)
        same(f"{name}: what arrives at {key}", grad, expected[key], sizes, mistakes)
    for key, one, before in zip(given, leaves, arrays):
        untouched(f"{name}: {key}.data", np.asarray(one.data), np.asarray(before, float))
    try:
        check_gradients(recorded(own), [np.array(a, float) for a in again or arrays], entries=40)
    except GradientError as error:
        raise Wrong(f"{name}: right for one example, wrong for another: {error}") from None


def loss(
    name: str,
    own: Callable[..., Any],
    said: Mapping[str, np.ndarray],
    target: np.ndarray,
    reference: Callable[..., np.ndarray],
    package: Callable[..., mp.Tensor],
    sizes: explain.Sizes,
    known: Known,
    known_gradients: Callable[[np.ndarray], Known],
) -> None:
    """Judge a loss, own(tensor, target), as an operation of what was said: one input, by name.

    Once more with two examples only, so that no number in the code can stand for their count.
    """
    ((key, array),) = said.items()
    for title, few in ((name, slice(None)), (f"{name} of two examples", slice(2))):
        goal = target[few]
        operation(
            title,
            partial(_second, own, goal),
            {key: array[few]},
            partial(_second, reference, goal),
            partial(_second, package, goal),
            sizes if title == name else {},
            known if title == name else {},
            {key: known_gradients if title == name else lambda g: {}},
        )


def _second(function: Callable[..., Any], target: np.ndarray, said: Any) -> Any:
    return function(said, target)


def tensor(name: str, y: object) -> Any:
    """The result of a reader's operation: a tensor with a rule."""
    if y is None:
        raise Wrong(f"{name} returns None: is a `return` missing?")
    if not hasattr(y, "rule"):
        kind = type(y).__name__
        raise Wrong(f"{name} returns a {kind}, which forgets its inputs: return Tensor(y, …)")
    if y.rule is None:
        raise Wrong(f"{name}: the result has no rule: Tensor(y, inputs, rule)")
    return y


def recorded(own: Callable[..., Any]) -> Callable[..., mp.Tensor]:
    """A reader's operation as one of minipose's, so that minipose's gradient check can judge it."""

    def function(*tensors: mp.Tensor) -> mp.Tensor:
        leaves = [leaf(each.data) for each in tensors]
        y = own(*leaves)

        def backward(g: np.ndarray) -> tuple:
            grads = arrived("the operation", y, dict(enumerate(leaves)), g).values()
            return tuple(np.asarray(grad, float) for grad in grads)

        return record("mine", np.asarray(y.data, float), inputs=tensors, backward=backward)

    return function


def arrived(name: str, y: Any, leaves: Mapping[Any, Any], g: Any) -> dict[Any, Any]:
    """What arrives at each of the leaves when g arrives at y; by the rules on the way.

    An operation that makes its result in one step has to hand back what fits. One that is composed
    of others is walked through here, and broadcasting is undone, as the reader's engine does.
    """
    names = {id(leaf): str(key) for key, leaf in leaves.items()}
    order = _in_order(y)
    for key, leaf in leaves.items():
        if not any(leaf is value for value in order):
            raise Wrong(f"{name}: the result does not remember its input {key}")
    single = all(id(each) in names for each in y.inputs)
    grads = {id(y): g}
    for value in reversed(order):
        if not value.inputs or id(value) not in grads:
            continue
        who = [names.get(id(each), "an intermediate value") for each in value.inputs]
        handed = several(f"{name}: what its rule returns", value.rule(grads[id(value)]), who)
        for before, grad in zip(value.inputs, handed):
            if not single:
                grad = _unbroadcast(numbers(f"{name}: what a rule returns", grad), before.data)
            grads[id(before)] = grads[id(before)] + grad if id(before) in grads else grad
    return {key: grads[id(leaf)] for key, leaf in leaves.items()}


def _in_order(y: Any) -> list:
    order, seen = [], set()

    def visit(value: Any) -> None:
        if id(value) not in seen:
            seen.add(id(value))
            for before in value.inputs:
                visit(before)
            order.append(value)

    visit(y)
    return order


def _unbroadcast(grad: np.ndarray, array: Any) -> np.ndarray:
    shape = np.shape(array)
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    return grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)

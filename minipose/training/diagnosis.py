"""Where the first NaN of a training came from: which step, which op, which sample.

A step is replayed from the weights that it began with, with every result and every gradient looked
at. Batches, dropout and so the whole step are the same each time, so what went wrong goes wrong
again. Where the weights are no longer those, the training is replayed from its last checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minipose.backend import array_module
from minipose.graph import Node, last_to_first
from minipose.nn import Module
from minipose.tensor import Tensor, debug
from minipose.training.checkpoint import not_finite

Loss = Callable[[Module, Any], Tensor]


def first_fault(model: Module, loss: Loss, batch: Any, entropy: tuple[int, ...]) -> str | None:
    """What is not finite first in a step, in words: in the batch, forward, or backward; else None.

    The weights have to be those before the step. Gradients are left behind.
    """
    bad = _not_finite_in(batch)
    if bad is not None:
        return bad
    fault = _op(model, loss, batch, entropy)
    if fault is None:
        return None
    alone = (
        number
        for number, sample in enumerate(_samples(batch))
        if _op(model, loss, sample, entropy) is not None
    )
    sample = next(alone, None)
    where = "" if sample is None else f", for sample {sample} of its batch also alone"
    return f"{fault}{where}"


def weights_at_fault(model: Module) -> str | None:
    """The first parameter or buffer that is not finite."""
    return not_finite(model.state_dict())


def _op(model: Module, loss: Loss, batch: Any, entropy: tuple[int, ...]) -> str | None:
    """The first op whose result, or whose gradients, are not finite."""
    for parameter in model.parameters():
        parameter.grad = None
    model.reseed(*entropy)
    try:
        with np.errstate(all="ignore"), debug():
            value = loss(model, batch)
        with np.errstate(all="ignore"):
            _look_at_gradients(value)
            value.backward()
    except FloatingPointError as fault:
        return str(fault)
    finally:
        for parameter in model.parameters():
            parameter.grad = None
    return None


def _look_at_gradients(loss: Tensor) -> None:
    """Let every op's ``backward`` be followed by a look at what it gave."""

    def looked_at(node: Node) -> Callable[[Any], tuple]:
        backward = node.backward

        def checked(grad_y: Any) -> tuple:
            answers = backward(grad_y)
            for grad in answers:
                if grad is not None and not bool(array_module(grad).isfinite(grad).all()):
                    raise FloatingPointError(f"{node.name}: its gradient is not finite")
            return answers

        return checked

    if loss.node is not None:
        nodes = [node for node in last_to_first(loss.node) if isinstance(node, Node)]
        for node in nodes:
            node.backward = looked_at(node)


def _not_finite_in(batch: Any) -> str | None:
    """The first array of a batch with a value that is not finite, and its first such sample."""
    names = getattr(batch, "_fields", None) or range(len(batch))
    for name, array in zip(names, batch, strict=True):
        if array is None or not hasattr(array, "dtype") or array.dtype.kind != "f":
            continue
        finite = array_module(array).isfinite(array).reshape(len(array), -1).all(axis=1)
        if not bool(finite.all()):
            called = name if isinstance(name, str) else f"array {name}"
            return f"{called} of sample {int(finite.argmin())} of its batch is not finite"
    return None


def _samples(batch: Any) -> Iterator[Any]:
    """Batches of one sample each."""
    for k in range(len(batch[0])):
        one = (None if array is None else array[k : k + 1] for array in batch)
        yield type(batch)(*one) if hasattr(batch, "_fields") else tuple(one)

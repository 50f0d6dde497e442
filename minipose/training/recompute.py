"""Less memory for more time: keep what enters a part of a network, and compute the rest again.

    y = f(x, w)        dL/dx, dL/dw: f is computed again when dL/dy is known, then walked back

A graph holds what every op needs for its derivative. Of a *segment*, a module that is recomputed,
only its inputs are held; its own graph lives while it is walked. The second computation starts from
the same random numbers and the same buffers, and its own changes of them are thrown away, so
gradients and running statistics are those of an ordinary step, bit for bit.

Source: Chen et al. 2016, "Training deep nets with sublinear memory cost", section 3.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from minipose.backend import Array
from minipose.graph import telling
from minipose.nn.module import Module, watching
from minipose.tensor import Parameter, Tensor, _recording, no_grad, record


@contextlib.contextmanager
def recomputed(segments: Iterable[Module]) -> Iterator[None]:
    """Within this block calls of these modules keep only their inputs; no matter where backward is.

    >>> import numpy as np
    >>> import minipose as mp
    >>> net = mp.nn.Sequential(mp.nn.Linear(2, 8, np.random.default_rng(0)), mp.nn.Tanh())
    >>> with recomputed(net):
    ...     y = net(mp.Tensor([[1.0, 2.0]]))
    >>> y.sum().backward()
    >>> net[0].weight.grad.shape
    (8, 2)
    """
    chosen = {id(module): module for module in segments}

    def watch(module: Module, inputs: tuple[Tensor, ...], options: dict[str, object]) -> object:
        if id(module) not in chosen or not _recording.get():
            return module.forward(*inputs, **options)
        with watching(None):  # what is inside is recomputed with the whole
            return _recompute(module, inputs, options)

    with watching(watch):
        yield


def parts_of(network: Module) -> list[Module]:
    """The modules that a network consists of, without those that they consist of."""
    return [part for _, part in network._members() if isinstance(part, Module)]


def sparing(loss: Callable[[Module, Any], Tensor]) -> Callable[[Module, Any], Tensor]:
    """The same loss of (network, batch) with the network's parts recomputed."""

    def of(network: Module, batch: Any) -> Tensor:
        with recomputed(parts_of(network)):
            return loss(network, batch)

    return of


def _recompute(module: Module, inputs: tuple[Tensor, ...], options: dict[str, object]) -> Tensor:
    arrays = [(x.data, x.requires_grad) for x in inputs]
    parameters = module.parameters()
    at_first = _Changing(module)
    with no_grad():
        y = module.forward(*inputs, **options)
    if not isinstance(y, Tensor):
        kind = type(y).__name__
        raise TypeError(f"{type(module).__name__}: only a Tensor can be recomputed, got {kind}")

    def backward(grad_y):
        entries = [_Entry(data, needed) for data, needed in arrays]
        with at_first.restored(module), _with_own_gradients(parameters):
            module.forward(*(e.tensor() for e in entries), **options).backward(grad_y)
            gradients = [p.grad for p in parameters]
        return (*(entry.grad for entry in entries), *gradients)

    name = f"recompute {type(module).__name__}"
    return record(name, y.data, inputs=(*inputs, *parameters), backward=backward)


class _Entry:
    """An input of a segment, and its gradient as the walk makes it.

    A leaf's would be a copy, in another order in memory, and then later sums might round otherwise.
    """

    def __init__(self, data: Array, needed: bool) -> None:
        self.leaf, self.grad = Tensor(data, requires_grad=needed), None

    def tensor(self) -> Tensor:
        def backward(grad_y):
            self.grad = grad_y
            return (None,)

        return record("entry", self.leaf.data, inputs=(self.leaf,), backward=backward)


class _Changing:
    """What a forward pass changes of a module: random generators, and buffers."""

    def __init__(self, module: Module) -> None:
        self.values = [
            (part, name, copy.deepcopy(value) if name == "rng" else value.copy())
            for part, name, value in self._found(module)
        ]

    @staticmethod
    def _found(module: Module) -> list[tuple[Module, str, Any]]:
        found = []
        for part in module.modules():
            names = [*vars(part).get("_buffers", {}), *(["rng"] if hasattr(part, "rng") else [])]
            found += [(part, name, getattr(part, name)) for name in names]
        return found

    @contextlib.contextmanager
    def restored(self, module: Module) -> Iterator[None]:
        """Within this block they are what they were; what becomes of them is forgotten."""
        now = self._found(module)
        for part, name, value in self.values:
            setattr(part, name, copy.deepcopy(value) if name == "rng" else value.copy())
        try:
            yield
        finally:
            for part, name, value in now:
                setattr(part, name, value)


@contextlib.contextmanager
def _with_own_gradients(parameters: list[Parameter]) -> Iterator[None]:
    """All is recorded here and gradients begin at nothing; afterwards the old ones are back."""
    before, token = [p.grad for p in parameters], _recording.set(True)
    for p in parameters:
        p.grad = None
    try:
        with watching(None), telling(None):  # a segment's gradients are told when they are whole
            yield
    finally:
        _recording.reset(token)
        for p, grad in zip(parameters, before, strict=True):
            p.grad = grad

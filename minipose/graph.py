"""The walk back: recorded operations, and the chain rule from the last of them to the first.

An op's ``backward`` only returns gradients; everything else is done here and only here: ordering,
adding up, undoing broadcasts, checking, releasing. ``walk`` puts the three parts together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Protocol

from minipose.backend import Array, array_module
from minipose.kernels.faster import replaceable

Shape = tuple[int, ...]
Backward = Callable[[Array], tuple]  # dL/dy -> (dL/dx or None, one for each input)


_listener: ContextVar[Callable[[Leaf], None] | None] = ContextVar("listener", default=None)


class Leaf(Protocol):
    """What the walk needs of a tensor that was given, not computed."""

    shape: Shape
    version: int  # how often it was overwritten

    def accumulate(self, grad: Array) -> None:
        """Add to the gradient."""


class Node:
    """One recorded operation. Nodes point to nodes (or to leaves), never to the tensors between.

    Attributes
    ----------
    parents : where each input's gradient goes (None: nowhere)
    inputs : what each gradient has to look like, and the version of the input that was used
    """

    __slots__ = ("name", "parents", "inputs", "backward", "shape", "dtype", "retains", "grad")

    def __init__(
        self,
        name: str,
        y: Array,
        parents: tuple[Node | Leaf | None, ...],
        inputs: tuple[tuple[Shape, object, int], ...],
        backward: Backward,
    ) -> None:
        self.name, self.parents, self.inputs = name, parents, inputs
        self.shape, self.dtype = y.shape, y.dtype
        self.backward: Backward | None = backward
        self.retains = False
        self.grad: Array | None = None

    def release(self) -> None:
        """Forget what the derivative needed, and where it would go."""
        self.backward, self.parents = None, ()


@contextlib.contextmanager
def telling(listener: Callable[[Leaf], None] | None) -> Iterator[None]:
    """In this block, and thread, call ``listener`` with each leaf whose gradient is complete.

    The walk goes on afterwards: what is done with a gradient meanwhile, such as sending it to
    other processes, need not wait for the layers below. With None nobody is called.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def walk(root: Node | Leaf, grad_output: Array, retain_graph: bool) -> None:
    """Leave dL/dx in every leaf x that ``root`` depends on."""
    gradients, listener = Gradients(root, grad_output), _listener.get()
    for target in last_to_first(root):
        if not isinstance(target, Node):
            gradients.hand_over(target)
            if listener is not None:
                listener(target)
            continue
        grad_y = gradients.take(target)
        gradients.add(target.parents, differentiate(target, grad_y), grad_y)
        if not retain_graph:
            target.release()


# --- In which order ---------------------------------------------------------------------------


def last_to_first(root: Node | Leaf) -> Iterator[Node | Leaf]:
    """Each node once, after all that use its result: by then its gradient is complete."""
    waiting = _count_uses(root)
    ready = [root]
    while ready:
        target = ready.pop()
        parents = target.parents if isinstance(target, Node) else ()
        yield target  # the walk may release it now
        for parent in parents:
            if parent is not None:
                waiting[id(parent)] -= 1
                if waiting[id(parent)] == 0:
                    ready.append(parent)


def _count_uses(root: Node | Leaf) -> dict[int, int]:
    """For everything that ``root`` depends on, how many recorded uses lead to it (iteratively)."""
    uses: dict[int, int] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if not isinstance(node, Node):
            continue
        if node.backward is None:
            raise ValueError(
                f"backward: the graph through {node.name!r} was already released by an earlier "
                "backward; run the forward pass again, or pass retain_graph=True to the first one"
            )
        for parent in node.parents:
            if parent is not None:
                if id(parent) not in uses:
                    stack.append(parent)
                uses[id(parent)] = uses.get(id(parent), 0) + 1
    return uses


# --- Gradients, and who owns them -------------------------------------------------------------


class Gradients:
    """dL/d(result) of everything that is still to be visited.

    An op may hand on the array that it was given, a view of it, or one array to two inputs. Such an
    array belongs to others, too: only a sum that was made here may be added to in place.
    """

    def __init__(self, root: Node | Leaf, grad: Array) -> None:
        self._of: dict[int, Array | None] = {id(root): grad}
        self._summed: set[int] = set()
        self._shared = {id(root)}

    def take(self, node: Node) -> Array | None:
        """The whole gradient of a result; None where nothing flows."""
        grad = self._of.pop(id(node), None)
        if node.retains and grad is not None:
            total = grad if node.grad is None else node.grad + grad
            node.grad = array_module(total).asarray(total)  # NumPy's sum of 0-d arrays is a number
        return grad

    def hand_over(self, leaf: Leaf) -> None:
        """Give a leaf its gradient, as an array that nobody else holds."""
        grad = self._of.pop(id(leaf), None)
        if grad is not None:
            leaf.accumulate(copied(grad) if id(leaf) in self._shared else grad)

    def add(
        self,
        parents: tuple[Node | Leaf | None, ...],
        answers: list[Array | None],
        grad_y: Array | None,
    ) -> None:
        """What an op answered for its inputs."""
        for parent, grad in zip(parents, answers, strict=True):
            if grad is None:  # as for every input that needs none
                continue
            key = id(parent)
            if self._of.get(key) is None:
                self._of[key] = grad
                if _is_shared(grad, grad_y, answers):
                    self._shared.add(key)
            elif key in self._summed:
                self._of[key] += grad
            else:
                self._of[key] = self._of[key] + grad
                self._summed.add(key)
                self._shared.discard(key)


@replaceable
def copied(grad: Array) -> Array:
    """An array of its own with these values, in the same order of memory."""
    return grad.copy("K")


def _is_shared(grad: Array, grad_y: Array, answers: list[Array | None]) -> bool:
    """Whether an op handed on its own gradient, a view, or one array to two of its inputs."""
    repeated = sum(other is grad for other in answers) > 1
    return grad is grad_y or repeated or is_view_of_others(grad)


@replaceable
def is_view_of_others(grad: Array) -> bool:
    """Whether others may hold memory of this array: what owns it, or another view of that."""
    return grad.base is not None


# --- One op -----------------------------------------------------------------------------------


def differentiate(node: Node, grad_y: Array | None) -> list[Array | None]:
    """One op's gradients: asked of its ``backward``, summed to the inputs' shapes, and checked."""
    if grad_y is None:  # nothing flows through this op
        return [None] * len(node.inputs)
    _check_versions(node)
    answers = node.backward(grad_y)
    if not isinstance(answers, tuple) or len(answers) != len(node.inputs):
        got = len(answers) if isinstance(answers, tuple) else type(answers).__name__
        raise ValueError(f"{node.name}: backward gave {got}, expected {len(node.inputs)} gradients")
    checked: list[Array | None] = []
    for i, (grad, (shape, dtype, _)) in enumerate(zip(answers, node.inputs, strict=True)):
        if grad is None or node.parents[i] is None:
            checked.append(None)
            continue
        if grad.dtype != dtype:
            raise ValueError(
                f"{node.name}: gradient of input {i} is {grad.dtype}, the input is {dtype}"
            )
        checked.append(_unbroadcast(grad, shape, node.name, i))
    return checked


def _check_versions(node: Node) -> None:
    for parent, (_, _, version) in zip(node.parents, node.inputs, strict=True):
        if not (parent is None or isinstance(parent, Node)) and parent.version != version:
            raise ValueError(
                f"backward: a parameter of shape {parent.shape} was changed after {node.name!r} "
                "used it; run the forward pass again after an optimizer step"
            )


def _unbroadcast(grad: Array, shape: tuple[int, ...], name: str, index: int) -> Array:
    """Sum over the axes along which an input of ``shape`` was repeated: the adjoint of repeating.

    y[i, j] = x[j] for all i   ⇒   dL/dx[j] = Σ_i dL/dy[i, j]
    """
    if grad.shape == shape:
        return grad
    extra = grad.ndim - len(shape)
    if extra >= 0 and all(n in (1, m) for n, m in zip(shape, grad.shape[extra:], strict=True)):
        stretched = tuple(range(extra)) + tuple(
            extra + i for i, n in enumerate(shape) if n == 1 and grad.shape[extra + i] != 1
        )
        return grad.sum(axis=stretched).reshape(shape)
    raise ValueError(
        f"{name}: gradient of input {index} has shape {grad.shape}, the input has {shape}"
    )

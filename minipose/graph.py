"""The walk back: recorded operations, and the chain rule from the last of them to the first.

An op's ``backward`` only returns gradients; everything else is done here and only here: ordering,
adding up, undoing broadcasts, checking, releasing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from minipose.backend import Array

if TYPE_CHECKING:
    from minipose.tensor import Tensor

Backward = Callable[[Array], tuple]  # dL/dy -> (dL/dx or None, one for each input)


class Node:
    """One recorded operation. Nodes point to nodes (or to leaves), never to the tensors between."""

    __slots__ = ("name", "parents", "inputs", "backward", "shape", "dtype", "retains", "grad")

    def __init__(self, name: str, y: Array, inputs: Sequence[Tensor], backward: Backward) -> None:
        self.name = name
        self.shape, self.dtype = y.shape, y.dtype
        self.backward: Backward | None = backward
        # Where each gradient goes (None: nowhere), and what it has to look like.
        self.parents = tuple(
            (x.node if x.node is not None else x) if x.requires_grad else None for x in inputs
        )
        self.inputs = tuple((x.shape, x.dtype, x.version) for x in inputs)
        self.retains = False
        self.grad: Array | None = None


def walk(root: Node | Tensor, grad_output: Array, retain_graph: bool) -> None:
    """Visit each node once, after all that use its result: by then its gradient is complete."""
    grads: dict[int, Array | None] = {id(root): grad_output}
    owned: set[int] = set()  # sums made here, which alone may be added to in place
    shared = {id(root)}  # arrays that somebody else holds too
    waiting = _count_uses(root)
    ready = [root]
    while ready:
        target = ready.pop()
        grad = grads.pop(id(target), None)
        if not isinstance(target, Node):  # a leaf
            if grad is not None:
                _add_to_leaf(target, grad.copy() if id(target) in shared else grad)
            continue
        if target.retains and grad is not None:
            target.grad = grad if target.grad is None else target.grad + grad
        answers = _differentiate(target, grad)
        for parent, x_grad in zip(target.parents, answers, strict=True):
            if parent is None:
                continue
            key = id(parent)
            if x_grad is None:
                pass
            elif grads.get(key) is None:
                grads[key] = x_grad
                if _is_shared(x_grad, grad, answers):
                    shared.add(key)
            elif key in owned:
                grads[key] += x_grad
            else:
                grads[key] = grads[key] + x_grad
                owned.add(key)
                shared.discard(key)
            waiting[key] -= 1
            if waiting[key] == 0:
                ready.append(parent)
        if not retain_graph:
            target.backward, target.parents = None, ()


def _is_shared(x_grad: Array, grad_y: Array, answers: list[Array | None]) -> bool:
    """Whether an op handed on its own gradient, a view, or one array to two of its inputs."""
    repeated = sum(other is x_grad for other in answers) > 1
    return x_grad is grad_y or x_grad.base is not None or repeated


def _count_uses(root: Node | Tensor) -> dict[int, int]:
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


def _differentiate(node: Node, grad_y: Array | None) -> list[Array | None]:
    """One op's gradients: asked of its ``backward``, summed to shape, and checked."""
    if grad_y is None:  # nothing flows through this op, but its inputs still wait for it
        return [None] * len(node.inputs)
    for parent, (_, _, version) in zip(node.parents, node.inputs, strict=True):
        if not (parent is None or isinstance(parent, Node)) and parent.version != version:
            raise ValueError(
                f"backward: a parameter of shape {parent.shape} was changed after {node.name!r} "
                "used it; run the forward pass again after an optimizer step"
            )
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


def _add_to_leaf(leaf: Tensor, grad: Array) -> None:
    """``leaf.grad += grad`` without writing into the old array, which the user may still hold."""
    leaf._grad = grad if leaf._grad is None else leaf._grad + grad

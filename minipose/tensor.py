"""The engine: values that remember how they were made, and the walk back that differentiates them.

``record`` notes an operation, ``Tensor.backward`` applies the chain rule from the last operation to
the first. An op's ``backward`` only returns gradients; everything else is done here and only here:
ordering, adding up, undoing broadcasts, checking, releasing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minipose.backend import Array, array_module, is_array

Backward = Callable[[Array], tuple]  # dL/dy -> (dL/dx or None, one for each input)

_recording = True
_debugging = False


@contextlib.contextmanager
def no_grad() -> Iterator[None]:
    """Compute values only: nothing is recorded, so nothing is kept for a backward pass."""
    global _recording
    before, _recording = _recording, False
    try:
        yield
    finally:
        _recording = before


@contextlib.contextmanager
def debug() -> Iterator[None]:
    """Check each result for NaN and infinity, naming the op, and make NumPy results read-only.

    Read-only results catch code that writes into an array which a later ``backward`` still needs.
    """
    global _debugging
    before, _debugging = _debugging, True
    try:
        yield
    finally:
        _debugging = before


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


class Tensor:
    """An array of float32 or float64 with, where it is asked for, a gradient of the same shape.

    Parameters
    ----------
    array : array, number or nested list
        float32 and float64 arrays are kept as they are (no copy); all else becomes float32.
    requires_grad : bool
        Whether ``backward`` leaves dL/d(this) in ``.grad``. Gradients add up until they are set
        to None (``optimizer.zero_grad()``).
    """

    __slots__ = ("data", "requires_grad", "node", "version", "_grad", "__weakref__")
    __array_ufunc__ = None  # so that ``array + tensor`` reaches Tensor.__radd__, not NumPy's loop

    def __init__(self, array: object, requires_grad: bool = False) -> None:
        self.data = _as_float_array(array)
        self.requires_grad = requires_grad
        self.node: Node | None = None
        self.version = 0
        self._grad: Array | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        made_by = f", from {self.node.name}" if self.node is not None else ""
        return f"{type(self).__name__}(shape {self.shape}, {self.dtype}{made_by})"

    @property
    def grad(self) -> Array | None:
        """dL/d(this) after ``backward``; for a result only if ``retain_grad()`` was called."""
        return self._grad if self.node is None else self.node.grad

    @grad.setter
    def grad(self, value: Array | None) -> None:
        self._grad = value

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this result too, for looking at it. Returns the tensor itself."""
        if self.node is not None:
            self.node.retains = True
        return self

    def item(self) -> float:
        """The value of a tensor with one element, as a Python float (waits for a GPU)."""
        if self.size != 1:
            raise ValueError(f"item: expected one element, got shape {self.shape}")
        return float(self.data.reshape(()))

    def detach(self) -> Tensor:
        """The same values without their history."""
        return Tensor(self.data)

    def assign_(self, value: Array) -> None:
        """Overwrite the values in place: the only such write. A recorded graph notices it."""
        if self.node is not None:
            raise ValueError(f"assign_: this tensor is a result of {self.node.name}, not a leaf")
        if tuple(value.shape) != self.shape:
            raise ValueError(f"assign_: expected shape {self.shape}, got {tuple(value.shape)}")
        self.data[...] = value
        self.version += 1

    def backward(self, grad_output: Array | None = None, retain_graph: bool = False) -> None:
        """Add dL/dx to ``x.grad`` for every leaf x that this value depends on.

        Parameters
        ----------
        grad_output : array, optional
            dL/d(this), of this shape and dtype. May be left out for one element, where it is 1.
        retain_graph : bool
            Keep the graph for another ``backward``; by default it is released as it is walked.
        """
        xp = array_module(self.data)
        if grad_output is None:
            if self.size != 1:
                raise ValueError(
                    f"backward: a tensor of shape {self.shape} needs grad_output of that shape"
                )
            grad_output = xp.ones(self.shape, dtype=self.dtype)
        elif tuple(grad_output.shape) != self.shape or grad_output.dtype != self.dtype:
            raise ValueError(
                f"backward: expected grad_output {self.dtype} {self.shape}, "
                f"got {grad_output.dtype} {tuple(grad_output.shape)}"
            )
        if not self.requires_grad:
            raise ValueError("backward: nothing that this tensor depends on requires a gradient")
        _walk(self.node if self.node is not None else self, grad_output, retain_graph)

    def _refuse_write(self, *_: object) -> None:
        raise TypeError(
            "a Tensor is not written in place, since backward may still need its values: "
            "write y = x + 1 for x += 1, and build with concatenate or pad instead of x[i] = v"
        )

    __setitem__ = __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _refuse_write


class Parameter(Tensor):
    """A tensor to be learned: it owns its array and always requires a gradient."""

    __slots__ = ()

    def __init__(self, array: object) -> None:
        super().__init__(array, requires_grad=True)


def record(name: str, y: Array, inputs: Sequence[Tensor], backward: Backward) -> Tensor:
    """Wrap the result ``y`` of an op and, if a gradient may be asked for, how to differentiate it.

    Parameters
    ----------
    name : str
        The op, for messages and drawings of the graph.
    y : array
        The result.
    inputs : sequence of Tensor
        What the op differentiates with respect to, in the order of ``backward``'s answers.
    backward : callable
        ``backward(grad_y)`` returns dL/dx for each input (None where there is none). An array may
        have the broadcast shape: it is summed back to the input's here. It writes nowhere.

    Raises
    ------
    TypeError
        If inputs of float32 and float64 are mixed.
    FloatingPointError
        Under ``debug()``, if ``y`` is not finite.
    """
    dtypes = {x.dtype for x in inputs}
    if len(dtypes) > 1:
        listed = ", ".join(f"{x.dtype} {x.shape}" for x in inputs)
        raise TypeError(f"{name}: inputs of different dtypes ({listed})")
    result = Tensor(y)
    if _debugging:
        _check_result(name, result.data, inputs)
    if _recording and any(x.requires_grad for x in inputs):
        result.requires_grad = True
        result.node = Node(name, result.data, inputs, backward)
    return result


def _walk(root: Node | Tensor, grad_output: Array, retain_graph: bool) -> None:
    """Visit each node once, after all that use its result: by then its gradient is complete."""
    grads: dict[int, Array | None] = {id(root): grad_output}
    owned: set[int] = set()  # sums made here, which alone may be added to in place
    shared = {id(root)}  # arrays that somebody else holds too
    waiting = _count_uses(root)
    ready = [root]
    while ready:
        target = ready.pop()
        grad = grads.pop(id(target), None)
        if isinstance(target, Tensor):
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
        if isinstance(node, Tensor):
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
        if isinstance(parent, Tensor) and parent.version != version:
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


def _as_float_array(array: object) -> Array:
    if isinstance(array, Tensor):
        raise TypeError("Tensor: expected an array, got a Tensor; use .detach() or .data")
    if not is_array(array):
        try:
            return np.asarray(array, dtype=np.float32)
        except (TypeError, ValueError):
            raise TypeError(
                f"Tensor: expected an array or numbers, got {type(array).__name__}"
            ) from None
    if isinstance(array, np.generic):
        array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"Tensor: expected real numbers, got an array of {array.dtype}")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _check_result(name: str, y: Array, inputs: Sequence[Tensor]) -> None:
    xp = array_module(y)
    if not bool(xp.isfinite(y).all()):
        shapes = ", ".join(str(x.shape) for x in inputs)
        raise FloatingPointError(f"{name}: the result is not finite (inputs {shapes})")
    if xp is np and y.flags.owndata:
        y.flags.writeable = False

"""The engine's values: arrays that remember how they were made.

``record`` notes an operation; ``Tensor.backward`` hands over to ``graph.py``, which applies the
chain rule from the last operation to the first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

import numpy as np

from minipose.backend import NUMBERS, Array, array_module, is_array, shown, to_host
from minipose.graph import Backward, Node, walk

_recording = ContextVar("recording", default=True)  # of each thread by itself
_debugging = ContextVar("debugging", default=False)


@contextlib.contextmanager
def no_grad() -> Iterator[None]:
    """Compute values only: nothing is recorded, so nothing is kept for a backward pass.

    It holds for the calling thread.
    """
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


@contextlib.contextmanager
def debug() -> Iterator[None]:
    """Check each result for NaN and infinity, naming the op, and make NumPy results read-only.

    Read-only results catch code that writes into an array which a later ``backward`` still needs.
    """
    token = _debugging.set(True)
    try:
        yield
    finally:
        _debugging.reset(token)


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

    def __bool__(self) -> bool:
        if self.size != 1:
            hint = "write (x.data > 0).any() or .all()"
            raise ValueError(f"bool: expected one element, got shape {self.shape}; {hint}")
        return bool(self.item())

    def __reduce__(self) -> tuple:
        if self.node is not None:
            raise TypeError(f"pickle: a result of {self.node.name} holds its graph; use .detach()")
        return _remade, (type(self), self.data, self.requires_grad)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        """The values, for plots and the like; not of what a gradient would silently stop at."""
        if self.requires_grad:
            raise TypeError("array: this tensor requires a gradient; use .detach() or .data")
        return np.array(to_host(self.data), dtype=dtype, copy=copy)

    def __float__(self) -> float:
        return self.item()

    def __int__(self) -> int:
        return int(self.item())

    def __pos__(self) -> Tensor:
        return self

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        history = f", from {self.node.name}" if self.node is not None else ""
        if self.node is None and self.requires_grad:
            history = ", requires_grad"
        kind = type(self).__name__
        return f"{kind}({shown(self.data, kind)}, shape {self.shape}, {self.dtype}{history})"

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

    def accumulate(self, grad: Array) -> None:
        """``grad`` is added to this leaf's, not into the old array, which others may hold."""
        total = grad if self._grad is None else self._grad + grad
        self._grad = array_module(total).asarray(total)  # NumPy's sum of 0-d arrays is a number

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
        elif not is_array(grad_output):
            raise TypeError(
                f"backward: expected grad_output as an array, got {type(grad_output).__name__}"
            )
        elif tuple(grad_output.shape) != self.shape or grad_output.dtype != self.dtype:
            raise ValueError(
                f"backward: expected grad_output {self.dtype} {self.shape}, "
                f"got {grad_output.dtype} {tuple(grad_output.shape)}"
            )
        if not self.requires_grad:
            raise ValueError("backward: nothing that this tensor depends on requires a gradient")
        walk(self.node or self, grad_output, retain_graph)

    def _refuse_write(self, *_: object) -> None:
        raise TypeError(
            "a Tensor is not written in place, since backward may still need its values: "
            "write y = x + 1 for x += 1, and build with concatenate or pad instead of x[i] = v"
        )

    __setitem__ = __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _refuse_write


class Parameter(Tensor):
    """A tensor to be learned: it has its own copy of the array and requires a gradient."""

    __slots__ = ()

    def __init__(self, array: object) -> None:
        super().__init__(array, requires_grad=True)
        self.data = self.data.copy()


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
        raise TypeError(
            f"{name}: inputs of different dtypes ({listed}); expected one: array.astype, net.astype"
        )
    result = Tensor(y)
    if _debugging.get():
        _check_result(name, result.data, inputs)
    if _recording.get() and any(x.requires_grad for x in inputs):
        parents = tuple((x.node or x) if x.requires_grad else None for x in inputs)
        used = tuple((x.shape, x.dtype, x.version) for x in inputs)
        result.requires_grad = True
        result.node = Node(name, result.data, parents, used, backward)
    return result


def _remade(kind: type, data: Array, requires_grad: bool) -> Tensor:
    """What was pickled or copied; a frozen parameter stays frozen."""
    leaf = kind(data)
    leaf.requires_grad = requires_grad
    return leaf


def _as_float_array(array: object) -> Array:
    if isinstance(array, Tensor):
        raise TypeError("Tensor: expected an array, got a Tensor; use .detach() or .data")
    if array is None:
        raise TypeError("Tensor: expected an array or numbers, got None")
    if isinstance(array, (list, tuple)) and any(isinstance(each, Tensor) for each in array):
        raise TypeError(
            "Tensor: expected an array or numbers, got a list of Tensors; use ops.stack"
        )
    if not is_array(array):
        try:
            numbers = np.asarray(array)
            if numbers.dtype.kind in NUMBERS + "O":  # those beyond 64 bits are objects
                return numbers.astype(np.float32)
        except (TypeError, ValueError):
            pass
        raise TypeError(f"Tensor: expected an array or numbers, got {type(array).__name__}")
    if isinstance(array, (np.generic, np.ndarray)):
        array = np.asarray(array)  # of a matrix, too, whose * is another product
    if array.dtype.kind not in NUMBERS:
        raise TypeError(f"Tensor: expected real numbers, got an array of {array.dtype}")
    if array.dtype in (np.float32, np.float64):
        return array
    native = array.dtype.newbyteorder("=")  # of a file with the other order of bytes
    return array.astype(native if native == np.float64 else np.float32)


def _check_result(name: str, y: Array, inputs: Sequence[Tensor]) -> None:
    xp = array_module(y)
    if not bool(xp.isfinite(y).all()):
        shapes = ", ".join(str(x.shape) for x in inputs)
        raise FloatingPointError(f"{name}: the result is not finite (inputs {shapes})")
    if xp is np and y.flags.owndata:
        y.flags.writeable = False

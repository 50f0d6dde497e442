"""A network as a tree of modules, each with its parameters."""

from __future__ import annotations

import contextlib
import copy
import inspect
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import numpy as np

from minipose.backend import Array, generator, is_whole, to_device, to_host
from minipose.tensor import Parameter, Tensor

COLLECTIONS = (list, tuple, dict, set, frozenset)
Watch = Callable[["Module", tuple[Tensor, ...], dict[str, object]], object]

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)  # of each thread by itself


@contextlib.contextmanager
def watching(watch: Watch | None) -> Iterator[None]:
    """Within this block ``watch(module, inputs, options)`` is called in place of ``forward``.

    In this thread only: one that begins in the block may have inherited it (Python 3.14).
    """
    here = threading.get_ident()

    def here_only(module: Module, inputs: tuple[Tensor, ...], options: dict[str, object]) -> object:
        if threading.get_ident() != here:
            return module.forward(*inputs, **options)
        return watch(module, inputs, options)

    token = _watch.set(None if watch is None else here_only)
    try:
        yield
    finally:
        _watch.reset(token)


class Module:
    """Something with parameters that turns tensors into tensors; assign parts as attributes.

    Parameters, buffers (arrays that belong to the state but are not learned) and sub-modules are
    found in the order in which they were assigned, so names and order never depend on the run.
    """

    training = True

    def forward(self, *inputs: Tensor) -> object:
        raise TypeError(f"{type(self).__name__} defines no forward")

    def __call__(self, *inputs: Tensor, **options: object) -> object:
        """``forward``; what is no Tensor, such as a number, is given to it by name."""
        for x in inputs:
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"{type(self).__name__}: expected a Tensor, got {type(x).__name__}; "
                    "write Tensor(x) for an array x"
                )
        watch = _watch.get()
        if watch is None:
            return self.forward(*inputs, **options)
        return watch(self, inputs, options)

    def __repr__(self) -> str:
        """The tree of modules, each with those arguments that are not the usual ones."""
        return "\n".join(_tree(self, "", set()))

    def __deepcopy__(self, memo: dict) -> Module:
        """Equal parameters, but random numbers of its own: a copied dropout drops other units."""
        made = memo[id(self)] = object.__new__(type(self))
        vars(made).update(copy.deepcopy(vars(self), memo))
        if isinstance(vars(self).get("rng"), np.random.Generator):
            made.rng = self.rng.spawn(1)[0]
        return made

    def modules(self) -> Iterator[Module]:
        """This module and all below it, parents first, each once."""
        return (module for _, module in self.named_modules())

    def named_modules(self, name: str = "") -> Iterator[tuple[str, Module]]:
        """Pairs of dotted name and module; this one's is ``name``."""
        seen, waiting = set(), [(name, self)]
        while waiting:
            name, module = waiting.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module
                below = [(_joined(name, n), v) for n, v in module._members()]
                waiting += reversed([(n, v) for n, v in below if isinstance(v, Module)])

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Pairs of dotted name and parameter, in order of assignment.

        A parameter that is reached in several ways is named once, by the first of them. Raises
        ValueError if two have one name, as those of ``{1: p, "1": q}``.
        """
        seen: set[int] = set()
        names: set[str] = set()
        for place, module in self.named_modules():
            for name, value in module._members():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield self._once(_joined(place, name), names), value

    def parameters(self) -> list[Parameter]:
        """All parameters, in order of assignment."""
        return [parameter for _, parameter in self.named_parameters()]

    def register_buffer(self, name: str, array: Array) -> None:
        """Make ``self.name`` an array that is saved and moved with the module, but not learned."""
        vars(self).setdefault("_buffers", {})[name] = None
        setattr(self, name, array)

    def named_buffers(self) -> Iterator[tuple[str, Array]]:
        """Pairs of dotted name and buffer, in order of assignment; each name once, as above."""
        names: set[str] = set()
        for place, module in self.named_modules():
            for name in vars(module).get("_buffers", {}):
                yield self._once(_joined(place, name), names), getattr(module, name)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers, on the host, by name."""
        parameters, buffers = self._state()
        state = {name: to_host(p.data).copy() for name, p in parameters.items()}
        return state | {name: to_host(b).copy() for name, b in buffers.items()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Set parameters and buffers; names and shapes must agree exactly.

        Raises ValueError naming what is missing, what is not expected, or the first wrong shape;
        nothing is changed then.
        """
        parameters, buffers = self._state()
        expected = {name: p.shape for name, p in parameters.items()}
        expected |= {name: tuple(b.shape) for name, b in buffers.items()}
        missing, extra = sorted(expected.keys() - state), sorted(state.keys() - expected.keys())
        if missing or extra:
            raise ValueError(
                f"{type(self).__name__}: state lacks {_few(missing)}, has unexpected {_few(extra)}"
            )
        state = {name: _values(f"{type(self).__name__}: {name}", v) for name, v in state.items()}
        for name, shape in expected.items():
            if tuple(state[name].shape) != shape:
                raise ValueError(
                    f"{type(self).__name__}: {name} has shape {tuple(state[name].shape)} in the "
                    f"state, expected {shape}"
                )
        for name, parameter in parameters.items():
            parameter.assign_(_beside(parameter.data, state[name]))
        for name, buffer in buffers.items():
            buffer[...] = _beside(buffer, state[name])

    def _state(self) -> tuple[dict[str, Parameter], dict[str, Array]]:
        """Parameters and buffers by name. Raises ValueError if two of them have one name."""
        parameters, buffers = dict(self.named_parameters()), dict(self.named_buffers())
        for name in buffers:
            self._once(name, set(parameters))
        return parameters, buffers

    def to(self, device: str) -> Module:
        """Move parameters and buffers to ``"cpu"`` or ``"cuda"``; returns the module."""
        return self._convert(lambda array: to_device(array, device))

    def astype(self, dtype: type) -> Module:
        """Change parameters and buffers to float32 or float64; returns the module.

        Buffers of whole numbers stay as they are.
        """
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"astype: expected float32 or float64, got {np.dtype(dtype).name}")
        return self._convert(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a)

    def _convert(self, change: Callable[[Array], Array]) -> Module:
        for parameter in self.parameters():
            parameter.data, parameter.grad = change(parameter.data), None
        for module in self.modules():
            for name in vars(module).get("_buffers", {}):
                setattr(module, name, change(getattr(module, name)))
        return self

    def train(self, mode: bool = True) -> Module:
        """Switch what differs in training (dropout) on; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Switch what differs in training off; returns the module."""
        return self.train(False)

    def reseed(self, *entropy: int) -> None:
        """Restart the randomness inside (dropout) from integers such as (seed, epoch, step).

        A step's randomness then depends on nothing that a checkpoint would have to hold.
        """
        like = self._some_array()
        for index, module in enumerate(self.modules()):
            if hasattr(module, "rng"):
                module.rng = generator(like, *entropy, index)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def _once(self, name: str, names: set[str]) -> str:
        """The name, which joins the others. Raises ValueError if it is among them."""
        if name in names:
            raise ValueError(
                f"{type(self).__name__}: two parts have the name {name!r}; expected one of each"
            )
        names.add(name)
        return name

    def _some_array(self) -> Array:
        for _, parameter in self.named_parameters():
            return parameter.data
        return np.zeros(0, dtype=np.float32)

    def _members(self) -> Iterator[tuple[str, object]]:
        """Names and values of the attributes, also those within lists, tuples and mappings."""
        for name, value in vars(self).items():
            if isinstance(value, COLLECTIONS):
                yield from _within(name, value)
            else:
                yield name, value


def _tree(module: Module, name: str, above: set[Module]) -> list[str]:
    """A line for the module, and one for each of its parts; none is a part of itself."""
    parts = [(n, v) for n, v in module._members() if isinstance(v, Module) and module not in above]
    arguments = _arguments(module)
    lines = [
        f"{name}{type(module).__name__}" + (f"({arguments})" if arguments or not parts else "")
    ]
    for name, part in parts:
        lines += [f"  {line}" for line in _tree(part, f"{name}: ", {*above, module})]
    return lines


def _arguments(module: Module) -> str:
    """What a layer was made with, as far as it keeps it in attributes of the same names."""
    shown: list[str] = []
    for name, argument in inspect.signature(type(module).__init__).parameters.items():
        value, usual = vars(module).get(name, argument.default), argument.default
        if isinstance(usual, bool):  # bias=True left a Parameter, bias=False left None
            value = value is not None and value is not False
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, list) and value and all(is_whole(v) for v in value):  # [3, 1]
            value = tuple(value)
        if isinstance(value, (bool, int, float, str, tuple)) and value != usual:
            bare = usual is argument.empty and len(shown) < 2  # what goes in and what comes out
            shown.append(repr(value) if bare else f"{name}={value!r}")
    return ", ".join(shown)


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _within(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, (set, frozenset)) and any(isinstance(v, (Module, Tensor)) for v in value):
        raise TypeError(f"Module: {name} is a set, which has no order; put its parts into a list")
    if not isinstance(value, (list, tuple, dict)):
        yield name, value
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _within(f"{name}.{key}", item)


def _beside(target: Array, values: np.ndarray) -> Array:
    """``values`` in the library of ``target``."""
    return values if isinstance(target, np.ndarray) else to_device(values, "cuda")


def _values(where: str, values: object) -> Array:
    """Arrays as they are, also numbers and lists of numbers as one. Raises TypeError."""
    if hasattr(values, "shape"):
        return values
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{where}: expected an array, got {type(values).__name__}")
    return array


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3]) or "nothing"
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")

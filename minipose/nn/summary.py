"""What a network makes of a batch, layer by layer: ``print(net.summary((1, 1, 28, 28)))``."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from minipose.backend import array_module, is_whole
from minipose.nn.module import Module, watching
from minipose.tensor import Parameter, Tensor, no_grad


class Row(NamedTuple):
    """One layer, or what a module holds beside its layers."""

    name: str
    layer: str
    output: str
    parameters: int


@dataclass(frozen=True)
class Summary:
    """Rows in the order in which the layers were called; ``str`` makes a table of them."""

    rows: tuple[Row, ...]
    output: str
    parameters: int
    frozen: int

    def __str__(self) -> str:
        cells = [("name", "layer", "output", "parameters")]
        cells += [(*row[:3], f"{row.parameters:,}") for row in self.rows]
        cells.append(("all", "", self.output, f"{self.parameters:,}"))
        if self.frozen:
            cells.append(("of which frozen", "", "", f"{self.frozen:,}"))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(text.ljust(n) for text, n in zip(texts, widths, strict=False))
            + "  "
            + number.rjust(widths[-1])
            for *texts, number in cells
        ]
        rule = "-" * len(lines[0])
        end = len(self.rows) + 1
        return "\n".join([lines[0], rule, *lines[1:end], rule, *lines[end:]])

    __repr__ = __str__


def summary(module: Module, *shapes: Sequence[int]) -> Summary:
    """A table: each layer's name, the shape of its output, its parameters; and the total.

    The network is run once on zeros of the given shape, in evaluation. Its state, its mode and its
    random generators are as before afterwards. A layer is a module that calls no other one; what a
    network does by calling ops is not seen. Each parameter is counted once.

    Parameters
    ----------
    shapes : shape of each input of the network, with the number of samples: (1, 1, 28, 28)
    """
    if not shapes or any(not _is_shape(shape) for shape in shapes):
        given = ", ".join(map(repr, shapes)) or "nothing"
        raise ValueError(f"summary: expected a shape such as (1, 1, 28, 28), got {given}")
    like = module._some_array()
    zeros = array_module(like).zeros
    inputs = [Tensor(zeros(tuple(shape), dtype=like.dtype)) for shape in shapes]
    watcher = _Watcher(module)
    with _as_it_was(module), no_grad(), watching(watcher.call):
        result = module(*inputs)
    watcher.note_uncalled(module.modules())
    parameters = module.parameters()
    frozen = sum(p.size for p in parameters if not p.requires_grad)
    total = sum(p.size for p in parameters)
    return Summary(tuple(watcher.rows), _shapes(result), total, frozen)


class _Watcher:
    """Notes down each call of a module when it returns: those inside before those around them."""

    def __init__(self, module: Module) -> None:
        self.names = {id(m): name or "(itself)" for name, m in module.named_modules()}
        self.rows: list[Row] = []
        self._calls, self._counted = 0, set()

    def call(
        self, module: Module, inputs: tuple[Tensor, ...], options: dict[str, object]
    ) -> object:
        self._calls += 1
        number = self._calls
        result = module.forward(*inputs, **options)
        calls_none = self._calls == number
        count = self._count(module.parameters() if calls_none else _own(module))
        if calls_none or count:
            self._note(module, _shapes(result), count)
        return result

    def note_uncalled(self, modules: Iterator[Module]) -> None:
        """Those whose parameters have not been counted."""
        for module in modules:
            if count := self._count(_own(module)):
                self._note(module, "(not called)", count)

    def _count(self, parameters: list[Parameter]) -> int:
        new = [p for p in parameters if id(p) not in self._counted]
        self._counted.update(map(id, new))
        return sum(p.size for p in new)

    def _note(self, module: Module, output: str, count: int) -> None:
        name = self.names.get(id(module), "(made in a call)")
        self.rows.append(Row(name, type(module).__name__, output, count))


@contextmanager
def _as_it_was(module: Module) -> Iterator[None]:
    """All modules in evaluation; afterwards each has the attributes that it had before."""
    modules = list(module.modules())
    before = [dict(vars(m)) for m in modules]
    try:
        for m in modules:
            m.training = False
            for name in ("rng", *vars(m).get("_buffers", ())):
                if name in vars(m):
                    setattr(m, name, copy.deepcopy(getattr(m, name)))
        yield
    finally:
        for m, attributes in zip(modules, before, strict=True):
            vars(m).clear()
            vars(m).update(attributes)


def _own(module: Module) -> list[Parameter]:
    """The parameters of the module itself, without those of its parts."""
    return [value for _, value in module._members() if isinstance(value, Parameter)]


def _shapes(result: object) -> str:
    """(2, 10), or one for each of several outputs."""
    if isinstance(result, Tensor):
        return str(result.shape)
    if isinstance(result, dict):
        return ", ".join(f"{name} {_shapes(value)}" for name, value in result.items())
    if isinstance(result, (tuple, list)):
        return ", ".join(_shapes(value) for value in result)
    return type(result).__name__


def _is_shape(shape: object) -> bool:
    return isinstance(shape, (tuple, list)) and all(is_whole(n) and n >= 0 for n in shape)

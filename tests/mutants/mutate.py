"""Wrong derivatives on purpose: every ``backward`` in minipose, altered in one place at a time.

What belongs to a derivative is read off the source: the ``backward`` inside each op, plain or fast,
kernels with "backward" in their name, helpers that nothing but those call, the walk back through
the graph with its classes, and the losses, whose derivative is that of their formula. What else a
forward pass uses is left alone, since a change there changes the values as well.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import minipose

ROOT = Path(minipose.__file__).parent
HEAVY = ("minipose.ops.", "minipose.kernels.", "minipose.fast.")
WHOLE = ("minipose.graph", "minipose.losses")  # every function of these is about derivatives
OTHER = {
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ALTERATIONS = ("zeroed", "times 7", "sign flipped", "transposed", "shifted by one")


@dataclass(frozen=True)
class Mutant:
    """One altered function. ``code`` is that of the function or method which holds the change."""

    module: str
    function: str  # of a method ``Class.method``
    line: int
    change: str
    statement: str  # as it reads after the change
    code: CodeType

    @property
    def name(self) -> str:
        return f"{self.module.removeprefix('minipose.')}.{self.function}"

    @property
    def key(self) -> str:
        """How the table of equivalent mutants names it; without the line, which moves."""
        return f"{self.name}: {self.change}: {self.statement}"


@dataclass(frozen=True)
class Target:
    """A top-level function, or a method, and the part of it that is about a derivative."""

    module: str
    function: str
    tree: ast.Module
    part: ast.FunctionDef

    @property
    def name(self) -> str:
        return f"{self.module}.{self.function}"


def targets() -> list[Target]:
    """Every derivative in the package."""
    trees = {
        "minipose." + ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(ROOT.rglob("*.py"))
    }
    functions = [(m, tree, *found) for m, tree in trees.items() for found in _functions(m, tree)]
    helpers = _helpers({m: t for m, t in trees.items() if m.startswith(HEAVY)})
    found = [
        Target(module, name, tree, inner)
        for module, tree, name, node in functions
        for inner in _nested(node)
        if inner is not node
    ]
    found += [
        Target(module, name, tree, node)
        for module, tree, name, node in functions
        if module in WHOLE or (module, name) in helpers
    ]
    return found


def _functions(module: str, tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions that can be altered, with their names: plain ones, ``replaceable`` ones, and the
    methods in modules that are about derivatives as a whole."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            if all(ast.unparse(d) == "replaceable" for d in node.decorator_list):
                yield node.name, node
        elif isinstance(node, ast.ClassDef) and module in WHOLE:
            yield from ((f"{node.name}.{f.name}", f) for f in node.body if _is_method(f))


def _is_method(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and not node.decorator_list


def _nested(node: ast.AST) -> list[ast.FunctionDef]:
    """The derivatives inside an op, or inside what makes one of an algorithm."""
    return [
        n
        for n in ast.walk(node)
        if isinstance(n, ast.FunctionDef) and ("backward" in n.name or n.name == "differentiate")
    ]


def _names(node: ast.AST, without: set[int] = frozenset()) -> set[str]:
    return {
        n.id if isinstance(n, ast.Name) else n.attr
        for n in ast.walk(node)
        if isinstance(n, (ast.Name, ast.Attribute)) and id(n) not in without
    }


def _helpers(trees: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """Functions that only derivatives use, found by looking at names until none is new.

    A name with an underscore means something in its own module only.
    """
    forward: dict[tuple[str, object], set[str]] = {}  # names used outside of any derivative
    everywhere: set[str] = set()
    for module, tree in trees.items():
        everywhere |= _qualified(_names(tree), module)
        for node in tree.body:
            inside = {id(n) for inner in _nested(node) for n in ast.walk(inner)}
            names = _qualified(_names(node, inside), module)
            forward[module, getattr(node, "name", id(node))] = names
    helpers: set[tuple[str, str]] = set()
    while True:
        used = set().union(*(names for place, names in forward.items() if place not in helpers))
        only_there = everywhere - used
        new = {
            (module, node.name)
            for module, tree in trees.items()
            for node in tree.body
            if isinstance(node, ast.FunctionDef)
            if "backward" in node.name or _qualified({node.name}, module) <= only_there
        }
        if new == helpers:
            return helpers
        helpers = new


def _qualified(names: set[str], module: str) -> set[str]:
    return {f"{module}.{name}" if name.startswith("_") else name for name in names}


def mutants(target: Target) -> Iterator[Mutant]:
    """Every altered version of one derivative."""
    places = {id(node): i for i, node in enumerate(ast.walk(target.tree))}
    body = [place for part in target.part.body for place in _places(part, part)]
    for statement, node in body:
        for change, replacement in _alterations(node):
            tree = copy.deepcopy(target.tree)
            copies = list(ast.walk(tree))
            copied, line = copies[places[id(node)]], copies[places[id(statement)]]
            _replace(tree, copied, replacement)
            line = replacement if line is copied else line
            module = compile(ast.fix_missing_locations(tree), f"<{target.module}>", "exec")
            code = module
            for name in target.function.split("."):
                code = next(c for c in code.co_consts if getattr(c, "co_name", None) == name)
            text = ast.unparse(line).splitlines()[0]
            yield Mutant(target.module, target.function, statement.lineno, change, text, code)


def _places(node: ast.AST, statement: ast.stmt) -> Iterator[tuple[ast.stmt, ast.AST]]:
    """Every part of the source that may be altered, with the statement that it stands in.

    Messages of errors and ``zip``'s own check are left out: they compute nothing.
    """
    if isinstance(node, ast.Raise) or (isinstance(node, ast.keyword) and node.arg == "strict"):
        return
    statement = node if isinstance(node, ast.stmt) else statement
    yield statement, node
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return  # −1 is one number
    for child in ast.iter_child_nodes(node):
        yield from _places(child, statement)


def _replace(tree: ast.Module, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]


def _alterations(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What can be wrong at this place of the source: pairs of name and replacement."""
    if isinstance(node, ast.Return) and node.value is not None:
        yield from _altered_results(node)
    elif isinstance(node, ast.BinOp):
        yield from _altered_arithmetic(node)
    elif isinstance(node, ast.UnaryOp):
        yield from _altered_sign(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield "comparison", ast.Compare(node.left, [OTHER[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        for i, _ in enumerate(node.values):
            rest = node.values[:i] + node.values[i + 1 :]
            yield "condition dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "flag flipped", ast.Constant(not node.value)
        elif isinstance(node.value, (int, float)):
            yield "off by one", ast.Constant(node.value + 1)
    elif isinstance(node, ast.AugAssign):
        yield "overwritten instead of added", ast.Assign([node.target], node.value)
    elif isinstance(node, ast.IfExp):
        yield "condition inverted", ast.IfExp(_not(node.test), node.body, node.orelse)
    elif isinstance(node, ast.If):
        yield "condition inverted", ast.If(_not(node.test), node.body, node.orelse)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposition dropped", node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        last = node.args[0] if len(node.args) == 1 else node.args[1]
        first = ast.Constant(0) if len(node.args) == 1 else node.args[0]
        one = ast.Constant(1)
        yield "last left out", ast.Call(node.func, [first, ast.BinOp(last, ast.Sub(), one)], [])
        yield "first left out", ast.Call(node.func, [ast.BinOp(first, ast.Add(), one), last], [])
    elif isinstance(node, ast.Slice):
        for name in ("lower", "upper"):
            bound = getattr(node, name)
            if bound is not None and not isinstance(bound, ast.Constant):
                moved = copy.copy(node)
                setattr(moved, name, ast.BinOp(bound, ast.Add(), ast.Constant(1)))
                yield f"{name} bound off by one", moved


def _altered_sign(node: ast.UnaryOp) -> Iterator[tuple[str, ast.AST]]:
    yield "sign or not dropped", node.operand
    if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        yield "off by one", ast.Constant(1 - node.operand.value)


def _altered_results(node: ast.Return) -> Iterator[tuple[str, ast.AST]]:
    """Each returned gradient zeroed, scaled, with its sign flipped, transposed, shifted."""
    for alteration in ALTERATIONS:
        for i, _ in enumerate(_elements(node.value)):
            changed = copy.deepcopy(node.value)
            element = _elements(changed)[i]
            wrapped = ast.Call(
                ast.Name("__alter__", ast.Load()), [ast.Constant(alteration), element], []
            )
            holder = ast.Module([ast.Expr(changed)], [])
            _replace(holder, element, wrapped)
            yield alteration, ast.Return(holder.body[0].value)


def _elements(value: ast.expr) -> list[ast.expr]:
    """The gradients in ``(a, b)``, in ``(a, b) if … else (a, b, c)``, or a lone array."""
    if isinstance(value, ast.IfExp):
        return _elements(value.body) + _elements(value.orelse)
    if isinstance(value, ast.Tuple):
        return list(value.elts)
    return [value]


def _altered_arithmetic(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "term dropped", node.left
        yield "term dropped (first)", node.right
        yield "plus and minus swapped", ast.BinOp(node.left, other, node.right)
    elif isinstance(node.op, (ast.Mult, ast.Div)):
        yield "factor dropped", node.left
        if isinstance(node.op, ast.Mult):
            yield "factor dropped (first)", node.right
        else:
            yield "multiplied instead of divided", ast.BinOp(node.left, ast.Mult(), node.right)
    elif isinstance(node.op, ast.Pow):
        yield "power dropped", node.left


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)

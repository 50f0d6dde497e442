"""``python -m tests.house``: the measure of the house, as tables.

How much there is on each floor, how much of it ``import minipose`` loads, which files a training
step enters, how long the longest functions are, and whether modules import each other in circles.
Everything is computed from the files of the tree; only the list of floors is written down here.
"""

from __future__ import annotations

import argparse
import ast
import functools
import json
import os
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FLOORS = {  # from the ground up; a file belongs to the first pattern that fits
    "engine": "minipose/__init__.py minipose/tensor.py minipose/graph.py minipose/gradcheck.py",
    "array libraries, devices": "minipose/backend.py minipose/devices.py minipose/processors.py",
    "plain kernels": "minipose/kernels/*",
    "ops": "minipose/ops/*",
    "nn": "minipose/nn/*",
    "losses, optim": "minipose/losses.py minipose/optim/*",
    "models": "minipose/models/*",
    "metrics": "minipose/metrics*.py",
    "fast": "minipose/fast/*",
    "targets": "minipose/targets/*",
    "datasets": "minipose/datasets/*",
    "training": "minipose/training/*",
    "experiments": "minipose/experiments/*",
    "plots": "minipose/plots/*",
    "predict, weights": "minipose/predict/* minipose/weights/*",
    "page": "minipose/page/*",
    "exchange": "minipose/exchange/*",
    "command line and the rest": "minipose/*",
    "data_tools": "data_tools/*",
    "lessons": "lessons/*",
    "tests": "tests/*",
}
CORE = ("engine", "plain kernels", "ops", "nn", "losses, optim", "models")
TARGET_CORE, TARGET_IMPORT, TARGET_FUNCTION, TARGET_FILE = 3500, 35, 40, 300
TARGET_STEP = {"PoseNet": 15, "U-Net": 20, "H-Net": None}
LONGEST = 10  # functions in a table


def sources() -> dict[str, str]:
    """The floor of each Python file, by its path."""
    found = {}
    for top in ("minipose", "data_tools", "lessons", "tests"):
        for path in sorted((ROOT / top).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            fits = (f for f, p in FLOORS.items() if any(fnmatch(name, one) for one in p.split()))
            found[name] = next(fits)
    return found


def core() -> list[str]:
    """The files that a reader of the engine and the networks meets."""
    return [name for name, floor in sources().items() if floor in CORE]


def line_count(name: str) -> int:
    """All lines of a file."""
    return len((ROOT / name).read_text(encoding="utf-8").splitlines())


def code_lines(name: str) -> set[int]:
    """The numbers of the lines that hold code: no docstring, no comment, not blank."""
    return _code_lines(ROOT / name)


@functools.cache
def _code_lines(path: Path) -> set[int]:
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    empty |= {tokenize.ENCODING, tokenize.ENDMARKER}
    lines: set[int] = set()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in empty:
                lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                if isinstance(first.value.value, str):
                    lines.difference_update(range(first.lineno, first.end_lineno + 1))
    return lines


def functions(name: str) -> Iterator[tuple[int, str]]:
    """(lines of code, where) of each function; those inside it are counted with it."""
    code = code_lines(name)
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = len(code & set(range(node.lineno, node.end_lineno + 1)))
            yield length, f"{name}:{node.lineno} `{node.name}`"


def tree(name: str) -> ast.Module:
    """A file, parsed."""
    return _tree(ROOT / name)


@functools.cache  # the measure asks for each of them several times
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(name: str, modules: set[str]) -> set[str]:
    """Which of ``modules`` a file imports anywhere: at its top, in a function, for types alone.

    ``from package import x`` means the module ``package.x`` where there is one; the packages that
    Python runs on the way to it do not count.
    """
    package = name.removesuffix(".py").removesuffix("/__init__").split("/")
    if not name.endswith("__init__.py"):
        package = package[:-1]
    wanted: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            parts = {f"{base}.{alias.name}" for alias in node.names}
            wanted |= {part if part in modules else base for part in parts}
    return wanted & modules


def import_graph() -> dict[str, set[str]]:
    """module -> modules that it imports, of all files but the tests and lessons."""
    names = [name for name in sources() if name.startswith(("minipose/", "data_tools/"))]
    modules = {module_of(name): name for name in names}
    return {module: imports(name, set(modules)) for module, name in modules.items()}


def module_of(name: str) -> str:
    """minipose/ops/__init__.py -> minipose.ops"""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def circles() -> list[list[str]]:
    """For each group of modules that import each other, the shortest way round."""
    graph = import_graph()
    found: dict[frozenset[str], list[str]] = {}
    for start in graph:
        came_from: dict[str, str] = {}
        queue = [start]
        for module in queue:
            for other in sorted(graph[module]):
                if other not in came_from:
                    came_from[other] = module
                    queue.append(other)
        if start in came_from:
            way = [start]
            while not way[1:] or way[-1] != start:
                way.append(came_from[way[-1]])
            found.setdefault(frozenset(way), way[::-1])
    return sorted(found.values(), key=len)


def importers_of_fast() -> list[str]:
    """The modules outside minipose/fast that import it, at their top or within a function."""
    found = {m for m, others in import_graph().items() if any(map(_is_fast, others))}
    return sorted(m for m in found if not _is_fast(m))


def _is_fast(module: str) -> bool:
    return f"{module}.".startswith("minipose.fast.")


def loaded_files(plain: bool) -> list[str]:
    """The files of minipose that ``import minipose`` loads in a fresh process."""
    code = "import sys, json, minipose; print(json.dumps([m.__file__ for n, m in "
    code += "sys.modules.items() if n.split('.')[0] == 'minipose']))"
    return _relative(_ask(["-c", code], plain))


def entered_files(network: str, plain: bool) -> list[str]:
    """The files of minipose in which a function runs during one training step."""
    return _relative(
        _ask(["-m", "tests.house_step", network, *(["plain"] if plain else [])], plain)
    )


def _ask(arguments: list[str], plain: bool) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if k != "MINIPOSE_PLAIN"}
    environment |= {"MINIPOSE_PLAIN": "1"} if plain else {}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def _relative(paths: list[str]) -> list[str]:
    return sorted(Path(path).resolve().relative_to(ROOT).as_posix() for path in paths)


def main(arguments: Sequence[str] = ()) -> int:
    """Print all tables."""
    argparse.ArgumentParser(
        prog="python -m tests.house", description=__doc__.partition("\n")[0]
    ).parse_args(arguments)
    floors = sources()
    print("## Floors\n")
    print("Code: lines that are neither blank nor comment nor docstring.\n")
    rows = []
    for floor in FLOORS:
        names = [name for name, its in floors.items() if its == floor]
        rows.append([floor, *_totals(names)])
    rows.append(["**readable core**", *_totals(core()), f"{TARGET_CORE} lines"])
    rows.append(["all of minipose", *_totals([n for n in floors if n.startswith("minipose/")])])
    _table(["floor", "files", "lines", "code", "target"], rows)
    print(f"The readable core: {', '.join(CORE)}.\n")

    has_fast = (ROOT / "minipose/fast").is_dir()
    print("## What `import minipose` loads\n")
    rows = [["plain", *_totals(loaded_files(plain=True)), f"{TARGET_IMPORT} files"]]
    if has_fast:
        names = loaded_files(plain=False)
        rows.append(["with fast", *_totals(names), f"{TARGET_IMPORT} files"])
    _table(["", "files", "lines", "code", "target"], rows)

    print("## Files that one training step enters\n")
    print("Forward pass, loss, backward pass, update; a file counts if a function of it runs.\n")
    rows = []
    for network, target in TARGET_STEP.items():
        names = entered_files(network, plain=True)
        goal = f"{target} files" if target else ""
        rows.append([network, "plain", *_totals(names), goal, _short(names)])
        if has_fast:
            names = entered_files(network, plain=False)
            rows.append([network, "with fast", *_totals(names), "", _short(names)])
    _table(["network", "", "files", "lines", "code", "target", "which"], rows)

    print("## Longest functions\n")
    print("Lines of code from `def` to the end, functions inside counted with it.\n")
    for title, names in (
        (f"in the readable core (target {TARGET_FUNCTION})", core()),
        ("in all of minipose and data_tools", [n for n in floors if not n.startswith(("t", "l"))]),
    ):
        longest = sorted((f for name in names for f in functions(name)), reverse=True)[:LONGEST]
        _table(["lines", title], [[length, where] for length, where in longest])

    print("## Imports\n")
    print("Circles, also by imports inside functions or for types alone:")
    print("\n".join(f"- {' → '.join(way)}" for way in circles()) or "none")
    print("\nModules outside minipose/fast that import it:")
    print("\n".join(f"- {name}" for name in importers_of_fast()) or "none")

    print("\n## Files of one name\n")
    same = defaultdict(list)
    for name in floors:
        if name.startswith(("minipose/", "data_tools/")) and not Path(name).stem.startswith("__"):
            same[Path(name).name].append(name)
    print("\n".join(f"- {', '.join(n)}" for n in same.values() if len(n) > 1) or "none")
    return 0


def _totals(names: list[str]) -> list[int]:
    lines = sum(line_count(name) for name in names)
    return [len(names), lines, sum(len(code_lines(name)) for name in names)]


def _short(names: list[str]) -> str:
    return " ".join(name.removeprefix("minipose/").removesuffix(".py") for name in names)


def _table(head: list[str], rows: list[list[object]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        cells = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row]
        print("| " + " | ".join([*cells, *[""] * (len(head) - len(cells))]) + " |")
    print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The table of what CuPy offers: its names, and the keywords that each function takes.

``cupy_names.txt`` beside this file was written by this script from an installed CuPy, which needs
the package but no GPU. For a newer CuPy: ``python -m tests.strict.names > cupy_names.txt``.
"""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

TABLE = Path(__file__).with_name("cupy_names.txt")
UFUNC = ("out", "dtype", "casting")  # what every ufunc of CuPy's takes by keyword
Names = dict[str, tuple[str, ...] | None]  # name -> keywords; None: no function, or not known


def read(path: Path = TABLE) -> dict[str, Names]:
    """The sections of the table. A line ``[section]`` starts one; entries end in a semicolon."""
    sections: dict[str, Names] = {}
    for block in path.read_text(encoding="utf-8").split("\n[")[1:]:
        title, _, body = block.partition("]")
        names: Names = {}
        for entry in " ".join(body.split()).rstrip(";").split("; "):
            name, bracket, keywords = entry.partition("(")
            if name.endswith("~"):
                names[name[:-1]] = UFUNC
            else:
                given = tuple(k for k in keywords.rstrip(")").split(", ") if k)
                names[name] = given if bracket else None
        sections[title] = names
    return sections


def _functions(library: Any, numpy_library: ModuleType) -> list[str]:
    """Entries for the public names that CuPy shares with NumPy."""
    entries = []
    for name in sorted(n for n in dir(library) if not n.startswith("_")):
        value = getattr(library, name)
        if not hasattr(numpy_library, name) or inspect.ismodule(value):
            continue
        if isinstance(getattr(numpy_library, name), np.ufunc) and hasattr(value, "nin"):
            entries.append(f"{name}~")
        elif isinstance(value, type) or not callable(value):
            entries.append(name)
        else:
            entries.append(name + _keywords(value))
    return entries


def _keywords(function: Any) -> str:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ""
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return ""
    return "(" + ", ".join(p.name for p in parameters if p.kind is not p.VAR_POSITIONAL) + ")"


def write() -> str:
    """The whole table, from the CuPy that is installed."""
    import cupy
    from cupy.random import Generator

    sections = {
        "numpy": _functions(cupy, np),
        "linalg": _functions(cupy.linalg, np.linalg),
        "lib.stride_tricks": _functions(cupy.lib.stride_tricks, np.lib.stride_tricks),
        "ndarray": [n for n in dir(cupy.ndarray) if not n.startswith("_")],
        "Generator": [n for n in dir(Generator) if not n.startswith("_")],
        # Which ufuncs have which method is written in CuPy's documentation ("Ufuncs").
        "at": "add bitwise_and bitwise_or bitwise_xor maximum minimum subtract".split(),
        "reduce": ["add", "multiply"],
        "accumulate": ["add", "multiply"],
    }
    head = f"What CuPy {cupy.__version__} has of NumPy's names. name~ is a ufunc, name(...) lists "
    head += "keywords, a bare name is\na constant, a type or a function of unknown keywords.\n"
    blocks = [
        f"[{title}]\n" + textwrap.fill("; ".join(entries) + ";", 100, break_long_words=False) + "\n"
        for title, entries in sections.items()
    ]
    return head + "\n" + "\n".join(blocks)


if __name__ == "__main__":
    print(write(), end="")

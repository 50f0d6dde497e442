"""The choices of a run: each is written once, with its default, its help and its check.

A dataclass derived from ``Choices`` declares its fields with ``choice``. The flags of
``train JOB``, their ``--help``, the keys of a TOML file and the checks all come from there, so a
value is judged alike whether it was given as a flag, in a file or in Python.
"""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Mapping, Set
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from minipose.datasets.guard import expect_bytes, reading
from minipose.errors import UserError
from minipose.experiments.checks import PATH, YES_OR_NO, Check, one_of, whole


def choice(
    default: Any,
    help: str,
    check: Check,
    shorthands: Mapping[str, Mapping[str, Any]] | None = None,
    flags: Mapping[str, Any] | None = None,
    affects_numbers: bool = True,
) -> Any:
    """A field of a ``Choices`` dataclass.

    Parameters
    ----------
    default : None stands for "not given"
    help : a line for ``--help``
    shorthands : words that stand for values of several choices: {word: {name: value}}
    flags : further flags that stand for one value each: {"--flag": value}
    affects_numbers : whether a run that is resumed has to have the same
    """
    about = {
        "help": help,
        "check": check,
        "shorthands": shorthands or {},
        "flags": flags or {},
        "affects_numbers": affects_numbers,
    }
    return field(default=default, metadata=about)


@dataclass(frozen=True)
class Choices:
    """Base of dataclasses whose fields are made by ``choice``: every value is checked."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None or one.default is not None:
                object.__setattr__(self, one.name, one.metadata["check"](one.name, value))

    def changed(self, **choices: Any) -> Self:
        """A copy with the given choices; those that are None are left as they are.

        Raises
        ------
        UserError
            If one has another name, is of another kind or out of range.
        """
        return replace(self, **checked(choices, (type(self),)))


@dataclass(frozen=True)
class RunSettings(Choices):
    """What a run has beside its recipe. Each job adds ``recipe`` and ``compare``."""

    data: Path | None = choice(None, "store (.h5)", PATH)  # noqa: RUF009
    out: Path | None = choice(  # noqa: RUF009
        None, "folder for what is written", PATH, affects_numbers=False
    )
    device: str = choice("cpu", "where to compute", one_of("cpu", "cuda", "auto"))
    tf32: bool = choice(False, "on a GPU: products with 10 instead of 23 binary places", YES_OR_NO)
    fp16: bool = choice(
        False, "training: products in half precision, with a scaled loss", YES_OR_NO
    )
    recompute: bool = choice(
        False, "training: less memory, more time: parts of the network are computed again",
        YES_OR_NO, affects_numbers=False,
    )  # fmt: skip
    seed: int = choice(0, "of everything that is random", whole(0))
    limit: int | None = choice(
        None, "at most this many images, of each split of frames or in all of people", whole(1)
    )

    def expect_use(self, recipe: Any) -> None:
        """Raises UserError if a choice has no effect beside the others; a job says which."""


def changed_from(named: Choices, recipe: Choices) -> dict[str, Any]:
    """The choices of a recipe that are not those of the named one that it was made from."""
    return {n: v for n, v in vars(recipe).items() if v != getattr(named, n)}


def expect_free(changed: Mapping[str, Any], varied: Set[str], comparison: str) -> None:
    """Refuse choices that a comparison sets itself: they would have no effect.

    Raises
    ------
    UserError
        Naming the first of them.
    """
    for name in sorted(varied & set(changed)):
        raise UserError(
            f"{name}: {comparison} varies it itself, so it cannot be given (it was {changed[name]})"
        )


def expect_comparison(settings: RunSettings, flag: str) -> None:
    """Refuse what only a comparison heeds: ``seeds`` and ``at_once``, where there is none.

    Raises
    ------
    UserError
        Naming the first of them that was given, and the flag that it needs.
    """
    for name in ("seeds", "at_once"):
        value = getattr(settings, name)
        if value != getattr(type(settings), name):
            raise UserError(f"{name}: expected {flag} with it, got {value} alone")


CONFIG_BYTES = 2**20  # of a TOML file
C = TypeVar("C", bound=Choices)
D = TypeVar("D", bound=Choices)


def declared(*kinds: type[Choices]) -> dict[str, Field]:
    """The choices of several dataclasses by name."""
    return {one.name: one for kind in kinds for one in fields(kind)}


def checked(
    values: Mapping[str, Any], kinds: tuple[type[Choices], ...], where: str = ""
) -> dict[str, Any]:
    """The values that are given (not None), each checked, with shorthands written out.

    Parameters
    ----------
    where : what a message begins with: the file that the values come from

    Raises
    ------
    UserError
        If a name or a value is wrong, or a shorthand contradicts another choice.
    """
    known = declared(*kinds)
    found: dict[str, Any] = {}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise UserError(
            f"{where}unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    written_out: dict[str, Mapping[str, Any]] = {}
    for name, value in values.items():
        shorthands = known[name].metadata["shorthands"]
        if isinstance(value, str) and value in shorthands:
            written_out[f"{name} {value}"] = shorthands[value]
        elif value is not None:
            found[name] = known[name].metadata["check"](f"{where}{name}", value)
    for shorthand, meant in written_out.items():
        for name, value in meant.items():
            if found.setdefault(name, value) != value:
                raise UserError(
                    f"{where}{name}: expected {value} with {shorthand}, got {found[name]}"
                )
    return found


def resolve(
    settings: type[C], recipes: Mapping[str, D], flags: Mapping[str, Any], file: Path | None = None
) -> tuple[C, D]:
    """The settings and the recipe of a run: flags over the TOML file over the recipe's choices.

    Parameters
    ----------
    settings : has a choice named ``recipe``, one of ``recipes``
    flags : name -> value, None where the flag was not given

    Raises
    ------
    UserError
        If the file cannot be read, or a name or value is none of the declared ones.
    """
    kinds = (settings, type(next(iter(recipes.values()))))
    given = checked(read_toml(file), kinds, f"{file}: ") if file else {}
    given |= checked(flags, kinds)
    own = declared(settings)
    chosen = settings(**{name: value for name, value in given.items() if name in own})
    rest = {name: value for name, value in given.items() if name not in own}
    return chosen, recipes[chosen.recipe].changed(**rest)


def read_toml(path: Path) -> dict[str, Any]:
    """What stands in a TOML file.

    Raises
    ------
    UserError
        If the file is missing or is not TOML.
    """
    if Path(path).is_dir():
        raise UserError(f"{path}: a folder, expected a TOML file")
    with reading(path, "not a readable TOML file"), open(path, "rb") as file:
        expect_bytes(path, (os.fstat(file.fileno()).st_size,), limit=CONFIG_BYTES)
        return tomllib.load(file)


def add_flags(
    parser: argparse.ArgumentParser, shown: Choices, only: tuple[str, ...] = (), required: str = ""
) -> None:
    """Add a flag for each choice; what is not given is None, so that a file can fill it.

    Parameters
    ----------
    shown : whose values ``--help`` shows as the defaults
    only : names of the choices to add; all if empty
    required : the name of a choice that has to be given
    """
    for one in fields(shown):
        if only and one.name not in only:
            continue
        check: Check = one.metadata["check"]
        default = getattr(shown, one.name)
        options: dict[str, Any] = {"help": one.metadata["help"], "dest": one.name, "default": None}
        if default is not None and one.name != required:
            options["help"] += f" (default: {_words(default)})"
        if check.kind is bool:
            options["action"] = argparse.BooleanOptionalAction
        else:
            options |= {"type": check.parse, "nargs": check.count}
            options["required"] = one.name == required
            if check.options:
                words = dict.fromkeys((*check.options, *one.metadata["shorthands"]))
                options["choices"] = tuple(words)
            else:
                options["metavar"] = {int: "N", float: "X", Path: "PATH"}.get(check.kind)
        flag = "--" + one.name.replace("_", "-")
        parser.add_argument(flag, **options)
        for other, value in one.metadata["flags"].items():
            same = f"the same as {flag} {value}"
            parser.add_argument(other, dest=one.name, action="store_const", const=value, help=same)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)

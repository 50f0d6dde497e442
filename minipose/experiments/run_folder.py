"""The folder that a run owns, and ``config.toml`` in it, which says what the run is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import Field, asdict
from pathlib import Path
from typing import Any

from minipose.datasets.guard import read_json
from minipose.errors import UserError
from minipose.experiments.settings import Choices, declared, read_toml
from minipose.storage import own_folder, remove_abandoned, write_text

CONFIG, STORE = "config.toml", "store.json"


@contextlib.contextmanager
def owned(
    folder: Path, settings: Choices, recipe: Choices, resume: bool, identity: str | None = None
) -> Iterator[None]:
    """Inside, the run folder belongs to this process, and to a run with these choices.

    Raises
    ------
    Taken
        If another process has it.
    UserError
        As ``claim`` does.
    """
    with own_folder(folder):
        claim(folder, settings, recipe, resume, identity)
        yield


def claim(
    folder: Path, settings: Choices, recipe: Choices, resume: bool, identity: str | None = None
) -> None:
    """Make the run folder, or see to it that an existing one is meant to be continued.

    A choice that an earlier run's file lacks had its default then. More epochs than before are no
    other run. The same store may lie elsewhere now, but its content has to be the same, as that of
    the weights which the run begins with.

    Parameters
    ----------
    identity : of the store's content

    Raises
    ------
    UserError
        If the folder holds a run with other choices or data, or one that nobody asked to go on
        with, or none where one was to be continued.
    """
    path = folder / CONFIG
    choices = declared(type(settings), type(recipe))
    given = {**asdict(settings), **asdict(recipe), "out": folder}
    now, begins = _plain(given), _begins(choices, given)
    found = _holds(folder)
    if path.exists():
        before = _plain({n: c.default for n, c in choices.items()}) | read_toml(path)
        changed = _changed(choices, before, now)
        other_data = _other_data(folder, before, now, identity)
        if resume:
            for name in choices.keys() & before.keys():
                choices[name].metadata["check"](f"{path}: {name}", before[name])
            _expect_same(folder, settings, before, now, changed, other_data)
            _expect_same_weights(folder, now, begins)
        elif found and other_data:
            raise UserError(f"{folder}: holds a run on other data ({other_data}); {_ELSEWHERE}")
        elif found and changed:
            raise UserError(
                f"{folder}: holds a run with another {changed[0]} ({before.get(changed[0])}); "
                f"{_ELSEWHERE}"
            )
        elif found:
            raise UserError(
                f"{folder}: holds a run with these choices already ({found}); go on with it by "
                f"--resume, {_ELSEWHERE}"
            )
    elif resume:
        raise UserError(
            f"{folder}: no run to resume there ({CONFIG} is missing); without --resume it begins"
        )
    elif found:
        raise UserError(f"{folder}: holds {found} of another run; {_ELSEWHERE}")
    folder.mkdir(parents=True, exist_ok=True)
    remove_abandoned(folder)
    if identity is not None:
        note = {"content": identity, "data": now.get("data"), "begins": begins}
        write_text(folder / STORE, json.dumps(note) + "\n")
    write_toml(path, now)  # which makes it a run's folder


_ELSEWHERE = "choose another --out, or remove the folder"


def _expect_same(
    folder: Path,
    settings: Choices,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    changed: list[str],
    other_data: str | None,
) -> None:
    """What has to be as it was for a run that goes on."""
    if other_data:
        raise UserError(
            f"{folder}: cannot resume, it was trained on other data: {other_data} (was the store "
            f"made anew?); {_ELSEWHERE}"
        )
    more = before.get("epochs"), now.get("epochs")
    if changed == ["epochs"] and more[0] < more[1] and not getattr(settings, "compare", None):
        print(f"{folder}: goes on to {more[1]} epochs instead of {more[0]}; so does its rate")
    elif changed:
        raise UserError(
            f"{folder}: cannot resume, {changed[0]} was {before.get(changed[0])} and is now "
            f"{now.get(changed[0])}"
        )


def _begins(choices: Mapping[str, Field], given: Mapping[str, Any]) -> dict[str, str]:
    """{choice: SHA-256 of its file}, for the files of weights that training begins with."""
    digests = {}
    for name, choice in choices.items():
        matters = choice.metadata["affects_numbers"] and choice.metadata["check"].kind is Path
        if matters and name != "data" and given.get(name):
            with open(given[name], "rb") as file:
                digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def _expect_same_weights(folder: Path, now: Mapping[str, Any], begins: Mapping[str, str]) -> None:
    """A comparison whose further rows began with other weights would compare those as well."""
    try:
        before = read_json(folder / STORE)["begins"]
    except (OSError, ValueError, KeyError, TypeError):  # a run of an earlier version
        return
    for name, digest in begins.items():
        if before.get(name, digest) != digest:
            raise UserError(
                f"{folder}: cannot resume, {now[name]} has other content than when the run began; "
                f"{_ELSEWHERE}"
            )


def _changed(
    choices: Mapping[str, Field], before: Mapping[str, Any], now: Mapping[str, Any]
) -> list[str]:
    """The names of the choices that matter for the numbers and are not what they were."""

    def same(name: str) -> bool:
        old, new = before.get(name), now.get(name)
        if choices[name].metadata["check"].kind is Path and old and new:
            return Path(old).resolve() == Path(new).resolve()  # another spelling
        return old == new

    numbers = [n for n, c in choices.items() if c.metadata["affects_numbers"] and n != "data"]
    return sorted(name for name in numbers if not same(name))


def _other_data(
    folder: Path, before: Mapping[str, Any], now: Mapping[str, Any], identity: str | None
) -> str | None:
    """What the run was begun on, if that is not the store of now; else None."""
    try:
        note = read_json(folder / STORE)
        same, data = identity in (None, note["content"]), note["data"]
    except (OSError, ValueError, KeyError, TypeError):  # a run of an earlier version
        old, new = before.get("data"), now.get("data")
        same, data = Path(old or "").resolve() == Path(new or "").resolve(), old
    return None if same else str(data)


def _holds(folder: Path) -> str | None:
    """The first file that would be lost with a run; None if there is none."""
    for pattern in ("report.json", "*last.npz", "**/*last.npz", "**/numbers.json"):
        found = next(iter(sorted(folder.glob(pattern))), None)
        if found is not None:
            return str(found.relative_to(folder))
    return None


def write_toml(path: Path, values: Mapping[str, Any]) -> None:
    """Write flat settings (numbers, texts, true and false, lists of them) as TOML."""
    # TOML's numbers, truth values, lists and basic strings are written like JSON's, but a character
    # beyond 16 bits is not written as two, and DEL not as it is.
    lines = (f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in values.items())
    write_text(path, "".join(lines).replace("\x7f", "\\u007f"))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As they come back from a file: lists, paths as texts, and nothing that is not given.

    Bytes of a path that are no UTF-8 become ``\\xff``: no text file could hold them.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, Path):
            return os.fsencode(value).decode(errors="backslashreplace")
        return list(value) if isinstance(value, tuple) else value

    return {name: plain(value) for name, value in values.items() if value is not None}

"""All of a run in one .npz file, which appears whole or not at all.

Keys: ``model/<name>``, ``optimizer/<name>``, ``average/<name>`` and ``meta``, a JSON text with
epoch, step, history and whatever else the run needs to go on. Nothing is pickled, so a file from a
stranger cannot run code.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from minipose.datasets.guard import expect_bytes, reading
from minipose.errors import Diverged, UserError
from minipose.nn import Module
from minipose.optim import Average, Optimizer
from minipose.storage import atomic

FORMAT = "minipose checkpoint 1"


def save(
    path: str | os.PathLike,
    model: Module,
    optimizer: Optimizer | None,
    meta: dict[str, Any],
    average: Average | None = None,
) -> Path:
    """Write a checkpoint, whole or not at all.

    Raises
    ------
    Diverged
        If a number in it is not finite: the file from before stays.
    CannotWrite
        If the disk is full, or cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"model/{name}": value for name, value in model.state_dict().items()}
    if optimizer is not None:
        arrays |= {f"optimizer/{n}": value for n, value in optimizer.state_dict().items()}
    if average is not None:
        arrays |= {f"average/{n}": value for n, value in average.state_dict().items()}
    _write(path, arrays, meta)
    return path


def _write(path: Path, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    bad = not_finite(arrays)
    if bad is not None:
        raise Diverged(f"{path}: {bad} is not finite any more; the file from before stays")
    text = json.dumps({"format": FORMAT, **meta})
    arrays = arrays | {"meta": np.frombuffer(text.encode(), dtype=np.uint8)}
    needed = sum(array.nbytes for array in arrays.values())
    with atomic(path, needed=needed) as partial, open(partial, "wb") as file:
        np.savez(file, **arrays)


def annotate(path: str | os.PathLike, **more: Any) -> None:
    """Say more in a checkpoint's meta data: the file is written anew, whole or not at all."""
    arrays, meta = read(path)
    _write(Path(path), arrays, meta | more)


def read(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the meta data of a checkpoint.

    Raises
    ------
    UserError
        If the file is missing, damaged, or not a checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise UserError(f"{path}: {found} (expected a checkpoint such as best.npz)")
    with reading(path, "not a readable checkpoint"):
        if not zipfile.is_zipfile(path):  # NumPy would take it for a pickle, and advise to trust it
            raise ValueError("expected an .npz of a training")
        _expect_size(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop("meta").tobytes().decode())
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise UserError(f"{path}: not a checkpoint of this version of minipose")
    bad = not_finite(arrays)
    if bad is not None:
        raise UserError(f"{path}: {bad} holds numbers that are not finite")
    return arrays, meta


def not_finite(arrays: Mapping[str, np.ndarray]) -> str | None:
    """The name of the first array with a NaN or an infinity in it; None if there is none."""
    return next(
        (n for n, a in arrays.items() if a.dtype.kind in "fc" and not np.isfinite(a).all()), None
    )


def _expect_size(path: Path) -> None:
    """Hold the sizes that a zip file declares against its own, before memory is taken.

    Nothing in a checkpoint is packed: what would grow is none, or was made to fill the memory.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > max(2**24, 8 * path.stat().st_size):
            raise ValueError("it declares more than it can hold")
        for member in members:
            with archive.open(member) as content:
                _expect_array(path, content, member.file_size)


def _expect_array(path: Path, content: IO[bytes], size: int) -> None:
    """A member has to be one array of numbers that takes the member's own size."""
    major, _ = np.lib.format.read_magic(content)
    read = np.lib.format.read_array_header_1_0
    shape, _, kind = (read if major == 1 else np.lib.format.read_array_header_2_0)(content)
    if kind.hasobject:
        raise ValueError("it holds objects, expected numbers")
    expect_bytes(path, shape, max(1, kind.itemsize), size)


def load(
    path: str | os.PathLike,
    model: Module,
    optimizer: Optimizer | None = None,
    average: Average | None = None,
) -> dict[str, Any]:
    """Put a checkpoint's numbers into a model (optimizer, average) of one kind; returns the meta.

    Raises
    ------
    UserError
        If it does not fit, naming the file and the first thing that differs.
    """
    arrays, meta = read(path)
    restore(path, arrays, model, optimizer, average)
    return meta


def restore(
    path: str | os.PathLike,
    arrays: dict[str, np.ndarray],
    model: Module,
    optimizer: Optimizer | None = None,
    average: Average | None = None,
) -> None:
    """Put the arrays of a checkpoint that was ``read`` into a model, as ``load`` does."""
    try:
        model.load_state_dict(_below("model/", arrays))
        if optimizer is not None:
            optimizer.load_state_dict(_below("optimizer/", arrays))
        if average is not None:
            average.load_state_dict(_below("average/", arrays))
    except ValueError as error:
        raise UserError(f"{path}: does not fit: {error}") from None


def transfer(path: str | os.PathLike, model: Module, heads: str = "heads.") -> list[str]:
    """Begin from the weights of another training of the same network, whose heads may differ.

    Parameters
    ----------
    heads : what the names of parameters begin with that need not be in the file

    Returns
    -------
    The names of the parameters that stay as they are, since the file has none of that shape.

    Raises
    ------
    UserError
        If another parameter is missing or has another shape; nothing is changed then.
    """
    given = _below("model/", read(path)[0])
    state, own = model.state_dict(), []
    for name, array in state.items():
        other = given.get(name)
        if other is not None and other.shape == array.shape:
            state[name] = other
        elif name.startswith(heads):
            own.append(name)
        else:
            found = "none" if other is None else f"shape {other.shape}"
            raise UserError(
                f"{path}: not a training of this network: {name} has shape {array.shape}, the "
                f"file's {found}"
            )
    model.load_state_dict(state)
    return own


def _below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}

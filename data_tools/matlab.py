"""MATLAB's files up to version 7: the named variables, once their declared sizes are allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minipose.datasets.guard import BYTES, expect_bytes, reading


def load_matlab(path: Path, name: str, limit: int = BYTES, **options: Any) -> Any:
    """The variable ``name`` of a ``.mat`` file; ``options`` go to scipy's ``loadmat``.

    Raises
    ------
    UserError
        If the file is damaged, has no such variable, or declares one of more than ``limit`` bytes.
    """
    from scipy.io import loadmat, whosmat

    with reading(path, f"no readable variable {name!r}"):
        expect_bytes(path, (path.stat().st_size,), limit=limit)
        for found, shape, kind in whosmat(path):
            if found == name:
                expect_bytes(path, shape, 1 if kind in ("uint8", "int8", "logical") else 8, limit)
        return loadmat(path, variable_names=[name], **options)[name]

"""A saved state goes into arrays of the same names and shapes, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minipose.backend import Array, to_device


def check_fits(
    owner: str, state: Mapping[str, np.ndarray], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Raises ValueError naming the first entry that is missing, unexpected or of another shape."""
    got = {name: tuple(np.shape(value)) for name, value in state.items()}
    wrong = sorted(n for n in expected.keys() | got if expected.get(n) != got.get(n))
    if wrong:
        raise ValueError(
            f"{owner}: state does not fit at {wrong[0]}: expected shape "
            f"{expected.get(wrong[0])}, got {got.get(wrong[0])}"
        )


def overwrite(array: Array, values: np.ndarray) -> None:
    """Put values from the host into an array, wherever that is."""
    device = "cpu" if isinstance(array, np.ndarray) else "cuda"
    array[...] = to_device(np.asarray(values), device)

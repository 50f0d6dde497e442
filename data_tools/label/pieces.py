"""A mask made wider, and joints on it."""

from __future__ import annotations

import numpy as np


def grown(mask: np.ndarray, reach: int) -> np.ndarray:
    """A mask bool (H, W), wider by ``reach`` px on all sides."""
    from scipy.ndimage import maximum_filter

    return maximum_filter(mask, size=2 * reach + 1)


def points_on(places: np.ndarray, mask: np.ndarray) -> int:
    """How many of the places (J, 2), px, lie on a mask bool (H, W)."""
    x, y = np.rint(places).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    return int(mask[y[inside], x[inside]].sum())

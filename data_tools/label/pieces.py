"""What lies where on a mask: its pieces, and joints on it."""

from __future__ import annotations

import numpy as np


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest piece of a mask bool (H, W); pixels of a piece touch at their sides."""
    from scipy.ndimage import label

    pieces, count = label(mask)
    if count < 2:
        return mask
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    return pieces == areas.argmax()


def grown(mask: np.ndarray, reach: int) -> np.ndarray:
    """A mask bool (H, W), wider by ``reach`` px on all sides."""
    from scipy.ndimage import maximum_filter

    return maximum_filter(mask, size=2 * reach + 1)


def points_on(places: np.ndarray, mask: np.ndarray) -> int:
    """How many of the places (J, 2), px, lie on a mask bool (H, W)."""
    x, y = np.rint(places).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    return int(mask[y[inside], x[inside]].sum())

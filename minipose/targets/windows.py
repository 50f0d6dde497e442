"""Labels of report 1's detector: is a joint, or much of a limb at it, inside a window?"""

from __future__ import annotations

import numpy as np

from minipose.skeletons import H36M_17_EDGES

SIDE, GRID, WINDOW = 128, 10, 13  # px of the crop, windows a row, px of a window
STRIDE = (SIDE - WINDOW) / (GRID - 1)  # 12.78 px
FRACTION = 0.3  # of an edge, which makes a window positive for the joints at its ends


def window_edges() -> np.ndarray:
    """Where the ten windows of a row begin, px: (10,).

    Pixel centres are whole numbers, so the picture, and its first window, begin at −0.5.
    """
    return np.arange(GRID) * STRIDE - 0.5


def window_labels(keypoints: np.ndarray) -> np.ndarray:
    """h[j, w] = 1 if joint j is inside window w, or more than 30 % of an edge at j is.

    Parameters
    ----------
    keypoints : (N, 17, 2), px of the 128 × 128 crop, x then y

    Returns
    -------
    float32 (N, 1700)
        Joint-major; within a joint the rows of the grid one after another.

    Source: report 1, eq. 3 and section 4.2.
    """
    if keypoints.ndim != 3 or keypoints.shape[1:] != (17, 2):
        raise ValueError(f"window_labels: expected (N, 17, 2), got {keypoints.shape}")
    keypoints = keypoints.astype(np.result_type(keypoints, np.float32), copy=False)  # of bytes, too
    low = window_edges()
    inside = (
        _between(keypoints[..., 1], low)[..., :, None]
        & _between(keypoints[..., 0], low)[..., None, :]
    )  # (N, 17, 10 rows, 10 columns)
    starts = keypoints[:, [a for a, _ in H36M_17_EDGES]]
    ends = keypoints[:, [b for _, b in H36M_17_EDGES]]
    enough = _fraction_inside(starts, ends) > FRACTION  # (N, 16, 10, 10)
    for edge, (a, b) in enumerate(H36M_17_EDGES):
        inside[:, a] |= enough[:, edge]
        inside[:, b] |= enough[:, edge]
    return inside.reshape(len(keypoints), -1).astype(np.float32)


def _between(values: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Which of the ten intervals hold each value: (..., 10)."""
    offset = values[..., None] - low
    return (offset >= 0) & (offset < WINDOW)


def _fraction_inside(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """What fraction of each segment lies in each window: (N, E, 10, 10).

    On the segment p + t·d, 0 ≤ t ≤ 1, an interval of x allows one interval of t, and so does one of
    y (Liang & Barsky 1984); the fraction is the length of what both allow.
    """
    first, last = zip(*(_allowed(starts[..., k], ends[..., k]) for k in (0, 1)), strict=True)
    enter = np.maximum(first[1][..., :, None], first[0][..., None, :])
    leave = np.minimum(last[1][..., :, None], last[0][..., None, :])
    return np.maximum(leave - enter, 0)


def _allowed(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For one coordinate: from which t to which t the segment is in each of the ten intervals."""
    low = window_edges()
    d = (end - start)[..., None]
    still = np.abs(d) < 1e-9  # then it is inside all the way or not at all
    d = np.where(still, 1.0, d)
    t0, t1 = (low - start[..., None]) / d, (low + WINDOW - start[..., None]) / d
    inside = _between(start, low)
    enter = np.where(still, np.where(inside, 0.0, 1.0), np.minimum(t0, t1))
    leave = np.where(still, np.where(inside, 1.0, 0.0), np.maximum(t0, t1))
    return np.clip(enter, 0, 1), np.clip(leave, 0, 1)

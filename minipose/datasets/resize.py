"""Report 2's picture size: the shorter side to 128 px with a bicubic kernel.

The recipe is the one of the report's tool, so that a picture scaled here and a picture scaled there
differ by at most one grey level: a = −0.75, no antialiasing, replicated border, and coordinates by
the factor itself, not by the ratio of the rounded sizes.
"""

from __future__ import annotations

import numpy as np

from minipose.errors import UserError

SIDE = 128  # px, the shorter side in report 2
STRIP = 16  # times the shorter side: what is longer would become a picture of any size
A = -0.75  # the kernel's slope at distance 1


def factor_for(size: tuple[int, int], side: int = SIDE) -> float:
    """f = side / min(H, W).

    Raises
    ------
    UserError
        If the picture is a strip, more than ``STRIP`` times as long as wide.
    """
    if max(size) > STRIP * min(size):
        raise UserError(
            f"{size[1]} × {size[0]} px, expected a picture at most {STRIP} times as long as wide"
        )
    return side / min(size)


def cubic_weights(t: np.ndarray) -> np.ndarray:
    """Weights of the four neighbours at −1, 0, 1, 2 for a point ``t`` in [0, 1) past neighbour 0.

    w(d) = (a+2)d³ − (a+3)d² + 1 for d ≤ 1,  a d³ − 5a d² + 8a d − 4a for 1 < d < 2.

    Parameters
    ----------
    t : (n,)

    Returns
    -------
    (4, n), each column with sum 1

    Source: Keys 1981, eq. 4 in general form (there a = −0.5).
    """
    d0, d1 = 1 + t, 1 - t
    first = ((A * d0 - 5 * A) * d0 + 8 * A) * d0 - 4 * A
    second = ((A + 2) * t - (A + 3)) * t * t + 1
    third = ((A + 2) * d1 - (A + 3)) * d1 * d1 + 1
    return np.stack([first, second, third, 1 - first - second - third])


def resize_bicubic(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale a picture; output pixel d looks at input point (d + ½)/f − ½.

    Parameters
    ----------
    image : uint8 (H, W) or (H, W, C)
    factor : f, output px per input px

    Returns
    -------
    uint8 (round(f·H), round(f·W)[, C])

    Raises
    ------
    ValueError
        If the image is not uint8 of such a shape, or the result would have no pixel.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(
            f"resize_bicubic: expected uint8 (H, W) or (H, W, C), got {image.dtype} {image.shape}"
        )
    height, width = (round(factor * n) for n in image.shape[:2])
    if height < 1 or width < 1:
        raise ValueError(f"resize_bicubic: {image.shape} times {factor:g} leaves no pixel")
    rows, row_weights = _taps(image.shape[0], height, factor)
    columns, column_weights = _taps(image.shape[1], width, factor)
    flat = image.reshape(*image.shape[:2], -1)  # (H, W, C)
    tall = _gather(flat, rows, row_weights[:, :, None, None])  # (h, W, C)
    sideways = np.ascontiguousarray(tall.swapaxes(0, 1))
    wide = _gather(sideways, columns, column_weights[:, :, None, None])  # (w, h, C)
    np.rint(wide, out=wide)
    np.clip(wide, 0, 255, out=wide)
    small = np.ascontiguousarray(wide.swapaxes(0, 1).astype(np.uint8))  # (h, w, C)
    return small.reshape(height, width, *image.shape[2:])


def resize_mask(mask: np.ndarray, factor: float) -> np.ndarray:
    """Scale a mask by the same transform: where the scaled foreground is at least one half.

    Parameters
    ----------
    mask : (H, W), foreground where not 0

    Returns
    -------
    uint8 (h, w) of 0 and 1
    """
    grey = resize_bicubic(np.where(mask != 0, np.uint8(255), np.uint8(0)), factor)
    return (grey >= 128).astype(np.uint8)


def scale_points(points: np.ndarray, factor: float) -> np.ndarray:
    """Points (..., 2) in px of the picture -> px of the scaled one: f (x + ½) − ½."""
    return (points + 0.5) * factor - 0.5


def _taps(size: int, out: int, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """For each output pixel of an axis the four input pixels (4, out) and their weights."""
    source = (np.arange(out) + 0.5) / factor - 0.5
    start = np.floor(source)
    weights = cubic_weights(source - start).astype(np.float32)
    taps = start.astype(np.int64) + np.arange(-1, 3)[:, None]
    return np.clip(taps, 0, size - 1), weights


def _gather(image: np.ndarray, taps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Σₖ weightₖ · image[tapₖ] along the first axis: float32."""
    total = image[taps[0]] * weights[0]
    for k in (1, 2, 3):
        total += image[taps[k]] * weights[k]
    return total

"""Report 2's joint targets: one heatmap, or a map of joint classes, around BODY_25 joints.

Every present joint is an impulse of 1 at its pixel, and the picture of impulses is blurred with a
Gaussian of σ = 1. From that blur come all three targets:

- ``heatmap``: the blur scaled so that its highest value is 100 (or 1);
- ``class_map``: the number of the nearest joint, 1-25, where the blur exceeds 0.01; 0 elsewhere;
- ``joint_targets``: the class map with the blur scaled to 0-1, for channels that hold confidences.

``expand`` turns the compact maps (H, W) into the 26 channels that the network is compared with.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

JOINTS = 25
CHANNELS = JOINTS + 1  # channel 0 is the background
SIGMA = 1.0  # px
THRESHOLD = 0.01  # of the blur, whose value at a lone joint is 1 / 2π ≈ 0.159
PEAK = 100.0  # of the regression target: between 0 and 1 the report's network found nothing


def joint_pixels(keypoints: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Which joints can be drawn, and in which pixels.

    A joint is absent if its confidence is 0 (undetected: 0, 0, 0), if it lies outside the picture,
    or in its first pixel, which stands for absent joints in report 2.

    Parameters
    ----------
    keypoints : (25, 3): x, y in px and a confidence; whole numbers are pixel centres
    size : (H, W)

    Returns
    -------
    ids : (K,), classes 1-25
    pixels : int (K, 2), row then column: the integer parts of y and x, as report 2 takes them

    Raises
    ------
    ValueError
        If the keypoints are not (25, 3).
    """
    if keypoints.shape != (JOINTS, 3):
        raise ValueError(f"joint targets: expected keypoints (25, 3), got {keypoints.shape}")
    corner = np.floor(keypoints[:, 1::-1])  # (25, 2) y, x
    present = (keypoints[:, 2] > 0) & (corner >= 0).all(axis=1) & (corner < size).all(axis=1)
    present &= (corner != 0).any(axis=1)
    return np.flatnonzero(present) + 1, corner[present].astype(np.int64)


def joint_blur(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The impulses of all joints, blurred with σ = 1, borders replicated: float64 (H, W)."""
    return _blur(joint_pixels(keypoints, size)[1], size)


def heatmap(keypoints: np.ndarray, size: tuple[int, int], peak: float = PEAK) -> np.ndarray:
    """h = peak · blur / max(blur): float32 (H, W), all 0 if no joint is present.

    Parameters
    ----------
    keypoints : (25, 3), px and confidence
    size : (H, W)
    peak : 100, or 1 to see what the report saw with targets between 0 and 1

    Source: report 2, section II-D 3 a.
    """
    blur = joint_blur(keypoints, size)
    return (blur * (peak / (blur.max() or 1.0))).astype(np.float32)


def class_map(
    keypoints: np.ndarray, size: tuple[int, int], threshold: float = THRESHOLD
) -> np.ndarray:
    """The nearest joint's number where the blur exceeds the threshold: uint8 (H, W), 0-25.

    Source: report 2, section II-D 3 b.
    """
    return joint_targets(keypoints, size, threshold)[0]


def joint_targets(
    keypoints: np.ndarray, size: tuple[int, int], threshold: float = THRESHOLD
) -> tuple[np.ndarray, np.ndarray]:
    """The class map, and the blur scaled to 0-1, from one blur.

    Of joints at the same distance (or in the same pixel) the one with the lower number wins.

    Parameters
    ----------
    keypoints : (25, 3), px and confidence
    size : (H, W)

    Returns
    -------
    classes : uint8 (H, W), 0 background, 1-25 joints
    values : float32 (H, W), between 0 and 1; 100 times it is ``heatmap``

    Source: report 2, sections II-D 3 b and c.
    """
    ids, pixels = joint_pixels(keypoints, size)
    blur = _blur(pixels, size)
    classes = np.zeros(size, dtype=np.uint8)
    rows, columns = np.nonzero(blur > threshold)  # a few hundred pixels, so all pairs are cheap
    if len(rows):
        distance2 = (rows[:, None] - pixels[:, 0]) ** 2 + (columns[:, None] - pixels[:, 1]) ** 2
        classes[rows, columns] = ids[distance2.argmin(axis=1)]
    return classes, (blur / (blur.max() or 1.0)).astype(np.float32)


def expand(classes: np.ndarray, values: np.ndarray | None = None) -> np.ndarray:
    """Compact maps -> 26 channels: t[c] = v where the class is c, and t[0] = 1 on background.

    Parameters
    ----------
    classes : integer (..., H, W), 0-25
    values : (..., H, W), optional; 1 everywhere if left out ('softmax' against 'regression
        softmax'). The background channel is 1 either way, so that with values the channels of a
        joint's pixel add up to less than 1.

    Returns
    -------
    float32 (..., 26, H, W)
    """
    channels = np.arange(CHANNELS, dtype=classes.dtype)[:, None, None]
    hot = classes[..., None, :, :] == channels  # (..., 26, H, W)
    if values is None:
        return hot.astype(np.float32)
    if values.shape != classes.shape:
        raise ValueError(f"expand: classes {classes.shape} and values {values.shape} differ")
    out = hot * values[..., None, :, :].astype(np.float32)
    out[..., 0, :, :] = hot[..., 0, :, :]
    return out


def _blur(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    impulses = np.zeros(size)
    impulses[pixels[:, 0], pixels[:, 1]] = 1.0
    return gaussian_filter(impulses, SIGMA, mode="nearest")

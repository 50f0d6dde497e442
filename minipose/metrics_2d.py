"""How far joints in a picture are from their places: px, and shares of joints near enough.

Host arrays in; nan stands for a joint that has no true place.
"""

from __future__ import annotations

import numpy as np

from minipose.skeletons import BODY_25

_NOSE, _NECK, _MID_HIP = (BODY_25.index(name) for name in ("nose", "neck", "mid hip"))
_HEAD_OF_TRUNK = 0.45  # nose-neck over neck-hip of an adult who stands upright


def visible_joints(keypoints: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Which joints were detected and lie inside their picture.

    Parameters
    ----------
    keypoints : (N, 25, 3): x, y in px, confidence
    sizes : (N, 2): height, width in px

    Returns
    -------
    bool (N, 25)
    """
    _check_keypoints("visible_joints", keypoints)
    x, y, confidence = np.moveaxis(keypoints, 2, 0)
    height, width = np.asarray(sizes).T[:, :, None]
    return (confidence > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)


def pixel_errors(predicted: np.ndarray, target: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Distance of each joint from its true place, px; nan where ``visible`` is false.

    Parameters
    ----------
    predicted, target : (N, J, 2), px
    visible : bool (N, J)
    """
    if predicted.shape != target.shape or predicted.shape[:2] != visible.shape:
        raise ValueError(
            f"pixel_errors: predicted {predicted.shape}, target {target.shape}, visible "
            f"{visible.shape}"
        )
    return np.where(visible, np.linalg.norm(predicted - target, axis=2), np.nan)


def correct_share(errors: np.ndarray, threshold: float | np.ndarray) -> float:
    """PCK: the share of joints that lie at most ``threshold`` px from their true place.

    Parameters
    ----------
    errors : (N, J), px, nan where there is nothing to find
    threshold : px, one number or one per picture (N,); pictures with nan are left out

    Returns
    -------
    float between 0 and 1, nan if there is no joint at all
    """
    if np.size(threshold) not in (1, len(errors)):
        raise ValueError(
            f"correct_share: expected one threshold or {len(errors)}, got {np.size(threshold)}"
        )
    limit = np.broadcast_to(np.reshape(threshold, (-1, 1)), errors.shape)
    counted = ~(np.isnan(errors) | np.isnan(limit))
    return float((errors <= limit)[counted].mean()) if counted.any() else float("nan")


def head_sizes(keypoints: np.ndarray) -> np.ndarray:
    """Length of each head, px: BODY_25 has no top of the head, so from the nose to the neck.

    Where nose or neck is missing, 0.45 of the way from neck to mid hip; else nan. Half of it is
    PCK's usual threshold.

    Parameters
    ----------
    keypoints : (N, 25, 3): x, y in px, confidence

    Returns
    -------
    (N,), px
    """
    _check_keypoints("head_sizes", keypoints)
    head = _distance(keypoints, _NOSE, _NECK)
    trunk = _HEAD_OF_TRUNK * _distance(keypoints, _NECK, _MID_HIP)
    return np.where(np.isnan(head), trunk, head)


def _check_keypoints(name: str, keypoints: np.ndarray) -> None:
    if keypoints.ndim != 3 or keypoints.shape[1:] != (len(BODY_25), 3):
        raise ValueError(f"{name}: expected keypoints (N, 25, 3), got {keypoints.shape}")


def _distance(keypoints: np.ndarray, a: int, b: int) -> np.ndarray:
    known = (keypoints[:, a, 2] > 0) & (keypoints[:, b, 2] > 0)
    length = np.linalg.norm(keypoints[:, a, :2] - keypoints[:, b, :2], axis=1)
    return np.where(known, length, np.nan)

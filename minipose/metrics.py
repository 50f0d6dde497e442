"""How good a prediction is, in units that people read: mm, px, fractions.

Host arrays in, floats or host arrays out; nan stands for a joint that has no true place.
"""

from __future__ import annotations

import numpy as np

NOSE, NECK, MID_HIP = 0, 1, 8  # of BODY_25's joints
HEAD_OF_TRUNK = 0.45  # nose-neck over neck-hip of an adult who stands upright


def joint_errors(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Distance of each joint from its true place after both roots are moved to the origin.

    Parameters
    ----------
    predicted, target : shape (T, N, 3), mm; joint 0 is the root

    Returns
    -------
    array, shape (T, N), mm
    """
    predicted, target = _poses("joint_errors", predicted, target)
    difference = (predicted - predicted[:, :1]) - (target - target[:, :1])
    return np.linalg.norm(difference, axis=2)


def mpjpe(predicted: np.ndarray, target: np.ndarray, root_relative: bool = True) -> float:
    """Mean per-joint position error, mm:  (1/T)(1/N) ΣₜΣᵢ ‖(Jᵢ − J_root) − (Ĵᵢ − Ĵ_root)‖.

    ``root_relative=False`` takes both as they are: for targets that are relative to the root
    already, it then counts the error of the predicted root as well, as report 1's code did.

    Source: report 1, eq. 9.
    """
    if root_relative:
        return float(joint_errors(predicted, target).mean())
    predicted, target = _poses("mpjpe", predicted, target)
    return float(np.linalg.norm(predicted - target, axis=2).mean())


def pa_mpjpe(predicted: np.ndarray, target: np.ndarray) -> float:
    """MPJPE, mm, after each pose was rotated, scaled and shifted onto its target."""
    predicted, target = _poses("pa_mpjpe", predicted, target)
    return float(np.linalg.norm(procrustes(predicted, target) - target, axis=2).mean())


def procrustes(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The scaled, rotated and shifted poses s·P·R + t that come closest to their targets.

    With centred P and Q and the decomposition PᵀQ = U S Vᵀ, the rotation is R = U D Vᵀ with
    D = diag(1, 1, det(UVᵀ)), which rules mirror images out, and s = tr(S D) / ‖P‖².

    Parameters
    ----------
    predicted, target : shape (T, N, 3); a pose with a joint that is not finite becomes nan

    Source: Umeyama 1991, equations 40-42.
    """
    predicted, target = _poses("procrustes", predicted, target)
    p_mean, q_mean = predicted.mean(axis=1, keepdims=True), target.mean(axis=1, keepdims=True)
    p, q = predicted - p_mean, target - q_mean
    product = p.transpose(0, 2, 1) @ q
    known = np.isfinite(product).all(axis=(1, 2), keepdims=True)  # LAPACK takes no other
    u, s, vt = np.linalg.svd(np.where(known, product, 0))
    flip = np.ones_like(s)
    flip[:, -1] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * flip[:, None, :]) @ vt
    scale = (s * flip).sum(axis=1) / np.maximum((p * p).sum(axis=(1, 2)), 1e-12)
    return np.where(known, scale[:, None, None] * (p @ rotation) + q_mean, np.nan)


def identical_fraction(poses: np.ndarray, starts: np.ndarray | None = None) -> float:
    """Fraction of consecutive poses that are the same (report 1's "piecewise constancy").

    0 where there are no two poses to compare.

    Parameters
    ----------
    poses : shape (T, ...), consecutive frames
    starts : indices, optional
        Where a new sequence begins; the pair across such a seam is not counted.
    """
    within = np.ones(len(poses), dtype=bool)
    within[:1] = False
    within[[] if starts is None else np.asarray(starts, dtype=int)] = False
    return float(repeats(poses)[within].mean()) if within.any() else 0.0


def run_lengths(poses: np.ndarray, starts: np.ndarray | None = None) -> np.ndarray:
    """How many equal poses follow each other, run by run: whole numbers that add up to T.

    Parameters
    ----------
    poses : shape (T, ...), consecutive frames
    starts : indices, optional
        Where a new sequence begins, and so a new run.
    """
    begins = ~repeats(poses)
    begins[[] if starts is None else np.asarray(starts, dtype=int)] = True
    return np.diff(np.append(np.flatnonzero(begins), len(poses)))


def acceleration_error(
    predicted: np.ndarray, target: np.ndarray, starts: np.ndarray | None = None
) -> float:
    """Mean of ‖(Pₜ₊₁ − 2Pₜ + Pₜ₋₁) − (Qₜ₊₁ − 2Qₜ + Qₜ₋₁)‖ over joints and frames, mm/frame².

    Both are relative to their roots. nan where no three frames follow each other.

    Parameters
    ----------
    predicted, target : shape (T, N, 3), mm, consecutive frames; joint 0 is the root
    starts : indices, optional
        Where a new sequence begins; nothing is computed across such a seam.

    Source: Kanazawa et al. 2019, "Learning 3D Human Dynamics from Video", section 4.
    """
    predicted, target = _poses("acceleration_error", predicted, target)
    difference = np.subtract(predicted - predicted[:, :1], target - target[:, :1], dtype=np.float64)
    within = np.ones(len(difference), dtype=bool)
    within[[] if starts is None else np.asarray(starts, dtype=int)] = False
    within = within[1:-1] & within[2:]  # of the frame in the middle and of the one after it
    bent = difference[2:] - 2 * difference[1:-1] + difference[:-2]
    return float(np.linalg.norm(bent[within], axis=2).mean()) if within.any() else float("nan")


def repeats(rows: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """Whether each row equals the one before it: bool (T,). ``before`` precedes the first row."""
    same = np.zeros(len(rows), dtype=bool)
    same[1:] = (rows[1:] == rows[:-1]).all(axis=tuple(range(1, rows.ndim)))
    same[:1] = before is not None and (rows[:1] == before).all()
    return same


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
    predicted, target = _floats(predicted), _floats(target)
    if predicted.shape != target.shape or predicted.shape[:2] != visible.shape:
        raise ValueError(
            f"pixel_errors: predicted {predicted.shape}, target {target.shape}, visible "
            f"{visible.shape}"
        )
    return np.where(visible, np.linalg.norm(predicted - target, axis=2), np.nan)


def correct_fraction(errors: np.ndarray, threshold: float | np.ndarray) -> float:
    """PCK: the fraction of joints that lie at most ``threshold`` px from their true place.

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
            f"correct_fraction: expected one threshold or {len(errors)}, got {np.size(threshold)}"
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
    head = _distance(keypoints, NOSE, NECK)
    trunk = HEAD_OF_TRUNK * _distance(keypoints, NECK, MID_HIP)
    return np.where(np.isnan(head), trunk, head)


def dice_coefficient(predicted: np.ndarray, mask: np.ndarray, smooth: float = 1e-6) -> float:
    """(2 Σ p t + s) / (Σ p + Σ t + s) of one image; p a probability or 0/1, t 0/1.

    Source: report 2, eq. 1.
    """
    predicted, mask = _same_shape("dice_coefficient", predicted, mask)
    overlap = float((predicted * mask).sum(dtype=np.float64))
    total = float(predicted.sum(dtype=np.float64)) + float(mask.sum(dtype=np.float64))
    return (2 * overlap + smooth) / (total + smooth)


def _poses(name: str, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = _same_shape(name, a, b)
    if a.ndim != 3 or a.shape[2] != 3:
        raise ValueError(f"{name}: expected poses (T, N, 3), got {a.shape}")
    return a, b


def _same_shape(name: str, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = _floats(a), _floats(b)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"{name}: predicted {a.shape}, target {b.shape}")
    return a, b


def _floats(values: np.ndarray) -> np.ndarray:
    """Of 32 bits or more: unsigned differences wrap, and squares of 256 mm overflow in 16 bits."""
    values = np.asarray(values)
    return values.astype(np.result_type(values, np.float32), copy=False)


def _check_keypoints(name: str, keypoints: np.ndarray) -> None:
    if keypoints.ndim != 3 or keypoints.shape[1:] != (25, 3):
        raise ValueError(f"{name}: expected keypoints (N, 25, 3), got {keypoints.shape}")


def _distance(keypoints: np.ndarray, a: int, b: int) -> np.ndarray:
    known = (keypoints[:, a, 2] > 0) & (keypoints[:, b, 2] > 0)
    places = _floats(keypoints[:, :, :2])
    length = np.linalg.norm(places[:, a] - places[:, b], axis=1)
    return np.where(known, length, np.nan)

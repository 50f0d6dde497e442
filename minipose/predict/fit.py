"""A pose in space laid on the picture that it was found in, so that a misfit shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minipose.skeletons import BODY_25, H36M_17, H36M_17_EDGES

# Joints that both skeletons have, under their names: (of H36M_17, of BODY_25).
SHARED = tuple(
    (j, BODY_25.index("mid hip" if name == "pelvis" else name))
    for j, name in enumerate(H36M_17)
    if name == "pelvis" or name in BODY_25
)
FEWEST = 4  # joints of the picture that a pose is laid on; below, on the mask's box
TOLERANCE = 0.06  # of the person's larger side: a joint this far off counts e^-½ ≈ 0.61


@dataclass(frozen=True)
class Fit:
    """How a pose lies on its picture.

    Attributes
    ----------
    places : (17, 2), px: each joint's place by a weak perspective, scale · (x, y) + shift
    scale : px per mm
    on : "joints" (of the picture) or "box" (of the mask), what the pose was laid on
    distance : mean distance of the pose's joints from the picture's, as a fraction of the person's
        larger side; nan where it was laid on the box
    confidence : 0-1. On joints: mean of exp(−½ (distance / tolerance)²). On the box: the fraction
        of the drawn limbs that lies on the mask.
    """

    places: np.ndarray
    scale: float
    on: str
    distance: float
    confidence: float


def lay_on_picture(
    joints: np.ndarray,
    keypoints: np.ndarray | None,
    present: np.ndarray | None,
    mask: np.ndarray,
    box: tuple[int, int, int, int],
) -> Fit:
    """The weak perspective that minimises Σ c ‖s · (x, y) + t − place‖² over shared joints.

    Nothing is rotated: where a pose is wrong, its joints lie beside the person's.

    Parameters
    ----------
    joints : (17, 3), mm, camera frame
    keypoints, present : (25, 3) px and confidence c, bool (25,); or None
    mask : bool (H, W)
    box : around the mask, px

    Returns
    -------
    Fit
    """
    flat = joints[:, :2]
    side = max(box[2] - box[0], box[3] - box[1])
    ours, theirs = (np.array(one) for one in zip(*SHARED, strict=True))
    if present is not None and present[theirs].sum() >= FEWEST:
        use = present[theirs]
        ours, wanted = ours[use], keypoints[theirs[use], :2]
        weights = keypoints[theirs[use], 2:]
        scale, shift = _weak_perspective(flat[ours], wanted, weights)
        if scale > 0:
            places = scale * flat + shift
            off = np.linalg.norm(places[ours] - wanted, axis=1) / side
            near = np.exp(-0.5 * (off / TOLERANCE) ** 2)
            confidence = float((near * weights[:, 0]).sum() / weights.sum())
            return Fit(places, scale, "joints", float(off.mean()), confidence)
    low, high = flat.min(axis=0), flat.max(axis=0)
    corners = np.reshape(box, (2, 2)).astype(np.float64)
    scale = float(np.diff(corners, axis=0).sum() / max((high - low).sum(), 1e-6))
    places = scale * (flat - (low + high) / 2) + corners.mean(axis=0) - 0.5
    return Fit(places, scale, "box", float("nan"), _on_mask(places, mask))


def _weak_perspective(
    points: np.ndarray, wanted: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """Scale and shift (2,) by weighted least squares: points (N, 2) -> wanted (N, 2)."""
    total = weights.sum()
    middle, goal = (weights * points).sum(axis=0) / total, (weights * wanted).sum(axis=0) / total
    spread = (weights * (points - middle) ** 2).sum()
    scale = (weights * (points - middle) * (wanted - goal)).sum() / max(spread, 1e-9)
    return float(scale), goal - scale * middle


def _on_mask(places: np.ndarray, mask: np.ndarray) -> float:
    """The fraction of points along all limbs that lies on the mask."""
    a, b = (places[list(ends)] for ends in zip(*H36M_17_EDGES, strict=True))
    along = np.linspace(0, 1, 9)[:, None, None]
    points = np.rint((1 - along) * a + along * b).astype(int).reshape(-1, 2)
    inside = ((points >= 0) & (points < mask.shape[::-1])).all(axis=1)
    x, y = points[inside].T
    return float(mask[y, x].sum() / len(points))

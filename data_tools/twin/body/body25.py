"""OpenPose's 25 joints on a drawn body, and what a detector would have made of them."""

from __future__ import annotations

import numpy as np

from data_tools.twin.body.clothes import Parts
from data_tools.twin.body.kinematics import Posed
from minipose.datasets.cameras import Camera
from minipose.skeletons import BODY_25, H36M_32

DIRECT = {
    "right shoulder": "RightArm", "right elbow": "RightForeArm", "right wrist": "RightHand",
    "left shoulder": "LeftArm", "left elbow": "LeftForeArm", "left wrist": "LeftHand",
    "right hip": "RightUpLeg", "right knee": "RightLeg", "right ankle": "RightFoot",
    "left hip": "LeftUpLeg", "left knee": "LeftLeg", "left ankle": "LeftFoot",
}  # fmt: skip
# On the head: (forward, left, up) mm from the skull's middle, and the direction that it faces.
FACE = {
    "nose": ((108, 0, -34), (1, 0, 0)),
    "right eye": ((84, -33, 0), (0.85, -0.5, 0)),
    "left eye": ((84, 33, 0), (0.85, 0.5, 0)),
    "right ear": ((-6, -98, -26), (0, -1, 0)),
    "left ear": ((-6, 98, -26), (0, 1, 0)),
}
FACE_NAMES = tuple(FACE)
MARGIN = 45.0  # mm by which a part must stand in front of a joint to hide it


def body_25(posed: Posed) -> np.ndarray:
    """World points (25, 3), mm, of a pose's first frame, in the order of BODY_25."""
    at = {name: posed.joints[0, i] for i, name in enumerate(H36M_32)}
    points = {name: at[source] for name, source in DIRECT.items()}
    points["neck"] = 0.5 * (at["RightArm"] + at["LeftArm"])
    points["mid hip"] = 0.5 * (at["RightUpLeg"] + at["LeftUpLeg"])
    head = posed.rotations["head"][0]
    skull = at["HeadSite"] + head @ np.array([-22.0, 0.0, -92.0])
    for name, (place, _) in FACE.items():
        points[name] = skull + head @ np.array(place, dtype=float)
    for side, sign in (("Right", -1.0), ("Left", 1.0)):
        ankle, ball, tip = (at[f"{side}{part}"] for part in ("Foot", "ToeBase", "ToeSite"))
        front = (tip - ball) / np.linalg.norm(tip - ball)
        left = np.cross([0.0, 0.0, 1.0], front)
        left /= max(np.linalg.norm(left), 1e-9)
        s = side.lower()
        points[f"{s} big toe"] = tip - sign * 18 * left
        points[f"{s} small toe"] = ball + 35 * front + sign * 38 * left
        heel = ankle - 0.30 * (ball - ankle)
        points[f"{s} heel"] = np.array([*heel[:2], ankle[2] - 45])
    return np.stack([points[name] for name in BODY_25])


def hidden(points: np.ndarray, posed: Posed, parts: Parts, camera: Camera) -> np.ndarray:
    """Which joints the camera cannot see: bool (25,).

    A joint of the face is hidden if it faces away. Any joint is hidden if its line of sight passes
    through a part of the body that the joint itself is not in.
    """
    a, b = parts.a[0], parts.b[0]  # (K, 3)
    radius = np.maximum(parts.radius_a, parts.radius_b)
    sight = camera.centre - points
    distance = np.linalg.norm(sight, axis=1, keepdims=True)
    sight = sight / distance
    # Parts that the joint is in, or nearly, are its own.
    own = _segment_distance(points[:, None], points[:, None], a, b) < radius + 30
    start = points + MARGIN * sight
    blocked = _segment_distance(start[:, None], camera.centre[None, None], a, b) < 0.85 * radius
    out = (blocked & ~own).any(axis=1)
    head = posed.rotations["head"][0]
    for name, (_, facing) in FACE.items():
        k = BODY_25.index(name)
        towards = head @ np.array(facing, dtype=float)
        out[k] = towards @ sight[k] < (-0.25 if name.endswith("ear") else 0.05)
    return out


def detect(
    pixels: np.ndarray, unseen: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """What a detector finds: (25, 3) x, y, confidence; 0, 0, 0 for what it misses.

    Seen joints are rarely missed and nearly in place. Hidden limbs are mostly guessed, worse and
    with less confidence; a hidden face is hardly ever found; outside the picture there is nothing.
    """
    scale = min(size) / 128  # px; what it gets wrong grows with the picture
    face = np.isin(BODY_25, FACE_NAMES)
    missing = np.where(unseen, np.where(face, 0.93, 0.12), 0.006)
    noise = rng.normal(0, 1, (25, 2)) * np.where(unseen, 1.0, 0.35)[:, None] * scale
    confidence = np.clip(
        np.where(unseen, rng.normal(0.42, 0.12, 25), rng.normal(0.82, 0.07, 25)), 0.06, 0.97
    )
    found = np.concatenate([pixels + noise, confidence[:, None]], axis=1)
    inside = ((pixels >= 0) & (pixels < size[::-1])).all(axis=1)
    found[(rng.random(25) < missing) | ~inside] = 0
    return found


def _segment_distance(p: np.ndarray, q: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance between the segments p-q (J, 1, 3) and a-b (K, 3): (J, K).

    The closest points are found by minimising over one segment, then the other, each clipped to its
    ends (Ericson 2005, section 5.1.9).
    """
    d1, d2, r = q - p, b - a, p - a
    aa = (d1 * d1).sum(-1)
    e = (d2 * d2).sum(-1) + 1e-9
    f = (d2 * r).sum(-1)
    c = (d1 * r).sum(-1)
    bb = (d1 * d2).sum(-1)
    denominator = aa * e - bb * bb
    s = np.where(
        denominator > 1e-6, np.clip((bb * f - c * e) / np.maximum(denominator, 1e-6), 0, 1), 0.0
    )
    t = (bb * s + f) / e
    clipped = np.clip(t, 0, 1)
    s = np.where(aa > 1e-9, np.clip((bb * clipped - c) / np.maximum(aa, 1e-9), 0, 1), 0.0)
    closest = (p + s[..., None] * d1) - (a + clipped[..., None] * d2)
    return np.sqrt((closest * closest).sum(-1))

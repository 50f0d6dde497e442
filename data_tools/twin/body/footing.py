"""Feet on the floor: which one bears the body, and that it neither slides nor scrapes.

Measured joint angles, put on other bones, leave the standing foot sliding at almost half the
walking speed and the toes in the floor. Here a few degrees at hip and knee put that right, and the
velocity of the foot that stands is read off, for the body to be moved by it.
"""

from __future__ import annotations

import numpy as np

from data_tools.twin.body.kinematics import Angles, Bones, Posed, pose
from data_tools.twin.body.stances import Stance

SOLE_HEEL, SOLE_TOES = 85.0, 25.0  # mm from the ankle and the toes' base down to the floor


def soles(posed: Posed) -> np.ndarray:
    """Where the soles' heels and balls are: (T, foot, heel | ball, xyz), right foot first, mm."""
    ankle, ball, tip = (posed.joints[:, pair] for pair in ([3, 8], [4, 9], [5, 10]))
    forward = (tip - ball) / np.linalg.norm(tip - ball, axis=-1, keepdims=True)
    down = ball - ankle - 135.0 * forward
    down /= np.linalg.norm(down, axis=-1, keepdims=True)
    heel = ankle - 45.0 * forward + SOLE_HEEL * down
    return np.stack([heel, ball + SOLE_TOES * down], axis=2)


def level_the_feet(angles: Angles, sole: np.ndarray, phase: np.ndarray) -> None:
    """Bend the knee of a foot in swing, and later straighten the other, until the two agree.

    The series come from other bones and a tilted pelvis: without this, toes would scrape the floor
    by up to 5 cm. A foot in mid-swing must clear the other one's floor by 12 mm; towards heel
    strike the one behind is let down as well.
    """
    lowest = sole[..., 2].min(axis=2)  # (T, foot)
    for foot, (side, other) in enumerate((("right", "left"), ("left", "right"))):
        place = (phase / (2 * np.pi) + 0.5 * foot) % 1.0
        clearance = 12.0 * np.sin(np.pi * np.clip((place - 0.62) / 0.34, 0, 1))
        missing = np.maximum(lowest[:, 1 - foot] + clearance - lowest[:, foot], 0)
        missing *= ease((place - 0.60) / 0.06) * (1 - ease((place - 0.95) / 0.05))
        late = 0.6 * ease((place - 0.78) / 0.14)
        for name, fraction in ((side, 1 - late), (other, -late)):
            bend = smooth(smooth(fraction * missing, 5), 5) / 2.7  # 1° draws the foot up by 2.7 mm
            for joint, part in (("knee", 1.0), ("hip", 0.5)):
                key = f"{joint}_{name}"
                setattr(angles, key, getattr(angles, key) + part * bend)


def bearing(phase: np.ndarray) -> np.ndarray:
    """How much of the body each foot bears, (T, foot), right first; the two sum to 1.

    A foot bears from when it is furthest forward for half a stride, with a soft change-over.
    """
    place = (phase / (2 * np.pi) + 0.25) % 1.0
    right = ease((place - 0.23) / 0.08) - ease((place - 0.73) / 0.08)
    return np.stack([right, 1 - right], axis=1)


def carry(sole: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Velocity (mm/s) and place (mm) of each foot's contact with the floor, (T, foot, xy).

    Both in the frame of the pelvis. The contact rolls from the heel to the ball of the foot.
    """
    velocity = np.gradient(sole[..., :2], axis=0) * fps  # (T, foot, heel | ball, xy)
    on_ball = ease((sole[:, :, 0, 2] - sole[:, :, 1, 2]) / 30.0 + 0.5)[..., None]
    return tuple(
        (1 - on_ball) * v[:, :, 0] + on_ball * v[:, :, 1] for v in (velocity, sole[..., :2])
    )


def even_the_pace(
    angles: Angles, bones: Bones, sole: np.ndarray, phase: np.ndarray, fps: float
) -> None:
    """Turn each hip by the degree or two that lets the foot on the floor move evenly.

    The series leave up to 2° of a hip's angle out, which at the third harmonic is a third of the
    foot's speed. While a foot bears the body, its speed is drawn towards the mean of the step.
    """
    bears = bearing(phase)
    speed = carry(sole, fps)[0][..., 0]  # (T, foot), forward
    stride = max(1, round(2 * np.pi * len(phase) / (phase[-1] - phase[0] + 1e-9)))
    mean = smooth((bears * speed).sum(axis=1), stride)
    for foot, side in enumerate(("right", "left")):
        excess = smooth(bears[:, foot] * (speed[:, foot] - mean), 3)
        turn = -np.cumsum(excess) / fps / (bones.thigh + bones.shin)
        turn -= smooth(turn, stride)
        key = f"hip_{side}"
        setattr(angles, key, getattr(angles, key) + np.rad2deg(turn))


def stand_up(bones: Bones, stance: Stance, heading: float = 0.0) -> Posed:
    """The body in its stance, feet on the floor (or ``lift`` above it), hips over the origin."""
    angles = dict(stance.angles)
    for side, pointed in zip(("right", "left"), stance.pointed, strict=True):
        if pointed:
            shin = angles.get("pelvis_pitch", 0) - angles[f"hip_{side}"] + angles[f"knee_{side}"]
            angles[f"foot_{side}"] = shin + angles.get(f"foot_{side}", 0.0)
    posed = pose(bones, Angles(heading=heading, **angles), 1)
    joints = posed.joints[0]
    lowest = min(
        (joints[[3, 8], 2] - SOLE_HEEL).min(),
        (joints[[4, 9], 2] - SOLE_TOES).min(),
        joints[[2, 7], 2].min() - 60.0,  # knees
        joints[:, 2].min() - 40.0,
    )
    return posed.shifted(np.array([[0.0, 0.0, stance.lift - lowest]]))


def ease(u: np.ndarray) -> np.ndarray:
    """From 0 at u = 0 to 1 at u = 1 with level ends."""
    u = np.clip(u, 0, 1)
    return u * u * (3 - 2 * u)


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Running mean over an odd number of frames, the ends repeated."""
    width |= 1
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")

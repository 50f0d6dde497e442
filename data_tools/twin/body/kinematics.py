"""A body: bone lengths, and where all 32 joints are for given joint angles.

Body frame: x forward, y left, z up. A segment at rest hangs down (arms, legs) or stands up (spine).
Angles are in degrees; arrays have one entry per frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from minipose.skeletons import H36M_32


@dataclass(frozen=True)
class Bones:
    """Lengths in mm, the same on both sides, and a build: 1 is slim, 1.3 is heavy."""

    hip: float = 132.9
    thigh: float = 442.9
    shin: float = 454.2
    spine: float = 233.5
    chest: float = 257.1
    neck: float = 121.1
    head: float = 115.0
    shoulder: float = 151.0
    upper_arm: float = 278.9
    forearm: float = 251.7
    build: float = 1.0


@dataclass
class Angles:
    """Joint angles in degrees over T frames; each entry is an array (T,) or a number.

    Flexion is positive forward (knees: heel towards the seat), abduction outwards, yaw to the left,
    roll and lean to the right and forward. ``foot`` is the sole's pitch in the world, toes down
    positive; the others are relative to the parent segment.
    """

    heading: np.ndarray | float = 0.0
    pelvis_roll: np.ndarray | float = 0.0
    pelvis_pitch: np.ndarray | float = 0.0
    lean: np.ndarray | float = 3.0
    side_lean: np.ndarray | float = 0.0
    shoulder_yaw: np.ndarray | float = 0.0
    head_yaw: np.ndarray | float = 0.0
    head_pitch: np.ndarray | float = 0.0
    hip_right: np.ndarray | float = 0.0
    hip_left: np.ndarray | float = 0.0
    hip_abduction_right: np.ndarray | float = 2.0
    hip_abduction_left: np.ndarray | float = 2.0
    hip_twist_right: np.ndarray | float = 8.0
    hip_twist_left: np.ndarray | float = 8.0
    knee_right: np.ndarray | float = 5.0
    knee_left: np.ndarray | float = 5.0
    foot_right: np.ndarray | float = 0.0
    foot_left: np.ndarray | float = 0.0
    shoulder_right: np.ndarray | float = 0.0
    shoulder_left: np.ndarray | float = 0.0
    shoulder_abduction_right: np.ndarray | float = 12.0
    shoulder_abduction_left: np.ndarray | float = 12.0
    shoulder_twist_right: np.ndarray | float = 0.0
    shoulder_twist_left: np.ndarray | float = 0.0
    elbow_right: np.ndarray | float = 20.0
    elbow_left: np.ndarray | float = 20.0

    def arrays(self, frames: int) -> dict[str, np.ndarray]:
        """Every angle as an array (frames,) in radians."""
        return {
            f.name: np.deg2rad(np.broadcast_to(np.asarray(getattr(self, f.name), float), frames))
            for f in fields(self)
        }


@dataclass
class Posed:
    """A body in a pose: where its joints are and how its main parts are rotated.

    Attributes
    ----------
    joints : (T, 32, 3), mm, world, in the order of ``skeletons.H36M_32``
    rotations : {"pelvis" | "chest" | "head": (T, 3, 3)}, body part -> world
    """

    joints: np.ndarray
    rotations: dict[str, np.ndarray] = field(default_factory=dict)

    def shifted(self, offset: np.ndarray) -> Posed:
        """Moved by ``offset`` (T, 3) mm."""
        return Posed(self.joints + offset[:, None, :], self.rotations)

    def cut(self, frames: slice) -> Posed:
        """Some of the frames."""
        return Posed(self.joints[frames], {part: r[frames] for part, r in self.rotations.items()})


def pose(bones: Bones, angles: Angles, frames: int) -> Posed:
    """Forward kinematics, hips at the origin: a segment is rotated by its parent and by itself."""
    a = angles.arrays(frames)
    at: dict[str, np.ndarray] = {"Hips": np.zeros((frames, 3))}
    pelvis = rz(a["heading"]) @ rx(a["pelvis_roll"]) @ ry(a["pelvis_pitch"])
    trunk = rz(a["heading"]) @ rx(a["side_lean"]) @ ry(a["lean"])
    chest = trunk @ rz(a["shoulder_yaw"])
    head = chest @ rz(a["head_yaw"]) @ ry(a["head_pitch"])

    at["Spine"] = at["Hips"]
    at["Spine1"] = at["Hips"] + _move(trunk, z=bones.spine)
    at["Neck"] = at["Spine1"] + _move(chest, z=bones.chest)
    # walking.md: the segment from neck to head leans 32-46° forward, the one above it hardly.
    at["Head"] = at["Neck"] + _move(head @ ry(np.deg2rad(38.0)), z=bones.neck)
    at["HeadSite"] = at["Head"] + _move(head @ ry(np.deg2rad(2.0)), z=bones.head)

    for side, sign in (("Right", -1.0), ("Left", 1.0)):
        s = side.lower()
        _leg(at, bones, a, pelvis, side, s, sign)
        _arm(at, bones, a, chest, side, s, sign)
    joints = np.stack([at[name] for name in H36M_32], axis=1)  # (T, 32, 3)
    return Posed(joints, {"pelvis": pelvis, "chest": chest, "head": head})


def _leg(at: dict, bones: Bones, a: dict, pelvis: np.ndarray, side: str, s: str, sign: float):
    thigh = (
        pelvis
        @ rx(sign * a[f"hip_abduction_{s}"])
        @ ry(-a[f"hip_{s}"])
        @ rz(sign * a[f"hip_twist_{s}"])
    )
    shin = thigh @ ry(a[f"knee_{s}"])
    # The sole keeps its pitch against the floor, and points where the shin's front points.
    front = shin[:, :, 0] * np.array([1.0, 1.0, 0.0])
    yaw = np.arctan2(front[:, 1], front[:, 0])
    foot = rz(yaw) @ ry(a[f"foot_{s}"])
    at[f"{side}UpLeg"] = at["Hips"] + _move(pelvis, y=sign * bones.hip)
    at[f"{side}Leg"] = at[f"{side}UpLeg"] + _move(thigh, z=-bones.thigh)
    at[f"{side}Foot"] = at[f"{side}Leg"] + _move(shin, z=-bones.shin)
    at[f"{side}ToeBase"] = at[f"{side}Foot"] + _move(foot, x=135.0, z=-60.0)
    at[f"{side}ToeSite"] = at[f"{side}ToeBase"] + _move(foot, x=75.0)


def _arm(at: dict, bones: Bones, a: dict, chest: np.ndarray, side: str, s: str, sign: float):
    upper = (
        chest
        @ rx(sign * a[f"shoulder_abduction_{s}"])
        @ ry(-a[f"shoulder_{s}"])
        @ rz(-sign * a[f"shoulder_twist_{s}"])
    )
    lower = upper @ ry(-a[f"elbow_{s}"])
    _, out, down = shoulder_place(bones, sign)
    at[f"{side}Shoulder"] = at["Neck"]
    at[f"{side}Arm"] = at["Neck"] + _move(chest, y=out, z=down)
    at[f"{side}ForeArm"] = at[f"{side}Arm"] + _move(upper, z=-bones.upper_arm)
    at[f"{side}Hand"] = at[f"{side}ForeArm"] + _move(lower, z=-bones.forearm)
    at[f"{side}HandThumb"] = at[f"{side}Hand"]
    at[f"{side}ThumbSite"] = at[f"{side}Hand"] + _move(lower, x=45.0, z=-50.0)
    at[f"{side}WristEnd"] = at[f"{side}Hand"] + _move(lower, z=-90.0)
    at[f"{side}WristSite"] = at[f"{side}WristEnd"] + _move(lower, z=-70.0)


def shoulder_place(bones: Bones, sign: float) -> np.ndarray:
    """A shoulder (left: sign 1), (3,) mm from the neck in the chest's frame: a little below it."""
    drop = 0.16 * bones.shoulder
    return np.array([0.0, sign * np.sqrt(bones.shoulder**2 - drop**2), -drop])


def _move(rotation: np.ndarray, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    return rotation @ np.array([x, y, z])  # (T, 3)


def rx(angle: np.ndarray | float) -> np.ndarray:
    """Rotations about x (forward) by ``angle`` rad, (T, 3, 3)."""
    return _rotation(angle, 1, 2)


def ry(angle: np.ndarray | float) -> np.ndarray:
    """Rotations about y (left) by ``angle`` rad: positive bows what stands up forward."""
    return _rotation(angle, 2, 0)


def rz(angle: np.ndarray | float) -> np.ndarray:
    """Rotations about z (up) by ``angle`` rad: positive is to the left."""
    return _rotation(angle, 0, 1)


def _rotation(angle: np.ndarray | float, i: int, j: int) -> np.ndarray:
    angle = np.atleast_1d(np.asarray(angle, dtype=np.float64))
    rotation = np.zeros((len(angle), 3, 3))
    rotation[:, [0, 1, 2], [0, 1, 2]] = 1.0
    rotation[:, i, i] = rotation[:, j, j] = np.cos(angle)
    rotation[:, j, i] = np.sin(angle)
    rotation[:, i, j] = -np.sin(angle)
    return rotation

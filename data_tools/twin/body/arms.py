"""Where an arm has to be bent so that its hand is at a place: two bones and a direction."""

from __future__ import annotations

import numpy as np

from data_tools.twin.body.kinematics import Bones, shoulder_place

SIDES = {"right": -1.0, "left": 1.0}
STRAIGHTEST = 0.985  # of the arm's length: a hand further away is reached for as far as this


def reach(
    bones: Bones, side: str, hand: np.ndarray, elbow: tuple[float, float, float] = (-0.4, 0.5, -1.0)
) -> dict[str, np.ndarray]:
    """Angles in degrees, by the names of ``Angles``, that bring a wrist to ``hand``.

    With s the shoulder, d = |hand − s| and the bones u, f, the elbow lies (u² − f² + d²)/2d along
    the line to the hand and √(u² − that²) beside it, towards ``elbow``; it is bent by
    π − arccos((u² + f² − d²)/2uf).

    Parameters
    ----------
    hand : (T, 3), mm, from the neck in the chest's frame: forward, left, up
    elbow : where the elbow points: forward, outwards, up
    """
    sign, upper, lower = SIDES[side], bones.upper_arm, bones.forearm
    shoulder = shoulder_place(bones, sign)
    line = np.atleast_2d(np.asarray(hand, float)) - shoulder
    length = np.linalg.norm(line, axis=1, keepdims=True)
    ahead = line / np.maximum(length, 1e-9)
    far = np.clip(length, abs(upper - lower) + 60.0, STRAIGHTEST * (upper + lower))
    along = (upper**2 - lower**2 + far**2) / (2 * far)
    beside = np.sqrt(upper**2 - along**2)
    aim = np.array([elbow[0], sign * elbow[1], elbow[2]])
    out = _unit(aim - (ahead @ aim)[:, None] * ahead)
    z = -_unit(along * ahead + beside * out)  # of the upper arm: it hangs along −z
    x = _unit(-out + (out * z).sum(axis=1, keepdims=True) * z)  # to which the forearm bends
    y = np.cross(z, x)
    bend = np.pi - np.arccos((upper**2 + lower**2 - far[:, 0] ** 2) / (2 * upper * lower))
    # Rx(a) Ry(b) Rz(c) has sin b at (0, 2), −sin a cos b and cos a cos b below it, and
    # cos b cos c and −cos b sin c to its left.
    a, b, c = np.arctan2(-z[:, 1], z[:, 2]), np.arcsin(z[:, 0]), np.arctan2(-y[:, 0], x[:, 0])
    values = {
        "shoulder_abduction": sign * a,
        "shoulder": -b,
        "shoulder_twist": -sign * c,
        "elbow": bend,
    }
    return {f"{name}_{side}": np.rad2deg(angle) for name, angle in values.items()}


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9)

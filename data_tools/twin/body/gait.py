"""How people walk: joint angles from measured Fourier series, and a path through the room.

The series describe two real walkers of Human3.6M: angle = mean + Σₖ aₖ cos(kφ + pₖ) with the phase
φ zero when the right foot is furthest forward, in degrees. A drawn walker mixes the two and varies
them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_tools.twin.body.footing import (
    bearing,
    carry,
    even_the_pace,
    level_the_feet,
    smooth,
    soles,
)
from data_tools.twin.body.kinematics import Angles, Bones, Posed, pose
from data_tools.twin.body.timing import slow_noise

# name: (mean, (a1, p1), (a2, p2), (a3, p3)) of walker A and of walker B
SERIES = {
    "hip_right": ((7.2, (18.7, 25), (3.5, -158), (0, 0)), (5.1, (17.1, 19), (4.1, -149), (0, 0))),
    "hip_left": ((9.2, (17.8, -149), (4.8, -163), (0, 0)), (8.7, (15, -161), (3.5, -118), (0, 0))),
    "knee_right": (
        (26.5, (20.5, 108), (16.1, -127), (4.4, -62)),
        (32.2, (15.2, 117), (18.2, -124), (5.5, -65)),
    ),
    "knee_left": (
        (28.2, (21.6, -61), (17.7, -126), (5.2, 140)),
        (36.6, (17.0, -55), (17.6, -111), (4.7, 128)),
    ),
    "shoulder_right": (
        (-4.3, (20.4, -151), (1.1, 149), (0, 0)),
        (18.9, (1.1, -19), (0.6, -66), (0, 0)),
    ),
    "shoulder_left": (
        (-5.3, (13.7, 33), (0.3, 127), (0, 0)),
        (-2.6, (11.6, 7), (1.7, 94), (0, 0)),
    ),
    "elbow_right": (
        (30.8, (14.6, -164), (4.1, 12), (0, 0)),
        (94.3, (3.8, -112), (1.8, -25), (0, 0)),
    ),
    "elbow_left": ((33.0, (17.0, 33), (5.3, 71), (0, 0)), (29.2, (7.1, 7), (3.7, 96), (0, 0))),
    "shoulder_yaw": (
        (-2.3, (11.4, -153), (0.3, 79), (0, 0)),
        (7.6, (5.4, 170), (1.7, -99), (0, 0)),
    ),
}
ARMS = ("shoulder_right", "shoulder_left", "elbow_right", "elbow_left")
FPS = 50.0


@dataclass(frozen=True)
class Walker:
    """How one person walks in one take; drawn by ``draw_walker``.

    Attributes
    ----------
    mix : 0 is walker A, 1 is walker B
    arm_style : "swing", "bent right", "bent left", "stiff" or "both bent"
    stride_hz : strides (two steps) per second
    turn : +1 counter-clockwise, −1 clockwise
    radius, shape : of the path: mean radius in mm, and how far it is from a circle
    scale, wobble : of the angles' amplitudes and of their slow change
    haste : deviation of the pace, as a fraction
    """

    mix: float
    arm_style: str
    stride_hz: float
    turn: float
    radius: float
    shape: float
    scale: float
    wobble: float
    lean: float
    shoulder_abduction: tuple[float, float]
    hip_abduction: tuple[float, float]
    pelvis_roll: float
    seed: int
    haste: float = 0.05


def draw_walker(person: np.random.Generator, take: np.random.Generator) -> Walker:
    """A way of walking: the person's own habits, and what differs from take to take."""
    style = person.choice(["swing", "swing", "bent right", "bent left", "stiff", "both bent"])
    return Walker(
        mix=float(person.uniform(0, 1)),
        arm_style=str(style),
        stride_hz=float(person.uniform(0.70, 0.88) * take.uniform(0.95, 1.05)),
        turn=float(take.choice([-1.0, 1.0])),
        radius=float(take.uniform(900, 1200)),
        shape=float(take.uniform(0.0, 0.2)),
        scale=float(person.uniform(0.86, 1.06)),
        wobble=float(take.uniform(0.04, 0.10)),
        lean=float(person.uniform(0, 5)),
        shoulder_abduction=tuple(person.uniform(10, 26, 2)),
        hip_abduction=tuple(person.uniform(-3.5, 3.5, 2)),
        pelvis_roll=float(person.uniform(-4, 4)),
        seed=int(take.integers(1 << 31)),
    )


def walk(
    bones: Bones,
    walker: Walker,
    frames: int,
    fps: float = FPS,
    alter: Callable[[Angles, np.ndarray], None] = lambda angles, t: None,
) -> Posed:
    """A walk of ``frames`` frames: joints in the world, mm, feet on the floor at z = 0.

    The angles come first; the body then goes where the foot on the floor takes it.

    Parameters
    ----------
    alter : changes what the arms and the head do, given the angles and the times, s
    """
    rng = np.random.default_rng(walker.seed)
    margin = round(fps)  # what is smoothed is not cut off at the first and last frame
    t = np.arange(frames + 2 * margin) / fps
    pace = np.clip(1 + walker.haste * slow_noise(rng, t, 0.15), 0.4, 1.2)
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * walker.stride_hz * np.cumsum(pace) / fps
    angles = _angles(walker, phase, t, rng)
    for _ in range(3):
        level_the_feet(angles, soles(pose(bones, angles, len(t))), phase)
    for side in ("right", "left"):
        setattr(angles, f"knee_{side}", np.maximum(getattr(angles, f"knee_{side}"), 2.0))
    for _ in range(2):
        even_the_pace(angles, bones, soles(pose(bones, angles, len(t))), phase, fps)
    still = soles(pose(bones, angles, len(t)))  # heading 0: how the feet move about the pelvis
    bears = bearing(phase)[..., None]
    carried = ((bears * each).sum(axis=1) for each in carry(still, fps))
    x, y, heading = _steer(walker, *carried, rng, fps)
    angles.heading = np.rad2deg(heading)
    alter(angles, t)
    posed = pose(bones, angles, len(t))
    height = -smooth(still[..., 2].min(axis=(1, 2)), 5)
    return posed.shifted(np.stack([x, y, height], axis=1)).cut(slice(margin, margin + frames))


def _angles(walker: Walker, phase: np.ndarray, t: np.ndarray, rng: np.random.Generator) -> Angles:
    values = {}
    for name in SERIES:
        mix = _arm_mix(walker.arm_style, name) if name in ARMS else walker.mix
        swing = walker.scale * (1 + walker.wobble * slow_noise(rng, t, 0.2))
        values[name] = _series(name, mix, phase, swing)
    if walker.arm_style in ("bent left", "both bent"):
        # The measured bent arm is a right one; half a stride later the same is a left one's.
        for joint in ("shoulder", "elbow"):
            swing = walker.scale * (1 + walker.wobble * slow_noise(rng, t, 0.2))
            values[f"{joint}_left"] = _series(f"{joint}_right", 1.0, phase + np.pi, swing)
    right, left = walker.shoulder_abduction
    hip_right, hip_left = walker.hip_abduction
    sway = 2.5 * np.cos(phase + 1.9)
    return Angles(
        pelvis_roll=walker.pelvis_roll + sway,
        lean=walker.lean + 1.5 * slow_noise(rng, t, 0.2),
        side_lean=-0.5 * sway + 1.5 * slow_noise(rng, t, 0.2),
        shoulder_abduction_right=right + 3 * slow_noise(rng, t, 0.3),
        shoulder_abduction_left=left + 3 * slow_noise(rng, t, 0.3),
        hip_abduction_right=hip_right - sway + 1.5 * slow_noise(rng, t, 0.3),
        hip_abduction_left=hip_left + sway + 1.5 * slow_noise(rng, t, 0.3),
        head_yaw=14 * slow_noise(rng, t, 0.25),
        head_pitch=6 * slow_noise(rng, t, 0.25),
        foot_right=_sole(phase),
        foot_left=_sole(phase + np.pi),
        **values,
    )


def _arm_mix(style: str, name: str) -> float:
    if style == "swing" or (style == "bent left" and name.endswith("right")):
        return 0.0
    if style == "stiff":
        return 0.0 if name.startswith("elbow") else 0.35
    return 1.0


def _series(name: str, mix: float, phase: np.ndarray, swing: np.ndarray) -> np.ndarray:
    """The mixed Fourier series; amplitudes and phases are mixed as complex numbers."""
    (mean_a, *waves_a), (mean_b, *waves_b) = SERIES[name]
    angle = np.full(len(phase), (1 - mix) * mean_a + mix * mean_b)
    for k, ((a1, p1), (a2, p2)) in enumerate(zip(waves_a, waves_b, strict=True), start=1):
        wave = (1 - mix) * a1 * np.exp(1j * np.deg2rad(p1)) + mix * a2 * np.exp(1j * np.deg2rad(p2))
        angle += swing * (wave * np.exp(1j * k * phase)).real
    return angle


def _sole(phase: np.ndarray) -> np.ndarray:
    """Pitch of a sole against the floor over its stride, deg, toes down positive.

    Heel strike with the toes up, flat through stance, heel off and push-off, level through swing.
    """
    stops = np.array([0.0, 0.10, 0.30, 0.42, 0.56, 0.66, 0.80, 0.92, 1.0])
    pitch = np.array([-18.0, 0.0, 0.0, 12.0, 48.0, 40.0, 8.0, -14.0, -18.0])
    place = (phase / (2 * np.pi)) % 1.0
    k = np.clip(np.searchsorted(stops, place, side="right") - 1, 0, len(stops) - 2)
    u = (place - stops[k]) / (stops[k + 1] - stops[k])
    return pitch[k] + (pitch[k + 1] - pitch[k]) * (0.5 - 0.5 * np.cos(np.pi * u))


def _steer(
    walker: Walker, velocity: np.ndarray, contact: np.ndarray, rng: np.random.Generator, fps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y (mm) and heading (rad) of a pelvis that never slides, led round the room's middle.

    A contact point that stays where it is moves the pelvis by −R(heading) (c' + ω ẑ × c). The rate
    of turn ω follows an uneven round about the middle, at most 65°/s and never abruptly.
    """
    tilt, tilt2, theta = rng.uniform(0, 2 * np.pi, 3).tolist()
    most = math.radians(65.0)
    radius = walker.radius * (1 + walker.shape * math.cos(2 * theta + tilt))
    x, y = radius * math.cos(theta), radius * math.sin(theta)
    heading, rate = theta + walker.turn * math.pi / 2, walker.turn * 700.0 / radius
    track = np.empty((len(velocity), 3))
    for i, ((vx, vy), (cx, cy)) in enumerate(zip(velocity.tolist(), contact.tolist())):
        track[i] = x, y, heading
        theta = math.atan2(y, x)
        radius = walker.radius * (
            1
            + walker.shape * math.cos(2 * theta + tilt)
            + 0.3 * walker.shape * math.cos(3 * theta + tilt2)
        )
        distance = math.hypot(x, y)
        wanted = theta + walker.turn * (math.pi / 2 + math.atan((distance - radius) / 700.0))
        error = math.remainder(wanted - heading, 2 * math.pi)
        goal = walker.turn * 850.0 / max(distance, 600.0) + 1.2 * error
        rate += (min(max(goal, -most), most) - rate) * 2.5 / fps
        c, s = math.cos(heading), math.sin(heading)
        ux, uy = -(vx - rate * cy), -(vy + rate * cx)
        x, y = x + (c * ux - s * uy) / fps, y + (s * ux + c * uy) / fps
        heading += rate / fps
    return track[:, 0], track[:, 1], track[:, 2]

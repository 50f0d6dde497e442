"""Where cameras stand: the four in Human3.6M's room, and one that frames a person anywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from minipose.datasets.cameras import CAMERA_NAMES, Camera

SIZE = 400  # px, the width of a frame; the real ones have 1000
FOCAL = 1145.0 * SIZE / 1000  # px; the real cameras' focal length at this width
STANDS = ((1900.0, 4900.0), (1850.0, -5000.0), (-1800.0, 4850.0), (-1900.0, -4950.0))


def cameras_for(subject: int) -> dict[str, Camera]:
    """The four cameras, mounted anew (a little differently) for each subject's recording."""
    rng = np.random.default_rng([412, subject])
    cameras = {}
    for c, (name, (x, y)) in enumerate(zip(CAMERA_NAMES, STANDS, strict=True)):
        intrinsic = np.random.default_rng([413, c])  # the same camera for everybody
        centre = np.array([x, y, 1500.0]) + rng.normal(0, [60, 60, 40])
        target = np.array([0.0, 0.0, 860.0]) + rng.normal(0, [60, 60, 20])
        cameras[name] = Camera(
            look_at(centre, target, roll=rng.normal(0, 0.008)),
            centre,
            FOCAL * (1 + intrinsic.normal(0, 0.002, 2)),
            np.array(frame_size(name))[::-1] / 2 + intrinsic.normal(0, 2, 2),
            np.array([-0.20, 0.24, -0.002]) * intrinsic.uniform(0.9, 1.1, 3),
            intrinsic.normal(0, 0.0012, 2),
        )
    return cameras


def frame_size(camera: str) -> tuple[int, int]:
    """(height, width), px: like the real ones, two of the four are a little higher than wide."""
    return (SIZE + 1, SIZE) if camera in (CAMERA_NAMES[0], CAMERA_NAMES[3]) else (SIZE, SIZE)


def frame(points: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """A camera in which the points (M, 3) fill a random fraction of the picture (H, W)."""
    height, width = size
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    azimuth = rng.uniform(-np.pi, np.pi) if rng.random() < 0.2 else rng.normal(0, 0.8)
    level = float(np.clip(rng.normal(1350, 350), 350, 2600))  # mm, the camera's height
    focal = max(size) / (2 * np.tan(np.deg2rad(rng.uniform(22, 56)) / 2))
    roll = rng.normal(0, 0.03) if rng.random() < 0.9 else rng.normal(0, 0.15)
    fraction = rng.uniform(0.66, 0.95)
    distance = 3500.0
    for _ in range(4):
        centre = np.array(
            [middle[0] + distance * np.cos(azimuth), middle[1] + distance * np.sin(azimuth), level]
        )
        camera = _camera(centre, middle, roll, focal, size)
        pixels = camera.project(camera.to_camera(points))
        extent = np.ptp(pixels, axis=0)
        filled = max(extent[0] / width, extent[1] / height)
        distance = float(np.clip(distance * filled / fraction, 1500, 14000))
    # Not in the middle: anywhere that keeps the person in the picture.
    pixels = camera.project(camera.to_camera(points))
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    room = np.array([width, height]) - (high - low)
    place = np.where(room > 0, room * np.clip(rng.normal(0.5, 0.2, 2), 0.08, 0.92), room / 2)
    return replace(camera, principal=camera.principal + place - low)


def _camera(
    centre: np.ndarray, target: np.ndarray, roll: float, focal: float, size: tuple[int, int]
) -> Camera:
    return Camera(
        look_at(centre, target, roll),
        centre,
        np.array([focal, focal]),
        np.array([size[1] / 2, size[0] / 2]),
        np.zeros(3),
        np.zeros(2),
    )


def look_at(centre: np.ndarray, target: np.ndarray, roll: float) -> np.ndarray:
    """World -> camera rotation that points z at the target, with y down."""
    forward = (target - centre) / np.linalg.norm(target - centre)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    c, s = np.cos(roll), np.sin(roll)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ rotation

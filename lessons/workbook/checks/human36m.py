"""Lesson 17: the camera."""

import numpy as np

from lessons.workbook.judge import ask, same
from minipose.datasets.cameras import Camera, rotation_from_angles

R, T = rotation_from_angles(0.3, -0.8, 0.2), np.array([500.0, -200.0, 1500.0])
FOCAL, MIDDLE = np.array([1100.0, 900.0]), np.array([510.0, 490.0])
CAMERA = Camera(R, T, FOCAL, MIDDLE, np.zeros(3), np.zeros(2))
WORLD = np.random.default_rng(17).normal(0, 500, (4, 17, 3))
SPACE = CAMERA.to_camera(WORLD) + np.array([0.0, 0.0, 6000.0])
SIZES = {4: "poses", 17: "joints", 3: "coordinates", 2: "pixel coordinates"}


def to_camera(mine):
    known = {
        "if rows are multiplied by R: X R is Rᵀ X of each point; take R transposed": (WORLD - T)
        @ R,
        "if T is added": (WORLD + T) @ R.T,
        "if the points are rotated first and then shifted: R (X − T)": WORLD @ R.T - T,
        "without the rotation": WORLD - T,
        "without the shift": WORLD @ R.T,
    }
    same("to_camera", ask(mine.to_camera, WORLD, R, T), CAMERA.to_camera(WORLD), SIZES, known)
    same(
        "to_camera of a single point",
        mine.to_camera(WORLD[0, 0], R, T),
        CAMERA.to_camera(WORLD[0, 0]),
    )


def about_pelvis(mine):
    expected = WORLD - WORLD[:, :1]
    known = {
        "if every pose is moved by the first one's pelvis": WORLD - WORLD[0, 0],
        "if the mean of the joints is at the origin: the pelvis": WORLD
        - WORLD.mean(1, keepdims=True),
        "if the pelvis is added": WORLD + WORLD[:, :1],
        "without the pelvis itself: it stays, as (0, 0, 0)": expected[:, 1:],
    }
    same("about_pelvis", ask(mine.about_pelvis, WORLD), expected, SIZES, known)


def project(mine):
    x, y, z = np.moveaxis(SPACE, -1, 0)
    (fx, fy), (cx, cy) = FOCAL, MIDDLE

    def pixels(u, v):
        return np.stack([u, v], axis=-1)

    known = {
        "without the division by Z": pixels(fx * x + cx, fy * y + cy),
        "if the middle is subtracted": pixels(fx * x / z - cx, fy * y / z - cy),
        "without the middle": pixels(fx * x / z, fy * y / z),
        "if y stands before x": pixels(fy * y / z + cy, fx * x / z + cx),
        "if fx is used for both": pixels(fx * x / z + cx, fx * y / z + cy),
        "if the middle is divided by Z, too": pixels((fx * x + cx) / z, (fy * y + cy) / z),
    }
    same("project", ask(mine.project, SPACE, FOCAL, MIDDLE), CAMERA.project(SPACE), SIZES, known)


PARTS = (to_camera, about_pelvis, project)

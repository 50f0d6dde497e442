"""Calibrated cameras in Human3.6M's own model and file format.

World: mm, z up. Camera: mm, x right, y down, z forward. Image: px, x right, y down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

CAMERA_NAMES = ("54138969", "55011271", "58860488", "60457274")
SUBJECTS = 11  # the data set's subjects, labelled or not: rows of the camera table


@dataclass(frozen=True)
class Camera:
    """One camera as one subject saw it.

    Attributes
    ----------
    rotation : (3, 3), world -> camera
    centre : (3,), mm, in the world
    focal, principal : (2,), px
    radial : (3,)  k1 k2 k3
    tangential : (2,)  p1 p2
    """

    rotation: np.ndarray
    centre: np.ndarray
    focal: np.ndarray
    principal: np.ndarray
    radial: np.ndarray
    tangential: np.ndarray

    def to_camera(self, world: np.ndarray) -> np.ndarray:
        """X_cam = R (X_world − T), for points (..., 3) in mm."""
        return (world - self.centre) @ self.rotation.T

    def to_world(self, points: np.ndarray) -> np.ndarray:
        """X_world = Rᵀ X_cam + T, for points (..., 3) in mm."""
        return points @ self.rotation + self.centre

    def project(self, points: np.ndarray) -> np.ndarray:
        """Camera-frame points (..., 3) in mm -> pixels (..., 2).

        With x = X/Z, y = Y/Z, r² = x² + y² and s = 1 + k1 r² + k2 r⁴ + k3 r⁶ + p1 y + p2 x:
        u = fx (x s + p2 r²) + cx,  v = fy (y s + p1 r²) + cy.

        This is the model that Human3.6M was calibrated with; OpenCV's tangential term is twice as
        large.
        """
        x, y = points[..., 0] / points[..., 2], points[..., 1] / points[..., 2]
        xd, yd = self._distort(x, y)
        return np.stack(
            [self.focal[0] * xd + self.principal[0], self.focal[1] * yd + self.principal[1]],
            axis=-1,
        )

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) -> directions (..., 3) with z = 1: the inverse of ``project``.

        The distortion is undone by iterating x ← x − (distort(x) − x_d), which contracts for the
        small distortions of these cameras.
        """
        target = (pixels - self.principal) / self.focal
        x, y = target[..., 0].copy(), target[..., 1].copy()
        for _ in range(12):
            xd, yd = self._distort(x, y)
            x, y = x - (xd - target[..., 0]), y - (yd - target[..., 1])
        return np.stack([x, y, np.ones_like(x)], axis=-1)

    def _distort(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (k1, k2, k3), (p1, p2) = self.radial, self.tangential
        r2 = x * x + y * y
        s = 1 + r2 * (k1 + r2 * (k2 + r2 * k3)) + p1 * y + p2 * x
        return x * s + p2 * r2, y * s + p1 * r2


def rotation_from_angles(a1: float, a2: float, a3: float) -> np.ndarray:
    """R = Rx(a1) Ry(a2) Rz(a3), angles in rad."""
    c, s = np.cos([a1, a2, a3]), np.sin([a1, a2, a3])
    rx = np.array([[1, 0, 0], [0, c[0], -s[0]], [0, s[0], c[0]]])
    ry = np.array([[c[1], 0, s[1]], [0, 1, 0], [-s[1], 0, c[1]]])
    rz = np.array([[c[2], -s[2], 0], [s[2], c[2], 0], [0, 0, 1]])
    return rx @ ry @ rz


def angles_from_rotation(rotation: np.ndarray) -> np.ndarray:
    """The angles (a1, a2, a3), rad, of ``rotation_from_angles``; a2 within ±90°."""
    a2 = np.arcsin(np.clip(rotation[0, 2], -1, 1))
    a1 = np.arctan2(-rotation[1, 2], rotation[2, 2])
    a3 = np.arctan2(-rotation[0, 1], rotation[0, 0])
    return np.array([a1, a2, a3])


def unpack_cameras(w0: np.ndarray) -> dict[tuple[int, str], Camera]:
    """The 300 numbers of metadata.xml's ``<w0>`` -> {(subject, camera name): Camera}.

    Extrinsics of subject s and camera c (from 1): 6 numbers (angles, centre in mm) at
    6((c − 1)·11 + (s − 1)); intrinsics of camera c: fx fy cx cy k1 k2 k3 p1 p2 at 264 + 9(c − 1).

    Raises
    ------
    ValueError
        If there are not 300 finite numbers.
    """
    w0 = np.asarray(w0, dtype=np.float64)
    if w0.shape != (300,) or not np.isfinite(w0).all():
        raise ValueError(f"cameras: expected 300 finite numbers in w0, got shape {w0.shape}")
    cameras = {}
    for c, name in enumerate(CAMERA_NAMES):
        fx, fy, cx, cy, *distortion = w0[264 + 9 * c : 264 + 9 * (c + 1)]
        for s in range(SUBJECTS):
            place = 6 * (c * SUBJECTS + s)
            angles, centre = w0[place : place + 3], w0[place + 3 : place + 6]
            cameras[s + 1, name] = Camera(
                rotation_from_angles(*angles),
                centre.copy(),
                np.array([fx, fy]),
                np.array([cx, cy]),
                np.array(distortion[:3]),
                np.array(distortion[3:]),
            )
    return cameras


def pack_cameras(cameras: Mapping[tuple[int, str], Camera]) -> np.ndarray:
    """The inverse of ``unpack_cameras``; subjects without a camera get zeros."""
    w0 = np.zeros(300)
    for (subject, name), camera in cameras.items():
        c = CAMERA_NAMES.index(name)
        place = 6 * (c * SUBJECTS + subject - 1)
        w0[place : place + 3] = angles_from_rotation(camera.rotation)
        w0[place + 3 : place + 6] = camera.centre
        w0[264 + 9 * c : 264 + 9 * (c + 1)] = [
            *camera.focal,
            *camera.principal,
            *camera.radial,
            *camera.tangential,
        ]
    return w0

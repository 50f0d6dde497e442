"""Surroundings as a camera sees them: every ray meets a floor, walls, boxes, blobs or sky."""

from __future__ import annotations

import numpy as np

from data_tools.twin.scene.paints import noise_at
from data_tools.twin.scene.world import Blob, Box, Lamp, Paint, Scene, Sky
from minipose.datasets.cameras import Camera


def look(scene: Scene, camera: Camera, size: tuple[int, int]) -> np.ndarray:
    """The scene without the person: float32 (H, W, 3), 0-1, before any photographic effect."""
    view = _View(camera, size)
    image = np.empty((view.count, 3), dtype=np.float32)
    nearest = np.full(view.count, np.inf, dtype=np.float32)
    _paint_sky(image, view, scene.sky)
    _paint_plane(image, nearest, view, scene)
    if scene.room is not None:
        _paint_room(image, nearest, view, scene)
    for box in scene.boxes:
        _paint_box(image, nearest, view, scene, box)
    for blob in scene.blobs:
        _paint_blob(image, nearest, view, scene, blob)
    if scene.haze < 1e8:
        seen = np.isfinite(nearest)
        fraction = np.exp(-nearest[seen] / scene.haze)[:, None]
        image[seen] = fraction * image[seen] + (1 - fraction) * np.float32(scene.sky.horizon)
    return image.reshape(*size, 3)


class _View:
    """The rays of all pixels: origin, directions (P,) by axis, and mm per px at 1 mm."""

    def __init__(self, camera: Camera, size: tuple[int, int]) -> None:
        rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
        x = (columns.ravel() - camera.principal[0]) / camera.focal[0]
        y = (rows.ravel() - camera.principal[1]) / camera.focal[1]
        rays = np.stack([x, y, np.ones_like(x)], axis=1) @ camera.rotation  # (P, 3)
        rays = np.where(np.abs(rays) < 1e-6, 1e-6, rays)
        self.rays = np.ascontiguousarray(rays.T.astype(np.float32))  # (3, P)
        self.inverse = 1 / self.rays
        self.origin = camera.centre.astype(np.float32)
        self.right, self.down = camera.rotation[:2].astype(np.float32)
        self.spread = np.float32(1 / camera.focal[0])
        self.count = self.rays.shape[1]

    def points(self, where: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """World points (3, M) at a distance ``reach`` along the rays of the pixels ``where``."""
        return self.origin[:, None] + reach * self.rays[:, where]


def brightness(lamp: Lamp, normal: np.ndarray) -> np.ndarray:
    """How light surfaces with these normals (3, M) are: all-round light and each lamp's cosine."""
    light = np.full(normal.shape[1], lamp.ambient, dtype=np.float32)
    for towards, strength in zip(lamp.towards, lamp.strength, strict=True):
        direction = np.asarray(towards, dtype=np.float32)
        light += strength * np.maximum(direction / np.linalg.norm(direction) @ normal, 0)
    return light


def _paint_sky(image: np.ndarray, view: _View, sky: Sky) -> None:
    norm = np.sqrt((view.rays**2).sum(axis=0))
    height = np.clip(view.rays[2] / norm, 0, 1) ** 0.6
    horizon, zenith = np.float32(sky.horizon), np.float32(sky.zenith)
    image[...] = horizon + height[:, None] * (zenith - horizon)
    if sky.clouds > 0:
        flat = 1 / np.maximum(view.rays[2] / norm, 0.08)  # clouds are a plane overhead
        u, v = view.rays[0] / norm * flat, view.rays[1] / norm * flat
        cloud = np.clip(0.6 * noise_at(40 * u, 40 * v, 1.0) + 2 * sky.clouds - 0.7, 0, 1)
        cloud *= np.clip(4 * view.rays[2] / norm - 0.4, 0, 1)  # finer than a pixel far away
        image += 0.8 * cloud[:, None] * (np.float32(0.93) - image)


def _apply(
    image: np.ndarray, view: _View, scene: Scene, where: np.ndarray, reach: np.ndarray,
    axis: int, sign: np.ndarray | float, paint: Paint,
) -> None:  # fmt: skip
    """Paint the pixels ``where`` of a surface across ``axis``."""
    points = view.points(where, reach)
    u, v = points[(1, 0, 0)[axis]], points[(2, 2, 1)[axis]]
    normal = np.zeros((3, len(where)), dtype=np.float32)
    normal[axis] = sign
    colour = paint(u, v, noise_at(u, v, 14.0), reach * view.spread)
    image[where] = colour * brightness(scene.lamp, normal)[:, None]


def _paint_plane(image: np.ndarray, nearest: np.ndarray, view: _View, scene: Scene) -> None:
    where = np.flatnonzero(view.rays[2] < -1e-3)
    reach = -view.origin[2] * view.inverse[2, where]
    nearest[where] = reach
    _apply(image, view, scene, where, reach, 2, 1.0, scene.floor)


def _paint_room(image: np.ndarray, nearest: np.ndarray, view: _View, scene: Scene) -> None:
    low, high = scene.room
    for axis in range(3):
        wall = np.where(view.rays[axis] > 0, np.float32(high[axis]), np.float32(low[axis]))
        reach = (wall - view.origin[axis]) * view.inverse[axis]
        front = reach < nearest
        if axis == 2:
            front &= view.rays[2] > 0
        where = np.flatnonzero(front)
        nearest[where] = reach[where]
        sign = -np.sign(view.rays[axis, where])
        paint = scene.ceiling if axis == 2 else scene.wall
        _apply(image, view, scene, where, reach[where], axis, sign, paint)


def _paint_box(image: np.ndarray, nearest: np.ndarray, view: _View, scene: Scene, box: Box) -> None:
    low = (np.float32(box.low) - view.origin)[:, None] * view.inverse  # (3, P)
    high = (np.float32(box.high) - view.origin)[:, None] * view.inverse
    enter, out = np.minimum(low, high), np.maximum(low, high)
    reach = np.maximum(np.maximum(enter[0], enter[1]), enter[2])
    leave = np.minimum(np.minimum(out[0], out[1]), out[2])
    where = np.flatnonzero((reach < leave) & (reach > 0) & (reach < nearest))
    if len(where) == 0:
        return
    nearest[where] = reach[where]
    side = enter[:, where].argmax(axis=0)
    for axis in range(3):
        here = where[side == axis]
        if len(here):
            paint = box.top if axis == 2 and box.top else box.paint
            sign = -np.sign(view.rays[axis, here])
            _apply(image, view, scene, here, reach[here], axis, sign, paint)


def _paint_blob(
    image: np.ndarray, nearest: np.ndarray, view: _View, scene: Scene, blob: Blob
) -> None:
    scale = 1 / np.float32(blob.radii)
    start = (view.origin - np.float32(blob.centre)) * scale
    d0, d1, d2 = (view.rays[k] * scale[k] for k in range(3))
    a = d0 * d0 + d1 * d1 + d2 * d2
    b = d0 * start[0] + d1 * start[1] + d2 * start[2]
    inside = b * b - a * (start @ start - 1)  # > 0 where the ray meets the ellipsoid
    where = np.flatnonzero((inside > 0) & (b < 0))
    if len(where) == 0:
        return
    a, b, inside = a[where], b[where], inside[where]
    reach = (-b - np.sqrt(inside)) / a
    points = view.points(where, reach)
    normal = (points - np.float32(blob.centre)[:, None]) * scale[:, None]
    # Leaves lie across the line of sight, else noise that is constant along it would show as rays.
    leaf = noise_at(view.right @ points, view.down @ points, max(blob.radii) / 40)
    # 0 at the outline, 1 in the middle: a ragged thing has holes near its outline.
    depth = inside / np.maximum(a, 1e-9)
    keep = (depth > blob.ragged * (0.35 + 0.45 * leaf)) & (reach > 0) & (reach < nearest[where])
    where, reach = where[keep], reach[keep]
    nearest[where] = reach
    normal = normal[:, keep] / np.sqrt((normal[:, keep] ** 2).sum(axis=0))
    light = brightness(scene.lamp, normal) * (1 + 0.55 * blob.ragged * leaf[keep])
    image[where] = np.float32(blob.colour) * np.maximum(light, 0.05)[:, None]

"""The room in which the walkers of the Human3.6M stand-in are filmed, seen while it is empty."""

from __future__ import annotations

import numpy as np

from minipose.datasets.cameras import Camera

HALF_X, HALF_Y, CEILING = 3600.0, 5600.0, 3200.0  # mm, the walls and the ceiling


def background(camera: Camera, size: tuple[int, int], seed: int) -> np.ndarray:
    """The empty room as a camera sees it: uint8 (H, W, 3). Each pixel's ray meets a wall."""
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    rays = camera.rays(np.stack([columns, rows], axis=-1).astype(float)) @ camera.rotation
    distance = np.full(size, np.inf)
    surface = np.zeros(size, dtype=int)
    planes = [(2, 0.0), (2, CEILING), (0, HALF_X), (0, -HALF_X), (1, HALF_Y), (1, -HALF_Y)]
    for k, (axis, offset) in enumerate(planes):
        with np.errstate(divide="ignore"):
            reach = (offset - camera.centre[axis]) / rays[..., axis]
        nearer = (reach > 0) & (reach < distance)
        distance = np.where(nearer, reach, distance)
        surface = np.where(nearer, k, surface)
    points = camera.centre + distance[..., None] * rays  # (H, W, 3) mm
    image = np.empty((*size, 3))
    paint = [_floor, _plain_ceiling, _wall, _wall, _wall, _wall]
    for k, painter in enumerate(paint):
        here = surface == k
        along = points[..., 1] if planes[k][0] == 0 else points[..., 0]
        image[here] = painter(points[here], along[here], k)
    # Light falls off towards the corners, and no sensor is perfectly even.
    falloff = 1 - 0.25 * (np.linalg.norm(points[..., :2], axis=-1) / HALF_Y).clip(0, 1)
    grain = np.random.default_rng(seed).normal(0, 0.012, (*size, 1))
    return np.clip(255 * (image * falloff[..., None] + grain), 0, 255).astype(np.uint8)


def _floor(points: np.ndarray, along: np.ndarray, k: int) -> np.ndarray:
    """Planks with joints, and a carpet in the middle where people walk."""
    x, y = points[:, 0], points[:, 1]
    plank = np.floor(x / 180)
    shade = 0.5 + 0.5 * np.sin(plank * 12.9898) * np.cos(plank * 78.233)
    grain = 0.04 * np.sin(y / 37 + 3 * np.sin(x / 23 + plank))
    seam = (np.abs(x / 180 - plank) < 0.03) | (np.abs((y / 1400 + 0.37 * plank) % 1) < 0.006)
    wood = np.array([0.52, 0.38, 0.26]) * (0.85 + 0.2 * shade + grain)[:, None]
    wood[seam] *= 0.6
    carpet = (np.abs(x) < 2300) & (np.abs(y) < 2900)
    weave = 0.5 + 0.03 * np.sin(x / 9) * np.sin(y / 9)
    border = (np.abs(x) > 2150) | (np.abs(y) > 2750)
    red = np.where(border[:, None], np.array([0.34, 0.16, 0.14]), np.array([0.50, 0.47, 0.43]))
    return np.where(carpet[:, None], red * (0.6 + 0.8 * weave)[:, None], wood)


def _plain_ceiling(points: np.ndarray, along: np.ndarray, k: int) -> np.ndarray:
    return np.full((len(points), 3), 0.86)


def _wall(points: np.ndarray, along: np.ndarray, k: int) -> np.ndarray:
    """Paint, a skirting board, and on each wall something else: curtain, shelf, door, posters."""
    z = points[:, 2]
    paint = [(0.70, 0.72, 0.70), (0.66, 0.69, 0.74), (0.76, 0.72, 0.64), (0.68, 0.70, 0.66)][k - 2]
    colour = np.array(paint) * (0.97 + 0.03 * np.sin(along / 61) * np.sin(z / 53))[:, None]
    if k == 2:
        fold = 0.75 + 0.25 * np.sin(along / 55)
        colour = np.where(
            (np.abs(along) < 2400)[:, None], np.array([0.30, 0.36, 0.46]) * fold[:, None], colour
        )
    if k == 3:
        _rectangle(colour, along, z, (-1500, 1500, 900, 1900), (0.36, 0.27, 0.2))
        book = np.floor(along / 45)
        hue = 0.5 + 0.5 * np.sin(book[:, None] * np.array([7.1, 3.3, 5.7]))
        on_shelf = (np.abs(along) < 1450) & ((z - 900) % 330 > 40) & (z > 940) & (z < 1860)
        colour[on_shelf] = 0.2 + 0.5 * hue[on_shelf]
    if k == 4:
        _rectangle(colour, along, z, (-2600, -1650, 0, 2050), (0.55, 0.43, 0.30))
        _rectangle(colour, along, z, (300, 1500, 1000, 2000), (0.80, 0.86, 0.92))
        _rectangle(colour, along, z, (880, 920, 1000, 2000), (0.9, 0.9, 0.88))
    if k == 5:
        for i in range(3):
            shade = (0.25 + 0.2 * i, 0.45 - 0.1 * i, 0.55)
            _rectangle(colour, along, z, (-2000 + 1400 * i, -1200 + 1400 * i, 1100, 2100), shade)
    _rectangle(colour, along, z, (-1e5, 1e5, 0, 110), (0.85, 0.84, 0.81))
    return colour


def _rectangle(colour: np.ndarray, along: np.ndarray, z: np.ndarray, box: tuple, shade: tuple):
    inside = (along > box[0]) & (along < box[1]) & (z > box[2]) & (z < box[3])
    colour[inside] = shade

"""Things to put into a place: furniture, pictures, cars, poles, trees, hedges; and its surfaces.

Nothing is put where it would hide the person: things stand beyond, or beside the line of sight.
"""

from __future__ import annotations

import numpy as np

from data_tools.twin.scene.paints import (
    any_colour,
    boards,
    bricks,
    checks,
    facade,
    mottled,
    picture,
    plain,
    shelf,
    stripes,
)
from data_tools.twin.scene.world import Blob, Box, Paint, Scene

CLEAR = 900.0  # mm around the person and the line of sight that stay free


def wall_paint(rng: np.random.Generator) -> Paint:
    light = any_colour(rng, (0, 0.4), (0.45, 0.92))
    other = any_colour(rng, (0, 0.5), (0.3, 0.9))
    return [
        plain(light, 0.03),
        plain(light, 0.05),
        stripes(light, tuple(0.88 * c for c in light), rng.uniform(120, 700)),
        stripes(light, other, rng.uniform(150, 500)),
        bricks(any_colour(rng, (0.2, 0.6), (0.3, 0.7), (0.0, 0.1)), light),
        bricks(light, tuple(0.8 * c for c in light), 200, 200),
        mottled((light, other), 0.2),
        boards(any_colour(rng, (0.3, 0.6), (0.3, 0.7), (0.05, 0.1)), 160),
    ][rng.integers(8)]


def floor_paint(rng: np.random.Generator) -> Paint:
    wood = any_colour(rng, (0.2, 0.6), (0.25, 0.75), (0.04, 0.11))
    one, two = any_colour(rng, (0, 0.3), (0.2, 0.9)), any_colour(rng, (0, 0.4), (0.2, 0.9))
    return [
        boards(wood, rng.uniform(70, 220), bool(rng.integers(2))),
        boards(wood, rng.uniform(70, 220), bool(rng.integers(2))),
        checks(one, two, rng.uniform(200, 600)),
        checks(one, tuple(0.92 * c for c in one), rng.uniform(250, 700)),
        mottled((one, tuple(0.8 * c for c in one)), 0.3),
        plain(one, 0.06),
    ][rng.integers(6)]


def house_front(rng: np.random.Generator) -> Paint:
    wall = any_colour(rng, (0.0, 0.5), (0.3, 0.9), (0.0, 0.16))
    if rng.random() < 0.15:
        return bricks(wall, (0.6, 0.58, 0.55), 230, 80)
    glass = any_colour(rng, (0.05, 0.4), (0.2, 0.6), (0.5, 0.65))
    return facade(
        wall, glass, rng.uniform(2700, 3800), rng.uniform(1300, 3200), int(rng.integers(1000))
    )


def _spot(
    rng: np.random.Generator, centre: np.ndarray, near: float, far: float, size: float
) -> np.ndarray | None:
    """A place on the floor that does not hide the person from the camera, or None."""
    camera = np.linalg.norm(centre[:2])
    ahead = -centre[:2] / camera
    beside = np.array([-ahead[1], ahead[0]])
    for _ in range(8):
        depth = rng.uniform(-0.6 * camera, far)
        across = rng.uniform(-0.6, 0.6) * (camera + depth + 1500)
        needed = CLEAR + size if depth < CLEAR + size else 0.0
        if abs(across) >= needed and np.hypot(depth, across) > near + size:
            return depth * ahead + across * beside
    return None


def furnish(
    rng: np.random.Generator, scene: Scene, low: np.ndarray, high: np.ndarray, centre: np.ndarray
) -> None:
    kind = rng.choice(["shelf", "block", "table", "cushion", "plant", "cupboard"])
    size = rng.uniform((350, 350, 350), (1600, 900, 1100))
    if rng.random() < 0.5:
        size[[0, 1]] = size[[1, 0]]
    if kind in ("shelf", "cupboard"):
        size[2] = rng.uniform(900, 2200)
    spot = _spot(rng, centre, 500, 6000, float(max(size[:2])) / 2)
    if spot is None:
        return
    a, b = spot - size[:2] / 2, spot + size[:2] / 2
    if (a < low).any() or (b > high).any():  # against the wall then
        spot = np.clip(spot, low + size[:2] / 2, high - size[:2] / 2)
        if np.linalg.norm(spot) < CLEAR + max(size[:2]) / 2 or _hides(spot, centre, size):
            return
        a, b = spot - size[:2] / 2, spot + size[:2] / 2
    colour = any_colour(rng, (0.1, 0.7), (0.1, 0.85))
    wood = any_colour(rng, (0.2, 0.6), (0.2, 0.7), (0.03, 0.1))
    if kind == "shelf":
        scene.boxes.append(Box((*a, 0), (*b, size[2]), shelf(wood), plain(wood)))
    elif kind == "cupboard":
        scene.boxes.append(Box((*a, 0), (*b, size[2]), boards(wood, 400), plain(wood)))
    elif kind == "table":
        scene.boxes.append(Box((*a, 680), (*b, 740), plain(wood, 0.1)))
        for x, y in ((a[0], a[1]), (b[0] - 60, a[1]), (a[0], b[1] - 60), (b[0] - 60, b[1] - 60)):
            scene.boxes.append(Box((x, y, 0), (x + 60, y + 60, 680), plain(wood)))
    elif kind == "plant":
        scene.boxes.append(Box((*(spot - 150), 0), (*(spot + 150), 320), plain(colour)))
        green = any_colour(rng, (0.3, 0.7), (0.2, 0.5), (0.2, 0.4))
        tall = rng.uniform(300, 700)
        scene.blobs.append(Blob((*spot, 300 + tall), (300, 300, tall), green, 0.8))
    else:
        scene.boxes.append(Box((*a, 0), (*b, size[2]), plain(colour, 0.08)))
        if kind == "cushion":
            scene.boxes.append(Box((*a, 0), (b[0], a[1] + 180, size[2] + 400), plain(colour, 0.1)))
            soft = any_colour(rng, (0.1, 0.8), (0.2, 0.9))
            scene.blobs.append(Blob((*spot, size[2] + 150), (260, 200, 180), soft, 0.1))


def hang(rng: np.random.Generator, scene: Scene, low: np.ndarray, high: np.ndarray) -> None:
    """A picture, window, door or board on a wall."""
    axis, upper = rng.integers(2), rng.integers(2)
    other = 1 - axis
    wide, tall = rng.uniform(400, 2200), rng.uniform(400, 1500)
    middle = rng.uniform(low[other] + wide / 2, max(high[other] - wide / 2, low[other] + wide / 2))
    bottom = rng.uniform(900, 1500)
    if rng.random() < 0.25:  # a door
        wide, tall, bottom = 850.0, 2050.0, 0.0
    paint = [
        picture(int(rng.integers(1 << 30)), wide),
        plain((0.92, 0.95, 1.0), 0.02) if scene.room is not None else plain((0.5, 0.5, 0.5)),
        plain(any_colour(rng, (0.1, 0.7), (0.15, 0.9)), 0.04),
        stripes(any_colour(rng), any_colour(rng), rng.uniform(60, 200)),
    ][rng.integers(4)]
    surface = high[axis] if upper else low[axis]
    a, b = [0.0, 0.0, bottom], [0.0, 0.0, bottom + tall]
    a[axis], b[axis] = surface - 30, surface + 30
    a[other], b[other] = middle - wide / 2, middle + wide / 2
    frame = 50.0
    outer_a, outer_b = [v - frame for v in a], [v + frame for v in b]
    outer_a[axis], outer_b[axis] = surface - 20, surface + 20
    scene.boxes.append(
        Box(tuple(outer_a), tuple(outer_b), plain(any_colour(rng, (0, 0.5), (0.1, 0.9))))
    )
    scene.boxes.append(Box(tuple(a), tuple(b), paint))


def _hides(spot: np.ndarray, centre: np.ndarray, size: np.ndarray) -> bool:
    ahead = -centre[:2] / np.linalg.norm(centre[:2])
    depth = spot @ ahead
    across = abs(spot @ np.array([-ahead[1], ahead[0]]))
    reach = CLEAR + max(size[:2]) / 2
    return depth < reach and across < reach


def car(rng: np.random.Generator, scene: Scene, centre: np.ndarray) -> None:
    spot = _spot(rng, centre, 2000, 20000, 2300)
    if spot is None:
        return
    x, y = spot
    body = plain(any_colour(rng, (0, 0.9), (0.1, 0.95)), 0.03)
    glass = plain((0.16, 0.18, 0.2), 0.1)
    scene.boxes.append(Box((x - 2100, y - 850, 330), (x + 2100, y + 850, 880), body))
    scene.boxes.append(Box((x - 1300, y - 740, 880), (x + 1100, y + 740, 1420), glass, body))
    for wheel in (-1300, 1300):
        for side in (-800, 800):
            rubber = (x + wheel, y + side, 320.0)
            scene.blobs.append(Blob(rubber, (330, 110, 320), (0.06, 0.06, 0.06), 0.0))


def pole(rng: np.random.Generator, scene: Scene, centre: np.ndarray) -> None:
    """A lamp post, sign, column or leaning board."""
    spot = _spot(rng, centre, 600, 12000, 200)
    if spot is None:
        return
    half = rng.uniform(35, 160)
    paint = plain(any_colour(rng, (0, 0.5), (0.1, 0.9)), 0.08)
    tall = rng.uniform(1200, 6000)
    scene.boxes.append(Box((*(spot - half), 0), (*(spot + half), tall), paint))
    if rng.random() < 0.5:
        sign = plain(any_colour(rng, (0.2, 1), (0.3, 0.95)), 0.03)
        wide = rng.uniform(200, 600)
        scene.boxes.append(
            Box(
                (spot[0] - wide, spot[1] - 30, tall - wide),
                (spot[0] + wide, spot[1] + 30, tall),
                sign,
            )
        )


def tree(rng: np.random.Generator, scene: Scene, centre: np.ndarray) -> None:
    spot = _spot(rng, centre, 1500, 16000, 600)
    if spot is None:
        return
    half, tall = rng.uniform(90, 240), rng.uniform(1800, 3600)
    bark = mottled(((0.2, 0.15, 0.11), (0.4, 0.33, 0.27)), 0.4)
    scene.boxes.append(Box((*(spot - half), 0), (*(spot + half), tall), bark))
    green = any_colour(rng, (0.25, 0.7), (0.15, 0.5), (0.12, 0.38))
    for _ in range(rng.integers(2, 5)):
        shift = rng.normal(0, 700, 2)
        radii = rng.uniform(900, 1900, 3)
        at = (*(spot + shift), max(tall + rng.uniform(200, 1500), radii[2] + 1700))
        shade = float(rng.uniform(0.75, 1.2))
        scene.blobs.append(Blob(at, tuple(radii), tuple(shade * c for c in green), 0.7))


def bush(rng: np.random.Generator, scene: Scene, centre: np.ndarray) -> None:
    size = rng.uniform(300, 1300)
    spot = _spot(rng, centre, 700, 9000, size)
    if spot is not None:
        green = any_colour(rng, (0.2, 0.7), (0.15, 0.5), (0.1, 0.4))
        scene.blobs.append(Blob((*spot, 0.5 * size), (size, size, 0.8 * size), green, 0.6))


def fence(rng: np.random.Generator, scene: Scene, centre: np.ndarray) -> None:
    far = abs(centre[1]) + rng.uniform(1500, 8000)
    side = -np.sign(centre[1]) or 1.0
    y = sorted((side * far, side * far + 60))
    paint = boards(any_colour(rng, (0.1, 0.5), (0.3, 0.8), (0.04, 0.1)), rng.uniform(90, 200))
    scene.boxes.append(Box((-30000, y[0], 0), (30000, y[1], rng.uniform(900, 2000)), paint))

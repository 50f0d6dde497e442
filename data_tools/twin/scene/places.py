"""Places to stand in: rooms, streets, parks, halls and studios, furnished at random."""

from __future__ import annotations

import numpy as np

from data_tools.twin.scene.paints import any_colour, boards, bricks, checks, mottled, plain, regions
from data_tools.twin.scene.things import (
    bush,
    car,
    fence,
    floor_paint,
    furnish,
    hang,
    house_front,
    pole,
    tree,
    wall_paint,
)
from data_tools.twin.scene.world import Blob, Box, Lamp, Scene, Sky

INDOORS = Sky((0.8, 0.8, 0.8), (0.8, 0.8, 0.8), 0.0)


def draw_place(rng: np.random.Generator, centre: np.ndarray) -> Scene:
    """A random place for a camera at ``centre`` (mm) that looks at the origin."""
    kinds = (room, room, street, street, park, park, hall, studio)
    return kinds[rng.integers(len(kinds))](rng, centre)


def room(rng: np.random.Generator, centre: np.ndarray) -> Scene:
    """A furnished room whose walls stand around the camera and the person."""
    low = np.minimum(0, centre[:2]) - rng.uniform(900, 3200, 2)
    high = np.maximum(0, centre[:2]) + rng.uniform(900, 3200, 2)
    ceiling = max(float(rng.uniform(2400, 3300)), centre[2] + 300)
    wall = wall_paint(rng)
    skirting = plain(any_colour(rng, (0, 0.3), (0.3, 0.95)), 0.02)
    scene = Scene(
        floor=floor_paint(rng),
        sky=INDOORS,
        lamp=_indoor_lamp(rng),
        room=((*low, 0.0), (*high, ceiling)),
        wall=regions((rng.uniform(60, 150), skirting), (1e9, wall)),
        ceiling=plain(any_colour(rng, (0, 0.1), (0.75, 0.95)), 0.02),
    )
    for _ in range(rng.integers(5, 14)):
        furnish(rng, scene, low, high, centre)
    for _ in range(rng.integers(3, 11)):
        hang(rng, scene, low, high)
    return scene


def street(rng: np.random.Generator, centre: np.ndarray) -> Scene:
    """Houses along both sides, pavement and road, cars, poles and a tree or two."""
    sky, lamp = _weather(rng)
    road = plain(any_colour(rng, (0, 0.12), (0.25, 0.5)), 0.08)
    paving = [
        checks(any_colour(rng, (0, 0.2), (0.4, 0.7)), any_colour(rng, (0, 0.2), (0.4, 0.7)), 450),
        mottled((any_colour(rng, (0, 0.2), (0.35, 0.6)), any_colour(rng, (0, 0.2), (0.4, 0.7)))),
        bricks(any_colour(rng, (0.1, 0.5), (0.35, 0.6), (0.0, 0.1)), (0.4, 0.39, 0.37), 220, 110),
    ][rng.integers(3)]
    kerb = rng.uniform(900, 3500) * rng.choice([-1, 1])
    line = plain((0.8, 0.8, 0.76), 0.1)
    sides = (
        ((kerb, paving), (kerb + 140, line), (1e9, road))
        if kerb > 0
        else ((kerb, road), (kerb + 140, line), (1e9, paving))
    )
    scene = Scene(regions(*sides), sky, lamp, haze=float(rng.uniform(4e4, 2e5)))
    front = [max(rng.uniform(5000, 14000), side * centre[1] + 900) for side in (1, -1)]
    for side, distance in zip((1, -1), front, strict=True):
        x = -45000.0
        while x < 45000:
            width, tall = rng.uniform(5000, 14000), rng.uniform(5000, 18000)
            y = sorted((side * distance, side * (distance + 9000)))
            scene.boxes.append(
                Box(
                    (x, y[0], 0),
                    (x + width, y[1], tall),
                    house_front(rng),
                    plain((0.4, 0.35, 0.33)),
                )
            )
            x += width + (rng.uniform(500, 4000) if rng.random() < 0.2 else 0)
    ends = rng.uniform(25000, 60000, 2)
    for sign, far in zip((1, -1), ends, strict=True):
        x = sorted((sign * far, sign * (far + 5000)))
        scene.boxes.append(Box((x[0], -30000, 0), (x[1], 30000, 9000), house_front(rng)))
    for _ in range(rng.integers(0, 5)):
        car(rng, scene, centre)
    for _ in range(rng.integers(1, 6)):
        pole(rng, scene, centre)
    for _ in range(rng.integers(0, 3)):
        tree(rng, scene, centre)
    return scene


def park(rng: np.random.Generator, centre: np.ndarray) -> Scene:
    """Grass or sand, a path, trees and bushes, a hedge or hills at the horizon."""
    sky, lamp = _weather(rng)
    hue = (0.17, 0.36) if rng.random() < 0.75 else (0.07, 0.13)
    ground = mottled(
        (
            any_colour(rng, (0.3, 0.7), (0.15, 0.4), hue),
            any_colour(rng, (0.3, 0.6), (0.3, 0.6), hue),
        ),
        float(rng.uniform(0.12, 0.35)),
    )
    path = mottled(
        (any_colour(rng, (0.1, 0.4), (0.4, 0.6), (0.05, 0.13)),
         any_colour(rng, (0.05, 0.3), (0.5, 0.75), (0.05, 0.13)))
    )  # fmt: skip
    if rng.random() < 0.6:
        edge = rng.uniform(-2500, 1500)
        ground = regions((edge, ground), (edge + rng.uniform(1500, 4000), path), (1e9, ground))
    scene = Scene(ground, sky, lamp, haze=float(rng.uniform(3e4, 1.2e5)))
    for _ in range(rng.integers(14, 30)):  # the tree line
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(18000, 45000)
        tall = rng.uniform(2500, 7500)
        green = any_colour(rng, (0.2, 0.6), (0.15, 0.45), (0.15, 0.4))
        at = (far * np.cos(angle), far * np.sin(angle), 0.7 * tall)
        wide = rng.uniform(3000, 9000)
        scene.blobs.append(Blob(at, (wide, wide, tall), green, 0.5))
    for _ in range(rng.integers(1, 6)):
        tree(rng, scene, centre)
    for _ in range(rng.integers(0, 6)):
        bush(rng, scene, centre)
    if rng.random() < 0.3:
        fence(rng, scene, centre)
    for _ in range(rng.integers(0, 3)):
        pole(rng, scene, centre)
    return scene


def hall(rng: np.random.Generator, centre: np.ndarray) -> Scene:
    """A large plain interior: sports hall, lobby, garage."""
    low = np.minimum(0, centre[:2]) - rng.uniform(3000, 12000, 2)
    high = np.maximum(0, centre[:2]) + rng.uniform(3000, 12000, 2)
    tall = float(rng.uniform(4000, 8000))
    upper, lower = wall_paint(rng), wall_paint(rng)
    scene = Scene(
        floor=floor_paint(rng),
        sky=INDOORS,
        lamp=_indoor_lamp(rng),
        room=((*low, 0.0), (*high, tall)),
        wall=regions((rng.uniform(800, 2500), lower), (1e9, upper)),
        ceiling=boards(any_colour(rng, (0, 0.2), (0.2, 0.8)), 900),
    )
    for _ in range(rng.integers(2, 8)):
        furnish(rng, scene, low, high, centre)
    for _ in range(rng.integers(2, 9)):
        hang(rng, scene, low, high)
    for _ in range(rng.integers(0, 4)):
        pole(rng, scene, centre)
    return scene


def studio(rng: np.random.Generator, centre: np.ndarray) -> Scene:
    """A backdrop as in fashion photographs: floor and wall of almost one colour."""
    colour = any_colour(rng, (0, 0.35), (0.35, 0.97))
    tone = float(rng.uniform(0.85, 1.1))
    reach = float(np.linalg.norm(centre[:2])) + rng.uniform(900, 2500)
    return Scene(
        floor=plain(tuple(tone * c for c in colour), 0.02),
        sky=INDOORS,
        lamp=_indoor_lamp(rng),
        room=((-reach, -reach, 0.0), (reach, reach, 6000.0)),
        wall=mottled((colour, tuple(0.93 * c for c in colour)), 0.3),
        ceiling=plain(colour),
    )


def _indoor_lamp(rng: np.random.Generator) -> Lamp:
    side = rng.normal(0, 1, 3)
    side[2] = abs(side[2]) * 0.5
    top = (*rng.normal(0, 0.4, 2), 1.0)
    strength = (float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.1, 0.55)))
    return Lamp((top, tuple(side)), strength, float(rng.uniform(0.28, 0.6)))


def _weather(rng: np.random.Generator) -> tuple[Sky, Lamp]:
    cloudy = rng.random()
    angle, height = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(15, 75))
    sun = (np.cos(angle) * np.cos(height), np.sin(angle) * np.cos(height), np.sin(height))
    blue = any_colour(rng, (0.25, 0.6), (0.6, 0.95), (0.55, 0.62))
    grey = float(rng.uniform(0.7, 0.95))
    zenith = tuple(c + cloudy * (grey - c) for c in blue)
    horizon = tuple(0.45 * c + 0.5 * grey for c in zenith)
    sunlight = float(rng.uniform(0.5, 1.0) * (1 - 0.75 * cloudy))
    lamp = Lamp(
        (sun, (0.0, 0.0, 1.0)),
        (sunlight, float(rng.uniform(0.15, 0.35))),
        float(rng.uniform(0.22, 0.4) + 0.25 * cloudy),
    )
    return Sky(horizon, zenith, float(cloudy)), lamp

"""Paints for the surfaces of a scene: plaster, bricks, boards, facades, grass, ...

A paint fades to its mean where its pattern is finer than a pixel, as a lens would blur it.
"""

from __future__ import annotations

import colorsys

import numpy as np
from scipy.ndimage import gaussian_filter

from data_tools.twin.body.clothes import Colour
from data_tools.twin.scene.world import Paint

TILE = 256  # px of a noise tile, which repeats


def plain(colour: Colour, rough: float = 0.05) -> Paint:
    """One colour, uneven by ``rough``."""

    def paint(u, v, noise, footprint):
        return np.float32(colour) * (1 + rough * noise)[:, None]

    return paint


def bricks(colour: Colour, joint: Colour, width: float = 230.0, height: float = 80.0) -> Paint:
    """Rows of bricks (or tiles), each of its own shade, every other row shifted."""

    def paint(u, v, noise, footprint):
        row = np.floor(v / height)
        along = u / width + 0.5 * (row % 2)
        shade = _hash(np.floor(along), row)
        gap = np.maximum(
            np.abs(along % 1 - 0.5) > 0.5 - 6 / width, np.abs((v / height) % 1 - 0.5) > 0.44
        )
        gap = gap * _fade(footprint, 12.0) + 0.08 * (1 - _fade(footprint, 12.0))
        body = np.float32(colour) * (0.85 + 0.3 * shade + 0.06 * noise)[:, None]
        return body + gap[:, None] * (np.float32(joint) - body)

    return paint


def boards(colour: Colour, width: float = 140.0, across: bool = False) -> Paint:
    """Planks with dark seams and a grain along them."""

    def paint(u, v, noise, footprint):
        a, b = (v, u) if across else (u, v)
        plank = np.floor(a / width)
        shade = 0.8 + 0.3 * _hash(plank, np.floor(b / 1700 + 0.37 * plank))
        grain = 0.05 * np.sin(b / 45 + 4 * np.sin(a / 30 + plank)) * _fade(footprint, 40.0)
        seam = 0.45 * (np.abs((a / width) % 1 - 0.5) > 0.48) * _fade(footprint, 10.0)
        return np.float32(colour) * (shade + grain + 0.04 * noise - seam)[:, None]

    return paint


def stripes(first: Colour, second: Colour, period: float) -> Paint:
    """Upright stripes: wallpaper, curtains, corrugated doors."""

    def paint(u, v, noise, footprint):
        fraction = (0.5 + 0.5 * np.sign(np.sin(2 * np.pi * u / period)) * _fade(footprint, period))[
            :, None
        ]
        mixed = np.float32(first) * fraction + np.float32(second) * (1 - fraction)
        return mixed * (1 + 0.05 * noise)[:, None]

    return paint


def checks(first: Colour, second: Colour, period: float) -> Paint:
    """Squares of two colours: tiled floors, paving."""

    def paint(u, v, noise, footprint):
        odd = (np.floor(u / period) + np.floor(v / period)) % 2
        odd = 0.5 + (odd - 0.5) * _fade(footprint, 0.7 * period)
        edge = np.maximum(np.abs((u / period) % 1 - 0.5), np.abs((v / period) % 1 - 0.5)) > 0.48
        mixed = np.float32(first) + odd[:, None] * (np.float32(second) - np.float32(first))
        return mixed * (1 + 0.06 * noise - 0.25 * edge * _fade(footprint, 15.0))[:, None]

    return paint


def mottled(colours: tuple[Colour, Colour], strength: float = 0.5) -> Paint:
    """Two colours mixed by the noise: grass, earth, asphalt, carpet, rendered walls."""

    def paint(u, v, noise, footprint):
        fraction = np.clip(0.5 + strength * noise, 0, 1)[:, None]
        return np.float32(colours[0]) + fraction * (np.float32(colours[1]) - np.float32(colours[0]))

    return paint


def facade(wall: Colour, glass: Colour, storey: float, bay: float, seed: int) -> Paint:
    """A house front: a window in every bay of every storey, some lit or with drawn curtains."""

    def paint(u, v, noise, footprint):
        column, row = np.floor(u / bay), np.floor(v / storey)
        x, y = (u / bay) % 1, (v / storey) % 1
        window = (np.abs(x - 0.5) < 0.27) & (np.abs(y - 0.55) < 0.30)
        frame = (np.abs(x - 0.5) < 0.31) & (np.abs(y - 0.55) < 0.34) & ~window
        bars = window & ((np.abs(x - 0.5) < 0.015) | (np.abs(y - 0.65) < 0.012))
        colour = np.float32(wall) * (1 + 0.07 * noise)[:, None]
        chance = _hash(column + seed, row)
        pane = np.float32(glass) * (0.35 + 1.0 * chance + 0.25 * y)[:, None]
        colour = np.where(window[:, None], pane, colour)
        colour = np.where((frame | bars)[:, None], np.float32((0.75, 0.74, 0.70)), colour)
        if seed % 3:
            return colour
        ground = (row == 0) & (np.abs(x - 0.5) < 0.42) & (y > 0.12) & (y < 0.8)  # shop windows
        goods = _hash(np.floor(u / 260) + seed, np.floor(v / 420))[:, None]
        hue = np.stack([_hash(np.floor(u / 260) + 5 * k, np.floor(v / 420)) for k in range(3)], 1)
        shop = np.float32(glass) * (0.5 + 0.6 * chance[:, None]) + 0.35 * goods * hue
        return np.where(ground[:, None], shop, colour)

    return paint


def shelf(wood: Colour, board: float = 330.0) -> Paint:
    """Rows of books or goods between boards."""

    def paint(u, v, noise, footprint):
        row = np.floor(v / board)
        item = np.floor(u / (30 + 35 * _hash(np.floor(u / 240), row)))
        hue = np.stack([_hash(item + 7 * k, row) for k in range(3)], axis=1)
        tall = (v / board) % 1 < 0.55 + 0.35 * _hash(item, row + 3)
        colour = np.where(
            tall[:, None], 0.2 + 0.25 * hue[:, :1] + 0.3 * hue, np.float32(wood) * 0.35
        )
        on_board = ((v / board) % 1 < 0.09)[:, None]
        return np.where(on_board, np.float32(wood), colour) * (1 + 0.05 * noise)[:, None]

    return paint


def picture(seed: int, size: float) -> Paint:
    """Something in a frame: soft spots of a few colours."""
    rng = np.random.default_rng(seed)
    colours = rng.uniform(0.1, 0.9, (3, 3)).astype(np.float32)
    waves = rng.uniform(2, 7, (3, 2)) / size

    def paint(u, v, noise, footprint):
        weights = [1.2 + np.sin(waves[k, 0] * u + k) + np.sin(waves[k, 1] * v) for k in range(3)]
        weights = np.maximum(np.stack(weights, axis=1), 0.05)
        return weights / weights.sum(axis=1, keepdims=True) @ colours * (1 + 0.1 * noise)[:, None]

    return paint


def regions(*parts: tuple[float, Paint], axis: int = 1) -> Paint:
    """Side by side: each paint up to its limit (mm) on u (axis 0) or v (axis 1), in order."""

    def paint(u, v, noise, footprint):
        place = (u, v)[axis]
        out = parts[-1][1](u, v, noise, footprint)
        for limit, one in reversed(parts[:-1]):
            here = place < limit
            if here.any():
                out[here] = one(u[here], v[here], noise[here], footprint[here])
        return out

    return paint


def any_colour(
    rng: np.random.Generator,
    saturation: tuple[float, float] = (0.0, 0.6),
    value: tuple[float, float] = (0.15, 0.9),
    hue: tuple[float, float] | None = None,
) -> Colour:
    """A random colour within ranges of hue, saturation and value.

    Without a hue: what people make and wear is mostly brown, red or yellow, often blue, and now and
    then of any hue.
    """
    if hue is None:
        kind = rng.random()
        warm, blue = rng.normal(0.08, 0.04), rng.normal(0.6, 0.05)
        tone = warm if kind < 0.5 else blue if kind < 0.72 else rng.uniform(0, 1)
    else:
        tone = rng.uniform(*hue)
    return colorsys.hsv_to_rgb(tone % 1, rng.uniform(*saturation), rng.uniform(*value))


def make_noise(seed: int) -> list[np.ndarray]:
    """Three tiles (TILE, TILE) of noise, fine to coarse, each of mean 0 and deviation 1."""
    rng = np.random.default_rng([91, seed])
    white = rng.normal(0, 1, (TILE, TILE))
    tiles = [gaussian_filter(white, s, mode="wrap") for s in (1.0, 4.0, 16.0)]
    return [((t - t.mean()) / t.std()).astype(np.float32) for t in tiles]


NOISE = make_noise(0)


def noise_at(u: np.ndarray, v: np.ndarray, grain: float) -> np.ndarray:
    """Noise of three octaves at (u, v) mm; ``grain`` mm is the size of its finest spots."""
    total = np.zeros(u.shape, dtype=np.float32)
    for tile, weight in zip(NOISE, (0.45, 0.4, 0.35), strict=True):
        i = (u * (1 / grain)).astype(np.int32) & (TILE - 1)
        j = (v * (1 / grain)).astype(np.int32) & (TILE - 1)
        total += weight * tile[i, j]
    return total


def _fade(footprint: np.ndarray, period: float) -> np.ndarray:
    """1 where a pixel is much smaller than the pattern, 0 where it is larger."""
    return np.clip(1.6 - 1.6 * footprint / period, 0, 1)


def _hash(i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """A number in [0, 1) for each pair of whole numbers, always the same."""
    value = np.sin(i * 12.9898 + j * 78.233) * 43758.5453
    return value - np.floor(value)

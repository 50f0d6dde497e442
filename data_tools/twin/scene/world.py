"""What a scene is made of: boxes and blobs with their paints, a sky, a lamp.

World: mm, z up, the floor at z = 0, the person near the origin. A surface's paint is a function of
two coordinates on it (mm) and of the noise there, so that textures lie in perspective.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from data_tools.twin.body.clothes import Colour

# paint(u, v, noise, footprint) -> colours (M, 3): u, v and footprint (mm per pixel) in mm, (M,);
# noise has mean 0 and deviation about 1
Paint = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Lamp:
    """Light: from where (unit vectors, world), how strong, and how much comes from all sides."""

    towards: tuple[tuple[float, float, float], ...] = ((0.35, 0.2, 0.92), (-0.6, -0.5, 0.5))
    strength: tuple[float, ...] = (0.60, 0.25)
    ambient: float = 0.34


@dataclass(frozen=True)
class Box:
    """Axis-aligned: corners in mm. Sides and top may be painted differently."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    paint: Paint
    top: Paint | None = None


@dataclass(frozen=True)
class Blob:
    """An ellipsoid with a ragged outline: crowns, bushes, cushions, balls (``ragged`` 0)."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    colour: Colour
    ragged: float = 0.5


@dataclass(frozen=True)
class Sky:
    """Colours at the horizon and overhead, and how much of it is cloud (0-1)."""

    horizon: Colour
    zenith: Colour
    clouds: float = 0.3


@dataclass
class Scene:
    """A place.

    Attributes
    ----------
    floor : its paint
    sky : what is seen where nothing else is; also the haze's colour
    boxes, blobs : things in it
    room : corners of a room that is seen from inside, or None
    wall, ceiling : the room's paints
    lamp : lights things and people alike
    haze : mm at which things have lost 63 % of their contrast to the sky
    """

    floor: Paint
    sky: Sky
    lamp: Lamp
    boxes: list[Box] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    room: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    wall: Paint | None = None
    ceiling: Paint | None = None
    haze: float = 1e9

"""Draw solid parts in front of a picture: depth order, shading, and the exact silhouette.

Each part is a tapered capsule. On the screen it is a tapered stroke whose cross-section is half a
circle: the distance to the stroke's axis gives the depth of its surface and its normal. Seen from
several metres the difference to exact perspective is below a pixel. Three passes, all within the
person's box:

1. a depth buffer decides part by part which one is in front;
2. for the visible part of each pixel alone: normal, and place along and around it;
3. normals are averaged over neighbours on the same surface, which melts the capsules into one
   body, then lamps, creases and cloth patterns are applied.
"""

from __future__ import annotations

import numpy as np

from data_tools.twin.body.clothes import Parts
from data_tools.twin.scene.world import Lamp
from minipose.datasets.cameras import Camera

SAME_SURFACE = 45.0  # mm, depth between neighbouring pixels up to which they are one surface
MELT = 26.0  # mm, how far normals are averaged


def draw(
    image: np.ndarray, parts: Parts, camera: Camera, lamp: Lamp, counted: int | None = None
) -> np.ndarray:
    """Draw the one-frame ``parts`` into ``image`` and return their silhouette.

    Pixels on the rim are mixed with what is behind them, as a lens does; those of the silhouette
    and no others change (but for parts that do not count).

    Parameters
    ----------
    image : uint8 (H, W, 3), changed
    parts : with one frame; points in mm, world
    camera : its focal length and principal point are in pixels of ``image``
    counted : the silhouette is of the first so many parts; all if not given

    Returns
    -------
    bool (H, W)
    """
    silhouette = np.zeros(image.shape[:2], dtype=bool)
    strokes = _Strokes(parts, camera)
    box = _clip(strokes.bounds(), *image.shape[1::-1])
    if box is None:
        return silhouette
    x0, y0, x1, y1 = box
    depth, part = _depth_pass(strokes, box)
    own = len(parts.cloths) if counted is None else counted
    silhouette[y0:y1, x0:x1] = (part >= 0) & (part < own)
    surface = _Surface(strokes, depth, part, x0, y0)
    colours = _shade(surface, parts, camera, lamp)  # (P, 3), one row a drawn pixel
    region = image[y0:y1, x0:x1]
    cover = _soft_edge(part >= 0)[surface.rows, surface.columns][:, None]
    behind = region[surface.rows, surface.columns]
    region[surface.rows, surface.columns] = (behind + cover * (colours - behind)).astype(np.uint8)
    return silhouette


def outlined(size: tuple[int, int], parts: Parts, camera: Camera) -> np.ndarray:
    """The silhouette that ``draw`` returns for a picture of this size (H, W), and nothing else."""
    silhouette = np.zeros(size, dtype=bool)
    strokes = _Strokes(parts, camera)
    box = _clip(strokes.bounds(), *size[::-1])
    if box is not None:
        x0, y0, x1, y1 = box
        silhouette[y0:y1, x0:x1] = _depth_pass(strokes, box)[1] >= 0
    return silhouette


def soft_shadow(image: np.ndarray, pixel: np.ndarray, radius: tuple[float, float]) -> None:
    """Darken an ellipse of the image, most in its middle: the contact shadow of a foot.

    Parameters
    ----------
    image : uint8 (H, W, 3), changed
    pixel : (2,), px, the middle
    radius : px, horizontal and vertical
    """
    rx, ry = radius
    box = _clip((pixel[0] - rx, pixel[1] - ry, pixel[0] + rx, pixel[1] + ry), *image.shape[1::-1])
    if box is None or rx < 1 or ry < 1:
        return
    x0, y0, x1, y1 = box
    dx = (np.arange(x0, x1, dtype=np.float32) - pixel[0]) / rx
    dy = (np.arange(y0, y1, dtype=np.float32) - pixel[1]) / ry
    inside = np.maximum(1 - dy[:, None] ** 2 - dx[None, :] ** 2, 0).astype(np.float32)
    region = image[y0:y1, x0:x1]
    region[...] = (region * (1 - 0.5 * inside[..., None])).astype(np.uint8)


class _Strokes:
    """Parts on the screen: ends ``a``, ``b`` (K, 2) and radii (K,) in px, depths (K,) in mm."""

    def __init__(self, parts: Parts, camera: Camera) -> None:
        a, b = camera.to_camera(parts.a[0]), camera.to_camera(parts.b[0])
        focal = float(camera.focal.mean())
        self.a, self.b = camera.project(a), camera.project(b)
        self.axis = self.b - self.a
        self.depth_a, self.depth_b = a[:, 2], b[:, 2]
        self.radius_a = parts.radius_a * focal / a[:, 2]
        self.radius_b = parts.radius_b * focal / b[:, 2]
        self.mm_per_px = 0.5 * (a[:, 2] + b[:, 2]) / focal
        self.flat = np.zeros(len(a), bool) if parts.flat is None else parts.flat
        reach = np.maximum(self.radius_a, self.radius_b)[:, None]
        self.low = np.minimum(self.a, self.b) - reach
        self.high = np.maximum(self.a, self.b) + reach

    def bounds(self) -> tuple[float, float, float, float]:
        return (*self.low.min(axis=0), *self.high.max(axis=0))


def _depth_pass(strokes: _Strokes, box: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Depth (mm, infinite where there is none) and index of the part in front (−1), (h, w).

    With q a pixel minus a, u = b − a, t = clip(q·u / |u|², 0, 1) and the radius r = ra + t dr, the
    bulge towards the camera is √(r² − |q − t u|²); what is under the root is

        (ra² − |q|²) + t · (2 q·u + 2 ra dr − t (|u|² − dr²)),

    whose terms in q are sums of a row and a column: few operations on the whole rectangle.
    """
    x0, y0, x1, y1 = box
    depth = np.full((y1 - y0, x1 - x0), np.inf, dtype=np.float32)
    part = np.full(depth.shape, -1, dtype=np.int16)
    xs = np.arange(x0, x1, dtype=np.float32)
    ys = np.arange(y0, y1, dtype=np.float32)[:, None]
    numbers = (
        strokes.a, strokes.axis, strokes.radius_a, strokes.radius_b, strokes.depth_a,
        strokes.depth_b, strokes.mm_per_px, strokes.flat, strokes.low, strokes.high,
    )  # fmt: skip
    rows = zip(*(v.tolist() for v in numbers))
    with np.errstate(invalid="ignore"):  # the root is NaN outside the stroke, and NaN is not nearer
        for k, ((ax, ay), (ux, uy), ra, rb, za, zb, mm, flat, low, high) in enumerate(rows):
            left, top = max(0, int(low[0]) - x0), max(0, int(low[1]) - y0)
            right, bottom = int(high[0]) + 2 - x0, int(high[1]) + 2 - y0
            here = slice(top, max(bottom, 0)), slice(left, max(right, 0))
            qx, qy = xs[here[1]] - ax, ys[here[0]] - ay
            length2 = ux * ux + uy * uy
            along_u = qx * ux + qy * uy
            free = along_u * (1 / length2 if length2 > 1e-6 else 0.0)
            along = np.minimum(np.maximum(free, 0), 1)
            dr = rb - ra
            inner = along * (dr * dr - length2)
            along_u += ra * dr
            along_u *= 2
            inner += along_u
            inner *= along
            inner += (ra * ra - qx * qx) - qy * qy
            surface = np.sqrt(inner, out=inner)
            surface *= -mm
            along *= zb - za
            surface += along
            surface += za
            seen = depth[here]
            front = surface < seen
            if flat:
                front &= free < 1
            np.putmask(seen, front, surface)  # half the time of copyto on these small views
            np.putmask(part[here], front, k)
    return depth, part


def _soft_edge(inside: np.ndarray) -> np.ndarray:
    """How much of each inside pixel the body covers, judged by its 3 × 3 neighbours, (h, w)."""
    padded = np.pad(inside, 1).astype(np.float32)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    fraction = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return np.minimum(fraction + 0.08, 1)


class _Surface:
    """The drawn pixels: where they are, of which part, and how their surface lies.

    Attributes
    ----------
    rows, columns : (P,), px within the box
    part : (P,)
    along : (P,), 0 at the part's a, 1 at its b
    normal : (3, P), unit, camera frame
    crease : (P,), the fraction of near neighbours that lie in front
    """

    def __init__(
        self, strokes: _Strokes, depth: np.ndarray, part: np.ndarray, x0: int, y0: int
    ) -> None:
        self.rows, self.columns = np.nonzero(part >= 0)
        self.part = k = part[self.rows, self.columns]
        length2 = (strokes.axis**2).sum(axis=1)
        per_length2 = np.where(length2 > 1e-6, 1 / np.maximum(length2, 1e-6), 0.0)
        table = np.column_stack(
            [strokes.a, strokes.axis, per_length2, strokes.radius_a, strokes.radius_b]
        ).astype(np.float32)
        ax, ay, ux, uy, per, ra, rb = table.T[:, k]
        dx = (self.columns + x0).astype(np.float32) - ax
        dy = (self.rows + y0).astype(np.float32) - ay
        self.along = np.minimum(np.maximum((dx * ux + dy * uy) * per, 0), 1)
        radius = ra + self.along * (rb - ra)
        nx, ny = (dx - self.along * ux) / radius, (dy - self.along * uy) / radius
        field = np.zeros((3, *part.shape), dtype=np.float32)
        here = (self.rows, self.columns)
        field[(0, *here)], field[(1, *here)] = nx, ny
        field[(2, *here)] = -np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0))
        steps = int(np.clip(round(MELT / float(strokes.mm_per_px.mean())), 1, 8))
        nearer = np.zeros(part.shape, dtype=np.float32)
        for axis in (1, 2):
            field = _melt(field, depth, axis, steps, nearer)
        normal = field[:, self.rows, self.columns]
        self.normal = normal / np.maximum(np.sqrt((normal * normal).sum(axis=0)), 1e-6)
        self.crease = nearer[self.rows, self.columns] / (4 * steps)


def _melt(
    field: np.ndarray, depth: np.ndarray, axis: int, steps: int, nearer: np.ndarray
) -> np.ndarray:
    """Sum the field (3, h, w) over neighbours along one axis that are on the same surface.

    Adds to ``nearer`` how many of them lie in front of the pixel instead.
    """
    total = field.copy()
    known = np.where(np.isfinite(depth), depth, np.float32(np.nan))  # compares as False
    for step in range(1, steps + 1):
        first = [slice(None)] * 3
        second = [slice(None)] * 3
        first[axis], second[axis] = slice(None, -step), slice(step, None)
        here, there = tuple(first), tuple(second)
        gap = known[there[1:]] - known[here[1:]]  # positive: the neighbour ``here`` is in front
        same = (np.abs(gap) < SAME_SURFACE * (1 + 0.3 * step)).astype(np.float32)
        total[here] += field[there] * same
        total[there] += field[here] * same
        nearer[there[1:]] += gap > 60
        nearer[here[1:]] += gap < -60
    return total


def _shade(surface: _Surface, parts: Parts, camera: Camera, lamp: Lamp) -> np.ndarray:
    """Lambert's law for each lamp, light from all sides, cloth patterns and folds: (P, 3), 0-255.

    Light from all sides is a little stronger from above than from the floor.
    """
    nx, ny, nz = surface.normal
    up = camera.rotation[:, 2].astype(np.float32)  # the world's z in the camera frame
    light = np.float32(lamp.ambient) * (1 + 0.25 * (nx * up[0] + ny * up[1] + nz * up[2]))
    for towards, strength in zip(lamp.towards, lamp.strength, strict=True):
        direction = np.asarray(towards) / np.linalg.norm(towards)
        lx, ly, lz = (camera.rotation @ direction).astype(np.float32)
        light += np.float32(strength) * np.maximum(nx * lx + ny * ly + nz * lz, 0)
    light *= 1 - 0.45 * surface.crease
    cloths, k = parts.cloths, surface.part
    numbers = np.array([(c.bands, c.stripes, c.folds) for c in cloths], dtype=np.float32)
    bands, stripes, folds = numbers[k].T
    along = surface.along
    # Folds: cloth catches the light unevenly along and around a limb.
    waves = np.sin(17 * along + 9 * nx + k) * np.sin(13 * ny + 7 * along) + 0.5 * np.sin(31 * along)
    light *= 1 + folds * waves
    first = np.array([c.colour for c in cloths], dtype=np.float32)[k]
    second = np.array([c.second or c.colour for c in cloths], dtype=np.float32)[k]
    odd = (np.sin(2 * np.pi * bands * along) > 0) ^ (np.sin(2 * np.pi * stripes * nx) > 0)
    colour = np.where(odd[:, None], second, first) * light[:, None]
    return np.clip(255 * colour ** np.float32(0.85), 0, 255)


def _clip(bounds, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Whole pixels that cover the bounds, within the picture; None where they miss it."""
    x0, y0 = max(0, int(np.floor(bounds[0]))), max(0, int(np.floor(bounds[1])))
    x1, y1 = min(width, int(np.ceil(bounds[2])) + 1), min(height, int(np.ceil(bounds[3])) + 1)
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

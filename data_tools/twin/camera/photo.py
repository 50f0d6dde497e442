"""Take the photograph: the person before the background, and what lenses and sensors do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from data_tools.twin.body.clothes import Parts
from data_tools.twin.camera.render_body import draw, outlined
from data_tools.twin.scene.world import Lamp
from minipose.datasets.cameras import Camera

FINE = 2  # the person is drawn at this many times the picture's size, so that edges are smooth

SHOULDER = 0.68  # of the brightest value: from here on the tone curve bends


def take_picture(
    background: np.ndarray, parts: Parts, camera: Camera, lamp: Lamp, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The person before the background, as a photograph: uint8 (H, W, 3) and bool mask (H, W)."""
    height, width = background.shape[:2]
    focus = rng.gamma(1.2, 0.5) if rng.random() < 0.8 else rng.uniform(1.0, 3.0)
    scene = gaussian_filter(background, (focus, focus, 0)) if focus > 0.2 else background
    scene = scene * _shadow(parts, camera, lamp, (height, width), rng)[..., None]
    fine = _finer(camera)
    canvas = np.zeros((FINE * height, FINE * width, 3), dtype=np.uint8)
    silhouette = draw(canvas, parts, fine, lamp)
    cover = _reduce(silhouette.astype(np.float32)[..., None])  # (H, W, 1)
    person = _reduce(canvas.astype(np.float32)) / 255
    together = scene * (1 - cover) + person
    return develop(together, rng), cover[..., 0] >= 0.5


def develop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White balance, exposure, contrast, falling-off corners, blur and grain."""
    height, width = image.shape[:2]
    # An automatic exposure, not a perfect one.
    exposure = np.clip(rng.normal(0.46, 0.08) / max(image.mean(), 1e-3), 0.6, 2.4)
    image = image * exposure * np.exp(rng.normal(0, 0.05, 3))
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    image = image * (1 - rng.uniform(0, 0.22) * (x * x + y * y) / 2)[..., None]
    contrast = rng.uniform(0.8, 1.25)
    image = np.clip(0.5 + contrast * (image - 0.5) + rng.normal(0, 0.03), 0, None)
    grey = image.mean(axis=2, keepdims=True)
    image = grey + (image - grey) * (0.0 if rng.random() < 0.03 else rng.uniform(0.6, 1.2))
    soft = rng.uniform(0, 0.7)
    image = gaussian_filter(image, (soft, soft, 0)) if soft > 0.25 else image
    # Film and cameras bend the curve where it would be cut off: light skin keeps its shades.
    bright = image > SHOULDER
    rest = 1 - SHOULDER
    image[bright] = SHOULDER + rest * (1 - np.exp((SHOULDER - image[bright]) / rest))
    grain = rng.standard_normal(image.shape, dtype=np.float32) * rng.uniform(0.003, 0.02)
    return np.clip(255 * (image + grain), 0, 255).astype(np.uint8)


def _shadow(
    parts: Parts, camera: Camera, lamp: Lamp, size: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """How much of the light reaches each pixel of the floor: (H, W), 1 outside the shadow.

    The parts are cast on the floor along the strongest lamp's rays and drawn there, at half size;
    a second, wider shadow from all sides lies under the feet.
    """
    strongest = int(np.argmax(lamp.strength))
    sun = np.asarray(lamp.towards[strongest], dtype=float)
    sun = sun / np.linalg.norm(sun)
    sun[2] = max(sun[2], 0.25)
    half = replace(camera, focal=camera.focal / 2, principal=camera.principal / 2)
    shape = ((size[0] + 1) // 2, (size[1] + 1) // 2)

    def cast(direction: np.ndarray, shrink: float) -> np.ndarray:
        def down(points: np.ndarray) -> np.ndarray:
            flat = points - points[..., 2:] / direction[2] * direction
            flat[..., 2] = 0
            return flat

        flat = replace(
            parts,
            a=down(parts.a),
            b=down(parts.b),
            radius_a=shrink * parts.radius_a,
            radius_b=shrink * parts.radius_b,
        )
        in_front = (half.to_camera(flat.a[0])[:, 2] > 300) & (half.to_camera(flat.b[0])[:, 2] > 300)
        if not in_front.all():
            return np.zeros(shape)
        return outlined(shape, flat, half).astype(float)

    fraction = lamp.strength[strongest] / (sum(lamp.strength) + lamp.ambient)
    light = 1 - 0.9 * fraction * gaussian_filter(cast(sun, 0.45), rng.uniform(0.5, 3.0))
    light *= 1 - 0.35 * gaussian_filter(cast(np.array([0.0, 0.0, 1.0]), 0.35), 2.0)
    light = np.repeat(np.repeat(light.astype(np.float32), 2, axis=0), 2, axis=1)
    return gaussian_filter(light, 0.7)[: size[0], : size[1]]


def _finer(camera: Camera) -> Camera:
    """The same view with FINE × FINE pixels in each pixel; pixel centres are whole numbers."""
    return replace(
        camera, focal=FINE * camera.focal, principal=FINE * (camera.principal + 0.5) - 0.5
    )


def _reduce(image: np.ndarray) -> np.ndarray:
    """Means of FINE × FINE blocks."""
    total = sum(image[i::FINE, j::FINE] for i in range(FINE) for j in range(FINE))
    return total / FINE**2

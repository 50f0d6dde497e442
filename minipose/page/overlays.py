"""Arrays as pictures that stand in the page itself (data: addresses)."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

TRUTH, PREDICTION = (31, 111, 139), (209, 73, 91)  # as in the plots of a run
HEAT = (237, 174, 73)
OPAQUE = 150  # of 255: how strongly a mask covers the picture
LONGEST = 900  # px of a picture's longer side; a larger one is scaled down
MEDIA = {".png": "png", ".gif": "gif", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def picture(image: np.ndarray) -> str:
    """uint8 (H, W) or (H, W, 3) as a JPEG."""
    return _address(Image.fromarray(np.ascontiguousarray(image)), "jpeg", quality=88)


def layer(weights: np.ndarray, colour: tuple[int, int, int]) -> str:
    """Values 0-1 (H, W) as one colour that is the more opaque the higher they are."""
    shown = np.zeros((*weights.shape, 4), np.uint8)
    shown[..., :3] = colour
    # 16 steps of opacity are enough for the eye, and a quarter of the bytes.
    shown[..., 3] = (np.clip(weights, 0, 1) * 15).round() * (OPAQUE / 15)
    return _address(Image.fromarray(shown), "png", optimize=True)


def outline(mask: np.ndarray, colour: tuple[int, int, int]) -> str:
    """The border of a mask (H, W), one px wide, with a faint filling."""
    inside = np.pad(mask != 0, 1)
    core = inside[1:-1, 1:-1].copy()
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        core &= inside[rows : rows + mask.shape[0], columns : columns + mask.shape[1]]
    weights = np.where(mask != 0, np.where(core, 0.3, 1.6), 0.0)
    return layer(weights, colour)


def scaled(image: np.ndarray, longest: int = LONGEST) -> tuple[np.ndarray, float]:
    """The picture, at most that long, and by which factor it was made smaller."""
    factor = min(1.0, longest / max(image.shape[:2]))
    if factor == 1:
        return image, 1.0
    size = [max(1, round(side * factor)) for side in image.shape[1::-1]]
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)), factor


def file(path: Path) -> str:
    """A picture file as it is."""
    kind = MEDIA[path.suffix.lower()]
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _address(image: Image.Image, kind: str, **options: object) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"

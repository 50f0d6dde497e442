"""Read any picture file the way every part of minipose sees it: upright, RGB, 8 bits."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image, ImageOps


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """A picture file as uint8 (H, W, 3), turned upright as its EXIF says.

    Grey, palette, CMYK and 16-bit pictures are converted; transparency is dropped.

    Raises
    ------
    ValueError
        If the file is missing or is not a readable picture.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I") or upright.mode == "F":
                return _from_deep(np.asarray(upright, dtype=np.float64), upright.mode)
            return np.array(upright.convert("RGB"))
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: not a readable picture ({error})") from None


def _from_deep(grey: np.ndarray, mode: str) -> np.ndarray:
    """Pillow clips 16-bit greys to 255 instead of scaling them; this scales."""
    top = 65535.0 if mode.startswith("I") and grey.max(initial=0) > 255 else 255.0
    if mode == "F" and grey.max(initial=0) <= 1:
        top = 1.0
    level = np.clip(grey * (255.0 / top), 0, 255).round().astype(np.uint8)
    return np.repeat(level[:, :, None], 3, axis=2)

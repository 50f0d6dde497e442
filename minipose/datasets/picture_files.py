"""Picture files as every part of minipose sees them: upright, 8 bits, RGB or grey."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """A picture file as uint8 (H, W, 3), rotated upright as its EXIF says.

    Grey, palette, CMYK and 16-bit pictures are converted; transparency is dropped.

    Raises
    ------
    ValueError
        If the file is missing or is not a readable picture.
    """
    with _opened(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I") or upright.mode == "F":
            return _from_deep(np.asarray(upright, dtype=np.float64), upright.mode)
        return np.array(upright.convert("RGB"))


def read_grey(path: str | os.PathLike) -> np.ndarray:
    """A picture file as uint8 (H, W), rotated upright as its EXIF says; luma of ITU-R 601.

    Raises
    ------
    ValueError
        If the file is missing or is not a readable picture.
    """
    with _opened(path) as image:
        image.draft("L", image.size)  # a JPEG then decodes its brightness only
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "P", "PA"):
            upright = upright.convert("RGB")
        return np.asarray(upright.convert("L"))


@contextmanager
def _opened(path: str | os.PathLike) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ValueError(f"{path}: a folder, expected a picture") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: not a readable picture ({error})") from None


def _from_deep(grey: np.ndarray, mode: str) -> np.ndarray:
    """Pillow clips 16-bit greys to 255 instead of scaling them; this scales."""
    top = 65535.0 if mode.startswith("I") and grey.max(initial=0) > 255 else 255.0
    if mode == "F" and grey.max(initial=0) <= 1:
        top = 1.0
    level = np.clip(grey * (255.0 / top), 0, 255).round().astype(np.uint8)
    return np.repeat(level[:, :, None], 3, axis=2)

"""Picture files as every part of minipose sees them: upright, 8 bits, RGB or grey."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from minipose.datasets.guard import expect_pixels, reading
from minipose.errors import UserError, missing_package

HEIC = (".heic", ".heif")
# What Pillow knows but cannot draw, or hands to other programs to draw.
NO_PIXELS = ("EPS", "WMF", "HDF5", "GRIB", "BUFR")

# Pictures that are too large are refused here, and damaged ones say so when they are read; Pillow
# need not warn of them besides.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """A picture file as uint8 (H, W, 3), rotated upright as its EXIF says.

    Grey, palette, CMYK and 16-bit pictures are converted; transparency is dropped; of an animation
    the first picture is taken.

    Raises
    ------
    UserError
        If the file is missing, is not a readable picture, or has too many pixels.
    """
    with opened(path) as image:
        upright = ImageOps.exif_transpose(image)
        if _is_deep(upright):
            return np.repeat(_from_deep(upright)[:, :, None], 3, axis=2)
        return np.array(upright.convert("RGB"))


def read_grey(path: str | os.PathLike) -> np.ndarray:
    """A picture file as uint8 (H, W), rotated upright as its EXIF says; luma of ITU-R 601.

    Raises
    ------
    UserError
        If the file is missing, is not a readable picture, or has too many pixels.
    """
    with opened(path) as image:
        image.draft("L", image.size)  # a JPEG then decodes its brightness only
        upright = ImageOps.exif_transpose(image)
        if _is_deep(upright):
            return _from_deep(upright)
        if upright.mode in ("RGBA", "LA", "P", "PA"):
            upright = upright.convert("RGB")
        return np.asarray(upright.convert("L"))


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[Image.Image]:
    """A picture file, whose size is allowed, as Pillow sees it.

    Raises
    ------
    UserError
        With the path, for whatever goes wrong inside.
    """
    with reading(path, "not a readable picture"):
        if Path(str(path)).suffix.lower() in HEIC:  # a file in memory is known by its name
            _learn_heic()
        with Image.open(path) as image:
            if image.format in NO_PIXELS:
                raise ValueError(f"a file of {image.format}")
            expect_pixels(path, *image.size)
            yield image


@cache
def _learn_heic() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ModuleNotFoundError as error:
        raise UserError(f"HEIC pictures: {missing_package(error)}") from None
    register_heif_opener()


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _from_deep(image: Image.Image) -> np.ndarray:
    """Grey of more than 8 bits as uint8 (H, W): Pillow clips it to 255, this scales 0-65535.

    What holds nothing above 255 is taken for 8 bits, and floats with nothing above 1 for 0-1.
    """
    grey = np.asarray(image, dtype=np.float64)
    if not np.isfinite(grey).all():
        raise ValueError("a grey value is not a finite number")
    highest = grey.max(initial=0)
    top = 65535.0 if image.mode != "F" and highest > 255 else 255.0
    if image.mode == "F" and highest <= 1:
        top = 1.0
    return np.clip(grey * (255.0 / top), 0, 255).round().astype(np.uint8)

"""From a video frame to what the network sees: 128 × 128, grey, person only, centred on black.

The importer and ``predict`` share this, so a user's picture is treated as the training data was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

SIDE = 128


@dataclass(frozen=True)
class Crop:
    """The square of a frame that became the 128 × 128 picture.

    Attributes
    ----------
    x0, y0 : px of the frame, its top left corner (pixel edges, so a whole frame begins at 0)
    scale : px of the crop per px of the frame
    """

    x0: float
    y0: float
    scale: float

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) in px of the frame -> px of the crop. Pixel centres are whole numbers."""
        return (points + 0.5 - (self.x0, self.y0)) * self.scale - 0.5

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) in px of the crop -> px of the frame."""
        return (points + 0.5) / self.scale - 0.5 + (self.x0, self.y0)


def box_of(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """The box (x0, y0, x1, y1) around a mask (H, W), ends excluded; None if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def crop_person(
    grey: np.ndarray, box: tuple[int, int, int, int], mask: np.ndarray | None = None
) -> tuple[np.ndarray, Crop]:
    """Cut the box out, blacken the background, centre it on a black square, scale to 128 × 128.

    Parameters
    ----------
    grey : uint8 (H, W)
    box : x0, y0, x1, y1 in px, ends excluded
    mask : (H, W), optional; what is 0 or False becomes black

    Returns
    -------
    image : uint8 (128, 128)
    crop : maps points between the frame and the image

    Raises
    ------
    ValueError
        If the box has no pixel of the frame in it, or the mask has another size than the frame.
    """
    height, width = grey.shape
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    if x0 >= x1 or y0 >= y1:
        raise ValueError(f"box {tuple(box)} has no pixel of the {width} × {height} frame in it")
    person = grey[y0:y1, x0:x1]
    if mask is not None:
        if mask.shape != grey.shape:
            raise ValueError(f"mask {mask.shape} and frame {grey.shape} differ in size")
        person = person * (mask[y0:y1, x0:x1] != 0)
    side = max(x1 - x0, y1 - y0)
    left, top = (side - (x1 - x0)) // 2, (side - (y1 - y0)) // 2
    square = np.zeros((side, side), dtype=np.uint8)
    square[top : top + y1 - y0, left : left + x1 - x0] = person
    # Pillow's bilinear filter widens when it shrinks a picture, so nothing is skipped.
    image = Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image), Crop(x0 - left, y0 - top, SIDE / side)


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """The largest piece of a mask bool (H, W); pixels of a piece touch at their sides."""
    from scipy.ndimage import label

    pieces, count = label(mask)
    if count < 2:
        return mask
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    return pieces == areas.argmax()

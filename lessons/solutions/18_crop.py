"""From a frame to 128 × 128: the box, the square, and the joints that go along."""

import numpy as np

SIDE = 128  # px


def box_of(silhouette):
    """The smallest box (x0, y0, x1, y1) that holds all True pixels of (H, W); ends excluded."""
    # Your turn: silhouette.any(axis=…) says which rows, and which columns, hold something.
    rows = np.flatnonzero(silhouette.any(axis=1))
    columns = np.flatnonzero(silhouette.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def square_around(box):
    """The square (left, top, side) with the box in its middle; its side is the box's longer one.

    An odd pixel goes to the right or to the bottom: round the margin at the left and top down.
    """
    # Your turn: // rounds down.
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0)
    return x0 - (side - (x1 - x0)) // 2, y0 - (side - (y1 - y0)) // 2, side


def to_crop(points, square):
    """Points (…, 2) in px of the frame, x then y, in px of the 128 × 128 picture of the square.

    The centre of a pixel is a whole number, so that pixel 0 begins at −½: p' = (p + ½ − x0)·s − ½.
    """
    # Your turn: s is SIDE over the square's side.
    left, top, side = square
    return (points + 0.5 - np.array([left, top])) * (SIDE / side) - 0.5

# Fill in each "your turn", then: make check N=18
"""From a frame to 128 × 128: the box, the square, and the joints that go along."""

import numpy as np

SIDE = 128  # px


def box_of(silhouette):
    """The smallest box (x0, y0, x1, y1) that holds all True pixels of (H, W); ends excluded."""
    # Your turn: silhouette.any(axis=…) says which rows, and which columns, hold something.
    raise NotImplementedError("your turn")


def square_around(box):
    """The square (left, top, side) with the box in its middle; its side is the box's longer one.

    An odd pixel goes to the right or to the bottom: round the margin at the left and top down.
    """
    # Your turn: // rounds down.
    raise NotImplementedError("your turn")


def to_crop(points, square):
    """Points (…, 2) in px of the frame, x then y, in px of the 128 × 128 picture of the square.

    The centre of a pixel is a whole number, so that pixel 0 begins at −½: p' = (p + ½ − x0)·s − ½.
    """
    # Your turn: s is SIDE over the square's side.
    raise NotImplementedError("your turn")

"""Pictures of all sizes in one batch."""

import numpy as np


def factor(size, side=128):
    """By how much a picture of size (H, W) is scaled, so that its shorter side has ``side`` px."""
    # Your turn.
    return side / min(size)


def padded(size, multiple=16):
    """(H, W), each rounded up to the next multiple: (48, 61) becomes (48, 64)."""
    # Your turn: // rounds down, also below 0.
    return tuple(-(-n // multiple) * multiple for n in size)


def batch(pictures, multiple=16):
    """One array for pictures (H, W) of several sizes, and where it holds a picture.

    Returns two arrays (N, H', W'): the pictures with zeros below and to the right, and bool, True
    where there is a picture. H' and W' are the largest height and the largest width, padded.
    """
    # Your turn.
    heights, widths = zip(*(picture.shape for picture in pictures))
    size = padded((max(heights), max(widths)), multiple)
    images = np.zeros((len(pictures), *size))
    real = np.zeros(images.shape, bool)
    for n, picture in enumerate(pictures):
        height, width = picture.shape
        images[n, :height, :width] = picture
        real[n, :height, :width] = True
    return images, real


def mean_of_pictures(values, real):
    """The mean of values (N, H', W') of each picture, over its own pixels only: (N,)."""
    # Your turn: a margin is no part of a picture.
    return (values * real).sum(axis=(1, 2)) / real.sum(axis=(1, 2))

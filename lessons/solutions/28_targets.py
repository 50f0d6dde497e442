"""What the second network should say: a spot of light for each joint, and whose spot it is."""

import numpy as np

SIGMA = 1.0  # px
THRESHOLD = 0.01


def blur(joints, size):
    """The sum of a Gaussian with σ = 1, (1/2π) exp(−d²/2), around each joint: (H, W).

    joints (K, 2), x then y in px, stand in the pixel of their integer parts; d is the distance to
    the centre of that pixel. size is (H, W).
    """
    # Your turn: rows, columns = np.mgrid[0:H, 0:W].
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    picture = np.zeros(size)
    for x, y in np.floor(joints):
        squared = (columns - x) ** 2 + (rows - y) ** 2
        picture += np.exp(-squared / (2 * SIGMA**2)) / (2 * np.pi * SIGMA**2)
    return picture


def heatmap(joints, size):
    """The blur, scaled so that its highest value is 100."""
    # Your turn.
    picture = blur(joints, size)
    return 100 * picture / picture.max()


def class_map(joints, size):
    """The number, 1 to K, of the nearest joint where the blur is above THRESHOLD; elsewhere 0.

    Of joints that are equally near, the first. The distance is to the pixel in which a joint
    stands.
    """
    # Your turn.
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    squared = [(columns - x) ** 2 + (rows - y) ** 2 for x, y in np.floor(joints)]
    return np.where(blur(joints, size) > THRESHOLD, np.argmin(squared, axis=0) + 1, 0)

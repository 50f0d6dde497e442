# Fill in each "your turn", then: make check N=28
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
    raise NotImplementedError("your turn")


def heatmap(joints, size):
    """The blur, scaled so that its highest value is 100."""
    # Your turn.
    raise NotImplementedError("your turn")


def class_map(joints, size):
    """The number, 1 to K, of the nearest joint where the blur is above THRESHOLD; elsewhere 0.

    Of joints that are equally near, the first. The distance is to the pixel in which a joint
    stands.
    """
    # Your turn.
    raise NotImplementedError("your turn")

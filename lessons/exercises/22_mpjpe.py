# Fill in each "your turn", then: make check N=22
"""How far off is a pose?

Poses are (T, 17, 3) in mm, and joint 0 is the pelvis.
"""

import numpy as np


def mpjpe(predicted, target):
    """The mean distance of the joints, in mm, after both pelvises were moved to the origin."""
    # Your turn: np.linalg.norm(v, axis=2) is the length of each vector.
    raise NotImplementedError("your turn")


def aligned(P, Q):
    """A pose P (17, 3), rotated, scaled and shifted so that it comes closest to Q (17, 3).

    Centre both. np.linalg.svd(P.T @ Q) returns U, S and Vᵀ, and the rotation is R = U Vᵀ. If its
    determinant is negative (a mirror image), change the sign of U's last column and of the last
    number of S first. The scale is Σ S / Σ P². The result is scale · P R + mean of Q.
    """
    # Your turn.
    raise NotImplementedError("your turn")


def pa_mpjpe(predicted, target):
    """The mean distance of the joints after each pose was aligned to its target."""
    # Your turn: here no pelvis is moved; ``aligned`` does all of it.
    raise NotImplementedError("your turn")

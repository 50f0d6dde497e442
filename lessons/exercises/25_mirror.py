# Fill in each "your turn", then: make check N=25
"""In the mirror: the picture, the pixels of the joints, and the joints in space."""

import numpy as np

NAMES = (
    "pelvis", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
    "spine", "neck", "head", "head top",
    "left shoulder", "left elbow", "left wrist", "right shoulder", "right elbow", "right wrist",
)  # fmt: skip


def partners():
    """For each of NAMES the number of the same joint on the other side: a list of 17."""
    # Your turn: str.replace, and NAMES.index.
    raise NotImplementedError("your turn")


def mirror_pictures(pictures):
    """Pictures (N, H, W), each with left and right exchanged."""
    # Your turn.
    raise NotImplementedError("your turn")


def mirror_pixels(keypoints, width):
    """Joints (N, 17, 2) px, x then y, as in mirrored pictures of that width.

    Whole numbers are pixel centres. And the left hand is now a right hand.
    """
    # Your turn: on a copy.
    raise NotImplementedError("your turn")


def mirror_space(joints):
    """Joints (N, 17, 3) mm about the pelvis, x to the right, as of the mirrored person."""
    # Your turn.
    raise NotImplementedError("your turn")

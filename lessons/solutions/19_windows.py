"""A hundred windows, and which of them say yes."""

import numpy as np

SIDE, GRID, WINDOW = 128, 10, 13  # px of the picture, windows in a row, px of a window
STARTS = np.arange(GRID) * (SIDE - WINDOW) / (GRID - 1) - 0.5  # px; the picture begins at −½
ENOUGH = 0.3  # of a bone
BONES = [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10)]
BONES += [(8, 11), (11, 12), (12, 13), (8, 14), (14, 15), (15, 16)]


def inside(point):
    """Which windows hold a point (x, y): bool (10 rows, 10 columns).

    A window in row r and column c holds x from STARTS[c] up to, but without, STARTS[c] + WINDOW.
    """
    # Your turn.
    across, down = ((v - STARTS >= 0) & (v - STARTS < WINDOW) for v in point)
    return down[:, None] & across[None, :]


def fraction_inside(a, b):
    """Which fraction of the bone from a to b, points (2,), lies in each window: (10, 10).

    It may be exact, or a count over 1000 points of the bone.
    """
    # Your turn.
    points = a + ((np.arange(1000) + 0.5) / 1000)[:, None] * (b - a)  # (1000, 2)
    offset = points[:, :, None] - STARTS  # (1000, 2, 10)
    across, down = ((offset >= 0) & (offset < WINDOW)).transpose(1, 0, 2) * 1.0  # (1000, 10)
    return down.T @ across / len(points)


def labels(joints):
    """h for a pose (17, 2) px: (1700,) of 0 and 1, the 100 windows of joint 0 first.

    A window is positive for a joint if the joint is inside, or more than ENOUGH of a bone that ends
    at the joint. Bones are pairs of joints: BONES.
    """
    # Your turn.
    found = np.array([inside(joint) for joint in joints])
    for a, b in BONES:
        enough = fraction_inside(joints[a], joints[b]) > ENOUGH
        found[a] |= enough
        found[b] |= enough
    return found.reshape(-1).astype(float)

"""Lesson 34: the highest pixel, and how many joints are right."""

import numpy as np

from lessons.workbook.judge import ask, same, several
from minipose import metrics

rng = np.random.default_rng(34)
CHANNELS = rng.permutation(3 * 5 * 7).reshape(3, 5, 7) / 105.0
SIZES = {3: "channels", 5: "rows", 7: "columns"}


def highest(mine):
    at = [np.unravel_index(c.argmax(), c.shape) for c in CHANNELS]
    right = np.array([[x + 0.5, y + 0.5] for y, x in at])
    places, heights = several("highest", ask(mine.highest, CHANNELS), ("places", "heights"))
    known = {
        "with y before x": right[:, ::-1],
        "without the ½": right - 0.5,
        "if the rows are counted for the columns: x = index % W, y = index // W": np.array(
            [[int(c.argmax()) % 5 + 0.5, int(c.argmax()) // 5 + 0.5] for c in CHANNELS]
        ),
        "of the lowest pixel": lambda: np.array(
            [
                [x + 0.5, y + 0.5]
                for y, x in (np.unravel_index(c.argmin(), c.shape) for c in CHANNELS)
            ]
        ),
    }
    same("the table of places", places, right, SIZES, known)
    known = {
        "of the mean": CHANNELS.mean(axis=(1, 2)),
        "of one height for all": np.full(3, CHANNELS.max()),
    }
    same("the list of heights", heights, CHANNELS.max(axis=(1, 2)), SIZES, known)


def pck(mine):
    target = rng.uniform(0, 60, (4, 25, 2))
    said = target + rng.normal(0, 4, target.shape)
    visible, limit = rng.random((4, 25)) < 0.8, np.array([3.0, 5.0, 8.0, 4.0])
    gap = np.linalg.norm(said - target, axis=2)
    near = gap <= limit[:, None]
    right = metrics.correct_fraction(metrics.pixel_errors(said, target, visible), limit)
    known = {
        "if joints that are not visible count, too": near.mean(),
        "if joints that are not visible count as wrong": (near & visible).mean(),
        "in percent: a fraction": 100 * right,
        "of the joints that are too far": 1 - right,
        "of the number of joints: a fraction": (near & visible).sum(),
        "with one limit for all pictures": (gap <= limit[0])[visible].mean(),
        "if both coordinates are held against the limit: the distance": (
            np.abs(said - target) <= limit[:, None, None]
        )
        .all(axis=2)[visible]
        .mean(),
        "of the mean over pictures of their fractions: over all joints": np.mean(
            [near[n][visible[n]].mean() for n in range(4)]
        ),
    }
    same("pck", ask(mine.pck, said, target, visible, limit), right, {4: "pictures"}, known)
    exact = np.array([[[3.0, 4.0]]])
    same(
        "pck of a joint that is 5 px off, with a limit of 5",
        mine.pck(exact, np.zeros((1, 1, 2)), np.ones((1, 1), bool), np.array([5.0])),
        1.0,
    )


PARTS = (highest, pck)

"""Lesson 12: what was copied gets the sum, what was added hands on to each."""

import numpy as np

from lessons.workbook.judge import operation
from minipose import ops
from tests import reference

rng = np.random.default_rng(12)
SIZES = {5: "examples", 3: "channels"}
X, OTHER = rng.standard_normal((5, 3, 4, 6)), rng.standard_normal((5, 1, 4, 6))


def _large(g):
    return np.repeat(np.repeat(g, 2, axis=2), 2, axis=3)


def avg_pool(mine):
    known = lambda g: {"if each gets all: four were added with the factor ¼ each": _large(g)}  # noqa: E731
    operation(
        "avg_pool",
        mine.avg_pool,
        {"x": X},
        lambda x: reference.avg_pool2d(x, 2),
        lambda x: ops.avg_pool2d(x, 2),
        SIZES,
        None,
        {"x": known},
    )


def upsample(mine):
    def known(g):
        blocks = g.reshape(5, 3, 4, 2, 6, 2)
        return {
            "of the mean of the four copies: it is their sum": blocks.mean(axis=(3, 5)),
            "if only the upper left copy counts": g[:, :, ::2, ::2],
            "of the largest of the four": blocks.max(axis=(3, 5)),
            "if g is cut into quarters, not into blocks": lambda: g.reshape(5, 3, 2, 4, 2, 6).sum(
                axis=(2, 4)
            ),
        }

    operation(
        "upsample",
        mine.upsample,
        {"x": X},
        lambda x: reference.upsample_nearest(x, 2),
        lambda x: ops.upsample_nearest(x, 2),
        SIZES,
        None,
        {"x": known},
    )


def concatenate(mine):
    forward = {
        "with the channels of b first": np.concatenate([OTHER, X], axis=1),
        "of the examples of both: channels are axis 1": lambda: np.concatenate([X, X]),
    }
    known = {
        "a": lambda g: {
            "if a gets the last channels": g[:, -3:],
            "if both get everything: cut it apart": g,
        },
        "b": lambda g: {
            "if b gets the first channels": g[:, :1],
            "if both get everything: cut it apart": g,
        },
    }
    operation(
        "concatenate",
        mine.concatenate,
        {"a": X, "b": OTHER},
        lambda a, b: reference.concatenate(a, b, axis=1),
        lambda a, b: ops.concatenate([a, b], axis=1),
        SIZES,
        forward,
        known,
    )


def flatten(mine):
    operation(
        "flatten",
        mine.flatten,
        {"x": X},
        lambda x: reference.reshape(x, (5, 72)),
        lambda x: ops.reshape(x, (5, 72)),
        {**SIZES, 72: "numbers of an example"},
        {
            "if everything is one row: one for each example": X.ravel(),
            "if the axes are in another order: rows before channels": X.transpose(
                0, 2, 3, 1
            ).reshape(5, -1),
        },
    )


PARTS = (avg_pool, upsample, concatenate, flatten)

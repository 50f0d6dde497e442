"""Lesson 11: the largest of each block, and ties."""

import numpy as np

from lessons.workbook.judge import leaf, operation, same, several
from minipose import ops
from tests import reference
from tests.ops.case import distinct

X = distinct(np.random.default_rng(11), (2, 3, 7, 5)) * 10


def max_pool(mine):
    kept = X[:, :, :6, :4].reshape(2, 3, 3, 2, 2, 2)
    known = {
        "of the mean of each block": kept.mean(axis=(3, 5)),
        "of the smallest of each block": kept.min(axis=(3, 5)),
        "of the upper left of each block": kept[:, :, :, 0, :, 0],
    }

    def of_x(g):
        four = np.zeros(X.shape)
        four[:, :, :6, :4] = np.repeat(np.repeat(g, 2, axis=2), 2, axis=3)
        largest = np.zeros(X.shape)
        y = kept.max(axis=(3, 5))
        largest[:, :, :6, :4] = X[:, :, :6, :4] == np.repeat(np.repeat(y, 2, 2), 2, 3)
        return {
            "if all four of a block get what arrives: only the largest had a say": four,
            "of the average's way back: a quarter to each of the four": four / 4,
            "if the largest gets 1: g is forgotten": largest,
            "if the largest gets its own value": largest * X,
        }

    operation(
        "max_pool",
        mine.max_pool,
        {"x": X},
        lambda x: reference.max_pool2d(x, 2),
        lambda x: ops.max_pool2d(x, 2),
        {2: "examples", 3: "channels", 7: "rows"},
        known,
        {"x": of_x},
    )


def ties(mine):
    x = np.array([[5.0, 1.0, 0.0, 0.0], [5.0, 2.0, 0.0, 0.0]])[None, None]
    y = mine.max_pool(leaf(x))
    (grad,) = several("max_pool: what its rule returns", y.rule(np.array([[[[3.0, 4.0]]]])), ["x"])
    first = np.array([[3.0, 0, 4.0, 0], [0, 0, 0, 0]])[None, None]
    known = {
        "if each of several equal ones gets all: then it is counted more than once": np.array(
            [[3.0, 0, 4, 4], [3, 0, 4, 4]]
        )[None, None],
        "if the last of several equal ones gets it: the first in row order": np.array(
            [[0.0, 0, 0, 0], [3, 0, 0, 4]]
        )[None, None],
        "if several equal ones share: the first gets all": np.array(
            [[1.5, 0, 1, 1], [1.5, 0, 1, 1]]
        )[None, None],
    }
    same("where several of a block are equal, what arrives at x", grad, first, known=known)


ties.needs = (max_pool,)
PARTS = (max_pool, ties)

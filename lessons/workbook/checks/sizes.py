"""Lesson 33: factors, margins, and a batch of pictures that differ in size."""

import numpy as np

from lessons.workbook.judge import ask, same, several
from minipose.datasets.resize import factor_for
from minipose.experiments.people.data import padded_sizes

rng = np.random.default_rng(33)
PICTURES = [rng.uniform(0.5, 1, size) for size in ((20, 33), (18, 40), (16, 16))]
SIZES = {3: "pictures", 32: "rows", 48: "columns"}


def factor(mine):
    known = {
        "with the longer side": 128 / 640,
        "upside down: side over the shorter side": 427 / 128,
        "with the height in every case: the shorter side": 128 / 640,
    }
    same("factor((640, 427))", mine.factor((640, 427)), factor_for((640, 427), 128), known=known)
    known = {"with the width in every case: the shorter side": 64 / 200}
    same(
        "factor((100, 200), 64)",
        mine.factor((100, 200), 64),
        factor_for((100, 200), 64),
        known=known,
    )


def padded(mine):
    known = {
        "rounded down: then something is cut off": (48, 48),
        "of a multiple that is already there, and one more": (64, 64),
        "rounded to the nearest, not up": (48, 64 if 61 % 16 > 8 else 48),
        "of the number of blocks: their pixels": (3, 4),
    }
    expected = padded_sizes(np.array([48, 61]))
    same(
        "padded((48, 61))",
        mine.padded((48, 61)),
        expected,
        {},
        {k: v for k, v in known.items() if v != (48, 64)},
    )
    known = {"rounded to the nearest, not up": (16, 48)}
    same("padded((17, 50))", mine.padded((17, 50)), padded_sizes(np.array([17, 50])), known=known)
    same(
        "padded((17, 50), 8)",
        mine.padded((17, 50), 8),
        (24, 56),
        known={"with 16 for every multiple": (32, 64)},
    )


def batch(mine):
    images, real = several("batch", mine.batch([p.copy() for p in PICTURES]), ("images", "real"))
    right, where = np.zeros((3, 32, 48)), np.zeros((3, 32, 48), bool)
    corner = np.zeros((3, 32, 48))
    for n, picture in enumerate(PICTURES):
        height, width = picture.shape
        right[n, :height, :width], where[n, :height, :width] = picture, True
        corner[n, 32 - height :, 48 - width :] = picture
    known = {
        "if margins are above and to the left: then joints move": corner,
        "without rounding up to a multiple of 16": right[:, :20, :40],
        "if nothing is put in": np.zeros((3, 32, 48)),
    }
    same("the array of pictures", images, right, SIZES, known)
    known = {
        "if margins count as picture": np.ones(right.shape),
        "of the other side: True where there is a picture": ~where,
    }
    same("the array of what is a picture", real, where, SIZES, known)
    images, _ = mine.batch([PICTURES[0]], 4)
    same("the shape of a batch of one (20, 33), multiple 4", np.shape(images), (1, 20, 36))


def mean_of_pictures(mine):
    real = np.zeros((3, 8, 6), bool)
    for n, (height, width) in enumerate(((8, 6), (5, 3), (2, 6))):
        real[n, :height, :width] = True
    values = rng.standard_normal(real.shape) + 1
    right = [values[n][real[n]].mean() for n in range(3)]
    known = {
        "if margins count, too": values.mean(axis=(1, 2)),
        "if margins count as 0": (values * real).mean(axis=(1, 2)),
        "of one mean for all: one for each picture": values[real].mean(),
        "of the sum": (values * real).sum(axis=(1, 2)),
    }
    same(
        "mean_of_pictures", ask(mine.mean_of_pictures, values, real), right, {3: "pictures"}, known
    )


batch.needs = (padded,)
PARTS = (factor, padded, batch, mean_of_pictures)

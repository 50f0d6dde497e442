"""Lesson 18: the crop."""

import numpy as np

from lessons.workbook.judge import ask, same
from minipose.datasets import crop as package

MASK = np.zeros((30, 50), bool)
MASK[4:25, 11] = MASK[10, 8:20] = True  # x from 8 to 19, y from 4 to 24
BOX = (8, 4, 20, 25)


def box_of(mine):
    known = {
        "with y before x: (x0, y0, x1, y1)": (4, 8, 25, 20),
        "with ends that are included: add 1, as in Python's slices": (8, 4, 19, 24),
        "with width and height for the ends": (8, 4, 12, 21),
        "with both x before both y": (8, 20, 4, 25),
    }
    same("box_of", ask(mine.box_of, MASK), package.box_of(MASK), known=known)
    one = np.zeros((5, 5), bool)
    one[3, 2] = True
    same("box_of a single pixel (2, 3)", mine.box_of(one), (2, 3, 3, 4))


def square_around(mine):
    known = {
        "if the box is not in the middle": (8, 4, 21),
        "with the shorter side: then something is cut off": (8, 9, 12),
        "with the shorter side: then something is cut out": (8, 4, 12),
        "if the margin is added: left = x0 − margin": (12, 4, 21),
        "if the margin is rounded up": (3, 4, 21),
        "if the whole difference is at the left: half of it": (-1, 4, 21),
        "if it is not rounded: pixels are whole": (3.5, 4, 21),
    }
    same("square_around((8, 4, 20, 25))", mine.square_around(BOX), (4, 4, 21), known=known)
    same("square_around((0, 0, 10, 5))", mine.square_around((0, 0, 10, 5)), (0, -2, 10))


def to_crop(mine):
    points, s = np.array([[8.0, 4.0], [19.5, 24.25], [12.0, 7.0]]), 128 / 21
    corner = np.array([4.0, 4.0])
    expected = package.Crop(4, 4, s).to_crop(points)
    known = {
        "without the halves: pixel 0 begins at −½": (points - corner) * s,
        "if only the first ½ is there: −½ at the end": (points + 0.5 - corner) * s,
        "if only the last ½ is there: +½ at the beginning": (points - corner) * s - 0.5,
        "if it is divided by s": (points + 0.5 - corner) / s - 0.5,
        "if it is scaled first and then shifted": (points + 0.5) * s - corner - 0.5,
        "with the signs of the halves exchanged": (points - 0.5 - corner) * s + 0.5,
    }
    same("to_crop", ask(mine.to_crop, points, (4, 4, 21)), expected, {3: "points"}, known)
    other = np.array([[30.0, 60.0]])
    same(
        "to_crop of a square that begins at (10, 40)",
        mine.to_crop(other, (10, 40, 64)),
        package.Crop(10, 40, 2).to_crop(other),
        known={"if left and top are exchanged": package.Crop(40, 10, 2).to_crop(other)},
    )


PARTS = (box_of, square_around, to_crop)

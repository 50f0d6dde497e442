"""Lesson 13: fans and limits."""

import numpy as np

from lessons.workbook.judge import Wrong, numbers, operation, same, several
from minipose import ops
from minipose.nn.initialise import glorot_uniform


def fans(mine):
    for shape, right, name in (
        ((7, 3), (3, 7), "layer (7, 3)"),
        ((8, 2, 5, 5), (50, 200), "convolution (8, 2, 5, 5)"),
    ):
        found = several(f"fans of a {name}", mine.fans(shape), ("in", "out"))
        known = {
            "with in and out exchanged: the outputs come first in the shape": right[::-1],
            "without k · k": shape[1::-1],
            "with k for k · k": tuple(5 * n for n in shape[1::-1]),
        }
        same(f"(in, out) of a {name}", found, right, known=known)


def glorot(mine):
    shape = (40, 30)
    weight = numbers("glorot", mine.glorot(shape, np.random.default_rng(3)))
    same("the shape of glorot((40, 30), rng)", weight.shape, shape)
    limit, uniform = np.sqrt(6 / 70), np.random.default_rng(3).uniform(-1, 1, shape)
    known = {
        "if only positive weights are drawn: −a to a": limit
        * np.random.default_rng(3).random(shape),
        "without the root": 6 / 70 * uniform,
        "if a has 6 / in alone": np.sqrt(6 / 30) * uniform,
        "if a has a 2 for the 6: that is the variance": np.sqrt(2 / 70) * uniform,
        "of a normal distribution: uniform from −a to a": lambda: (
            np.sqrt(2 / 70) * np.random.default_rng(3).standard_normal(shape)
        ),
    }
    expected = glorot_uniform(shape, np.random.default_rng(3))
    same("glorot((40, 30), rng)", weight, expected, {}, known, rtol=1e-5, atol=1e-7)
    kernel = mine.glorot((8, 2, 5, 5), np.random.default_rng(4))
    same(
        "glorot((8, 2, 5, 5), rng)",
        kernel,
        glorot_uniform((8, 2, 5, 5), np.random.default_rng(4)),
        rtol=1e-5,
        atol=1e-7,
    )
    rng = np.random.default_rng(3)
    if np.array_equal(mine.glorot(shape, rng), mine.glorot(shape, rng)):
        raise Wrong("two layers begin with the same weights: draw from the rng that is given")


def relu(mine):
    x = np.array([[0.5, -1.0, 2.0], [-0.3, 1.5, -2.0]])

    def known(g):
        return {
            "if what is below 0 hands on, too": g,
            "if the slope is the result: it is 1 or 0": g * np.maximum(x, 0),
            "if g is forgotten": (x > 0) * 1.0,
            "if g is cut at 0 in place of x": np.maximum(g, 0),
        }

    operation(
        "relu",
        mine.relu,
        {"x": x},
        lambda x: np.maximum(x, 0),
        ops.relu,
        {},
        {"of |x|": np.abs(x), "of the other side, min(x, 0)": np.minimum(x, 0)},
        {"x": known},
    )


glorot.needs = (fans,)
PARTS = (fans, glorot, relu)

"""Lesson 10: columns, their way back, and the convolution."""

import numpy as np

from lessons.workbook.judge import ask, operation, same
from minipose import ops
from minipose.kernels import im2col as kernels
from tests import reference

K, SHAPE = 2, (4, 3, 7, 9)  # examples, channels, rows, columns
SIZES = {4: "examples", 3: "channels", 5: "output channels", 6: "rows", 8: "columns"}
rng = np.random.default_rng(10)
X, W, B = (rng.standard_normal(s) for s in (SHAPE, (5, 3, K, K), (5,)))
COLS = kernels.im2col(X, (K, K), (1, 1), (0, 0))


def im2col(mine):
    known = {
        "if i and j are exchanged: i goes down, j to the right": COLS.swapaxes(1, 2),
        "if the examples come first: (C, k, k, N, …)": COLS.transpose(3, 0, 1, 2, 4, 5),
        "if the kernel is turned round: p + i, not p − i": COLS[:, ::-1, ::-1],
        "if all taps see the same picture: shift it by i and j": COLS[:, :1, :1] + 0 * COLS,
        "with one row and one column too few: H − k + 1": COLS[..., :-1, :-1],
    }
    same("im2col", ask(mine.im2col, X, K), COLS, {}, known)
    single = X[:1, :1]
    same(
        "im2col with a kernel of 1 × 1",
        ask(mine.im2col, single, 1),
        single.transpose(1, 0, 2, 3)[:, None, None],
    )
    same(
        "im2col with a kernel as large as the picture",
        ask(mine.im2col, X[..., :7], 7).ravel(),
        X[..., :7].transpose(1, 2, 3, 0).ravel(),
    )


def col2im(mine):
    cols = np.random.default_rng(11).standard_normal(COLS.shape)
    expected = kernels.col2im(cols, SHAPE[2:], (1, 1), (0, 0))
    last = np.zeros(SHAPE)
    for i, j in np.ndindex(K, K):
        last[:, :, i : i + 6, j : j + 8] = cols[:, i, j].transpose(1, 0, 2, 3)
    counts = kernels.col2im(np.ones(COLS.shape), SHAPE[2:], (1, 1), (0, 0))
    known = {
        "if a later copy replaces an earlier one: += adds": last,
        "of a mean over the copies: it is their sum": expected / counts,
        "if i and j are exchanged": lambda: kernels.col2im(
            cols.swapaxes(1, 2), SHAPE[2:], (1, 1), (0, 0)
        ),
    }
    same("col2im", ask(mine.col2im, cols, SHAPE), expected, SIZES, known)
    back = (cols * COLS).sum(), (X * mine.col2im(cols, SHAPE)).sum()
    same("⟨x, col2im(c)⟩, which is ⟨im2col(x), c⟩,", back[1], back[0])


def conv2d(mine):
    forward = reference.conv2d(X, W, B)
    flat = COLS.reshape(12, -1)
    known = {
        "without the bias": reference.conv2d(X, W),
        "if the kernel is rotated by 180°: deep learning leaves it as it is": lambda: (
            reference.conv2d(X, W[:, :, ::-1, ::-1], B)
        ),
        "if (O, N, P, Q) is reshaped to (N, O, P, Q): transpose": lambda: (
            (W.reshape(5, -1) @ flat).reshape(forward.shape) + B[:, None, None]
        ),
    }

    def of_bias(g):
        return {
            "of a mean: each output pixel uses the bias, so it is their sum": g.mean((0, 2, 3)),
            "if only the examples are summed, and one pixel taken": g.sum(axis=0)[:, 0, 0],
        }

    def of_weight(g):
        mixed = (g.reshape(5, -1) @ flat.T).reshape(W.shape)
        return {
            "if g (N, O, P, Q) is reshaped to (O, N·P·Q): transpose first": mixed,
            "of a mean over the examples: they are summed": (
                g.transpose(1, 0, 2, 3).reshape(5, -1) @ flat.T
            ).reshape(W.shape)
            / 4,
        }

    def of_x(g):
        columns = W.reshape(5, -1).T @ g.reshape(5, -1)
        return {
            "if g (N, O, P, Q) is reshaped to (O, N·P·Q): transpose first": kernels.col2im(
                columns.reshape(COLS.shape), SHAPE[2:], (1, 1), (0, 0)
            )
        }

    operation(
        "conv2d",
        mine.conv2d,
        {"x": X, "weight": W, "bias": B},
        reference.conv2d,
        ops.conv2d,
        SIZES,
        known,
        {"x": of_x, "weight": of_weight, "bias": of_bias},
        again=[X[:2, :1], rng.standard_normal((2, 1, 3, 3)), B[:2]],
    )


conv2d.needs = (im2col, col2im)
PARTS = (im2col, col2im, conv2d)

"""Lesson 7: dropout by its properties, since any way to draw is right; the best epoch."""

import numpy as np

from lessons.workbook.judge import Wrong, leaf, numbers, same, several, tensor


def dropout(mine):
    x = np.random.default_rng(1).uniform(1, 2, (100, 50))
    y = tensor("dropout", mine.dropout(leaf(x), 0.2, np.random.default_rng(2)))
    same("the shape of dropout's result", np.shape(y.data), x.shape)
    off = y.data == 0
    if not off.any():
        raise Wrong("nothing is switched off at a fraction of 0.2")
    if 0.7 < off.mean() < 0.9:
        raise Wrong(
            f"at a fraction of 0.2, {off.mean():.0%} are switched off: the others should be"
        )
    if not 0.17 < off.mean() < 0.23:
        raise Wrong(f"at a fraction of 0.2, {off.mean():.0%} are switched off")
    if off.all(axis=0).any() or off.all(axis=1).any() or (off == off[:1]).all():
        raise Wrong("whole rows or columns are switched off together: draw for each element")
    known = {
        "without the scale: then the mean shrinks to 80 %": x[~off],
        "with the factor 1 − fraction: divide by it": 0.8 * x[~off],
        "divided by the fraction: by 1 − fraction": x[~off] / 0.2,
    }
    same("what is left on", y.data[~off], x[~off] / 0.8, known=known)
    g = np.random.default_rng(3).uniform(1, 2, x.shape)
    (grad,) = several("dropout: what its rule returns", y.rule(g), ["x"])
    expected = np.where(off, 0, g / 0.8)
    known = {
        "if units that were switched off hand on something": g / 0.8,
        "without the scale: the way back has the same factor": np.where(off, 0, g),
        "if nothing was switched off": g,
    }
    none = numbers("dropout: what arrives at x", grad) == 0
    if none.shape == x.shape and (none != off).any() and none.any():
        raise Wrong(
            "on the way back other units are switched off: keep what was drawn, in the rule"
        )
    same("what arrives at x", grad, expected, known=known)
    same(
        "dropout with a fraction of 0", mine.dropout(leaf(x), 0.0, np.random.default_rng(2)).data, x
    )
    again = mine.dropout(leaf(x), 0.2, np.random.default_rng(2))
    if not np.array_equal(again.data, y.data):
        raise Wrong(
            "the same rng switches off other units each time: draw from the given rng alone"
        )


def best_epoch(mine):
    same(
        "best_epoch([5, 3, 3, 4, 5], patience 2)",
        mine.best_epoch([5.0, 3.0, 3.0, 4.0, 5.0], 2),
        1,
        known={
            "if the last of equal losses counts": 2,
            "of the epoch where it ends, not of the one that is kept": 3,
        },
    )
    same(
        "best_epoch([3, 4, 3.5, 5, 3.2, 6], patience 9)",
        mine.best_epoch([3.0, 4.0, 3.5, 5.0, 3.2, 6.0], 9),
        0,
        known={"if a loss is compared with the one before: with the lowest so far": 4},
    )
    losses = [5.0, 4.0, 3.0, 3.5, 3.0, 3.2, 1.0]
    known = {
        "if one looks beyond the end: after 3 epochs without a new lowest loss, all is over": 6,
        "of the epoch where it ends, not of the one that is kept": 5,
        "of the loss, not of its epoch": 3.0,
        "if epochs count from 1": 3,
    }
    same(
        "best_epoch([5, 4, 3, 3.5, 3, 3.2, 1], patience 3)",
        mine.best_epoch(losses, 3),
        2,
        known={k: v for k, v in known.items() if v != 2},
    )
    same(
        "the same with patience 4",
        mine.best_epoch(losses, 4),
        6,
        known={"if the patience is over one epoch too soon": 2},
    )
    same("best_epoch([3, 2, 1], patience 1)", mine.best_epoch([3.0, 2.0, 1.0], 1), 2)
    same("best_epoch([1, 2, 3], patience 5)", mine.best_epoch([1.0, 2.0, 3.0], 5), 0)
    up_and_down = [5.0, 6.0, 4.0, 5.0, 3.0, 9.0, 9.0, 2.0]
    same(
        "best_epoch([5, 6, 4, 5, 3, 9, 9, 2], patience 2)",
        mine.best_epoch(up_and_down, 2),
        4,
        known={"if the count of bad epochs does not begin again at a new lowest loss": 2},
    )


PARTS = (dropout, best_epoch)

"""Lesson 6: an epoch, and the step."""

import numpy as np

from lessons.workbook.judge import Wrong, leaf, numbers, same


def batches(mine):
    found = mine.batches(10, 4, np.random.default_rng(0))
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"batches returns a {type(found).__name__}, expected a list of arrays")
    sizes = [len(np.atleast_1d(numbers("a batch", few))) for few in found]
    if sizes == [4, 4]:
        raise Wrong("batches(10, 4) makes two batches of 4: the last 2 examples are never seen")
    same("the sizes of batches(10, 4)", sizes, [4, 4, 2])
    if np.asarray(found[0]).dtype.kind not in "iu":
        raise Wrong(f"a batch holds {np.asarray(found[0]).dtype} numbers, expected whole ones")
    everything = np.concatenate(found)
    if len(set(everything.tolist())) < 10:
        raise Wrong(
            f"batches(10, 4) has only {len(set(everything.tolist()))} different numbers: draw "
            "without replacement (rng.permutation), so that each is seen once an epoch"
        )
    same("all numbers of batches(10, 4), sorted,", np.sort(everything), np.arange(10))
    many = np.concatenate(mine.batches(100, 10, np.random.default_rng(0)))
    if np.array_equal(many, np.arange(100)):
        raise Wrong("the examples come in their own order: shuffle them with rng")
    rng = np.random.default_rng(0)
    first, second = (np.concatenate(mine.batches(100, 10, rng)) for _ in range(2))
    if np.array_equal(first, second):
        raise Wrong("two epochs have the same order: use the rng that is given, do not make one")
    if not np.array_equal(first, many):
        raise Wrong("the same rng gives another order each time: draw from the given rng alone")
    same("the sizes of batches(8, 4)", [len(few) for few in mine.batches(8, 4, rng)], [4, 4])


def step(mine):
    from mine.linear_tanh import mse

    target = np.array([[1.0, -2.0]])
    w, b = leaf(np.array([[2.5, 1.5]])), leaf(np.array([[0.5, -0.5]]))
    asked = []

    def loss_of():
        asked.append(w.data.copy())
        return mse(w + b, target)

    start, shift = w.data.copy(), b.data.copy()
    slope = start + shift - target  # d(mean of two squares)/dw, and by b as well
    loss = mine.step([w, b], loss_of, 0.1)
    if not asked:
        raise Wrong("step never called loss_of()")
    known = {
        "if one climbs: w − rate · gradient": start + 0.1 * slope,
        "if the rate is not used": start - slope,
        "if nothing moves: set parameter.data": start,
    }
    same("w after one step", w.data, start - 0.1 * slope, known=known)
    known = {"if only the first parameter moves: does the loop end too soon?": shift}
    same("the second parameter after one step", b.data, shift - 0.1 * slope, known=known)
    if hasattr(loss, "rule"):
        raise Wrong("step returns a tensor, which keeps the whole graph: float(loss.data)")
    same(
        "the loss that step returns",
        loss,
        (slope**2).mean(),
        known={"if it is computed after the step": ((0.8 * slope) ** 2).mean()},
    )
    mine.step([w, b], loss_of, 0.1)
    piled = start - 0.1 * slope - 0.1 * (slope + 0.8 * slope)
    known = {"if the gradient of the first step is still there: set .grad = None first": piled}
    same("w after two steps", w.data, start - 0.1 * slope - 0.1 * 0.8 * slope, known=known)


PARTS = (batches, step)

"""Lesson 2: gradients as sums over paths. The values are made here, so no other exercise counts."""

from lessons.workbook.judge import Wrong, same


class Step:
    """As exercise 1's value, with one factor for each input."""

    def __init__(self, *inputs):
        self.inputs = tuple(before for before, _ in inputs)
        factors = [factor for _, factor in inputs]
        self.rule = (lambda g: tuple(g * factor for factor in factors)) if inputs else None


def _diamond():
    """w reaches the result along three paths, with 2·5, 3·7·5 and 11; a stranger along none."""
    w, stranger = Step(), Step()
    u = Step((w, 3.0), (stranger, 1.0))
    v = Step((w, 2.0), (u, 7.0))
    return Step((v, 5.0), (w, 11.0)), w, u


PATHS = [2 * 5.0, 3 * 7 * 5.0, 11.0]


def arrivals(mine):
    result, w, u = _diamond()
    found = mine.arrivals(w, w, 0.5)
    if not isinstance(found, list):
        raise Wrong(f"arrivals returns a {type(found).__name__}, expected a list")
    same(
        "arrivals(w, w, 0.5)",
        found,
        [0.5],
        known={
            "if the end of a path is left out: there it returns [grad]": [],
            "if a path ends with 1, not with what has arrived": [1.0],
        },
    )
    found = mine.arrivals(result, u)
    same(
        "what arrives at u, to which one path leads,",
        found,
        [35.0],
        known={
            "if each path starts with 1 again, not with what has arrived": [1.0],
            "if what was found along one path is lost with the next: +=": [],
        },
    )
    found = mine.arrivals(result, w)
    known = {
        "if only the first path is followed": PATHS[:1],
        "if each path starts with 1 again, not with what has arrived": [2.0, 3.0, 11.0],
        "if the paths are added already: keep one number for each": [sum(PATHS)],
    }
    same("what arrives at w along three paths, sorted,", sorted(found), sorted(PATHS), known=known)
    same(
        "what arrives at w if 2 has arrived at the result,",
        sorted(mine.arrivals(result, w, 2.0)),
        sorted(2 * p for p in PATHS),
        known={"if grad is not used": sorted(PATHS)},
    )
    same("what arrives at something that nothing leads to,", mine.arrivals(result, Step()), [])


def derivative(mine):
    result, w, u = _diamond()
    product = PATHS[0] * PATHS[1] * PATHS[2]
    known = {
        "if paths are multiplied: along a path factors multiply, paths add": product,
        "if only the first path counts": PATHS[0],
        "if only the last path counts": PATHS[-1],
        "if the paths are averaged: they are added": sum(PATHS) / 3,
        "if the paths are counted": 3,
        "if only the strongest path counts": max(PATHS),
    }
    same("the derivative by w", mine.derivative(result, w), sum(PATHS), known=known)
    same("the derivative by u", mine.derivative(result, u), 35.0)
    same("the derivative by what nothing leads to", mine.derivative(result, Step()), 0.0)


derivative.needs = (arrivals,)
PARTS = (arrivals, derivative)

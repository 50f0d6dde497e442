"""Lesson 19: windows and bones. Poses are such that no bone is within 0.5 % of the limit."""

import numpy as np

from lessons.workbook.judge import Wrong, ask, numbers, same
from minipose.skeletons import H36M_17_EDGES
from minipose.targets import windows as package

SIZES = {10: "windows in a row", 17: "joints"}
EDGES = package.window_edges()


def _hits(x, y, low=EDGES, end=13.0):
    across, down = ((v >= low) & (v < low + end) for v in (x, y))
    return down[:, None] & across[None, :]


def inside(mine):
    x, y = 41.0, 88.3
    known = {
        "if rows and columns are exchanged: a row is chosen by y": _hits(x, y).T,
        "if the picture begins at 0, not at −½": _hits(x, y, EDGES + 0.5),
        "if windows never end": (y >= EDGES)[:, None] & (x >= EDGES)[None, :],
    }
    same("inside((41, 88.3))", ask(mine.inside, np.array([x, y])), _hits(x, y), SIZES, known)
    for point in ((-0.5, -0.5), (12.4, 5.0), (127.0, 127.4), (200.0, 3.0)):
        same(f"inside({point})", mine.inside(np.array(point)), _hits(*point), SIZES)
    known = {
        "if the end of a window belongs to it: < STARTS + WINDOW": _hits(12.5, 5.0)
        | _hits(12.4, 5.0)
    }
    same(
        "inside((12.5, 5)), at the end of the first window,",
        mine.inside(np.array([12.5, 5.0])),
        _hits(12.5, 5.0),
        SIZES,
        known,
    )


def _fractions(a, b):
    return package._fraction_inside(np.array(a)[None, None], np.array(b)[None, None])[0, 0]


def fraction_inside(mine):
    for a, b in (
        ((20.0, 30.0), (61.0, 97.0)),
        ((64.0, 10.0), (64.0, 50.0)),
        ((90.0, 9.0), (30.0, 9.0)),
    ):
        expected = _fractions(a, b)
        length = float(np.hypot(b[0] - a[0], b[1] - a[1]))
        known = {
            "in px: as a fraction of the bone's length": expected * length,
            "if rows and columns are exchanged": expected.T,
            "if only the ends of the bone are looked at": (_hits(*a) * 1.0 + _hits(*b)) / 2,
        }
        found = numbers("fraction_inside", ask(mine.fraction_inside, np.array(a), np.array(b)))
        if found.max(initial=0) > 1.001 and not np.isclose(
            found.max(), (expected * length).max(), 1e-2
        ):
            raise Wrong(f"fraction_inside reaches {found.max():.4g}: a fraction is at most 1")
        same(
            f"fraction_inside({a}, {b})",
            found,
            expected,
            SIZES,
            known,
            rtol=0,
            atol=2.5e-3,
        )


def labels(mine):
    for seed in (0, 3):
        pose = np.random.default_rng([19, seed]).uniform(15, 115, (17, 2))
        expected = package.window_labels(pose[None])[0]
        own = np.array([_hits(*joint) for joint in pose])
        tables = {"alone": own.copy(), "first": own.copy(), "second": own.copy()}
        for a, b in H36M_17_EDGES:
            enough = _fractions(pose[a], pose[b]) > 0.3
            tables["first"][a] |= enough
            tables["second"][b] |= enough
        known = {
            "if bones are left out": tables["alone"].ravel(),
            "if a bone counts for its first joint only: for both": tables["first"].ravel(),
            "if a bone counts for its second joint only: for both": tables["second"].ravel(),
            "if windows come before joints: the 100 windows of joint 0 first": (
                expected.reshape(17, 100).T.ravel()
            ),
        }
        same("labels of a pose", ask(mine.labels, pose), expected, SIZES, known)


labels.needs = (inside, fraction_inside)
PARTS = (inside, fraction_inside, labels)

"""Lesson 22: distances of poses."""

import numpy as np

from lessons.workbook.judge import ask, same
from minipose import metrics
from minipose.datasets.cameras import rotation_from_angles

rng = np.random.default_rng(22)
TRUE = rng.normal(0, 300, (5, 17, 3))
SAID = TRUE + rng.normal(0, 60, TRUE.shape) + rng.normal(0, 100, (5, 1, 3))
SIZES = {5: "poses", 17: "joints", 3: "coordinates"}


def mpjpe(mine):
    gap = (SAID - SAID[:, :1]) - (TRUE - TRUE[:, :1])
    known = {
        "if the pelvises are not moved together": np.linalg.norm(SAID - TRUE, axis=2).mean(),
        "of the mean square, without the root": (gap**2).sum(axis=2).mean(),
        "of the root of the mean square: the mean of the roots": np.sqrt(
            (gap**2).sum(axis=2).mean()
        ),
        "if only the target's pelvis is moved": np.linalg.norm(
            SAID - (TRUE - TRUE[:, :1]), axis=2
        ).mean(),
        "if the pelvis is not counted: it is, with 0": np.linalg.norm(gap[:, 1:], axis=2).mean(),
        "of the coordinates, not of the distances": np.abs(gap).mean(),
        "of each pose or joint: one number": np.linalg.norm(gap, axis=2),
        "of the sum: the mean": np.linalg.norm(gap, axis=2).sum(),
    }
    same("mpjpe", ask(mine.mpjpe, SAID, TRUE), metrics.mpjpe(SAID, TRUE), SIZES, known)


def _moved():
    """A pose that is TRUE[0] but for rotation, size, place and noise; and a mirror image of it."""
    P = 0.7 * (TRUE[0] + rng.normal(0, 20, (17, 3))) @ rotation_from_angles(0.5, -0.9, 0.3) + 40.0
    return P, P * [1.0, 1.0, -1.0]


def _variant(P, Q, proper=True, scale=True, shift=True, turned=False, signed=True, twice=False):
    p, q = P - P.mean(axis=0), Q - Q.mean(axis=0)
    U, S, Vt = np.linalg.svd(p.T @ q)
    if proper and np.linalg.det(U @ Vt) < 0:
        U[:, -1] *= -1
        S[-1] *= -1 if signed else 1
    R = (U @ Vt).T if turned else U @ Vt.T if twice else U @ Vt
    out = p @ R * (S.sum() / (p * p).sum() if scale else 1)
    return out + Q.mean(axis=0) if shift else out


def aligned(mine):
    for name, P in zip(("a pose", "a mirror image"), _moved()):
        expected = metrics.procrustes(P[None], TRUE[:1])[0]
        variants = {
            "without the scale": {"scale": False},
            "without the shift: add the mean of Q": {"shift": False},
            "with the rotation transposed": {"turned": True},
            "if Vᵀ is transposed: np.linalg.svd returns Vᵀ already": {"twice": True},
            "if a mirror image is allowed: look at the determinant": {"proper": False},
            "if the last number of S keeps its sign with a mirror image": {"signed": False},
        }
        known = {
            m: (lambda o=options, P=P: _variant(P, TRUE[0], **o)) for m, options in variants.items()
        }
        known["if P is not centred before the product"] = lambda P=P: _uncentred(P, TRUE[0])
        same(f"aligned({name}, Q)", ask(mine.aligned, P, TRUE[0]), expected, SIZES, known)


def _uncentred(P, Q):
    U, S, Vt = np.linalg.svd(P.T @ Q)
    return S.sum() / (P * P).sum() * P @ (U @ Vt) + Q.mean(axis=0)


def pa_mpjpe(mine):
    close = metrics.procrustes(SAID, TRUE)
    known = {
        "without the alignment": np.linalg.norm(SAID - TRUE, axis=2).mean(),
        "of mpjpe of the aligned poses, which moves the pelvises again": metrics.mpjpe(close, TRUE),
        "if the target is aligned to the prediction": lambda: np.linalg.norm(
            metrics.procrustes(TRUE, SAID) - SAID, axis=2
        ).mean(),
        "if all poses are aligned as one": lambda: np.linalg.norm(
            metrics.procrustes(SAID.reshape(1, -1, 3), TRUE.reshape(1, -1, 3))
            - TRUE.reshape(1, -1, 3),
            axis=2,
        ).mean(),
    }
    same("pa_mpjpe", ask(mine.pa_mpjpe, SAID, TRUE), metrics.pa_mpjpe(SAID, TRUE), SIZES, known)


pa_mpjpe.needs = (aligned,)
PARTS = (mpjpe, aligned, pa_mpjpe)

"""Poses of a video through a temporal filter, a few frames behind what is decoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from minipose.experiments.pose3d.filters import FILTERS, REACH
from minipose.predict.fit import lay_on_picture
from minipose.predict.frames import Frame
from minipose.predict.person import Result

BACK = 2.0  # s that are kept of what was, for filters that look back only


def smoothed_results(
    found: Iterable[tuple[Frame, Result]], name: str, seconds: float
) -> Iterator[tuple[Frame, Result]]:
    """The same frames in the same order, each pose filtered together with those around it.

    A filter sees no further than to a frame in which nobody is: what comes after is another
    sequence. Pictures wait only as long as the filter looks ahead.

    Parameters
    ----------
    found : frames in order, with what is in them
    name : of the filter
    seconds : from one frame to the next
    """
    ahead = max(2, round(REACH[name] / seconds)) if REACH[name] else 0
    behind = max(ahead, round(BACK / seconds) if not ahead else 0)
    waiting: deque[tuple[Frame, Result]] = deque()
    past: deque[np.ndarray | None] = deque(maxlen=behind)
    for one in chain(found, [None] * ahead):
        if one is not None:
            waiting.append(one)
        if waiting and (one is None or len(waiting) > ahead):
            frame, result = waiting.popleft()
            poses = [r.joints_3d for _, r in waiting]
            yield frame, _filtered(result, name, seconds, [*past], poses[:ahead])
            past.append(result.joints_3d)


def _filtered(
    result: Result,
    name: str,
    seconds: float,
    before: list[np.ndarray | None],
    after: list[np.ndarray | None],
) -> Result:
    if result.joints_3d is None:
        return result
    back = _until_nobody(before[::-1])[::-1]
    poses = np.stack([*back, result.joints_3d, *_until_nobody(after)])
    joints = FILTERS[name](poses, seconds)[len(back)]
    r = result
    fit = lay_on_picture(joints, r.keypoints, r.present, r.silhouette, r.box)
    return replace(r, joints_3d=joints, fit=fit)


def _until_nobody(poses: list[np.ndarray | None]) -> list[np.ndarray]:
    ends = next((n for n, pose in enumerate(poses) if pose is None), len(poses))
    return poses[:ends]

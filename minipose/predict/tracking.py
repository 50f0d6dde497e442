"""The person in one frame after another: each is looked for where the one before was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minipose.predict.networks import Networks
from minipose.predict.person import Box, Result, predict_pictures, with_room


class Tracker:
    """Call it with a few frames at a time, in order: their results.

    One look at the box around the last frame's person, with its margin, does for all of them.
    Frames in which nobody is there, or somebody reaches over the box's border, are looked at as
    pictures are: the whole, then the box.
    """

    def __init__(self, networks: Networks, threshold: float) -> None:
        self.networks, self.threshold = networks, threshold
        self.box: Box | None = None

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Result]:
        boxes = [self.box if self._fits(frame) else None for frame in frames]
        results = self._find(frames, boxes)
        lost = [
            i
            for i, (result, box) in enumerate(zip(results, boxes, strict=True))
            if box is not None and not (result.person and _inside(result, box))
        ]
        if lost:
            again = self._find([frames[i] for i in lost], [None] * len(lost))
            for i, result in zip(lost, again, strict=True):
                results[i] = result
        last = results[-1]
        self.box = with_room(last.box, last.image.shape) if last.person else None
        return results

    def _find(self, frames: Sequence[np.ndarray], boxes: Sequence[Box | None]) -> list[Result]:
        return predict_pictures(
            self.networks, frames, views=boxes, threshold=self.threshold, mirror_too=False
        )

    def _fits(self, frame: np.ndarray) -> bool:
        """Whether the box lies in a frame, which may have another size than the one before."""
        height, width = frame.shape[:2]
        return self.box is not None and self.box[2] <= width and self.box[3] <= height


def _inside(result: Result, box: Box) -> bool:
    """Whether the person ends before the box does, or where the picture ends too."""
    height, width = result.image.shape[:2]
    ends = zip(result.box, box, (0, 0, width, height), strict=True)
    return all(edge != looked or looked == last for edge, looked, last in ends)

"""Videos and cameras, decoded frame by frame: upright, with their times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from minipose.datasets.video_files import Decoder
from minipose.errors import UserError, counted
from minipose.predict.sources import CAMERA, Source

USUAL_RATE = 25.0  # frames/s, where a video does not say


@dataclass(frozen=True)
class Frame:
    """One picture of a video: uint8 (H, W, 3), its number from 0, and its time."""

    number: int
    seconds: float
    image: np.ndarray


class Video:
    """A video or camera that is open.

    Attributes
    ----------
    rate : frames/s
    count : the number of frames that the file promises, or None
    ended : why it gave fewer frames than it promised; "" if it did not
    """

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.rate = decoder.head["rate"] or USUAL_RATE
        self.count = decoder.head["count"] or None
        self.ended = ""

    def frames(self, limit: int | None = None) -> Iterator[Frame]:
        """All frames, or the first ``limit`` ones, as far as the file is sound."""
        number, first = 0, None
        for known, image in self.decoder.frames():
            seconds = number / self.rate if known["time"] is None else known["time"]
            first = seconds if first is None else first
            yield Frame(number, seconds - first, image)
            number += 1
            if number == limit:
                return
        reason = self.decoder.broke
        if number == 0:
            reason = reason or "it has no frame"
            raise UserError(f"{self.decoder.path}: not a readable video ({reason})")
        if reason:
            self.ended = f"breaks off after {counted(number, 'frame')} ({reason})"


@contextmanager
def opened(source: Source) -> Iterator[Video]:
    """A video file or a camera.

    Raises
    ------
    UserError
        If there is none, or it cannot be read.
    """
    if source.kind == CAMERA and not source.path.exists():
        raise UserError(f"{source.path}: no such camera")
    with Decoder(source.path, camera=source.kind == CAMERA) as decoder:
        yield Video(decoder)

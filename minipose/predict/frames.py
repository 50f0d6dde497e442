"""Videos and cameras, decoded frame by frame: upright, with their times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minipose.datasets.guard import expect_pixels, in_a_line, reading
from minipose.errors import UserError
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

    def __init__(self, container: object, path: Path) -> None:
        if not container.streams.video:
            raise UserError(f"{path}: no video in this file")
        self.container, self.path = container, path
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if stream.codec_context is None:
            raise UserError(f"{path}: a video in a form that FFmpeg does not know")
        expect_pixels(path, stream.codec_context.width, stream.codec_context.height)
        self.rate = float(stream.average_rate or USUAL_RATE)
        self.count = int(stream.frames) or None
        self.ended = ""

    def frames(self, limit: int | None = None) -> Iterator[Frame]:
        """All frames, or the first ``limit`` ones, as far as the file is sound."""
        number, first = 0, None
        try:
            for frame in self.container.decode(video=0):
                seconds = number / self.rate if frame.time is None else float(frame.time)
                first = seconds if first is None else first
                turns = round(getattr(frame, "rotation", 0) / 90)
                image = np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))
                yield Frame(number, seconds - first, image)
                number += 1
                if number == limit:
                    return
        except Exception as error:  # FFmpeg's are kinds of OSError and ValueError; PyAV has others
            reason = getattr(error, "strerror", None) or in_a_line(error)
            if number == 0:
                raise UserError(f"{self.path}: not a readable video ({reason})") from None
            self.ended = f"breaks off after {number} frames ({reason})"


@contextmanager
def opened(source: Source) -> Iterator[Video]:
    """A video file or a camera.

    Raises
    ------
    UserError
        If there is none, or it cannot be read.
    """
    import av

    options = {}
    if source.kind == CAMERA:
        if not source.path.exists():
            raise UserError(f"{source.path}: no such camera")
        options = {"format": "v4l2"}
    av.logging.set_level(av.logging.PANIC)  # every error is said once, by us
    with reading(source.path, "not a readable video"):
        try:
            container = av.open(str(source.path), **options)
        except av.error.FFmpegError as error:
            if isinstance(error, FileNotFoundError | IsADirectoryError):
                raise
            raise ValueError(error.strerror or str(error)) from None
    with container:
        with reading(source.path, "not a readable video"):
            video = Video(container, source.path)
        yield video

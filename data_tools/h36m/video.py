"""A video, decoded frame by frame; its time stamps say which frame is which."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from data_tools.h36m.frames import DroppedFrame, Picture
from data_tools.patience import still_working
from minipose.datasets.guard import expect_pixels, reading

JITTER = 0.25  # of a frame's time, by which time stamps may be off


class Video:
    """A video. ``ended`` says why it gave fewer frames than wanted.

    A frame that is missing in mid-video leaves a gap in the time stamps: the frames behind it keep
    their numbers, and so their poses. A video without regular time stamps is counted through.

    Raises
    ------
    UserError
        If there is no video in the file.
    """

    def __init__(self, path: Path) -> None:
        import av

        self.path, self.ended = path, ""
        with reading(path, "not a readable video"):
            try:
                with av.open(str(path)) as container:
                    stream = container.streams.video[0]
                    expect_pixels(path, stream.codec_context.width, stream.codec_context.height)
                    promised = int(stream.frames)
                    self.numbers = _numbers(container, stream)
            except av.error.FFmpegError as error:
                raise ValueError(error.strerror or str(error)) from None
        self.missing = max(self.numbers.values(), default=-1) + 1 - len(self.numbers)
        self.promised = promised + self.missing if promised else 0

    def __len__(self) -> int:
        """What the header says, which some files leave at 0, and the frames that are missing."""
        return self.promised

    def read(self, wanted: range) -> Iterator[tuple[int, Picture]]:
        """(frame, picture) for each wanted frame, in order, as far as the video goes."""
        import av

        seen = due = first = 0  # frames decoded; the number that comes next; of the first one
        try:
            with av.open(str(self.path)) as container:
                for frame in container.decode(video=0):
                    still_working()
                    number = seen
                    if self.missing and frame.pts in self.numbers:
                        first = self.numbers[frame.pts] if seen == 0 else first
                        number = self.numbers[frame.pts] - first
                    for i in range(due, number):
                        if i in wanted:
                            yield i, DroppedFrame("missing in the video")
                    if number in wanted and number >= due:
                        yield number, frame.to_ndarray(format="gray")
                    seen, due = seen + 1, max(due, number + 1)
                    if len(wanted) == 0 or due > wanted[-1]:
                        return
            self.ended = f"video ends after {seen} frames"
        except Exception as error:
            # A frame behind a gap could not be matched to its pose, so nothing more is read.
            reason = getattr(error, "strerror", None) or error
            self.ended = f"video breaks off after {seen} frames ({reason})"


def _numbers(container, stream) -> dict[int, int]:
    """Time stamp -> number of the frame, from the packets; empty if these are not regular.

    Nothing is decoded for that. The time of one frame is the median distance of time stamps.
    """
    import av

    found: set[int] = set()
    with suppress(av.error.FFmpegError):  # it breaks off here; the frames so far are good
        found.update(p.pts for p in container.demux(stream) if p.pts is not None)
    stamps = sorted(found)
    if len(stamps) < 3:
        return {}
    steps = np.diff(np.array(stamps, dtype=np.float64))
    frames = steps / np.median(steps)  # that each step takes
    whole = np.maximum(np.round(frames), 1)
    numbers = np.concatenate([[0], np.cumsum(whole)]).astype(int)
    if np.abs(frames - whole).max() > JITTER or numbers[-1] > 2 * len(stamps):
        return {}
    return dict(zip(stamps, numbers.tolist(), strict=True))

"""A video, decoded frame by frame; its time stamps say which frame is which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_tools.h36m.frames import DroppedFrame, Picture
from data_tools.patience import still_working
from minipose.datasets.guard import expect_readable, reading
from minipose.datasets.video_files import Decoder

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
        self.path, self.ended = path, ""
        self.decoder: Decoder | None = Decoder(path, grey=True)
        self.numbers = _numbers(self.decoder.head["stamps"])
        self.missing = max(self.numbers.values(), default=-1) + 1 - len(self.numbers)
        promised = self.decoder.head["count"]
        self.promised = promised + self.missing if promised else 0

    def __len__(self) -> int:
        """What the header says, which some files leave at 0, and the frames that are missing."""
        return self.promised

    def read(self, wanted: range) -> Iterator[tuple[int, Picture]]:
        """(frame, picture) for each wanted frame, in order, as far as the video goes.

        Raises
        ------
        CannotRead
            If the disk does not give the rest.
        """
        seen = due = first = 0  # frames decoded; the number that comes next; of the first one
        decoder, self.decoder = self.decoder or Decoder(self.path, grey=True), None
        with decoder:
            for known, picture in decoder.frames():
                still_working()
                number = seen
                if self.missing and known["stamp"] in self.numbers:
                    first = self.numbers[known["stamp"]] if seen == 0 else first
                    number = self.numbers[known["stamp"]] - first
                for i in range(due, number):
                    if i in wanted:
                        yield i, DroppedFrame("missing in the video")
                if number in wanted and number >= due:
                    yield number, picture
                seen, due = seen + 1, max(due, number + 1)
                if len(wanted) == 0 or due > wanted[-1]:
                    return
        with reading(self.path, "not a readable video"):
            expect_readable(self.path)
        # A frame behind a gap could not be matched to its pose, so nothing more is read.
        self.ended = f"video ends after {seen} frames"
        if decoder.broke:
            self.ended = f"video breaks off after {seen} frames ({decoder.broke})"

    def close(self) -> None:
        """End the process that decodes, if nothing was read."""
        if self.decoder is not None:
            self.decoder.close()


def _numbers(stamps: list[int]) -> dict[int, int]:
    """Time stamp -> number of the frame, from the packets'; empty if these are not regular.

    The time of one frame is the median distance of time stamps.
    """
    if len(stamps) < 3:
        return {}
    steps = np.diff(np.array(stamps, dtype=np.float64))
    frames = steps / np.median(steps)  # that each step takes
    whole = np.maximum(np.round(frames), 1)
    numbers = np.concatenate([[0], np.cumsum(whole)]).astype(int)
    if np.abs(frames - whole).max() > JITTER or numbers[-1] > 2 * len(stamps):
        return {}
    return dict(zip(stamps, numbers.tolist(), strict=True))

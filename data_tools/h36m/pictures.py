"""The pictures of one view: a folder of extracted frames, or the video itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_tools.h36m.readers import DroppedFrame
from minipose.datasets.crop import read_grey

SUFFIXES = (".jpg", ".jpeg", ".png")
# A frame's grey values uint8 (H, W), or why it cannot be used.
Picture = np.ndarray | DroppedFrame


class Folder:
    """Extracted frames, named ``..._000001.jpg`` and so on.

    The number in the name counts, not the place in the folder: where a file is missing, the frames
    behind it keep their poses. Numbers begin at 1, or at 0 if there is a 0.

    Raises
    ------
    ValueError
        If the folder has no picture, or a name has no number.
    """

    ended = ""

    def __init__(self, path: Path) -> None:
        self.files: dict[int, Path] = {}
        for file in sorted(path.iterdir()):
            if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
                number = re.search(r"(\d+)$", file.stem)
                if number is None:
                    raise ValueError(f"{file}: expected a frame number at the end of the name")
                self.files.setdefault(int(number[1]), file)
        if not self.files:
            raise ValueError(f"{path}: no {', '.join(SUFFIXES)} file in this folder")
        self.base = 0 if 0 in self.files else 1

    def __len__(self) -> int:
        return max(self.files) - self.base + 1

    def read(self, wanted: range) -> Iterator[tuple[int, Picture]]:
        """(frame, picture) for each wanted frame, in order."""
        for i in wanted:
            file = self.files.get(i + self.base)
            if file is None:
                yield i, DroppedFrame("no picture")
                continue
            try:
                yield i, read_grey(file)
            except ValueError:
                yield i, DroppedFrame("damaged picture")


class Video:
    """A video, decoded frame by frame. ``ended`` says why it gave fewer frames than wanted.

    Raises
    ------
    ValueError
        If there is no video in the file.
    """

    def __init__(self, path: Path) -> None:
        import av

        self.path, self.ended = path, ""
        try:
            with av.open(str(path)) as container:
                self.promised = int(container.streams.video[0].frames)
        except (av.error.FFmpegError, OSError, IndexError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ValueError(f"{path}: not a readable video ({reason})") from None

    def __len__(self) -> int:
        """What the header says, which some files leave at 0."""
        return self.promised

    def read(self, wanted: range) -> Iterator[tuple[int, Picture]]:
        """(frame, picture) for each wanted frame, in order, as far as the video goes."""
        import av

        seen = 0
        try:
            with av.open(str(self.path)) as container:
                for frame in container.decode(video=0):
                    if seen in wanted:
                        yield seen, frame.to_ndarray(format="gray")
                    seen += 1
                    if len(wanted) == 0 or seen > wanted[-1]:
                        return
            self.ended = f"video ends after {seen} frames"
        except (av.error.FFmpegError, OSError) as error:
            # A frame behind a gap could not be matched to its pose, so nothing more is read.
            reason = getattr(error, "strerror", None) or error
            self.ended = f"video breaks off after {seen} frames ({reason})"


def open_pictures(path: Path) -> Folder | Video:
    """A folder of frames or a video file."""
    return Folder(path) if path.is_dir() else Video(path)

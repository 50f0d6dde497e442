"""Frames of one size into a video or an animation, which appears whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from minipose.storage import atomic

CODECS = ("libx264", "mpeg4")  # the first that is there
GIF_RATE, GIF_SIDE = 12.5, 640  # frames/s and px at most: a GIF's frames are hardly compressed


class Mp4:
    """An MP4 file; frames uint8 (H, W, 3) are added in order."""

    def __init__(self, path: Path, rate: float) -> None:
        import av

        av.logging.set_level(av.logging.PANIC)  # every error is said once, by us
        self.av, self.rate = av, Fraction(rate).limit_denominator(1001)
        self.container, self.stream = av.open(str(path), "w", format="mp4"), None

    def add(self, image: np.ndarray) -> None:
        """Append a frame; all have the first one's size."""
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        if self.stream is None:
            self._begin(*even.shape[:2])
        frame = self.av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
        self.container.mux(self.stream.encode(frame))

    def _begin(self, height: int, width: int) -> None:
        known = self.av.codecs_available
        codec = next(name for name in CODECS if name in known)
        self.stream = self.container.add_stream(codec, rate=self.rate)
        self.stream.height, self.stream.width, self.stream.pix_fmt = height, width, "yuv420p"
        if codec == "libx264":
            self.stream.options = {"crf": "23", "preset": "veryfast"}
        else:
            self.stream.bit_rate = 4_000_000

    def close(self) -> None:
        """Finish the file."""
        if self.stream is not None:
            self.container.mux(self.stream.encode())
        self.container.close()


class Gif:
    """An animated GIF with one palette for all frames, which else flicker."""

    def __init__(self, path: Path, rate: float) -> None:
        self.path, self.step = path, max(1, round(rate / GIF_RATE))
        self.seconds, self.seen, self.frames = self.step / rate, 0, []
        self.palette: Image.Image | None = None

    def add(self, image: np.ndarray) -> None:
        """Append a frame, or leave it out where there are too many a second."""
        if self.seen % self.step == 0:
            picture = Image.fromarray(image)
            factor = GIF_SIDE / max(picture.size)
            if factor < 1:
                size = tuple(max(1, round(factor * side)) for side in picture.size)
                picture = picture.resize(size, Image.Resampling.LANCZOS)
            if self.palette is None:
                self.palette = picture.quantize(colors=128)
            self.frames.append(picture.quantize(palette=self.palette))
        self.seen += 1

    def close(self) -> None:
        """Write the file."""
        if self.frames:
            lasts = max(20, round(100 * self.seconds) * 10)  # ms, whole hundredths of a second
            self.frames[0].save(
                self.path, format="GIF", save_all=True, append_images=self.frames[1:],
                duration=lasts, loop=0,
            )  # fmt: skip


@contextmanager
def movie(path: Path, rate: float) -> Iterator[Mp4 | Gif]:
    """A video at ``path`` whose ending says which kind; it is there when the block has ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as partial:
        made = Gif(partial, rate) if path.suffix == ".gif" else Mp4(partial, rate)
        try:
            yield made
        finally:
            made.close()

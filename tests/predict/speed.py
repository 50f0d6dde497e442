"""``python -m tests.predict.speed [FLAGS]``: seconds for one photograph, frames/s of a 10 s video.

With start-up, as somebody at a terminal sees it; processor time beside it, which other programs on
the machine change less. The person is drawn, the video is 640 × 480, 25 frames/s. FLAGS are those
of predict, such as --checkpoint.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.twin.people import make_sample
from minipose.predict.movie import movie

WIDTH, HEIGHT, FRAMES, RATE = 640, 480, 250, 25.0


def main() -> int:
    """Draw, predict, print."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        person = Image.fromarray(make_sample(9, 0).image)
        scene = person.resize((WIDTH + 200, round((WIDTH + 200) * person.height / person.width)))
        pixels = np.asarray(scene)
        Image.fromarray(pixels[:HEIGHT, :WIDTH]).save(where / "photo.jpg")
        with movie(where / "video.mp4", RATE) as made:
            for frame in range(FRAMES):
                x = round(100 + 100 * np.sin(frame / 40))
                y = round((pixels.shape[0] - HEIGHT) * frame / FRAMES)
                made.add(pixels[y : y + HEIGHT, x : x + WIDTH])
        for name, frames in (("photo.jpg", 1), ("video.mp4", FRAMES)):
            seconds, processor = _timed(where, name)
            print(
                f"{name}: {seconds:.2f} s ({processor:.2f} s of processor time), "
                f"{frames / seconds:.1f} frames/s"
            )
    return 0


def _timed(folder: Path, name: str) -> tuple[float, float]:
    """Seconds by the clock and of the processors that one command takes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "minipose", "predict", str(folder / name), *sys.argv[1:]]
    subprocess.run([*command, "--out", str(folder / "found")], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, spent


if __name__ == "__main__":
    sys.exit(main())

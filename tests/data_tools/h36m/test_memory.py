"""However many frames there are, importing and reading them takes the same memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from minipose.datasets.cameras import CAMERA_NAMES
from tests.data_tools.raw_tree import write_view

pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")


def measure(root: Path, out: Path) -> tuple[int, float]:
    """Frames and peak, MB, of a fresh process."""
    command = [sys.executable, "-m", "tests.data_tools.import_memory", str(root), str(out)]
    folder = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    frames, peak = done.stdout.split()
    return int(frames), float(peak)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_number_of_frames(tmp_path):
    for folder, frames in (("few", 320), ("many", 1600)):
        for camera in CAMERA_NAMES[:2]:
            write_view(tmp_path / folder, camera=camera, frames=frames)
    few, low = measure(tmp_path / "few", tmp_path / "few.h5")
    many, high = measure(tmp_path / "many", tmp_path / "many.h5")
    assert (few, many) == (640, 3200)
    images_mb = (many - few) * 128 * 128 / 2**20
    assert high - low < images_mb / 4, f"{low:.0f} MB for {few} frames, {high:.0f} MB for {many}"

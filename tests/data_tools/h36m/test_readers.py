"""Videos instead of extracted frames: same frames, short ones, broken ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from data_tools.h36m.readers import Video, open_pictures
from tests.data_tools.raw_tree import CAMERA, PERSON, frame, write_video, write_view

pytest.importorskip("av", reason="needs the extra minipose[video]")


def tree_with_video(root: Path, frames: int, poses: int) -> Path:
    """One view whose pictures are a video; returns the video's path."""
    write_view(root, frames=poses)
    shutil.rmtree(root / "S1/Images")
    path = root / f"S1/Videos/Walking 1.{CAMERA}.mp4"
    write_video(path, [frame(i) for i in range(frames)])
    return path


def convert(root: Path, **options):
    """The outcome and the store's images."""
    pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")
    from data_tools.h36m.convert import Options, convert_view
    from data_tools.h36m.tree import find_views
    from minipose.datasets.h36m import H36MStore

    (view,) = find_views(root, (1,), ("Walking",))
    outcome = convert_view(view, None, Options(**options), root / "part.h5")
    if outcome.failure:
        return outcome, None
    with H36MStore(root / "part.h5") as store:
        return outcome, store.file["images"][:]


def test_a_video_is_trimmed_to_its_poses(tmp_path):
    tree_with_video(tmp_path, frames=9, poses=6)
    outcome, images = convert(tmp_path)
    assert outcome.remarks == [
        "9 video frames, 6 2D poses, 6 3D poses, 6 silhouettes: trimmed to 6"
    ]
    # The person stays in the middle although it moves: frames and poses are in step.
    assert abs(images[:, 64, 64].astype(int) - PERSON).max() < 8


def test_frames_of_a_video_by_number(tmp_path):
    """Grey goes from dark to light, so the frame shows its number."""
    write_video(
        tmp_path / "v.mp4", [np.full((32, 32, 3), 20 + 10 * i, np.uint8) for i in range(12)]
    )
    video = open_pictures(tmp_path / "v.mp4")
    assert isinstance(video, Video) and len(video) == 12
    for i, grey in video.read(range(2, 12, 3)):
        assert abs(int(grey[16, 16]) - (20 + 10 * i)) <= 3, i
    assert [i for i, _ in video.read(range(2, 12, 3))] == [2, 5, 8, 11]
    assert video.ended == ""


def test_a_video_that_breaks_off_is_used_as_far_as_it_goes(tmp_path):
    """A stream format, cut short: unlike .mp4 it has no table at its end to lose."""
    path = tree_with_video(tmp_path, frames=6, poses=40)
    write_video(tmp_path / "whole.ts", [frame(i % 20) for i in range(60)])
    whole = (tmp_path / "whole.ts").read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    outcome, images = convert(tmp_path)
    assert 0 < outcome.kept == len(images) < 40
    assert f"{outcome.kept} of 40 used" in outcome.remarks[-1]


@pytest.mark.parametrize("content", [b"", b"not a video", None], ids=["empty", "text", "cut"])
def test_a_file_that_is_no_video(tmp_path, content):
    path = tree_with_video(tmp_path, frames=6, poses=6)
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    outcome, _ = convert(tmp_path)
    assert f"{path}: not a readable video" in outcome.failure and "\n" not in outcome.failure

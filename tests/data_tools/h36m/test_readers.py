"""Videos instead of extracted frames: same frames, short ones, broken ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from data_tools.h36m.frames import DroppedFrame
from data_tools.h36m.readers import open_pictures
from data_tools.h36m.video import Video
from minipose.datasets import video_files
from tests.broken_decoder import CRASH, stand_in
from tests.data_tools.raw_tree import CAMERA, PERSON, frame, write_video, write_view

pytest.importorskip("av", reason="needs the extra minipose[video]")


def alike(container, stream):
    """A new stream of the container with the coding of another; PyAV 14 has its own word for it."""
    if hasattr(container, "add_stream_from_template"):
        return container.add_stream_from_template(stream)
    return container.add_stream(template=stream)


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


def test_a_video_that_crashes_its_decoder_is_used_as_far_as_it_goes(tmp_path, monkeypatch):
    tree_with_video(tmp_path, frames=6, poses=6)
    monkeypatch.setattr(video_files, "PROGRAM", stand_in(tmp_path, CRASH, at=4))
    outcome, images = convert(tmp_path)
    assert outcome.kept == len(images) == 3
    crash = "the decoder of videos crashed, signal 11"
    assert outcome.remarks[-1] == f"video breaks off after 3 frames ({crash}): 3 of 6 used"


def without_frames(whole: Path, path: Path, missing: set[int]) -> None:
    """Copy a video's packets but for some: time stamps keep the gap."""
    import av

    with av.open(str(whole)) as source, av.open(str(path), "w") as copy:
        stream = alike(copy, source.streams.video[0])
        for i, packet in enumerate(source.demux(video=0)):
            if packet.dts is not None and i not in missing:
                packet.stream = stream
                copy.mux(packet)


def write_frames_of_their_own(path: Path, pictures: list[np.ndarray], rate: int = 50) -> None:
    """A video in which each frame can be decoded alone, so that others may be missing."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuvj420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.mark.parametrize("missing", [{17}, {5, 6, 30}, {38}])
@pytest.mark.parametrize("rate", [50, 24])
def test_a_gap_in_the_time_stamps_keeps_the_frames_behind_it_in_step(tmp_path, missing, rate):
    """Grey goes from dark to light, so the frame shows its number."""
    shades = [np.full((32, 32, 3), 20 + 5 * i, np.uint8) for i in range(40)]
    write_frames_of_their_own(tmp_path / "whole.mkv", shades, rate)
    without_frames(tmp_path / "whole.mkv", tmp_path / "v.mkv", missing)
    video = Video(tmp_path / "v.mkv")
    assert video.missing == len(missing)
    seen = set()
    for i, grey in video.read(range(40)):
        if i in missing:
            assert isinstance(grey, DroppedFrame) and str(grey) == "missing in the video"
        else:
            assert abs(int(grey[16, 16]) - (20 + 5 * i)) <= 2, i
        seen.add(i)
    assert seen == set(range(40))


def test_a_gap_drops_its_frame_and_no_other(tmp_path):
    path = tree_with_video(tmp_path, frames=12, poses=12)
    write_frames_of_their_own(tmp_path / "whole.mkv", [frame(i) for i in range(12)])
    without_frames(tmp_path / "whole.mkv", tmp_path / "v.mkv", {4})
    path.write_bytes((tmp_path / "v.mkv").read_bytes())
    outcome, images = convert(tmp_path)
    assert outcome.dropped == {"missing in the video": 1} and outcome.kept == 11
    assert abs(images[:, 64, 64].astype(int) - PERSON).max() < 12  # still in the middle


def test_time_stamps_that_are_not_regular_are_counted_through(tmp_path):
    import av

    write_frames_of_their_own(tmp_path / "whole.mkv", [frame(i) for i in range(7)])
    stamps = iter((0, 20, 47, 60, 91, 100, 120))  # ms
    with (
        av.open(str(tmp_path / "whole.mkv")) as source,
        av.open(str(tmp_path / "v.mkv"), "w") as copy,
    ):
        stream = alike(copy, source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.pts = packet.dts = next(stamps)
                packet.stream = stream
                copy.mux(packet)
    video = Video(tmp_path / "v.mkv")
    assert video.missing == 0
    assert [i for i, _ in video.read(range(7))] == list(range(7))

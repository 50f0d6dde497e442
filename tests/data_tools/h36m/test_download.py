"""The folder that the usual download leaves: poses and videos, no silhouettes, no boxes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from data_tools.h36m.__main__ import main
from data_tools.h36m.convert import box_around
from data_tools.h36m.frames import DroppedFrame
from minipose.datasets.h36m import H36MStore
from tests.data_tools.raw_tree import (
    CAMERA,
    FLOOR,
    PERSON,
    frame,
    write_cdf,
    write_video,
    write_view,
)

pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")

VIEW = f"Walking 1.{CAMERA}"


@pytest.fixture
def downloaded(tmp_path):
    """Poses_D2_Positions, Poses_D3_Positions_mono and _mono_universal, Videos."""
    pytest.importorskip("av", reason="needs the extra minipose[video]")
    root = tmp_path / "extracted"
    write_view(root, re_rooted=True)
    base = root / "S1"
    for kind in ("Segments_mat_gt_bs", "Segments_mat_gt_bb", "Images", "Poses_D3_Positions"):
        shutil.rmtree(base / kind)
    shutil.copytree(base / "Poses_D3_Positions_mono", base / "Poses_D3_Positions_mono_universal")
    write_video(base / "Videos" / f"{VIEW}.mp4", [frame(i) for i in range(6)])
    flat = np.zeros((6, 32, 2))
    for i in range(6):  # two corners of the person, 10 × 30 px, and all else in its middle
        flat[i] = (16.5 + i, 29.5)
        flat[i, 1], flat[i, 2] = (12 + i, 15), (21 + i, 44)
    write_cdf(base / f"Poses_D2_Positions/{VIEW}.cdf", flat)
    return tmp_path


def test_it_is_imported_with_boxes_from_the_joints(downloaded, capsys):
    out = downloaded / "s.h5"
    assert main([str(downloaded), "--out", str(out), "--subjects", "1", "--workers", "1"]) == 0
    said = capsys.readouterr()
    (line,) = [text for text in said.out.splitlines() if "silhouettes" in text]
    assert line.endswith("no silhouettes: the background stays, crops are made from the 2D joints")
    assert not said.err
    with H36MStore(out) as store:
        assert len(store) == 6
        images, crop = store.file["images"][:], store.file["crop"][:]
    # The joints' box is 9 × 29 px; with 5 % of 29 around it begins 2 px earlier and ends 2 later.
    side = 34
    np.testing.assert_allclose(crop[:, 2], 128 / side)
    np.testing.assert_allclose(crop[:, 1], 13)
    np.testing.assert_allclose(np.diff(crop[:, 0]), 1)  # the person walks
    assert abs(images[:, 64, 64].astype(int) - PERSON).max() < 12
    left = 1 + (side - 14) // 2  # of the box in its square, px of the frame
    beside = images[:, 64, int((left + 0.2) * 128 / side)].astype(int)
    assert abs(beside - FLOOR).max() < 25  # the room is there


def test_one_view_without_silhouettes_is_left_out_where_others_have_them(tmp_path, capsys):
    for take in ("Walking 1", "Walking"):
        write_view(tmp_path, take=take)
    (tmp_path / f"S1/MySegmentsMat/ground_truth_bs/{VIEW}.mat").unlink()
    out = tmp_path / "s.h5"
    assert main([str(tmp_path), "--out", str(out), "--subjects", "1", "--workers", "1"]) == 0
    assert f"S1/{VIEW}: left out: there are no silhouettes" in capsys.readouterr().err


def test_the_box_around_joints_stays_in_the_frame():
    joints = np.full((32, 2), 50.0)
    joints[3], joints[7] = (40, 20), (70, 120)
    assert box_around(joints, (200, 300)) == (35, 15, 76, 126)
    joints[3] = (-5, 2)
    assert box_around(joints, (110, 60)) == (0, 0, 60, 110)
    for place in (-1e18, 400.0):
        with pytest.raises(DroppedFrame, match="2D joints outside the picture"):
            box_around(np.full((32, 2), place), (200, 300))

"""What is missing or damaged in a Human3.6M folder: said in a line, and never a half-made store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.h36m.__main__ import main
from data_tools.h36m.convert import Options, Outcome, convert_view
from data_tools.h36m.tree import find_views
from minipose.datasets.h36m import H36MStore
from tests.data_tools import raw_tree
from tests.data_tools.raw_tree import CAMERA, HEIGHT, PERSON, WIDTH, filled, world_poses, write_view

pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")

VIEW = f"Walking 1.{CAMERA}"
FLAT = f"S1/MyPoseFeatures/D2_Positions/{VIEW}.cdf"
SPACE = f"S1/MyPoseFeatures/D3_Positions_mono/{VIEW}.cdf"
SILHOUETTES = f"S1/MySegmentsMat/ground_truth_bs/{VIEW}.mat"
BOXES = f"S1/MySegmentsMat/ground_truth_bb/{VIEW}.mat"
PICTURES = f"S1/Images/{VIEW}"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Six good frames of S1."""
    write_view(tmp_path / "raw")
    return tmp_path / "raw"


def convert(raw: Path, **options) -> tuple[Outcome, np.ndarray]:
    """Convert S1's only view: the outcome, and the frames that were kept."""
    part = raw.parent / "part.h5"
    (view,) = find_views(raw, (1,), ("Walking",))
    outcome = convert_view(view, None, Options(**options), part)
    assert not list(raw.parent.glob(".*partial*")), "a half-made file stayed behind"
    if outcome.failure:
        assert not part.exists() and outcome.kept == 0
        return outcome, np.array([])
    with H36MStore(part) as store:
        assert outcome.kept == len(store)
        return outcome, store.labels["frame"]


def test_good_files_need_no_remark(raw):
    outcome, frames = convert(raw)
    assert outcome == Outcome(f"S1/{VIEW}", kept=6)
    np.testing.assert_array_equal(frames, range(6))


def test_different_lengths_are_trimmed_to_the_shortest(raw):
    """Videos are longer than the mocap, silhouettes sometimes shorter."""
    raw_tree.write_cdf(raw / SPACE, world_poses(5))
    raw_tree.write_masks(raw / SILHOUETTES, [filled(i) for i in range(4)])
    outcome, frames = convert(raw)
    assert outcome.remarks == ["6 pictures, 6 2D poses, 5 3D poses, 4 silhouettes: trimmed to 4"]
    assert len(frames) == 4


@pytest.mark.parametrize("odd", [np.inf, -1e300], ids=["infinite", "so in single precision"])
@pytest.mark.parametrize("which", [FLAT, SPACE])
def test_a_nan_pose_drops_its_frame(raw, which, odd):
    poses = world_poses(6)[..., : 2 if which == FLAT else 3].copy()
    poses[2, 7, 1], poses[5, 0, 0] = np.nan, odd
    raw_tree.write_cdf(raw / which, poses)
    outcome, frames = convert(raw)
    assert outcome.dropped == {"NaN in the pose": 2}
    np.testing.assert_array_equal(frames, [0, 1, 3, 4])


@pytest.mark.parametrize("empty", [np.zeros((HEIGHT, WIDTH)), None], ids=["zeros", "MATLAB's"])
def test_an_empty_silhouette_drops_its_frame(raw, empty):
    raw_tree.write_masks(raw / SILHOUETTES, [*(filled(i) for i in range(5)), empty])
    outcome, frames = convert(raw)
    assert outcome.dropped == {"empty silhouette": 1}
    np.testing.assert_array_equal(frames, range(5))
    assert convert(raw, keep_background=True)[0].kept == 6  # the box is enough then


@pytest.mark.parametrize("change", [-1, 1, 2])
def test_silhouettes_a_pixel_off_their_frames_are_used(raw, change):
    """Frames of some cameras are two rows higher than others; masks do not always follow."""
    masks = [filled(i, HEIGHT + change, WIDTH - change) for i in range(6)]
    raw_tree.write_masks(raw / SILHOUETTES, masks)
    outcome, _ = convert(raw)
    assert outcome == Outcome(f"S1/{VIEW}", kept=6)


def test_silhouettes_of_another_size_are_refused(raw):
    masks = [filled(i) if i else filled(i, HEIGHT + 3) for i in range(6)]
    raw_tree.write_masks(raw / SILHOUETTES, masks)
    outcome, frames = convert(raw)
    assert outcome.dropped == {"mask of another size in ground_truth_bs": 1}
    np.testing.assert_array_equal(frames, range(1, 6))
    raw_tree.write_masks(raw / SILHOUETTES, [filled(i).T for i in range(6)])
    assert convert(raw)[0].failure == (
        "no usable frame (6 × mask of another size in ground_truth_bs)"
    )


@pytest.mark.parametrize("axis", [0, 2])
def test_silhouettes_with_a_third_axis(raw, axis):
    masks = [np.stack([filled(i).T] * 3, axis=axis) for i in range(6)]
    raw_tree.write_masks(raw / SILHOUETTES, masks)
    assert convert(raw)[0] == Outcome(f"S1/{VIEW}", kept=6)


def test_without_boxes_the_silhouettes_give_them(raw):
    (raw / BOXES).unlink()
    assert convert(raw)[0] == Outcome(f"S1/{VIEW}", kept=6)
    (raw / BOXES).write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    outcome, _ = convert(raw)
    assert outcome.kept == 6
    assert "not a readable .mat file of version 7.3" in outcome.remarks[0]
    assert outcome.remarks[0].endswith("boxes are taken from the silhouettes")
    raw_tree.write_masks(raw / BOXES, [filled(i) for i in range(2)])
    assert convert(raw)[0].remarks == ["2 boxes, then from the silhouettes"]


def test_boxes_beside_the_person_are_not_believed(raw):
    good = convert(raw)[1]
    raw_tree.write_masks(raw / BOXES, [np.roll(filled(i), 25, axis=1) for i in range(6)])
    outcome, frames = convert(raw)
    assert outcome.remarks == ["6 boxes beside the silhouette: taken from the silhouette"]
    np.testing.assert_array_equal(frames, good)
    with H36MStore(raw.parent / "part.h5") as store:
        assert (store.file["images"][:, 64, 64] == PERSON).all()


def test_a_missing_picture_does_not_shift_the_others(raw):
    """Pictures and poses are paired by the number in the name, not by the place in the folder."""
    (raw / PICTURES / f"{VIEW}_000003.png").unlink()
    outcome, frames = convert(raw)
    assert outcome.dropped == {"no picture": 1}
    np.testing.assert_array_equal(frames, [0, 1, 3, 4, 5])
    with H36MStore(raw.parent / "part.h5") as store:
        assert (store.file["images"][:, 64, 64] == PERSON).all()


def test_numbers_of_pictures_may_begin_at_0(raw):
    for i in range(6):
        old = raw / PICTURES / f"{VIEW}_{i + 1:06d}.png"
        old.rename(old.with_name(f"img_{i:06d}.png"))
    assert convert(raw)[0] == Outcome(f"S1/{VIEW}", kept=6)
    with H36MStore(raw.parent / "part.h5") as store:
        assert (store.file["images"][:, 64, 64] == PERSON).all()


def test_a_damaged_picture_drops_its_frame(raw):
    path = raw / PICTURES / f"{VIEW}_000002.png"
    path.write_bytes(path.read_bytes()[:60])
    outcome, frames = convert(raw)
    assert outcome.dropped == {"damaged picture": 1} and 1 not in frames


def test_a_grey_picture_is_as_good(raw):
    path = raw / PICTURES / f"{VIEW}_000002.png"
    Image.open(path).convert("L").save(path)
    assert convert(raw)[0].kept == 6


def test_poses_of_another_person_are_noticed(raw):
    """Poses that stop early or run late no longer lie on the person in the picture."""
    flat = np.full((6, 32, 2), 17.0) + np.arange(6)[:, None, None] * [1.0, 0.0]
    flat[..., 1] = 30
    raw_tree.write_cdf(raw / FLAT, flat)
    assert convert(raw)[0].remarks == []
    raw_tree.write_cdf(raw / FLAT, flat + [35.0, 0.0])
    (remark,) = convert(raw)[0].remarks
    assert remark.startswith("most joints lie outside the person's box in 6 of 6 frames")


@pytest.mark.parametrize("form", [{"single": True}, {"bare": True}])
def test_other_forms_of_cdf(raw, form):
    """float32 as the 2D files hold, or without the leading 1."""
    from data_tools.h36m.readers import read_poses

    joints = world_poses(4)
    raw_tree.write_cdf(raw / SPACE, joints, **form)
    np.testing.assert_allclose(read_poses(raw / SPACE, 3), joints, rtol=1e-6)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE = {
    "truncated CDF": (FLAT, _truncate, "D2_Positions/Walking 1.54138969.cdf: not a readable CDF"),
    "2D for 3D": (SPACE, lambda p: raw_tree.write_cdf(p, world_poses(6)[..., :2]),
                  "Pose has shape (6, 64), expected (1, T, 96)"),
    "no 2D poses": (FLAT, Path.unlink, "there are no 2D poses for it"),
    "no 3D poses": (SPACE, Path.unlink, "there are no 3D poses for it"),
    "no silhouettes": (SILHOUETTES, Path.unlink, "there are no silhouettes for it"),
    "text for silhouettes": (SILHOUETTES, lambda p: p.write_text("Masks"),
                             "not a readable .mat file of version 7.3"),
    "truncated silhouettes": (SILHOUETTES, _truncate, "not a readable .mat file of version 7.3"),
    "empty folder": (PICTURES, lambda p: [f.unlink() for f in p.iterdir()], "no .jpg, .jpeg, .png"),
    "names without numbers": (PICTURES, lambda p: (p / "first.png").touch(),
                              "expected a frame number at the end of the name"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_view_that_cannot_be_used_is_left_out(raw, kind):
    path, damage, message = DAMAGE[kind]
    damage(raw / path)
    outcome, _ = convert(raw)
    assert message in outcome.failure and "\n" not in outcome.failure


def test_silhouettes_that_are_no_cell_array(raw):
    import h5py

    (raw / SILHOUETTES).unlink()
    with h5py.File(raw / SILHOUETTES, "w") as file:
        file["Masks"] = np.zeros((6, 4, 4))
    assert "expected a cell array Masks, found ['Masks']" in convert(raw)[0].failure


def test_the_known_corrupt_video_is_left_out(tmp_path):
    """S11's first camera of ``Directions``; its other take and cameras are good."""
    for take in ("Directions", "Directions 1"):
        write_view(tmp_path, 11, take, frames=1)
    failures = [
        convert_view(view, None, Options(), tmp_path / "part.h5").failure
        for view in find_views(tmp_path, (11,), ("Directions",))
    ]
    assert failures == ["", "its video is known to be corrupt"]


def test_takes_that_are_known_to_drift_are_remarked(tmp_path):
    write_view(tmp_path, 9, "Greeting", frames=1)
    (view,) = find_views(tmp_path, (9,), ("Greeting",))
    outcome = convert_view(view, None, Options(), tmp_path / "part.h5")
    assert outcome.remarks == ["the 3D poses of this take are known to drift"]


def test_one_bad_view_does_not_stop_the_others(raw, capsys):
    write_view(raw, take="Walking")
    _truncate(raw / FLAT)
    out = raw.parent / "s.h5"
    assert main([str(raw), "--out", str(out), "--subjects", "1", "--workers", "1"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith(f"S1/{VIEW}: left out: ") and said.err.count("\n") == 1
    assert "S1      Walking            2         1        6        0" in said.out
    with H36MStore(out) as store:
        np.testing.assert_array_equal(store.labels["subaction"], [2] * 6)


def test_a_failed_import_leaves_the_old_store_as_it_was(raw, capsys):
    out = raw.parent / "s.h5"
    out.write_bytes(b"an older store")
    _truncate(raw / FLAT)
    assert main([str(raw), "--out", str(out), "--subjects", "1", "--workers", "1"]) == 1
    assert "none of the 1 views could be used" in capsys.readouterr().err
    assert out.read_bytes() == b"an older store"
    write_view(raw, take="Walking")  # mended by then: what failed before is tried again
    assert main([str(raw), "--out", str(out), "--subjects", "1", "--workers", "1"]) == 0
    with H36MStore(out) as store:
        assert len(store) == 6

"""Human3.6M's raw files -> the store: what arrives, from which layout, under which label."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.h36m import importing
from data_tools.h36m.__main__ import main
from data_tools.h36m.convert import Options
from data_tools.h36m.importing import import_raw, merge
from data_tools.h36m.tree import ACTIONS, find_views, number_takes, parse_take
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.h36m import FIELDS, H36MStore
from minipose.skeletons import H36M_17_OF_32
from tests.data_tools import raw_tree
from tests.data_tools.raw_tree import CAMERA, PERSON, camera_of, world_poses, write_view

pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")


def imported(root, out, subjects=(1,), actions=("Walking",), poses="mono", **options) -> dict:
    """Import and return every field of the store."""
    import_raw(root, out, subjects, actions, poses, Options(**options), workers=1)
    with H36MStore(out) as store:
        return {name: store.file[name][:] for name in FIELDS}


def test_fields_by_hand(tmp_path):
    """The rectangle is 10 × 30 px: the square has side 30 and begins 10 px to the left of it."""
    write_view(tmp_path / "raw", frames=4)
    data = imported(tmp_path / "raw", tmp_path / "s.h5")
    scale = 128 / 30
    np.testing.assert_allclose(data["crop"], [[2 + i, 15, scale] for i in range(4)], rtol=1e-6)

    space = camera_of(1, CAMERA).to_camera(world_poses(4, 1))
    seventeen = space[:, list(H36M_17_OF_32)]
    np.testing.assert_allclose(data["joints_3d"], seventeen - seventeen[:, :1], atol=1e-3)
    assert not data["joints_3d"][:, 0].any()
    pixels = camera_of(1, CAMERA).project(seventeen)
    corner = np.array([[2 + i, 15] for i in range(4)])[:, None]
    expected = (pixels + 0.5 - corner) * scale - 0.5
    np.testing.assert_allclose(data["keypoints_2d"], expected, atol=1e-3)

    image = data["images"][0]
    left, right = round(10 * scale), round(20 * scale)
    assert (image[:, left + 3 : right - 3] == PERSON).all()
    assert not image[:, : left - 3].any() and not image[:, right + 3 :].any()
    labels = {"subject": 1, "action": ACTIONS.index("Walking"), "subaction": 1}
    for name, value in (labels | {"camera": int(CAMERA)}).items():
        assert (data[name] == value).all(), name
    np.testing.assert_array_equal(data["frame"], range(4))


def test_background_is_black_unless_kept(tmp_path):
    """The silhouette is half the box: the other half shows the room only if it is asked to."""
    write_view(tmp_path, frames=2)
    halves = []
    for i in range(2):
        x0, y0, _, y1 = raw_tree.box(i)
        half = np.zeros((raw_tree.HEIGHT, raw_tree.WIDTH), dtype=bool)
        half[y0:y1, x0 : x0 + 5] = True
        halves.append(half)
    raw_tree.write_masks(
        tmp_path / f"S1/MySegmentsMat/ground_truth_bs/Walking 1.{CAMERA}.mat", halves
    )
    right = np.s_[:, :, 70:80]
    assert not imported(tmp_path, tmp_path / "a.h5")["images"][right].any()
    kept = imported(tmp_path, tmp_path / "b.h5", keep_background=True)["images"][right]
    assert (kept == PERSON).all()


def test_both_layouts_give_the_same_store(tmp_path):
    write_view(tmp_path / "official")
    write_view(tmp_path / "fetched" / "extracted", re_rooted=True)
    one = imported(tmp_path / "official", tmp_path / "a.h5")
    other = imported(tmp_path / "fetched", tmp_path / "b.h5")
    for name in FIELDS:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_world_poses_with_cameras_equal_camera_poses(tmp_path):
    for subject in (1, 7):
        write_view(tmp_path, subject, camera=CAMERA_NAMES[subject % 4])
    raw_tree.write_metadata(tmp_path, (1, 7), [("Walking 1", "Walking")] * 2)
    mono = imported(tmp_path, tmp_path / "a.h5", (1, 7))
    world = imported(tmp_path, tmp_path / "b.h5", (1, 7), poses="world")
    np.testing.assert_allclose(world["joints_3d"], mono["joints_3d"], atol=1e-3)
    assert abs(mono["joints_3d"]).max() > 100


def test_order_is_by_subject_take_camera_and_frame(tmp_path):
    """Whatever order the files were written in and the workers end in."""
    for subject in (7, 1):
        for take in ("Walking 2", "Walking 1") if subject == 7 else ("Walking", "Walking 1"):
            for camera in CAMERA_NAMES[::-2]:
                write_view(tmp_path, subject, take, camera, frames=2)
    import_raw(tmp_path, tmp_path / "s.h5", (1, 7), ("Walking",), workers=2)
    with H36MStore(tmp_path / "s.h5") as store:
        keys = np.stack([store.labels[k] for k in ("subject", "subaction", "camera", "frame")])
        assert len(store) == 16
        np.testing.assert_array_equal(store.takes(), np.repeat(range(8), 2))
    assert sorted(map(tuple, keys.T)) == list(map(tuple, keys.T))


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["Walking", "Walking 1"], {"Walking 1": 1, "Walking": 2}),
        (["Walking 1", "Walking 2"], {"Walking 1": 1, "Walking 2": 2}),  # S7's way
        (["Eating", "Eating 2"], {"Eating 2": 1, "Eating": 2}),
        (["Waiting 3", "Waiting 2"], {"Waiting 2": 1, "Waiting 3": 2}),
        (["Walking"], {"Walking": 2}),  # the first take is not there
        (["Walking 2"], {"Walking 2": 2}),
    ],
)
def test_takes_are_numbered_by_name(names, numbers):
    assert number_takes(names) == numbers


def test_metadata_numbers_takes_where_it_is_there(tmp_path):
    """``Sitting`` would be 2 by its name; the table says that it is 1."""
    write_view(tmp_path, take="Sitting")
    assert find_views(tmp_path, (1,), ("Sitting",))[0].subaction == 2
    raw_tree.write_metadata(tmp_path, (1,), [("Sitting", "Sitting 4")])
    assert find_views(tmp_path, (1,), ("Sitting",))[0].subaction == 1


def test_names_that_look_alike_are_told_apart(tmp_path):
    """S1's WalkingDog is no Walking, others call it WalkDog; ``_ALL`` is no take."""
    for subject, take in (
        (1, "Walking 1"), (1, "WalkingDog"), (1, "TakingPhoto 1"), (5, "WalkDog"), (5, "Photo 1"),
        (5, "WalkTogether"), (5, "_ALL 1"),
    ):  # fmt: skip
        write_view(tmp_path, subject, take, frames=1)
    (tmp_path / "S1/Images/.DS_Store").touch()
    (tmp_path / "S1/MyPoseFeatures/D2_Positions/.DS_Store").touch()

    def takes(*actions):
        return [(v.subject, v.take) for v in find_views(tmp_path, (1, 5), actions)]

    assert takes("Walking") == [(1, "Walking 1")]
    assert takes("WalkingDog") == [(1, "WalkingDog"), (5, "WalkDog")]
    assert takes("TakingPhoto") == [(1, "TakingPhoto 1"), (5, "Photo 1")]
    assert len(takes(*ACTIONS)) == 6
    assert parse_take("Walking 1.58860488") is None and parse_take("Jumping") is None


def test_step_and_limit(tmp_path):
    write_view(tmp_path, frames=12)
    every_third = imported(tmp_path, tmp_path / "a.h5", step=3)
    np.testing.assert_array_equal(every_third["frame"], [0, 3, 6, 9])
    np.testing.assert_allclose(every_third["crop"][:, 0], [2, 5, 8, 11])
    np.testing.assert_array_equal(
        imported(tmp_path, tmp_path / "b.h5", step=3, limit=2)["frame"], [0, 3]
    )


def test_an_interrupted_import_goes_on(tmp_path, monkeypatch):
    """Stopped before the end, it leaves no store; then only what is missing is converted."""
    for take in ("Walking 1", "Walking"):
        write_view(tmp_path / "raw", take=take)
    whole = imported(tmp_path / "raw", tmp_path / "whole.h5")
    out = tmp_path / "s.h5"

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "merge", stop)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path / "raw", out)
    assert not out.exists()
    folder = tmp_path / "s.h5.parts"
    first, second = sorted(folder.glob("*.h5"), key=lambda p: len(p.name))
    second.with_name(f"{second.stem}.json").unlink()  # as if it had been killed in this view
    before = first.stat().st_mtime_ns, second.stat().st_mtime_ns

    monkeypatch.setattr(importing, "merge", lambda *a: times.append(
        (first.stat().st_mtime_ns, second.stat().st_mtime_ns)) or merge(*a))  # fmt: skip
    times: list[tuple[int, int]] = []
    resumed = imported(tmp_path / "raw", out)
    assert times[0][0] == before[0] and times[0][1] > before[1]
    assert not folder.exists()
    for name in FIELDS:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)


def test_parts_of_another_import_are_not_used(tmp_path, monkeypatch):
    write_view(tmp_path / "raw")
    monkeypatch.setattr(importing, "merge", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        imported(tmp_path / "raw", tmp_path / "s.h5")
    monkeypatch.undo()
    assert len(imported(tmp_path / "raw", tmp_path / "s.h5", limit=2)["frame"]) == 2


def test_command_line(tmp_path, capsys):
    write_view(tmp_path / "raw", take="Photo 1", frames=3)
    out = tmp_path / "made" / "s.h5"
    arguments = [str(tmp_path / "raw"), "--out", str(out), "--subjects", "1", "1", "--workers", "1"]
    assert main([*arguments, "--actions", "Photo"]) == 0  # a name of the files is as good
    assert "TakingPhoto        1         0        3        0" in capsys.readouterr().out
    with H36MStore(out) as store:
        assert len(store) == 3 and store.actions == list(ACTIONS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--actions", "Flying"], "--actions: unknown Flying"),
        (["--subjects", "2"], "--subjects: expected some of [1, 5, 6, 7, 8, 9, 11], got [2]"),
        (["--step", "0"], "--step, --limit and --workers: expected 1 or more"),
        (["--actions", "Sitting"], "no take of Sitting for subjects"),
        (["--poses", "world"], "metadata.xml: no such file"),
        (["--layout", "report1"], "no data_36MS*.mat"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, arguments, message):
    write_view(tmp_path / "raw", frames=1)
    assert main([str(tmp_path / "raw"), "--out", str(tmp_path / "s.h5"), *arguments]) == 1
    said = capsys.readouterr().err.strip()
    assert message in said and "\n" not in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]


def test_a_folder_of_something_else(tmp_path, capsys):
    assert main([str(tmp_path), "--out", str(tmp_path / "s.h5")]) == 1
    assert "not a Human3.6M folder (expected S1, S5, ..." in capsys.readouterr().err
    assert main([str(tmp_path / "none"), "--out", str(tmp_path / "s.h5")]) == 1
    assert "no such folder" in capsys.readouterr().err

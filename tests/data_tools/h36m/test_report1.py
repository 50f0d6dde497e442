"""The first report's own preprocessed files, in tiny copies with its row order and its traps."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from data_tools.h36m.__main__ import main
from data_tools.h36m.report1 import TAKE_FRAMES, _labels, import_report1
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.h36m import FIELDS, H36MStore
from minipose.skeletons import H36M_17_OF_32
from minipose.targets.windows import STRIDE, window_labels

FILES = {"images": ("data_36MS", "datafinal"), "windows": ("pose_2DS", "y_vector_new"),
         "poses": ("pose_3DS", "posedata")}  # fmt: skip


def matrices(rows=16, seed=0) -> dict[str, np.ndarray]:
    """Images 0-255 (N, 16384), window labels (N, 1700) of random joints, poses (N, 96) in mm."""
    rng = np.random.default_rng(seed)
    return {
        "images": rng.integers(0, 256, (rows, 128 * 128)).astype(float),
        "windows": window_labels(rng.uniform(5, 122, (rows, 17, 2))).astype(float),
        "poses": rng.uniform(-900, 900, (rows, 96)),
    }


def save(root, subject=1, **data):
    root.mkdir(parents=True, exist_ok=True)
    for kind, values in data.items():
        file_name, variable = FILES[kind]
        with h5py.File(root / f"{file_name}{subject}.mat", "w") as file:
            file[variable] = values


def read(out) -> dict[str, np.ndarray]:
    with H36MStore(out) as store:
        return {name: store.file[name][:] for name in FIELDS}


def test_every_row_arrives_relative_to_its_pelvis(tmp_path):
    """Also the first: the report's code left it where the camera saw it."""
    data = matrices()
    save(tmp_path / "Walking", **data)
    assert import_report1(tmp_path, tmp_path / "s.h5") == 16
    stored = read(tmp_path / "s.h5")
    np.testing.assert_array_equal(stored["images"].reshape(16, -1), data["images"])
    joints = data["poses"].reshape(16, 32, 3)
    expected = joints[:, list(H36M_17_OF_32)] - joints[:, :1]
    np.testing.assert_allclose(stored["joints_3d"], expected, atol=1e-3)
    assert (stored["crop"] == [0, 0, 1]).all() and (stored["subject"] == 1).all()


def test_images_may_be_stored_transposed_or_as_0_to_1(tmp_path):
    data = matrices()
    save(tmp_path / "a", **data)
    transposed = data["images"].reshape(-1, 128, 128).transpose(0, 2, 1).reshape(16, -1)
    save(tmp_path / "b", **data | {"images": transposed / 255})
    import_report1(tmp_path / "a", tmp_path / "a.h5")
    import_report1(tmp_path / "b", tmp_path / "b.h5", transposed=True)
    np.testing.assert_array_equal(
        read(tmp_path / "b.h5")["images"], read(tmp_path / "a.h5")["images"]
    )


def test_2d_joints_come_from_their_windows(tmp_path):
    """The middle of the positive windows, which limbs stretch along themselves."""
    rng = np.random.default_rng(3)
    joints = np.full((4, 17, 2), 60.0) + rng.uniform(-4, 4, (4, 17, 2))
    save(tmp_path, **matrices(4) | {"windows": window_labels(joints).astype(float)})
    import_report1(tmp_path, tmp_path / "s.h5")
    assert np.abs(read(tmp_path / "s.h5")["keypoints_2d"] - joints).max() < 2 * STRIDE
    save(tmp_path, windows=np.zeros((4, 1700)))
    import_report1(tmp_path, tmp_path / "s.h5")
    assert (read(tmp_path / "s.h5")["keypoints_2d"] == 63.5).all()


def test_rows_are_take_by_take_and_camera_by_camera(tmp_path):
    """The published counts tell which row is which, and add up to the report's total."""
    totals = {subject: 4 * sum(takes) for subject, takes in TAKE_FRAMES.items()}
    assert sum(totals.values()) == 162008 and totals[11] == 13032
    labels = _labels(8, totals[8])
    switch = np.flatnonzero(np.diff(labels["camera"])) + 1
    np.testing.assert_array_equal(switch[:4], np.array([1, 2, 3, 4]) * 3737)
    assert labels["subaction"][4 * 3737 - 1] == 1 and labels["subaction"][4 * 3737] == 2
    np.testing.assert_array_equal(labels["frame"][[0, 3736, 3737, -1]], [0, 3736, 0, 3694])
    np.testing.assert_array_equal(labels["camera"][[0, 3737]], list(map(int, CAMERA_NAMES[:2])))


@pytest.mark.parametrize(("step", "limit", "rows"), [(3, None, range(0, 16, 3)), (3, 2, (0, 3))])
def test_step_and_limit(tmp_path, step, limit, rows):
    data = matrices()
    save(tmp_path, **data)
    assert import_report1(tmp_path, tmp_path / "s.h5", step=step, limit=limit) == len(rows)
    images = read(tmp_path / "s.h5")["images"].reshape(-1, 128 * 128)
    np.testing.assert_array_equal(images, data["images"][list(rows)])


def test_many_rows_are_read_in_pieces(tmp_path):
    data = matrices(5)
    data = {kind: np.tile(values, (110, 1)) for kind, values in data.items()}
    data["images"][-1] = 7
    save(tmp_path, **data)
    import_report1(tmp_path, tmp_path / "s.h5", step=2)
    stored = read(tmp_path / "s.h5")
    assert len(stored["images"]) == 275
    joints = data["poses"].reshape(-1, 32, 3)[::2, list(H36M_17_OF_32)]
    np.testing.assert_allclose(stored["joints_3d"], joints - joints[:, :1], atol=1e-3)


def test_nan_and_different_lengths_are_said(tmp_path, capsys):
    data = matrices()
    data["poses"][4, 50], data["poses"][9, 3] = np.nan, 1e300  # infinite in single precision
    save(tmp_path, **data | {"windows": data["windows"][:14]})
    assert import_report1(tmp_path, tmp_path / "s.h5") == 12
    said = capsys.readouterr().out
    assert "S1: 16 images, 14 rows of windows, 16 poses: trimmed to 14" in said
    assert "S1: 14 rows, expected 26440: each eighth is taken for one camera's view of a" in said
    assert "S1: 2 frames dropped: NaN" in said
    images = read(tmp_path / "s.h5")["images"].reshape(12, -1)
    np.testing.assert_array_equal(images, np.delete(data["images"][:14], [4, 9], axis=0))


def test_subjects_may_be_chosen(tmp_path):
    for subject in (1, 11):
        save(tmp_path, subject, **matrices(8, subject))
    assert import_report1(tmp_path, tmp_path / "s.h5", subjects=(11,)) == 8
    assert import_report1(tmp_path, tmp_path / "s.h5") == 16
    np.testing.assert_array_equal(read(tmp_path / "s.h5")["subject"], [1] * 8 + [11] * 8)


def _other_variable(folder):
    with h5py.File(folder / "pose_3DS11.mat", "w") as file:
        file["x"] = np.zeros((3, 96))


BAD = {
    "no poses": (lambda p: (p / "pose_3DS11.mat").unlink(), "pose_3DS11.mat: no such file"),
    "text": (lambda p: (p / "pose_2DS11.mat").write_text("x"),
             "pose_2DS11.mat: not a readable .mat file of version 7.3"),
    "other variable": (_other_variable, "pose_3DS11.mat: expected posedata (N, 96), found ['x']"),
    "other shape": (lambda p: save(p, 11, images=np.zeros((128 * 128, 16))),
                    "data_36MS11.mat: expected datafinal (N, 16384), found (16384, 16)"),
    "no rows": (lambda p: save(p, 11, poses=np.zeros((0, 96))),
                "pose_3DS11.mat: expected posedata (N, 96), found (0, 96)"),
    "values": (lambda p: save(p, 11, images=np.full((16, 128 * 128), -3.0)),
               "data_36MS11.mat: grey values from -3 to -3, expected 0-1 or 0-255"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_leave_nothing(tmp_path, capsys, kind):
    """The second subject is bad: the first, though good, must not be left behind alone."""
    raw, out = tmp_path / "raw", tmp_path / "s.h5"
    for subject in (1, 11):
        save(raw, subject, **matrices())
    BAD[kind][0](raw)
    assert main([str(raw), "--out", str(out), "--layout", "report1"]) == 1
    error = capsys.readouterr().err
    assert BAD[kind][1] in error and error.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["raw"]

"""The importer, on raw files that the twin writes, and on every kind of damage."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from data_tools.h36m.__main__ import main
from data_tools.h36m.tree import find_views, parse_take
from data_tools.twin.__main__ import main as write_twin
from data_tools.twin.h36m import _write_cdf
from minipose.datasets.crop import Crop
from minipose.datasets.h36m import H36MStore, shuffled_pools

FRAMES = 6


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """Subject 7 with two takes and four cameras."""
    root = tmp_path_factory.mktemp("raw")
    arguments = ["--subjects", "7", "--frames", str(FRAMES), "--workers", "2"]
    assert write_twin(["h36m", "--out", str(root), *arguments]) == 0
    return root


@pytest.fixture
def copy(raw, tmp_path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(raw, tmp_path / "copy"))


def run(source: Path, out: Path, *flags: str) -> int:
    return main([str(source), "--out", str(out), "--workers", "1", *flags])


def file_of(root: Path, kind: str, view: str = "Walking 1.54138969") -> Path:
    place = {
        "2d": f"MyPoseFeatures/D2_Positions/{view}.cdf",
        "3d": f"MyPoseFeatures/D3_Positions_mono/{view}.cdf",
        "silhouette": f"MySegmentsMat/ground_truth_bs/{view}.mat",
        "box": f"MySegmentsMat/ground_truth_bb/{view}.mat",
        "images": f"Images/{view}",
    }[kind]
    return root / "S7" / place


def test_everything_arrives(raw, tmp_path, capsys):
    out = tmp_path / "store.h5"
    assert run(raw, out) == 0
    assert "8 views" not in capsys.readouterr().err
    with H36MStore(out) as store:
        assert len(store) == 8 * FRAMES
        assert store.actions[store.labels["action"][0]] == "Walking"
        np.testing.assert_array_equal(store.labels["frame"][:FRAMES], range(FRAMES))
        assert store.takes().max() == 7
        everything = np.arange(len(store))
        joints = store.read("joints_3d", everything)
        np.testing.assert_array_equal(joints[:, 0], 0)
        assert 300 < np.linalg.norm(joints[:, 2] - joints[:, 1], axis=1).mean() < 500
        images = store.read("images", everything)
        assert images.shape[1:] == (128, 128)
        assert (images[:, 0, :10] == 0).all() and images.max() > 100
        # Joints lie on the person: where the crop is not black.
        points = store.read("keypoints_2d", everything).round().astype(int).clip(0, 127)
        on_person = images[everything[:, None], points[..., 1], points[..., 0]] > 0
        assert on_person.mean() > 0.85
    assert not list(tmp_path.glob("*parts")) and not list(tmp_path.glob(".*"))


def test_2d_joints_go_through_the_same_transform(raw, tmp_path):
    import cdflib

    out = tmp_path / "store.h5"
    assert run(raw, out) == 0
    flat = cdflib.CDF(file_of(raw, "2d")).varget("Pose").reshape(FRAMES, 32, 2)
    with H36MStore(out) as store:
        for i in range(FRAMES):
            crop = Crop(*store.read("crop", np.array([i]))[0])
            stored = store.read("keypoints_2d", np.array([i]))[0]
            np.testing.assert_allclose(crop.to_frame(stored)[0], flat[i, 0], atol=2e-3)


def test_world_poses_with_cameras_give_the_same_joints(raw, tmp_path):
    for poses in ("mono", "world"):
        assert run(raw, tmp_path / f"{poses}.h5", "--poses", poses) == 0
    with H36MStore(tmp_path / "mono.h5") as a, H36MStore(tmp_path / "world.h5") as b:
        rows = np.arange(len(a))
        np.testing.assert_allclose(a.read("joints_3d", rows), b.read("joints_3d", rows), atol=1e-2)


def test_step_limit_and_the_re_rooted_layout(raw, tmp_path):
    root = tmp_path / "elsewhere" / "extracted"
    for official, other in (
        ("MyPoseFeatures/D2_Positions", "Poses_D2_Positions"),
        ("MyPoseFeatures/D3_Positions_mono", "Poses_D3_Positions_mono"),
        ("MySegmentsMat/ground_truth_bs", "Segments_mat_gt_bs"),
        ("Images", "Images"),
    ):
        shutil.copytree(raw / "S7" / official, root / "S7" / other)
    assert run(tmp_path / "elsewhere", tmp_path / "a.h5", "--step", "2", "--limit", "2") == 0
    with H36MStore(tmp_path / "a.h5") as store:
        np.testing.assert_array_equal(store.labels["frame"][:4], [0, 2, 0, 2])


def test_the_same_store_whatever_the_number_of_workers(raw, tmp_path):
    assert run(raw, tmp_path / "one.h5") == 0
    assert main([str(raw), "--out", str(tmp_path / "two.h5"), "--workers", "2"]) == 0
    with H36MStore(tmp_path / "one.h5") as a, H36MStore(tmp_path / "two.h5") as b:
        rows = np.arange(len(a))
        for field in ("images", "joints_3d", "keypoints_2d", "crop"):
            np.testing.assert_array_equal(a.read(field, rows), b.read(field, rows))


def test_an_interrupted_import_goes_on(raw, tmp_path, monkeypatch):
    from data_tools.h36m import importing

    out = tmp_path / "store.h5"

    def stop(parts, path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "merge", stop)
        assert run(raw, out) == 130
    assert not out.exists() and len(list((tmp_path / "store.h5.parts").glob("*.h5"))) == 8
    with monkeypatch.context() as patch:
        patch.setattr(importing, "convert_view", None)  # nothing may be converted again
        assert run(raw, out) == 0
    with H36MStore(out) as store:
        assert len(store) == 8 * FRAMES


def rewrite_cdf(path: Path, change) -> None:
    import cdflib

    values = change(cdflib.CDF(path).varget("Pose")[0])
    path.unlink()
    _write_cdf(path, values)


def drop_masks(path: Path, keep: int) -> None:
    with h5py.File(path, "r+") as file:
        references = file["Masks"][:keep]
        del file["Masks"]
        file["Masks"] = references


def empty_mask(path: Path, i: int) -> None:
    with h5py.File(path, "r+") as file:
        data = file[file["Masks"][i, 0]]
        data[...] = 0


def rows_of_view(out: Path) -> int:
    with H36MStore(out) as store:
        return int((store.takes() == 0).sum()) if len(store) == 8 * FRAMES else len(store)


DAMAGE = {
    "truncated_cdf": (
        lambda r: file_of(r, "3d").write_bytes(file_of(r, "3d").read_bytes()[:300]),
        "not a readable CDF pose file",
        7 * FRAMES,
    ),
    "missing_3d": (
        lambda r: file_of(r, "3d").unlink(),
        "S7/Walking 1.54138969: left out: there is no pose 3d",
        7 * FRAMES,
    ),
    "missing_pictures": (
        lambda r: shutil.rmtree(file_of(r, "images")),
        "there is no pictures for this view",
        7 * FRAMES,
    ),
    "missing_silhouette": (
        lambda r: file_of(r, "silhouette").unlink(),
        "there is no silhouette for this view",
        7 * FRAMES,
    ),
    "damaged_silhouette": (
        lambda r: file_of(r, "silhouette").write_bytes(b"nonsense"),
        "not a readable mask file",
        7 * FRAMES,
    ),
    "wrong_width": (
        lambda r: rewrite_cdf(file_of(r, "2d"), lambda v: v[:, :63]),
        r"Pose has shape (6, 63), expected (1, T, 64)",
        7 * FRAMES,
    ),
    "poses_stop_early": (
        lambda r: rewrite_cdf(file_of(r, "3d"), lambda v: v[:4]),
        "6 video frames, 4 3D poses, 6 2D poses, 6 silhouettes, 6 boxes: trimmed to 4",
        8 * FRAMES - 2,
    ),
    "fewer_masks": (
        lambda r: drop_masks(file_of(r, "silhouette"), 5),
        "5 silhouettes, 6 boxes: trimmed to 5",
        8 * FRAMES - 1,
    ),
    "nan": (
        lambda r: rewrite_cdf(
            file_of(r, "3d"), lambda v: np.where(np.arange(6)[:, None] == 2, np.nan, v)
        ),
        "dropped for NaN in the pose: 1 frames",
        8 * FRAMES - 1,
    ),
    "empty_mask": (
        lambda r: empty_mask(file_of(r, "silhouette"), 3),
        "dropped for empty silhouette: 1 frames",
        8 * FRAMES - 1,
    ),
    "no_boxes": (
        lambda r: shutil.rmtree(r / "S7" / "MySegmentsMat" / "ground_truth_bb"),
        "S7",
        8 * FRAMES,
    ),
    "damaged_picture": (
        lambda r: next(file_of(r, "images").iterdir()).write_bytes(b"nonsense"),
        "not a readable picture",
        7 * FRAMES,
    ),
    "stray_files": (
        lambda r: (file_of(r, "images") / ".DS_Store").write_bytes(b"x"),
        "S7",
        8 * FRAMES,
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named_and_the_rest_is_kept(kind, copy, tmp_path, capsys):
    damage, message, kept = DAMAGE[kind]
    damage(copy)
    out = tmp_path / "store.h5"
    assert run(copy, out) == 0
    printed = capsys.readouterr()
    assert message in printed.out + printed.err
    assert "Traceback" not in printed.err
    with H36MStore(out) as store:
        assert len(store) == kept


def test_nothing_usable_leaves_no_store(copy, tmp_path, capsys):
    shutil.rmtree(copy / "S7" / "Images")
    out = tmp_path / "store.h5"
    out.write_text("the old one")
    assert run(copy, out) == 1
    assert "none of the 8 views could be used" in capsys.readouterr().err
    assert out.read_text() == "the old one"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--actions", "Dancing"], "--actions: unknown Dancing; expected Directions"),
        (["--subjects", "2"], "--subjects: expected some of"),
        (["--actions", "Eating"], "no take of Eating for subjects"),
        (["--step", "0"], "--step, --limit and --workers: expected 1 or more"),
    ],
)
def test_mistakes_are_one_line(raw, tmp_path, capsys, flags, message):
    assert run(raw, tmp_path / "a.h5", *flags) == 1
    assert message in capsys.readouterr().err


def test_a_folder_of_something_else(tmp_path, capsys):
    assert run(tmp_path, tmp_path / "a.h5") == 1
    assert "not a Human3.6M folder (expected S1, S5, ..." in capsys.readouterr().err


def test_take_names_with_all_their_oddities(tmp_path):
    assert parse_take("Walking 1") == ("Walking", 1)
    assert parse_take("WalkDog") == parse_take("WalkingDog") == ("WalkingDog", None)
    assert parse_take("Photo 1") == ("TakingPhoto", 1)
    assert parse_take("_ALL 1") is None and parse_take("Walking1") is None
    folder = tmp_path / "S1" / "MyPoseFeatures" / "D2_Positions"
    folder.mkdir(parents=True)
    for take in ("Walking", "Walking 1", "WalkingDog", "WalkingDog 1", "_ALL 1"):
        (folder / f"{take}.54138969.cdf").touch()
    views = find_views(tmp_path, (1,), ("Walking",))
    assert [(v.take, v.subaction) for v in views] == [("Walking 1", 1), ("Walking", 2)]


def test_videos_are_read_too(raw, tmp_path):
    """The same frames as a video: the crops differ only by what its codec loses."""
    import av
    from PIL import Image

    root = tmp_path / "video"
    shutil.copytree(raw, root)
    shutil.rmtree(root / "S7" / "Images")
    (root / "S7" / "Videos").mkdir()
    for folder in (raw / "S7" / "Images").iterdir():
        with av.open(str(root / "S7" / "Videos" / f"{folder.name}.mp4"), "w") as container:
            stream = container.add_stream("mpeg4", rate=50, options={"qscale": "2"})
            stream.width, stream.height, stream.pix_fmt = 400, 400, "yuv420p"
            stream.bit_rate = 8_000_000
            for file in sorted(folder.iterdir()):
                frame = av.VideoFrame.from_image(Image.open(file).crop((0, 0, 400, 400)))
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    assert run(root, tmp_path / "video.h5") == 0
    assert run(raw, tmp_path / "images.h5") == 0
    with H36MStore(tmp_path / "video.h5") as a, H36MStore(tmp_path / "images.h5") as b:
        rows = np.arange(len(b))
        assert len(a) == len(b)
        gap = np.abs(a.read("images", rows).astype(int) - b.read("images", rows)).mean()
        assert gap < 4


def test_report_1s_own_preprocessed_files(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "Walking"
    folder.mkdir()
    for subject in (1, 11):
        images, poses = rng.random((9, 128 * 128)), rng.standard_normal((9, 96)) * 300
        windows = np.zeros((9, 1700))
        windows[:, 5] = 1
        for prefix, name, values in (
            ("data_36MS", "datafinal", images),
            ("pose_2DS", "y_vector_new", windows),
            ("pose_3DS", "posedata", poses),
        ):
            with h5py.File(folder / f"{prefix}{subject}.mat", "w") as file:
                file[name] = values
    assert run(tmp_path, tmp_path / "a.h5", "--layout", "report1") == 0
    assert run(tmp_path, tmp_path / "t.h5", "--layout", "report1", "--transposed") == 0
    with H36MStore(tmp_path / "a.h5") as a, H36MStore(tmp_path / "t.h5") as t:
        rows = np.arange(18)
        np.testing.assert_array_equal(np.unique(a.labels["subject"]), [1, 11])
        joints = a.read("joints_3d", rows)
        np.testing.assert_array_equal(joints[:, 0], 0)  # the first row, too
        last = poses.reshape(9, 32, 3)
        np.testing.assert_allclose(joints[9:, 1], last[:, 1] - last[:, 0], rtol=1e-5, atol=1e-3)
        expected = np.rint(images[0].reshape(128, 128) * 255)
        np.testing.assert_array_equal(a.read("images", rows)[9], expected)
        np.testing.assert_array_equal(t.read("images", rows)[9], expected.T)


def test_shuffled_pools_show_every_frame_once():
    frames = np.concatenate([np.arange(0, 300), np.arange(500, 700)])
    pools = list(shuffled_pools(frames, 32, np.random.default_rng(0), span=4))
    seen = np.concatenate(pools)
    assert all(len(p) % 32 == 0 for p in pools)
    assert len(np.unique(seen)) == len(seen) == 500 - 500 % 32
    assert set(seen) <= set(frames)
    again = np.concatenate(list(shuffled_pools(frames, 32, np.random.default_rng(0), span=4)))
    np.testing.assert_array_equal(seen, again)


def test_a_wrong_store_is_named(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        H36MStore(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(ValueError, match="not a readable HDF5 file"):
        H36MStore(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1]
    with pytest.raises(ValueError, match="expected format 'minipose h36m 1', found None"):
        H36MStore(tmp_path / "other.h5")


def test_real_frames_go_through_the_crop(shared):
    """Two Human3.6M frames with their 2D joints: the joints stay on the person after the crop."""
    from minipose.datasets.crop import crop_person, read_grey

    folder = shared("data", "real", "h36m_mmpose")
    notes = np.load(folder / "annotations.npz")
    for path in sorted((folder / "images").rglob("*.jpg")):
        k = [str(n).rsplit("/", 1)[-1] for n in notes["imgname"]].index(path.name)
        points = notes["joints_2d_px"][k, :, :2]
        low, high = points.min(axis=0) - 60, points.max(axis=0) + 60
        image, crop = crop_person(read_grey(path), (*low.astype(int), *high.astype(int)))
        moved = crop.to_crop(points)
        assert image.shape == (128, 128) and moved.min() > 0 and moved.max() < 128
        np.testing.assert_allclose(crop.to_frame(moved), points, atol=1e-9)

"""The store: written in pieces, read in any order, split by subject and take, or refused."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose.datasets.h36m import CHUNK, FIELDS, H36MStore, H36MWriter, shuffled_pools


def rows(count: int, seed: int = 0, **labels) -> dict[str, np.ndarray]:
    """Random values for every field; given labels are used as they are."""
    rng = np.random.default_rng(seed)
    fields = {
        name: rng.integers(0, 200, (count, *shape)).astype(dtype)
        for name, (shape, dtype) in FIELDS.items()
    }
    return fields | {name: np.broadcast_to(v, count).astype("int32") for name, v in labels.items()}


def write(path, *pieces):
    writer = H36MWriter(path, ["Walking", "Eating"])
    for piece in pieces:
        writer.append(**piece)
    writer.close()
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """200 frames in pieces that do not fit the chunks."""
    pieces = [rows(n, seed=n) for n in (70, 1, 129)]
    with H36MStore(write(tmp_path_factory.mktemp("store") / "s.h5", *pieces)) as opened:
        opened.expected = {f: np.concatenate([p[f] for p in pieces]) for f in FIELDS}
        yield opened


def test_what_is_written_is_read(store):
    assert len(store) == 200 and store.actions == ["Walking", "Eating"]
    for name, expected in store.expected.items():
        np.testing.assert_array_equal(store.read(name, np.arange(200)), expected)
        assert store.read(name, np.arange(3)).dtype == FIELDS[name][1]


@given(indices=st.lists(st.integers(0, 199), max_size=40))
def test_reading_in_any_order_with_repeats(store, indices):
    wanted = np.array(indices, dtype=int)
    for name in ("images", "joints_3d", "camera"):
        np.testing.assert_array_equal(store.read(name, wanted), store.expected[name][wanted])


@pytest.mark.parametrize("index", [-1, 200])
def test_frames_that_are_not_there(store, index):
    with pytest.raises(IndexError, match="it holds 0 to 199"):
        store.read("images", np.array([5, index]))


def test_a_shuffled_read_touches_each_chunk_once(store, monkeypatch):
    touched = []
    piece = store._piece
    monkeypatch.setattr(store, "_piece", lambda f, s: touched.append(s.start) or piece(f, s))
    store.read("images", np.random.default_rng(0).permutation(200))
    assert sorted(touched) == [0, CHUNK, 2 * CHUNK, 3 * CHUNK]


# --- Splits ---------------------------------------------------------------------------------------


def of_subjects(path, subjects, takes=(1, 2), actions=(0,), frames=5):
    return write(
        path,
        *(
            rows(frames, subject=s, subaction=t, action=a, camera=c)
            for s in subjects for a in actions for t in takes for c in (1, 2)
        ),
    )  # fmt: skip


def test_the_split_is_by_subject_and_take(tmp_path):
    with H36MStore(of_subjects(tmp_path / "s.h5", (1, 5, 6, 7, 8, 9, 11), actions=(0, 1))) as store:
        split, takes = store.split(), store.takes()
        found = {
            name: {(int(store.labels["subject"][f]), int(store.labels["subaction"][f])) for f in fs}
            for name, fs in split.items()
        }
    assert found["test"] == {(11, 1), (11, 2)}
    assert found["validation"] == {(5, 2), (8, 2)}
    assert found["train"] == {(s, t) for s in (1, 5, 6, 7, 8, 9) for t in (1, 2)} - {(5, 2), (8, 2)}
    everything = np.concatenate(list(split.values()))
    np.testing.assert_array_equal(np.sort(everything), np.arange(280))
    assert not set(takes[split["train"]]) & set(takes[split["validation"]])


def test_a_part_of_the_subjects_is_enough(tmp_path):
    with H36MStore(of_subjects(tmp_path / "s.h5", (7, 11))) as store:
        split = store.split()
        assert set(store.labels["subaction"][split["validation"]]) == {2}
        assert len(split["train"]) == len(split["validation"]) == 10


def test_a_limit_spreads_the_frames(tmp_path):
    with H36MStore(of_subjects(tmp_path / "s.h5", (1, 5, 11), frames=50)) as store:
        split = store.split(limit=12)
        whole = store.split()
    for name, frames in split.items():
        assert len(np.unique(frames)) == 12 and set(frames) <= set(whole[name])
        assert (frames[0], frames[-1]) == (whole[name][0], whole[name][-1])


@pytest.mark.parametrize(
    ("subjects", "takes", "lacks"),
    [((1, 5), (1, 2), "test"), ((11,), (1, 2), "train"), ((1, 5, 11), (1,), "validation")],
)
def test_a_store_that_cannot_be_split_says_what_it_lacks(tmp_path, subjects, takes, lacks):
    with H36MStore(of_subjects(tmp_path / "s.h5", subjects, takes)) as store:
        with pytest.raises(ValueError, match=f"no frame for {lacks}: expected subjects S1 S5"):
            store.split()


# --- Shuffling ------------------------------------------------------------------------------------


@given(
    count=st.integers(1, 2000), batch=st.integers(1, 100), span=st.integers(1, 6),
    every=st.integers(1, 7), seed=st.integers(0, 9),
)  # fmt: skip
def test_shuffled_pools_hold_every_frame_once(count, batch, span, every, seed):
    """Whole batches, no frame twice, less than a batch left out, the same for the same seed."""
    frames = np.arange(0, count * every, every)
    pools = list(shuffled_pools(frames, batch, np.random.default_rng(seed), span))
    again = list(shuffled_pools(frames, batch, np.random.default_rng(seed), span))
    assert all(len(p) % batch == 0 for p in pools)
    assert all(len(p) < (span + 1) * batch + CHUNK for p in pools)  # so memory stays flat
    seen = np.concatenate([np.array([], dtype=int), *pools])
    np.testing.assert_array_equal(seen, np.concatenate([np.array([], dtype=int), *again]))
    assert len(np.unique(seen)) == len(seen) == count - count % batch
    assert set(seen) <= set(frames)


def test_pools_are_shuffled_within_and_across_takes():
    pools = list(shuffled_pools(np.arange(6400), 64, np.random.default_rng(0), span=10))
    assert len(pools) == 10
    for pool in pools:
        assert np.abs(np.diff(pool)).mean() > 1000  # neighbours in a batch are far apart
        assert len(np.unique(pool // CHUNK)) == 10  # and few chunks are read for a pool


# --- Damage ---------------------------------------------------------------------------------------


def test_an_abandoned_store_leaves_the_old_one(tmp_path):
    path = write(tmp_path / "s.h5", rows(3))
    before = path.read_bytes()
    writer = H36MWriter(path, ["Walking"])
    writer.append(**rows(5))
    writer.abandon()
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["s.h5"]


def test_rows_of_another_shape_are_refused(tmp_path):
    writer = H36MWriter(tmp_path / "s.h5", ["Walking"])
    with pytest.raises(ValueError, match=r"joints_3d: expected \(4, 17, 3\), got \(4, 16, 3\)"):
        writer.append(**rows(4) | {"joints_3d": np.zeros((4, 16, 3))})
    writer.abandon()


def _replace(name, data):
    def change(file):
        del file[name]
        if data is not None:
            file[name] = data

    return change


BAD = {
    "format": (lambda f: f.attrs.pop("format"), "expected format 'minipose h36m 1', got None"),
    "actions": (lambda f: f.attrs.pop("actions"), "lacks the attribute 'actions'"),
    "field": (_replace("crop", None), "lacks the field 'crop'"),
    "rows": (_replace("frame", np.zeros(4, "int32")),
             r"frame is int32 \(4,\), expected int32 \(5,\)"),
    "type": (_replace("images", np.zeros((5, 128, 128))),
             r"images is float64 \(5, 128, 128\), expected uint8"),
    "shape": (_replace("joints_3d", np.zeros((5, 51), "float32")),
              r"joints_3d is float32 \(5, 51\), expected float32 \(5, 17, 3\)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_no_such_store_is_refused(tmp_path, kind):
    path = write(tmp_path / "s.h5", rows(5))
    with h5py.File(path, "r+") as file:
        BAD[kind][0](file)
    with pytest.raises(ValueError, match=BAD[kind][1]):
        H36MStore(path)


def test_an_empty_store_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no frame"):
        H36MStore(write(tmp_path / "s.h5"))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"none\.h5: no such file"):
        H36MStore(tmp_path / "none.h5")
    with pytest.raises(ValueError, match=r": a folder \(expected a store made by data_tools h36m"):
        H36MStore(tmp_path)
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(ValueError, match="not a readable HDF5 file"):
        H36MStore(tmp_path / "text.h5")
    whole = write(tmp_path / "s.h5", rows(100))
    whole.write_bytes(whole.read_bytes()[:-40_000])
    with pytest.raises(ValueError, match="not a readable HDF5 file"):
        H36MStore(whole)


def test_a_disk_s_mistake_is_an_error_and_not_another_picture(tmp_path):
    fields = rows(70)
    path = write(tmp_path / "s.h5", fields)
    content = bytearray(path.read_bytes())
    place = content.index(fields["images"][3].tobytes())
    content[place + 1000] ^= 8
    path.write_bytes(content)
    with H36MStore(path) as store:
        np.testing.assert_array_equal(store.read("images", np.array([65]))[0], fields["images"][65])
        with pytest.raises(ValueError, match="images is damaged"):
            store.read("images", np.array([0]))


def test_a_store_of_the_first_version_is_read(tmp_path):
    """Its fields are spelled out here, so that a change of today's names or types is noticed."""
    images = np.arange(3 * 128 * 128, dtype=np.uint8).reshape(3, 128, 128)
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs.update(format="minipose h36m 1", actions=["Walking"])
        file["images"] = images
        for name, width in (("joints_3d", 3), ("keypoints_2d", 2)):
            file[name] = np.full((3, 17, width), 7.5, np.float32)
        for name, value in (("subject", 11), ("action", 0), ("subaction", 2), ("camera", 54138969)):
            file[name] = np.full(3, value, np.int32)
        file["frame"] = np.arange(3, dtype=np.int32)
        file["crop"] = np.tile(np.float32([10, 20, 0.5]), (3, 1))
    with H36MStore(tmp_path / "old.h5") as store:
        assert len(store) == 3 and store.actions == ["Walking"]
        np.testing.assert_array_equal(store.read("images", np.array([2, 0])), images[[2, 0]])
        assert store.labels["camera"].tolist() == [54138969] * 3
        assert (store.read("joints_3d", np.array([1])) == 7.5).all()

"""The store of report 2's pictures: what goes in comes out, and nothing half-written stays."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest

from minipose.datasets.people import ROW_CHUNK, PeopleStore, PeopleWriter, Person
from minipose.errors import UserError


def person(i: int, height: int = 5, width: int = 7) -> Person:
    rng = np.random.default_rng(i)
    return Person(
        rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        rng.integers(0, 2, (height, width), dtype=np.uint8),
        rng.normal(0, 9, (25, 3)).astype(np.float32),
        f"name {i} é",
        "test",
        ("train", "", "test")[i % 3],
    )


def write(path, people) -> None:
    writer = PeopleWriter(path)
    for one in people:
        writer.append(one)
    writer.close()


def test_round_trip_of_many_sizes(tmp_path):
    people = [person(i, 3 + i % 4, 2 + i % 5) for i in range(ROW_CHUNK + 3)]
    write(tmp_path / "a.h5", people)
    with PeopleStore(tmp_path / "a.h5") as store:
        assert len(store) == len(people)
        for i in (0, 1, ROW_CHUNK - 1, ROW_CHUNK, len(people) - 1, -1):
            got, put = store[i], people[i]
            for field in ("image", "mask", "keypoints"):
                assert np.array_equal(getattr(got, field), getattr(put, field))
            assert (got.name, got.source, got.split) == (put.name, put.source, put.split)
        with pytest.raises(IndexError, match="of 259"):
            store[len(people)]


def test_masks_become_zero_and_one(tmp_path):
    one = person(0)
    write(tmp_path / "a.h5", [Person(one.image, one.mask * 255, one.keypoints)])
    with PeopleStore(tmp_path / "a.h5") as store:
        assert np.array_equal(store[0].mask, one.mask)


def test_abandon_keeps_the_older_store(tmp_path):
    write(tmp_path / "a.h5", [person(0), person(1)])
    before = (tmp_path / "a.h5").read_bytes()
    writer = PeopleWriter(tmp_path / "a.h5")
    writer.append(person(2))
    writer.abandon()
    assert (tmp_path / "a.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_wrong_shapes_are_named(tmp_path):
    writer = PeopleWriter(tmp_path / "a.h5")
    one = person(0)
    with pytest.raises(ValueError, match=r"expected an image uint8 \(5, 7, 3\)"):
        writer.append(Person(one.image[:4], one.mask, one.keypoints))
    with pytest.raises(ValueError, match=r"expected keypoints \(25, 3\)"):
        writer.append(Person(one.image, one.mask, one.keypoints[:18]))
    writer.abandon()


def test_split_is_a_permutation_and_repeats(tmp_path):
    write(tmp_path / "a.h5", [replace(person(i), split="") for i in range(20)])
    with PeopleStore(tmp_path / "a.h5") as store:
        parts = store.split()
        assert len(parts["train"]) == 16 and len(parts["validation"]) == 4
        both = np.concatenate([parts["train"], parts["validation"]])
        assert sorted(both) == list(range(20)) and list(both) != list(range(20))
        again = store.split()
        assert all(np.array_equal(parts[k], again[k]) for k in parts)
        assert not np.array_equal(store.split(seed=1)["train"], parts["train"])
        assert len(store.split(limit=10)["train"]) == 8
        with pytest.raises(ValueError, match="cannot be split"):
            store.split(limit=1)


def test_damage_is_found(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        PeopleStore(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(ValueError, match="not a readable HDF5 file"):
        PeopleStore(tmp_path / "text.h5")
    write(tmp_path / "empty.h5", [])
    with pytest.raises(ValueError, match="holds no sample"):
        PeopleStore(tmp_path / "empty.h5")
    for field, message in (("size", "do not fit"), ("format", "expected format"), (None, "lacks")):
        write(tmp_path / "a.h5", [person(0), person(1)])
        with h5py.File(tmp_path / "a.h5", "r+") as file:
            if field == "size":
                file["size"][0] = (4, 4)
            elif field == "format":
                file.attrs["format"] = "something else"
            else:
                del file["masks"]
        with pytest.raises(ValueError, match=message):
            PeopleStore(tmp_path / "a.h5")


def test_a_store_of_the_first_version_is_read(tmp_path):
    """Then its format had another name. The fields are spelled out, as that version wrote them."""
    sizes, text = np.int32([[2, 3], [4, 1]]), h5py.string_dtype()
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["format"] = "minipose figures 1"
        file["images"] = np.arange(30, dtype=np.uint8).reshape(10, 3)
        file["masks"] = np.uint8([0, 1, 1, 0, 1, 0, 1, 1, 0, 0])
        file["offset"], file["size"] = np.int64([0, 6]), sizes
        file["keypoints"] = np.full((2, 25, 3), 0.5, np.float32)
        file.create_dataset("name", data=["a", "b"], dtype=text)
        file.create_dataset("source", data=["lsp", "mpii"], dtype=text)
    with PeopleStore(tmp_path / "old.h5") as store:
        assert [store[i].name for i in range(2)] == ["a", "b"] and store[1].source == "mpii"
        assert store[1].mask.ravel().tolist() == [1, 1, 0, 0]
        assert store[1].image.shape == (4, 1, 3) and store[1].image[0, 0].tolist() == [18, 19, 20]
        assert store[0].keypoints.shape == (25, 3)
        assert store.splits == ["", ""] and list(store.groups) == [0, 1]
        assert len(store.split(0.5)["validation"]) == 1


def test_near_duplicates_share_a_group_and_a_side(tmp_path):
    people = [replace(person(i, 40, 30), split="") for i in range(12)]
    people += [replace(p, name=f"copy of {p.name}") for p in people[:6]]
    with PeopleWriter(tmp_path / "a.h5") as writer:
        for one in people:
            writer.append(one)
        assert writer.duplicates() == [
            (p.name, p.name.removeprefix("copy of ")) for p in people[12:]
        ]
    with PeopleStore(tmp_path / "a.h5") as store:
        assert list(store.groups) == [*range(12), *range(6)]
        for seed in range(4):
            parts = store.split(seed=seed)
            assert not set(store.groups[parts["train"]]) & set(store.groups[parts["validation"]])


def test_the_given_split_is_kept(tmp_path):
    given = ["train"] * 3 + ["validation"] * 2 + ["test"]
    write(tmp_path / "a.h5", [replace(person(i), split=s) for i, s in enumerate(given)])
    with PeopleStore(tmp_path / "a.h5") as store:
        parts = store.split(validation=0.9, seed=4)
        assert {k: sorted(v.tolist()) for k, v in parts.items()} == {
            "train": [0, 1, 2], "validation": [3, 4], "test": [5]}  # fmt: skip
    with PeopleWriter(tmp_path / "b.h5") as writer:
        with pytest.raises(ValueError, match="split 'training', expected train, validation, test"):
            writer.append(replace(person(0), split="training"))
        writer.abandon()


def test_a_joint_that_is_no_number_neither_goes_in_nor_comes_out(tmp_path):
    bad = person(1)
    bad.keypoints[3, 1] = np.nan
    with PeopleWriter(tmp_path / "a.h5") as writer:
        with pytest.raises(ValueError, match="name 1 é: a joint is not a finite number"):
            writer.append(bad)
        with pytest.raises(ValueError, match="name 1 é: a joint is not a finite number"):
            writer.append(replace(bad, keypoints=np.full((25, 3), 1e39)))  # no float32
        writer.append(person(0))
        writer.append(person(1))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["keypoints"][1, 3, 1] = np.inf
    with pytest.raises(ValueError, match=r"a\.h5: name 1 é: a joint is not a finite number"):
        PeopleStore(tmp_path / "a.h5")


def test_what_the_disk_damaged_is_found(tmp_path):
    people = [person(i, 60, 50) for i in range(3)]
    write(tmp_path / "a.h5", people)
    content = bytearray((tmp_path / "a.h5").read_bytes())
    place = content.find(people[1].image[10].tobytes())
    content[place] ^= 4
    (tmp_path / "a.h5").write_bytes(content)
    with (
        PeopleStore(tmp_path / "a.h5") as store,
        pytest.raises(ValueError, match=r"a\.h5: name 1 é is damaged: make the store again"),
    ):
        store[1]


@pytest.mark.parametrize("kind", ["external", "virtual", "link"])
def test_a_store_shows_no_other_file(tmp_path, kind):
    write(tmp_path / "a.h5", [person(0), person(1)])
    (tmp_path / "secret").write_bytes(bytes(range(70)))
    write(tmp_path / "other.h5", [person(2), person(3)])
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["masks"]
        if kind == "external":
            place = [(str(tmp_path / "secret"), 0, 70)]
            file.create_dataset("masks", (70,), "uint8", external=place)
        elif kind == "virtual":
            layout = h5py.VirtualLayout((70,), "uint8")
            layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "masks", (70,))
            file.create_virtual_dataset("masks", layout)
        else:
            file["masks"] = h5py.ExternalLink(tmp_path / "other.h5", "masks")
    with pytest.raises(ValueError, match="masks lies in another file"):
        PeopleStore(tmp_path / "a.h5")


def test_texts_take_so_many_bytes_each_and_none_is_cut(tmp_path):
    """HDF5 keeps those of any length where no checksum is, and may look there for ever."""
    name = "ä" * 256
    with PeopleWriter(tmp_path / "a.h5") as writer:
        writer.append(replace(person(1, 40, 30), name=name, split="train"))
        with pytest.raises(UserError, match="takes 514 bytes, expected at most 512"):
            writer.append(replace(person(2, 40, 30), name=name + "é"))
    with PeopleStore(tmp_path / "a.h5") as store:
        assert (store.names, store.splits) == ([name], ["train"])
        kinds = [store.file[name].dtype for name in ("name", "source", "split")]
        attributes = [store.file.attrs.get_id(name).dtype for name in store.file.attrs]
        assert len(attributes) == 2
        assert not any(kind.hasobject for kind in kinds + attributes)

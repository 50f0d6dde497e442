"""Every reader of other people's files, on files with random damage: a line, or an array, in time.

Each case is a sound file and what reads it. Bytes are changed, left out, doubled or cut off.
"""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from data_tools.h36m.metadata import read_cameras, read_take_numbers
from data_tools.h36m.readers import Masks, read_poses
from data_tools.people.candidate import Dropped
from data_tools.people.coco import CocoPersons
from data_tools.people.given_split import read_split
from data_tools.people.lsp import LspJoints
from data_tools.people.masks import MaskPlaces, read_mask
from data_tools.people.mpii import MpiiJoints
from data_tools.people.openpose import read_people
from data_tools.people.results import JointResults
from minipose.datasets.people import PeopleStore, PeopleWriter, Person
from minipose.datasets.picture_files import read_grey, read_rgb
from minipose.errors import UserError
from tests.data_tools import raw_tree
from tests.data_tools.people.test_joints import lsp_points, save_mpii
from tests.data_tools.people.test_masks import compress, encode
from tests.data_tools.people_trees import mask, person, picture, save_people

FILES = 25  # of each kind
SLOW = {"mpii_human_pose.mat": 4}  # is read in a process of its own
SECONDS = 10


def save_picture(path: Path) -> None:
    picture().save(path)


def save_store(path: Path) -> None:
    with PeopleWriter(path) as writer:
        for seed in range(3):
            image = np.random.default_rng(seed).integers(0, 256, (60, 40, 3), dtype=np.uint8)
            writer.append(Person(image, mask().astype(np.uint8), person(25, seed), "a"))


def read_store(path: Path) -> list:
    with PeopleStore(path) as store:
        return [store[i].keypoints for i in range(len(store))]


def save_coco(path: Path) -> None:
    runs = {"size": [60, 40], "counts": compress(encode(mask()))}
    people = [{"image_id": 1, "category_id": 1, "keypoints": [9, 9, 2] * 17, "segmentation": s}
              for s in (runs, [[8, 10, 30, 10, 30, 50, 8, 50]])]  # fmt: skip
    images = [{"id": 1, "file_name": "a.jpg"}]
    path.write_text(json.dumps({"images": images, "annotations": people}))


def read_coco(path: Path) -> list:
    persons = CocoPersons(path)
    return [*persons.people(Path("a.jpg")), persons.mask(Path("a.jpg"), (60, 40))]


def save_results(path: Path) -> None:
    runs = {"size": [60, 40], "counts": encode(mask())}
    entry = {"image_id": 1, "category_id": 1, "score": 0.9}
    path.write_text(json.dumps([entry | {"segmentation": runs, "keypoints": [9, 9, 0.9] * 17}]))


def save_deep(path: Path) -> None:
    Image.fromarray(np.where(mask(), 65535, 0).astype(np.uint16)).save(path)


def save_detections(path: Path) -> None:
    np.savez(path, masks=mask()[..., None], class_ids=[1], scores=[0.5])


def read_frames(path: Path) -> list:
    masks = Masks(path)
    try:
        return [masks.frame(i, (raw_tree.HEIGHT, raw_tree.WIDTH)) for i in range(len(masks))]
    finally:
        masks.close()


def read_metadata(path: Path) -> list:
    return [read_take_numbers(path.parent), read_cameras(path.parent)]


CASES = {
    "a.png": (save_picture, read_rgb),
    "a.jpg": (save_picture, read_grey),
    "a.gif": (save_picture, read_rgb),
    "a.webp": (save_picture, read_rgb),
    "a.tif": (save_picture, read_grey),
    "deep.png": (save_deep, read_grey),
    "mask.png": (lambda p: Image.fromarray(mask()).save(p), read_mask),
    "mask.npy": (lambda p: np.save(p, mask()), read_mask),
    "mask.npz": (save_detections, read_mask),
    "mask.mat": (lambda p: savemat(p, {"groundtruth": mask().astype(np.uint8)}), read_mask),
    "masks.json": (save_results, lambda p: [MaskPlaces([p]).read("1")]),
    "joints.json": (save_results, lambda p: JointResults(p).read("1")),
    "a_keypoints.json": (lambda p: save_people(p, [person(), person(5)]), read_people),
    "annotations.json": (save_coco, read_coco),
    "joints.mat": (lambda p: savemat(p, {"joints": lsp_points(1.0).transpose(1, 2, 0)}),
                   lambda p: LspJoints(p).people(Path("im00001.jpg"))),
    "mpii_human_pose.mat": (save_mpii, lambda p: MpiiJoints(p).people(Path("one.jpg"))),
    "split.csv": (lambda p: p.write_text("name,split\na,train\nb,val\n"),
                  lambda p: [read_split(p.parent)]),
    "people.h5": (save_store, read_store),
    "pose.cdf": (lambda p: raw_tree.write_cdf(p, raw_tree.world_poses(3)),
                 lambda p: read_poses(p, 3)),
    "frames.mat": (lambda p: raw_tree.write_masks(p, [raw_tree.filled(i) for i in range(3)]),
                   read_frames),
    "metadata.xml": (lambda p: raw_tree.write_metadata(p.parent, [1], [["Walking 1", "Walking"]]),
                     read_metadata),
}  # fmt: skip


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not changed:
            break
        first, last = sorted(rng.integers(0, len(changed), 2))
        kind = rng.integers(5)
        if kind == 0:
            changed[first] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            changed[first : first + 8] = rng.integers(0, 256, 8, dtype=np.uint8).tobytes()
        elif kind == 2:
            del changed[first : min(last, first + 40)]
        elif kind == 3:
            changed[first:first] = changed[first : first + 40]
        else:
            del changed[max(first, len(changed) // 2) :]
    return bytes(changed)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")  # libraries warn of odd tags and types
def test_damage_is_one_line_or_an_array_of_finite_numbers(tmp_path, name):
    if name == "pose.cdf":
        pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")
    write, read = CASES[name]
    write(tmp_path / name)
    sound = (tmp_path / name).read_bytes()
    read(tmp_path / name)
    rng = np.random.default_rng(len(name))
    for _ in range(SLOW.get(name, FILES)):
        (tmp_path / name).write_bytes(damaged(sound, rng))
        start = time.perf_counter()
        try:
            found = read(tmp_path / name)
            for values in () if found is None else found:
                if isinstance(values, np.ndarray) and name != "pose.cdf":  # frames drop those
                    assert np.isfinite(values).all()
        except UserError as error:
            assert "\n" not in str(error) and len(str(error)) < 600
            assert isinstance(error, Dropped) or str(tmp_path) in str(error) or "mask" in str(error)
        assert time.perf_counter() - start < SECONDS


def test_the_sound_files_are_what_they_should_be(tmp_path):
    """So that the readers above do read something."""
    for name, (write, read) in CASES.items():
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        write(folder / name)
        found = read(folder / name)
        assert len(found) and found is not None, name
    with h5py.File(tmp_path / "people_h5" / "people.h5") as file, warnings.catch_warnings():
        assert len(file["size"]) == 3

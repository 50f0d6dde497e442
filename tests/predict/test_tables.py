"""Each form holds what was found, and its readers, ours too, read it back."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from data_tools.people.coco import CocoPersons
from data_tools.people.openpose import read_people
from data_tools.people.rle import decode
from minipose.predict.fit import lay_on_picture
from minipose.predict.person import Result
from minipose.predict.tables import Take, openpose, run_lengths
from minipose.skeletons import BODY_25, H36M_17


def result(size=(60, 40), person=True):
    rng = np.random.default_rng(3)
    image, mask = rng.integers(0, 255, (*size, 3)).astype(np.uint8), np.zeros(size, np.float32)
    if not person:
        return Result(image, False, (0, 0, size[1], size[0]), mask, mask > 0.5)
    mask[10:50, 8:30] = 0.9
    keypoints = np.column_stack([rng.uniform(8, 30, 25), rng.uniform(10, 50, 25), np.ones(25)])
    for middle, sides in ((1, (2, 5)), (8, (9, 12))):  # a neck and a mid hip where they belong
        keypoints[middle, :2] = keypoints[list(sides), :2].mean(axis=0)
    keypoints[4, 2] = 0.1
    present = keypoints[:, 2] > 0.25
    joints = rng.normal(0, 300, (17, 3))
    fit = lay_on_picture(joints, keypoints, present, mask > 0.5, (8, 10, 30, 50))
    found = Result(image, True, (8, 10, 30, 50), mask, mask > 0.5, keypoints, present)
    return replace(found, joints_3d=joints, fit=fit)


@pytest.fixture(params=[True, False], ids=["person", "nobody"])
def found(request):
    return result(person=request.param)


def test_openpose(found, tmp_path):
    (tmp_path / "a_keypoints.json").write_text(openpose(found))
    assert json.loads(openpose(found))["joint_names"] == list(BODY_25)
    people = list(read_people(tmp_path / "a_keypoints.json"))
    assert len(people) == found.person
    if found.person:
        np.testing.assert_allclose(people[0][0], found.keypoints[0], atol=1e-3)
        assert not people[0][4].any()  # absent: 0, 0, 0


def take(tmp_path, *results):
    table = Take(("coco", "csv", "npz"), video=True)
    for frame, one in enumerate(results):
        table.add("take.mp4", frame, frame / 25, one)
    written = [path.name for path in table.write(tmp_path / "take")]
    assert written == ["take_coco.json", "take_joints.csv", "take_joints.npz"]
    return tmp_path


def test_csv(tmp_path):
    one = result()
    path = take(tmp_path, one, result(person=False)) / "take_joints.csv"
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["joint"] for r in rows] == [*BODY_25, *H36M_17]  # the second frame has nobody
    assert rows[4]["in_picture"] == "0" and rows[5]["in_picture"] == "1"
    assert float(rows[5]["x_px"]) == pytest.approx(one.keypoints[5, 0], abs=0.006)
    assert float(rows[25 + 3]["z_mm"]) == pytest.approx(one.joints_3d[3, 2], abs=0.06)
    assert float(rows[25 + 3]["y_px"]) == pytest.approx(one.fit.places[3, 1], abs=0.006)


def test_arrays_of_a_take(tmp_path):
    one = result()
    path = take(tmp_path, one, result(person=False)) / "take_joints.npz"
    with np.load(path, allow_pickle=False) as arrays:
        assert list(arrays["joint_names"]) == list(BODY_25)
        np.testing.assert_allclose(arrays["keypoints"][0], one.keypoints, rtol=1e-6)
        np.testing.assert_allclose(arrays["joints_3d"][0], one.joints_3d, rtol=1e-6)
        assert np.isnan(arrays["keypoints"][1]).all() and np.isnan(arrays["joints_3d"][1]).all()
        assert arrays["person"].tolist() == [True, False]
        assert arrays["seconds"].tolist() == [0, 0.04] and arrays["size"].tolist() == [[60, 40]] * 2


def test_coco(tmp_path):
    one = result()
    path = take(tmp_path, result(person=False), one) / "take_coco.json"
    content = json.loads(path.read_text())
    assert [i["file_name"] for i in content["images"]] == ["take.mp4#000000", "take.mp4#000001"]
    (person,) = content["annotations"]
    assert person["image_id"] == 2 and person["bbox"] == [8, 10, 22, 40]
    assert person["num_keypoints"] == 16  # the right wrist is not in the picture
    assert (decode(person["segmentation"]) == (one.mask > 0.5)).all()
    content["images"] = [{**i, "file_name": f"{n}.jpg"} for n, i in enumerate(content["images"])]
    path.write_text(json.dumps(content))
    (read,) = CocoPersons(path).people("1.jpg")
    known = read[:, 2] > 0
    known &= np.isin(BODY_25, ("neck", "mid hip"), invert=True)  # which a reader may derive
    assert known.sum() == 22  # 16 of COCO's 17 and the feet
    np.testing.assert_allclose(read[known, :2], one.keypoints[known, :2], atol=0.006)


def test_run_lengths():
    rng = np.random.default_rng(0)
    masks = [rng.random((5, 7)) < 0.5 for _ in range(8)] + [
        np.zeros((2, 3), bool),
        np.ones((2, 3), bool),
    ]
    for mask in masks:
        runs = {"size": list(mask.shape), "counts": run_lengths(mask)}
        np.testing.assert_array_equal(decode(runs), mask)

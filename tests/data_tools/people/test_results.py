"""One file of results for all pictures: AlphaPose's joints, COCO's masks, categories from 0."""

from __future__ import annotations

import json

import numpy as np
import pytest

from data_tools.people.candidate import Dropped
from data_tools.people.keypoints import KeypointPlaces
from data_tools.people.masks import MaskPlaces, read_mask
from data_tools.people.results import JointResults
from minipose.errors import UserError
from minipose.skeletons import BODY_25, COCO_17, COCO_23, HALPE_26
from tests.data_tools.people.test_masks import compress, encode
from tests.data_tools.people_trees import mask


def numbers(count: int, confidence: float = 0.9) -> list[float]:
    """Joint k of ``count`` at (10 + k, 100 + k)."""
    return [v for k in range(count) for v in (10.0 + k, 100.0 + k, confidence)]


def where(joints: np.ndarray, name: str) -> list[float]:
    return joints[BODY_25.index(name)].tolist()


def entry(image: object, joints: list[float], **more) -> dict:
    return {"image_id": image, "category_id": 1, "keypoints": joints, "score": 2.1} | more


@pytest.mark.parametrize(
    ("count", "skeleton", "possible"),
    [(17, COCO_17, 17), (23, COCO_23, 23), (26, HALPE_26, 25), (133, COCO_23, 23),
     (136, HALPE_26, 25)],
)  # fmt: skip
def test_alphapose_s_list_of_any_skeleton(tmp_path, count, skeleton, possible):
    content = [entry("a.jpg", numbers(count)), entry("b.jpg", numbers(count)),
               entry("b.jpg", numbers(count))]  # fmt: skip
    (tmp_path / "alphapose-results.json").write_text(json.dumps(content))
    places = KeypointPlaces([tmp_path / "alphapose-results.json"], [])
    (one,) = people = places.read("a")
    assert people.possible == possible and len(places.read("b")) == 2 and places.read("c") is None
    for k, name in enumerate(skeleton):
        if name in BODY_25:
            assert where(one, name) == [10 + k, 100 + k, 0.9], name
    assert np.count_nonzero(one[:, 2]) == possible


def test_halpe_s_feet_are_in_another_order_than_openpose_s(tmp_path):
    """AlphaPose's documentation: 20 LBigToe 21 RBigToe 22 LSmallToe 23 RSmallToe 24 LHeel."""
    (tmp_path / "r.json").write_text(json.dumps([entry("a.jpg", numbers(26))]))
    (joints,) = JointResults(tmp_path / "r.json").read("a")
    for name, k in (("left big toe", 20), ("right big toe", 21), ("left small toe", 22),
                    ("right small toe", 23), ("left heel", 24), ("right heel", 25), ("neck", 18),
                    ("mid hip", 19), ("left eye", 1), ("right wrist", 10)):  # fmt: skip
        assert where(joints, name)[0] == 10 + k, name


def test_joints_that_alphapose_only_guesses_are_not_found(tmp_path):
    joints = numbers(17)
    joints[3 * COCO_17.index("left wrist") + 2] = 0.2
    (tmp_path / "r.json").write_text(json.dumps([entry(7, joints)]))
    (found,) = JointResults(tmp_path / "r.json").read("000007")
    assert not any(where(found, "left wrist")) and np.count_nonzero(found[:, 2]) == 16


def test_alphapose_s_tables(tmp_path):
    person = {"pose_keypoints_2d": numbers(17)}
    content = {
        "a.jpg": {"version": "AlphaPose v0.3", "people": [person, person]},
        "b.jpg": {"version": "AlphaPose v0.2", "bodies": [{"joints": numbers(18)}]},
    }
    (tmp_path / "r.json").write_text(json.dumps(content))
    results = JointResults(tmp_path / "r.json")
    assert len(results.read("a")) == 2 and where(results.read("a")[0], "nose") == [10, 100, 0.9]
    with pytest.raises(Dropped, match="COCO-18"):
        results.read("b")


def test_a_results_file_in_a_folder_of_keypoints_is_found(tmp_path):
    (tmp_path / "keypoints").mkdir()
    (tmp_path / "keypoints" / "all.json").write_text(json.dumps([entry("a.jpg", numbers(17))]))
    assert len(KeypointPlaces([tmp_path / "keypoints"], []).read("a")) == 1


@pytest.mark.parametrize(
    "content",
    [[], {}, [1], [{"image_id": 1}], [{"keypoints": [1]}], 3, [entry(1, []), 5]],
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"r\.json: expected a list of"):
        JointResults(tmp_path / "r.json")


@pytest.mark.parametrize("joints", [[], [1, 2], ["x"] * 51, None, [[1, 2, 3]] * 17, [1e999] * 51,
                                    [None] * 51, 5, numbers(19)])  # fmt: skip
def test_a_damaged_entry_drops_its_picture_only(tmp_path, joints):
    (tmp_path / "r.json").write_text(json.dumps([entry("a", joints), entry("b", numbers(17))]))
    results = JointResults(tmp_path / "r.json")
    with pytest.raises(Dropped):
        results.read("a")
    assert len(results.read("b")) == 1


# --- Masks ----------------------------------------------------------------------------------------


def segment(image: object, pixels: np.ndarray, category: int, score: float = 0.9) -> dict:
    runs = {"size": list(pixels.shape), "counts": encode(pixels)}
    return {"image_id": image, "category_id": category, "segmentation": runs, "score": score}


def test_where_a_person_is_category_0_a_bicycle_is_1(tmp_path):
    bicycle = np.roll(mask(), 7, axis=1)
    entries = [segment(3, mask(), 0, 0.6), segment(3, bicycle, 1, 0.99), segment(4, bicycle, 1)]
    (tmp_path / "r.json").write_text(json.dumps(entries))
    places = MaskPlaces([tmp_path / "r.json"])
    assert np.array_equal(places.read("3"), mask())
    assert places.read("4") is None  # nobody there: only a bicycle
    (tmp_path / "r.json").write_text(json.dumps(entries[1:]))
    assert np.array_equal(MaskPlaces([tmp_path / "r.json"]).read("3"), bicycle)


def test_detections_in_arrays_count_from_0_if_any_does(tmp_path):
    bicycle = np.roll(mask(), 7, axis=1)
    for name, classes in (("a", [1, 0]), ("b", [1, 1])):
        masks = np.stack([bicycle, mask()], axis=2)
        np.savez(tmp_path / f"{name}.npz", masks=masks, class_ids=classes, scores=[0.9, 0.8])
    places = MaskPlaces([tmp_path])
    assert np.array_equal(places.read("a"), mask())
    with pytest.raises(Dropped, match="no person in the mask file"):
        places.read("b")
    (tmp_path / "a.npz").unlink()
    assert np.array_equal(MaskPlaces([tmp_path]).read("b"), bicycle)


def test_counts_as_python_prints_bytes(tmp_path):
    """``str(rle["counts"])``: b'...', in which a backslash is written twice."""
    pixels = mask()
    pixels[20:24, 3:38] = ~pixels[20:24, 3:38]
    pixels[5, ::2] = True
    text = compress(encode(pixels))
    for counts in (str(text.encode()), text):
        one = segment("a.jpg", pixels, 1)
        one["segmentation"]["counts"] = counts
        (tmp_path / "r.json").write_text(json.dumps([one]))
        assert np.array_equal(MaskPlaces([tmp_path / "r.json"]).read("a"), pixels)


def test_a_score_that_is_no_number_is_the_least(tmp_path):
    """NaN is neither above nor below another score, so the first entry would have stayed."""
    nobody = np.zeros_like(mask())
    nobody[0, 0] = True

    def runs(m):
        return {"size": m.shape, "counts": encode(m)}

    entries = [
        {"image_id": "a", "category_id": 1, "segmentation": runs(m), "score": score}
        for m, score in ((nobody, float("nan")), (mask(), 0.9), (nobody, 0.3))
    ]
    (tmp_path / "results.json").write_text(json.dumps(entries))
    assert np.array_equal(MaskPlaces([tmp_path / "results.json"]).read("a"), mask())
    masks = np.stack([nobody, mask()], axis=2)
    np.savez(tmp_path / "b.npz", masks=masks, class_ids=[1, 1], scores=[np.nan, 0.9])
    assert np.array_equal(read_mask(tmp_path / "b.npz"), mask())

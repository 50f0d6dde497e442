"""Joints of every skeleton: told by number or name, completed, counted, refused if not finite."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.io import savemat

from data_tools.people.build import Rules
from data_tools.people.candidate import Dropped, People
from data_tools.people.coco import CocoPersons
from data_tools.people.joints import complete
from data_tools.people.lsp import LspJoints
from data_tools.people.openpose import joints_found, read_people
from minipose.skeletons import BODY_25, COCO_17, COCO_23, HALPE_26, LSP_14, MPII_16
from tests.data_tools.people.test_joints import lsp_points
from tests.data_tools.people_trees import person, save_people


def test_coco_with_feet_whole_bodies_and_halpe(tmp_path):
    """Joint k of each list lies at (10 + k, 20); feet come after the 17, or in their own list."""

    def flat(count, start=0):
        return [v for k in range(start, start + count) for v in (10 + k, 20, 2)]

    kinds = {
        "feet": {"keypoints": flat(23)},
        "whole": {"keypoints": flat(17), "foot_kpts": flat(6, 17), "face_kpts": [0] * 204},
        "openmmlab": {"keypoints": flat(133)},
    }
    annotations = [{"image_id": i, "category_id": 1} | k for i, k in enumerate(kinds.values())]
    annotations.append({"image_id": 3, "category_id": 1, "keypoints": flat(136)})
    annotations.append({"image_id": 4, "category_id": 1, "keypoints": flat(26)})
    images = [{"id": i, "file_name": f"{i}.jpg"} for i in range(5)]
    (tmp_path / "annotations.json").write_text(
        json.dumps({"images": images, "annotations": annotations})
    )
    coco = CocoPersons(tmp_path / "annotations.json")
    for i in range(3):
        (joints,) = people = coco.people(tmp_path / f"{i}.jpg")
        assert people.possible == 23 and np.count_nonzero(joints[:, 2]) == 23
        for name, k in (("left big toe", 17), ("left heel", 19), ("right small toe", 21)):
            assert joints[BODY_25.index(name), 0] == 10 + k
        assert not joints[[BODY_25.index("neck"), BODY_25.index("mid hip")]].any()
    for i in (3, 4):
        (joints,) = people = coco.people(tmp_path / f"{i}.jpg")
        assert people.possible == 25 and joints[BODY_25.index("right small toe"), 0] == 10 + 23


def test_names_in_the_annotation_tell_the_joints_and_the_person(tmp_path):
    """25 joints in an order of their own; the person is category 0, a bicycle 1."""
    names = [name.replace(" ", "_") for name in BODY_25[::-1]]
    names[names.index("mid_hip")] = "pelvis"
    keypoints = [v for k in range(25) for v in (10 + k, 20, 2)]
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "categories": [{"id": 1, "name": "bicycle"}, {"id": 0, "name": "person",
                                                      "keypoints": names}],
        "annotations": [{"image_id": 1, "category_id": 0, "keypoints": keypoints},
                        {"image_id": 1, "category_id": 1, "keypoints": keypoints}],
    }  # fmt: skip
    (tmp_path / "annotations.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(content).encode())
    (joints,) = people = CocoPersons(tmp_path / "annotations.json").people(tmp_path / "a.jpg")
    assert people.possible == 25
    np.testing.assert_array_equal(joints[:, 0], 10 + np.arange(25)[::-1])


def test_two_annotated_pictures_of_one_name_are_not_mixed(tmp_path):
    images = [{"id": n, "file_name": f"{folder}/a.jpg"} for n, folder in enumerate("xy")]
    people = [{"image_id": n, "category_id": 1, "keypoints": [5, 5, 2] * 17} for n in (0, 1)]
    (tmp_path / "annotations.json").write_text(
        json.dumps({"images": images, "annotations": people})
    )
    with pytest.raises(Dropped, match="two pictures of this name"):
        CocoPersons(tmp_path / "annotations.json").people(tmp_path / "a.jpg")


def test_neck_and_mid_hip_are_the_middles_where_a_skeleton_has_none():
    joints = np.zeros((25, 3))
    for name, place in (("left shoulder", (10, 4, 1)), ("right shoulder", (20, 6, 0.5)),
                        ("left hip", (12, 30, 1)), ("right hip", (18, 30, 1))):  # fmt: skip
        joints[BODY_25.index(name)] = place
    neck, hip = BODY_25.index("neck"), BODY_25.index("mid hip")
    done = complete(joints, COCO_17)
    assert done[neck].tolist() == [15, 5, 0.5] and done[hip].tolist() == [15, 30, 1]
    assert np.count_nonzero(done[:, 2]) == 6 and not joints[neck].any()
    assert not complete(joints, BODY_25)[neck].any()  # OpenPose looked for it, and found none
    assert complete(joints, LSP_14)[hip].any() and not complete(joints, LSP_14)[neck].any()
    joints[BODY_25.index("left hip")] = 0
    assert not complete(joints, COCO_17)[hip].any()


@pytest.mark.parametrize(
    ("skeleton", "enough"), [(LSP_14, 11), (MPII_16, 12), (COCO_17, 15), (COCO_23, 20),
                             (HALPE_26, 22), (BODY_25, 22)]
)  # fmt: skip
def test_22_of_25_in_proportion(skeleton, enough):
    assert Rules().enough(People([], skeleton).possible) == enough
    assert Rules(min_joints=9).enough(People([], skeleton).possible) == 9


def test_25_joints_in_another_order_are_refused(tmp_path):
    """OpenPose's BODY_25B: eyes, ears, shoulders, ... left before right, neck and head top last."""
    standing = {
        "nose": (50, 20), "left eye": (53, 17), "right eye": (47, 17), "left ear": (57, 19),
        "right ear": (43, 19), "left shoulder": (65, 40), "right shoulder": (35, 40),
        "left elbow": (70, 60), "right elbow": (30, 60), "left wrist": (72, 80),
        "right wrist": (28, 80), "left hip": (58, 85), "right hip": (42, 85),
        "left knee": (58, 120),
        "right knee": (42, 120), "left ankle": (58, 155), "right ankle": (42, 155),
        "neck": (50, 40), "mid hip": (50, 85), "head top": (50, 5), "left big toe": (60, 162),
        "left small toe": (63, 161), "left heel": (57, 158), "right big toe": (40, 162),
        "right small toe": (37, 161), "right heel": (43, 158),
    }  # fmt: skip
    body_25b = (*COCO_17, "neck", "head top", *COCO_23[17:])

    def save(names):
        save_people(tmp_path / "a.json", [np.array([(*standing[n], 0.9) for n in names])])

    save(BODY_25)
    assert joints_found(read_people(tmp_path / "a.json")[0]) == 25
    save(body_25b)
    with pytest.raises(Dropped, match="not in BODY_25's order"):
        read_people(tmp_path / "a.json")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1e999])
def test_no_reader_lets_a_joint_pass_that_is_no_number(tmp_path, value):
    found = person()
    for place in range(3):
        numbers = found.ravel().tolist()
        numbers[3 * 4 + place] = value
        (tmp_path / "a.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": numbers}]}))
        with pytest.raises(Dropped, match="not a finite number"):
            read_people(tmp_path / "a.json")
        numbers = [v for k in range(17) for v in (8 + k, 9 + k, 2)]
        numbers[3 * 4 + place] = value
        content = {
            "images": [{"id": 1, "file_name": "a.jpg"}],
            "annotations": [{"image_id": 1, "category_id": 1, "keypoints": numbers}],
        }
        (tmp_path / "annotations.json").write_text(json.dumps(content))
        with pytest.raises(Dropped, match="not a finite number"):
            CocoPersons(tmp_path / "annotations.json").people(tmp_path / "a.jpg")
        if value is not None:
            points = lsp_points(1.0)
            points[0, 4, place] = value
            for axes in ((2, 1, 0), (1, 2, 0)):
                savemat(tmp_path / "joints.mat", {"joints": points.transpose(axes)})
                if place == 2 and np.isinf(value):
                    continue  # a flag: set
                with pytest.raises(Dropped, match="not a finite number"):
                    LspJoints(tmp_path / "joints.mat").people(tmp_path / "im0001.jpg")

"""OpenPose files and the sources' own joints, well-formed and not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.io import savemat

from data_tools.people.build import Rules, make_person
from data_tools.people.candidate import Dropped
from data_tools.people.coco import CocoPersons
from data_tools.people.lsp import LspJoints
from data_tools.people.mpii import MpiiJoints
from data_tools.people.openpose import joints_found, read_people
from data_tools.people.sources import Places, open_source
from minipose.skeletons import BODY_25, LSP_14, MPII_16
from tests.data_tools.people_trees import mask, person, picture, save_mask, save_people

# --- OpenPose -------------------------------------------------------------------------------------


def test_people_of_all_versions(tmp_path):
    for version in (1.2, 1.3, None):
        save_people(tmp_path / "a.json", [person(22), person(3)], version)
        first, second = read_people(tmp_path / "a.json")
        assert np.allclose(first, person(22), atol=1e-4)
        assert (joints_found(first), joints_found(second)) == (22, 3)


def test_the_reports_way_of_counting():
    joints = person(22)
    joints[0, 0] = 0  # 65 numbers that are not 0
    assert joints_found(joints) == 21


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"people": [{"pose_keypo', "keypoint file unreadable"),
        ("[]", "keypoint file is not OpenPose's"),
        ('{"people": {}}', "keypoint file is not OpenPose's"),
        ('{"people": [[1, 2]]}', "keypoint file is not OpenPose's"),
        ('{"people": [{"face": []}]}', "keypoint file is not OpenPose's"),
        (json.dumps({"people": [{"pose_keypoints": [0] * 54}]}), "keypoints are COCO-18"),
        (json.dumps({"people": [{"pose_keypoints_2d": [0] * 54}]}), "keypoints are COCO-18"),
        (json.dumps({"people": [{"pose_keypoints_2d": [0] * 74}]}), "keypoints of an unknown"),
        (json.dumps({"people": [{"pose_keypoints_2d": ["x"] * 75}]}), "keypoints are no numbers"),
        ('{"people": [{"pose_keypoints_2d": [NaN' + ", 1" * 74 + "]}]}", "a joint is not a finite"),
        (json.dumps({"people": [{"pose_keypoints_2d": [0.4] * 75}]}), "keypoints are scaled"),
        (json.dumps({"people": [{"pose_keypoints_2d": [-0.4, 0.9, 1] * 25}]}), "keypoints are sc"),
    ],
)
def test_what_only_looks_like_body_25_is_refused(tmp_path, text, reason):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(Dropped) as dropped:
        read_people(tmp_path / "a.json")
    assert dropped.value.reason.startswith(reason)


def test_joints_that_a_labeller_never_gives_are_not_asked_for(tmp_path):
    """A file of ``data_tools label`` says which; whatever else stands there says nothing."""
    toes = ["left small toe", "right small toe"]
    for labeller, possible in (({"absent": toes}, 23), ({"absent": 5}, 25), (5, 25), ({}, 25)):
        people = [{"pose_keypoints_2d": person().ravel().tolist()}]
        content = {"version": 1.3, "people": people, "labeller": labeller}
        (tmp_path / "a.json").write_text(json.dumps(content))
        found = read_people(tmp_path / "a.json")
        assert found.possible == possible and len(found) == 1
    assert Rules().enough(23) == 20


def test_nobody_and_an_all_zero_person_are_no_errors(tmp_path):
    save_people(tmp_path / "a.json", [])
    assert read_people(tmp_path / "a.json") == []
    save_people(tmp_path / "a.json", [person(0)])
    assert joints_found(read_people(tmp_path / "a.json")[0]) == 0


# --- LSP ------------------------------------------------------------------------------------------


def lsp_points(flag: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.concatenate([rng.uniform(1, 30, (2, 14, 2)), np.full((2, 14, 1), flag)], axis=2)


def test_layout_is_told_by_the_axis_of_14(tmp_path):
    points = lsp_points(0.0)  # (N, joint, x y flag)
    points[1, 3, 2] = 1
    savemat(tmp_path / "joints.mat", {"joints": points.transpose(2, 1, 0)})
    lsp = LspJoints(tmp_path / "joints.mat")
    assert lsp.layout == "lsp"
    (first,), (second,) = (lsp.people(tmp_path / f"im000{n}.jpg") for n in (1, 2))
    ankle, hip = BODY_25.index("right ankle"), BODY_25.index("left hip")
    assert np.allclose(first[ankle], [*points[0, 0, :2], 1])
    assert np.allclose(second[hip], [*points[1, 3, :2], 0.5])  # occluded, still in place
    assert np.count_nonzero(first[:, 2]) == 13  # all but the head's top

    points = lsp_points(1.0)
    points[0, 0] = (-30, -2, 0)
    savemat(tmp_path / "joints.mat", {"joints": points.transpose(1, 2, 0)})
    extended = LspJoints(tmp_path / "joints.mat")
    assert extended.layout == "lspet"
    (first,) = extended.people(tmp_path / "im00001.jpg")
    assert not first[ankle].any() and np.count_nonzero(first[:, 2]) == 12
    for name in ("im00003", "im00000", "portrait"):
        with pytest.raises(Dropped, match="no joints for this picture"):
            extended.people(tmp_path / f"{name}.jpg")


def test_other_joint_files_are_refused(tmp_path):
    savemat(tmp_path / "joints.mat", {"joints": np.zeros((3, 13, 5))})
    with pytest.raises(ValueError, match=r"expected \(3, 14, N\) or \(14, 3, N\)"):
        LspJoints(tmp_path / "joints.mat")
    savemat(tmp_path / "joints.mat", {"other": 1})
    with pytest.raises(ValueError, match="no readable variable 'joints'"):
        LspJoints(tmp_path / "joints.mat")


def test_names_agree_between_skeletons():
    assert sum(name in BODY_25 for name in LSP_14) == 13
    assert sum(name in BODY_25 for name in MPII_16) == 14


# --- MPII -----------------------------------------------------------------------------------------


def struct_array(*entries: dict) -> np.ndarray:
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    out = np.zeros((1, len(entries)), dtype=[(name, object) for name in names])
    for i, entry in enumerate(entries):
        for name in names:
            out[0, i][name] = entry.get(name, np.zeros((0, 0)))
    return out


def save_mpii(path) -> None:
    def point(k, visible):
        return {"x": 10.0 + k, "y": 20.0 + k, "id": k, "is_visible": visible}

    def rectangle(*points):
        return {"x1": 1, "annopoints": struct_array({"point": struct_array(*points)})}

    odd = [point(9, "1"), point(0, 0), point(15, np.zeros((0, 0))), point(6, "0")]
    pictures = [
        {"image": struct_array({"name": "one.jpg"}), "annorect": struct_array(rectangle(*odd))},
        {
            "image": struct_array({"name": "two.jpg"}),
            "annorect": struct_array(rectangle(point(1, 1)), {"x1": 1}),
        },
        {"image": struct_array({"name": "test.jpg"}), "annorect": struct_array({"x1": 3})},
        {"image": struct_array({"name": "none.jpg"}), "annorect": np.zeros((0, 0))},
    ]
    release = struct_array({"annolist": struct_array(*pictures), "img_train": [[1, 1, 0, 1]]})
    savemat(path, {"RELEASE": release})


def test_official_struct_with_its_irregularities(tmp_path):
    save_mpii(tmp_path / "mpii_human_pose_v1_u12_1.mat")
    mpii = MpiiJoints(tmp_path / "mpii_human_pose_v1_u12_1.mat")
    (one,) = mpii.people(tmp_path / "one.jpg")
    where = {name: one[BODY_25.index(name)] for name in ("right ankle", "left wrist", "mid hip")}
    assert np.allclose(where["right ankle"], [9, 19, 0.5])  # counted from 1 there
    assert np.allclose(where["left wrist"], [24, 34, 1])
    assert np.allclose(where["mid hip"], [15, 25, 0.5])
    assert np.count_nonzero(one[:, 2]) == 3  # the head's top is not in BODY_25
    assert len(mpii.people(tmp_path / "two.jpg")) == 2
    assert mpii.people(tmp_path / "none.jpg") == []
    with pytest.raises(Dropped, match="test set"):
        mpii.people(tmp_path / "test.jpg")
    with pytest.raises(Dropped, match="does not name it"):
        mpii.people(tmp_path / "else.jpg")
    savemat(tmp_path / "a.mat", {"other": 1})
    with pytest.raises(ValueError, match="no readable struct 'RELEASE'"):
        MpiiJoints(tmp_path / "a.mat")


def test_hrnet_style_json(tmp_path):
    joints = [[11.0 + k, 21.0] for k in range(16)]
    entry = {"image": "a.jpg", "joints": joints, "joints_vis": [0] + [1] * 15}
    (tmp_path / "train.json").write_text(json.dumps([entry, entry | {"image": "b.jpg"}, entry]))
    (tmp_path / "images").mkdir()
    for name in "ab":
        picture().save(tmp_path / "images" / f"{name}.jpg")
        save_mask(tmp_path / "masks" / f"{name}.png", mask())
    source = open_source(tmp_path, Places())
    assert source.kind == "mpii"
    two, one = source.candidates
    with pytest.raises(Dropped, match="more than one person: 2"):
        make_person(two, Rules(min_joints=1))
    (joints_b,) = one.people()
    assert not joints_b[BODY_25.index("right ankle")].any()
    assert np.allclose(joints_b[BODY_25.index("right knee")], [11, 20, 1])
    (tmp_path / "train.json").write_text(json.dumps([entry | {"joints": joints[:15]}]))
    with pytest.raises(ValueError, match=r"entry 0: joints \(15, 2\)"):
        open_source(tmp_path, Places())


# --- COCO -----------------------------------------------------------------------------------------


def test_coco_annotations(tmp_path):
    keypoints = [v for k in range(17) for v in (8 + k, 9 + k, [0, 1, 2][k % 3])]
    box = [8, 10, 30, 10, 30, 50, 8, 50]
    base = {"category_id": 1, "iscrowd": 0, "area": 880, "segmentation": [box]}
    annotations = [
        base | {"image_id": 1, "keypoints": keypoints},
        base | {"image_id": 2},
        base | {"image_id": 3, "iscrowd": 1, "keypoints": keypoints},
        base | {"image_id": 4, "keypoints": keypoints[:50]},
        base | {"image_id": 1, "category_id": 18},
    ]
    images = [{"id": n, "file_name": f"{n:04d}.jpg"} for n in (1, 2, 3, 4, 5)]
    (tmp_path / "annotations.json").write_text(
        json.dumps({"images": images, "annotations": annotations})
    )
    coco = CocoPersons(tmp_path / "annotations.json")
    (joints,) = coco.people(tmp_path / "0001.jpg")
    assert not joints[BODY_25.index("nose")].any()
    assert np.allclose(joints[BODY_25.index("left eye")], [9, 10, 0.5])
    assert np.allclose(joints[BODY_25.index("right eye")], [10, 11, 1])
    assert not joints[BODY_25.index("neck")].any()  # COCO has none
    assert coco.people(tmp_path / "0005.jpg") == []
    for name, message in (
        ("0002", "no 'keypoints'"),
        ("0003", "a crowd"),
        ("0004", "50 numbers"),
        ("0009", "does not name it"),
    ):
        with pytest.raises(Dropped, match=message):
            coco.people(tmp_path / f"{name}.jpg")
    got = coco.mask(tmp_path / "0001.jpg", (60, 40))
    assert np.array_equal(got, mask())
    assert coco.mask(tmp_path / "0005.jpg", (60, 40)) is None
    (tmp_path / "annotations.json").write_text("[1]")
    with pytest.raises(ValueError, match="not a COCO annotation file"):
        CocoPersons(tmp_path / "annotations.json")

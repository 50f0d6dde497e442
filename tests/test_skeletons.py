"""Names, parents and sides of the skeletons, checked against each other and against real poses."""

import numpy as np
import pytest

from minipose import skeletons
from minipose.skeletons import (
    BODY_25,
    BODY_25_LIMBS,
    COCO_17,
    H36M_17,
    H36M_17_EDGES,
    H36M_17_OF_32,
    H36M_17_PARENTS,
    H36M_17_SIDES,
    H36M_32,
    H36M_32_PARENTS,
    LSP_14,
    MPII_16,
    indices_by_name,
    mirrored,
)


def test_the_report_s_subset():
    """Report 1, eq. 1 counts from 1."""
    from_one = [1, 2, 3, 4, 7, 8, 9, 13, 14, 15, 16, 18, 19, 20, 26, 27, 28]
    assert [i + 1 for i in H36M_17_OF_32] == from_one
    named = [H36M_32[i] for i in H36M_17_OF_32]
    assert named[:4] == ["Hips", "RightUpLeg", "RightLeg", "RightFoot"]
    assert named[11:14] == ["LeftArm", "LeftForeArm", "LeftHand"]


def test_edges_of_the_subset_follow_the_full_tree():
    """An edge of the 17 is a path of the 32 over joints that were left out.

    LeftShoulder and RightShoulder lie where the neck is, so shoulders hang on the neck.
    """
    same_place = {16: 13, 24: 13}
    for child, parent in enumerate(H36M_17_PARENTS):
        if parent < 0:
            continue
        place = H36M_32_PARENTS[H36M_17_OF_32[child]]
        while place not in H36M_17_OF_32:
            place = same_place.get(place, H36M_32_PARENTS[place])
        assert H36M_17_OF_32.index(place) == parent
    edges = "1-2 2-3 3-4 1-5 5-6 6-7 1-8 8-9 9-10 10-11 9-12 12-13 13-14 9-15 15-16 16-17"
    expected = [tuple(int(n) - 1 for n in edge.split("-")) for edge in edges.split()]
    assert sorted(H36M_17_EDGES) == sorted(expected)


@pytest.mark.parametrize("parents", [H36M_32_PARENTS, H36M_17_PARENTS])
def test_parents_come_before_their_children(parents):
    assert parents[0] == -1 and all(0 <= p < j for j, p in enumerate(parents) if j)


def test_sides_are_those_of_the_full_skeleton():
    for joint, side in zip(H36M_17_OF_32, H36M_17_SIDES, strict=True):
        word = next((w for w in ("Left", "Right") if H36M_32[joint].startswith(w)), "middle")
        assert word.lower() == side


@pytest.mark.parametrize("names", ["H36M_32", "H36M_17", "BODY_25", "LSP_14", "MPII_16", "COCO_17"])
def test_every_skeleton_names_its_joints_once(names):
    joints = getattr(skeletons, names)
    assert len(set(joints)) == len(joints) == int(names.split("_")[1])


def test_body_25_limbs_join_all_joints_in_one_tree():
    assert len(BODY_25_LIMBS) == 24
    reached = {8}
    for _ in BODY_25_LIMBS:
        reached |= {j for limb in BODY_25_LIMBS if reached & set(limb) for j in limb}
    assert reached == set(range(25))
    sides = [{BODY_25[a].split()[0], BODY_25[b].split()[0]} for a, b in BODY_25_LIMBS]
    assert not any({"left", "right"} <= s for s in sides)


@pytest.mark.parametrize(
    ("source", "shared"), [(LSP_14, 13), (MPII_16, 14), (COCO_17, 17), (BODY_25, 25)]
)
def test_joints_are_mapped_by_name(source, shared):
    """LSP's head top and MPII's upper neck and head top have no place in BODY_25."""
    places = indices_by_name(source)
    for name, place in zip(BODY_25, places, strict=True):
        assert (name not in source) if place < 0 else source[place] == name
    assert sum(p >= 0 for p in places) == shared


@pytest.mark.parametrize("names", [H36M_17, BODY_25, LSP_14, MPII_16, COCO_17])
def test_mirroring_swaps_every_pair_and_is_its_own_inverse(names):
    partner = mirrored(names)
    assert [partner[p] for p in partner] == list(range(len(names)))
    moved = [j for j, p in enumerate(partner) if p != j]
    assert [j for j, n in enumerate(names) if n.startswith(("left", "right"))] == moved


def test_real_people_are_symmetric_about_these_names(shared):
    """In real Human3.6M poses left and right limbs are equally long, and knees are below hips."""
    poses = np.load(shared("data", "real", "h36m_report1", "poses_h36m_walking.npz"))
    key = next(k for k in poses.files if poses[k].shape[1:] == (17, 3) and "pred" not in k)
    lengths = np.stack(
        [np.linalg.norm(poses[key][:, a] - poses[key][:, b], axis=-1) for a, b in H36M_17_EDGES]
    )
    partner = mirrored(H36M_17)
    for edge, (a, b) in enumerate(H36M_17_EDGES):
        other = H36M_17_EDGES.index((partner[a], partner[b]))
        np.testing.assert_allclose(lengths[edge], lengths[other], atol=0.05)
    down = poses[key][..., 1]
    assert (down[:, H36M_17.index("left ankle")] > down[:, H36M_17.index("head top")]).all()

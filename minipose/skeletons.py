"""Names, parents and limbs of the skeletons that the data sets use.

Left and right are the person's own. Human3.6M's 32 joints and its 17-joint subset are report 1's;
BODY_25 is OpenPose's, report 2's. LSP, MPII, COCO and Halpe have other joints and are mapped to
BODY_25 by name.
"""

from __future__ import annotations

H36M_32 = (
    "Hips", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase", "RightToeSite",
    "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "LeftToeSite",
    "Spine", "Spine1", "Neck", "Head", "HeadSite",
    "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "LeftHandThumb", "LeftThumbSite",
    "LeftWristEnd", "LeftWristSite",
    "RightShoulder", "RightArm", "RightForeArm", "RightHand", "RightHandThumb", "RightThumbSite",
    "RightWristEnd", "RightWristSite",
)  # fmt: skip
H36M_32_PARENTS = (
    -1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14,
    12, 16, 17, 18, 19, 20, 19, 22, 12, 24, 25, 26, 27, 28, 27, 30,
)  # fmt: skip

# Report 1, eq. 1, there counted from 1. Legs come right first, arms left first.
H36M_17_OF_32 = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
H36M_17 = (
    "pelvis", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
    "spine", "neck", "head", "head top",
    "left shoulder", "left elbow", "left wrist", "right shoulder", "right elbow", "right wrist",
)  # fmt: skip
H36M_17_PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
H36M_17_EDGES = tuple((p, j) for j, p in enumerate(H36M_17_PARENTS) if p >= 0)
H36M_17_SIDES = tuple(
    "left" if name.startswith("left") else "right" if name.startswith("right") else "middle"
    for name in H36M_17
)

BODY_25 = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist",
    "left shoulder", "left elbow", "left wrist", "mid hip",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
    "right eye", "left eye", "right ear", "left ear",
    "left big toe", "left small toe", "left heel", "right big toe", "right small toe",
    "right heel",
)  # fmt: skip
BODY_25_LIMBS = (
    (1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12),
    (12, 13), (13, 14), (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20),
    (14, 21), (11, 22), (22, 23), (11, 24),
)  # fmt: skip

LSP_14 = (
    "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
    "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
    "neck", "head top",
)  # fmt: skip
MPII_16 = (
    "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
    "mid hip", "neck", "upper neck", "head top",
    "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
)  # fmt: skip
COCO_17 = (
    "nose", "left eye", "right eye", "left ear", "right ear",
    "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist",
    "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
)  # fmt: skip
# COCO with its foot annotation, which is also how COCO-WholeBody begins.
COCO_23 = COCO_17 + (
    "left big toe", "left small toe", "left heel", "right big toe", "right small toe",
    "right heel",
)  # fmt: skip
HALPE_26 = COCO_17 + (
    "head top", "neck", "mid hip", "left big toe", "right big toe", "left small toe",
    "right small toe", "left heel", "right heel",
)  # fmt: skip


def indices_by_name(source: tuple[str, ...], target: tuple[str, ...] = BODY_25) -> list[int]:
    """For each joint of ``target`` the index of the same name in ``source``, or −1 if absent."""
    return [source.index(name) if name in source else -1 for name in target]


def mirrored(names: tuple[str, ...]) -> list[int]:
    """The permutation that swaps left and right joints, for flipped images."""
    swap = {"left": "right", "right": "left"}
    partner = []
    for name in names:
        side, _, rest = name.partition(" ")
        partner.append(names.index(f"{swap[side]} {rest}" if side in swap else name))
    return partner

"""Report 1's job in the viewer: the crop, and a pose in space that can be turned."""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.datasets.h36m import LABELS, H36MStore
from minipose.experiments.pose3d.outputs import predict
from minipose.experiments.pose3d.recipe import Recipe
from minipose.metrics import joint_errors
from minipose.nn import Module
from minipose.page.overlays import picture
from minipose.page.people_view import joints
from minipose.skeletons import H36M_17, H36M_17_EDGES

SKELETON = {"names": list(H36M_17), "limbs": [list(edge) for edge in H36M_17_EDGES]}


def samples(store: H36MStore, rows: np.ndarray) -> list[dict[str, Any]]:
    """Of each frame: where it comes from, the crop, its true joints in px and in mm."""
    images, places = store.read("images", rows), store.read("keypoints_2d", rows)
    poses = store.read("joints_3d", rows)
    made = []
    for row, image, flat, pose in zip(rows, images, places, poses, strict=True):
        inside = ((flat >= 0) & (flat < image.shape[0])).all(axis=1)
        made.append(
            {
                "name": _name(store, int(row)),
                "size": [image.shape[1], image.shape[0]],
                "picture": picture(image),
                "joints": joints(flat, inside),
                "pose": millimetres(pose),
            }
        )
    return made


def found(net: Module, store: H36MStore, rows: np.ndarray, recipe: Recipe) -> list[dict[str, Any]]:
    """The pose that the network finds in each frame, and how far it is off."""
    poses = predict(net, store, rows).reshape(-1, 17, 3)
    errors = joint_errors(poses, store.read("joints_3d", rows)).mean(axis=1)
    return [
        {"pose": millimetres(pose), "note": f"MPJPE {error:.0f} mm", "error": float(error)}
        for pose, error in zip(poses, errors, strict=True)
    ]


def millimetres(pose: np.ndarray) -> list[list[float]]:
    """Joints (17, 3) relative to the pelvis, to a tenth of a millimetre."""
    return [[round(float(v), 1) for v in xyz] for xyz in pose - pose[0]]


def _name(store: H36MStore, row: int) -> str:
    subject, action, subaction, camera, frame = (store.labels[n][row] for n in LABELS)
    return f"S{subject}, {store.actions[action]} {subaction}, camera {camera}, frame {frame}"

"""A photograph that came through the page: what a network finds in it, as the viewer's layers.

It stays in memory: nothing of it is written to the disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from minipose.datasets.picture_files import read_rgb
from minipose.errors import UserError
from minipose.experiments.trained import read_network
from minipose.page import people_view, pose_view
from minipose.page.overlays import PREDICTION, layer, picture, scaled
from minipose.page.runs import RunFolder
from minipose.predict.drawing import summary
from minipose.predict.networks import load_networks
from minipose.predict.person import Result, check_picture, predict_picture
from minipose.predict.settings import NO_POSE

Answer = dict[str, Any]  # "skeleton", "sample" and "found", as in a viewer of one picture


class Upload(io.BytesIO):
    """The bytes of a picture file, which messages call by its name."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


def predictor(run: RunFolder, device: str = "cpu") -> Callable[[Upload], Answer]:
    """What looks at a photograph as this run's network does.

    Raises
    ------
    UserError
        If the run has no network yet.
    """
    best = run.folder / "best.npz"
    if not best.is_file():
        raise UserError(f"there is no best.npz in {run.folder}")
    if read_network(best).job == "people":
        networks, answer = load_networks(best, NO_POSE, device), _person
    else:  # the silhouette is found by the network that comes with minipose
        networks, answer = load_networks(best, None, device), _pose

    def look(upload: Upload) -> Answer:
        image = read_rgb(upload)
        check_picture(image, path=upload)
        found = predict_picture(networks, image)
        if networks.pose3d is not None and not found.person:  # then all of it is looked at
            found = predict_picture(networks, image, mask=np.ones(image.shape[:2], bool))
        return answer(found, upload.name)

    return look


def _person(found: Result, name: str) -> Answer:
    image, factor = scaled(found.image)
    height, width = image.shape[:2]
    mask, _ = scaled((255 * found.mask).astype(np.uint8))
    answer: dict[str, Any] = {"mask": layer(mask / 255, PREDICTION)}
    if found.keypoints is not None:
        places = (found.keypoints[:, :2] + 0.5) * factor - 0.5
        answer["joints"] = people_view.joints(places, found.present, found.keypoints[:, 2])
    sample = {"name": name, "size": [width, height], "picture": picture(image)}
    return {
        "skeleton": people_view.SKELETON,
        "sample": sample,
        "found": answer | {"note": " ".join(summary(found)) or "A mask, and no joints."},
    }


def _pose(found: Result, name: str) -> Answer:
    size = [found.crop.shape[1], found.crop.shape[0]]
    pose = {
        "pose": pose_view.millimetres(found.joints_3d),
        "note": " ".join(summary(found)) + " On the left is what the network saw.",
    }
    sample = {"name": name, "size": size, "picture": picture(found.crop)}
    return {"skeleton": pose_view.SKELETON, "sample": sample, "found": pose}

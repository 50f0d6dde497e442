"""A photograph that came through the page: what is found in it, as the viewer's layers.

It stays in memory: nothing of it is written to the disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from minipose.datasets.picture_files import read_rgb
from minipose.page import people_view, pose_view
from minipose.page.overlays import HEAT, PREDICTION, layer, picture, scaled
from minipose.page.runs import RunFolder
from minipose.predict.drawing import summary
from minipose.predict.networks import Networks, load_networks
from minipose.predict.person import Result, check_picture, predict_picture

Answer = dict[str, Any]  # "skeleton", "sample" and "found", as in a viewer of one picture


class Upload(io.BytesIO):
    """The bytes of a picture file, which messages call by its name."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


def predictor(run: RunFolder | None, device: str = "cpu") -> Callable[[Upload], Answer]:
    """What looks at a photograph: this run's network, and for the rest those that come with it.

    Raises
    ------
    UserError
        If the run has no network yet.
    """
    networks = load_networks(None if run is None else run.folder / "best.npz", None, device)

    def look(upload: Upload) -> Answer:
        image = read_rgb(upload)
        check_picture(image, path=upload)
        result = predict_picture(networks, image)
        if not result.person:  # then all of the picture is looked at
            result = predict_picture(networks, image, mask=np.ones(image.shape[:2], bool))
        return answer(networks, result, upload.name)

    return look


def answer(networks: Networks, result: Result, name: str) -> Answer:
    """The layers of what was found in a picture, and what to say of it."""
    small, factor = scaled(result.image)
    sample = {"name": name, "size": [small.shape[1], small.shape[0]], "picture": picture(small)}
    found = _layers(result, factor)
    trained = [f"{line[0].upper()}{line[1:]}." for line in networks.lines()]
    found["note"] = " ".join([*summary(result), *trained])
    return {"skeleton": people_view.SKELETON, "sample": sample, "found": found}


def _layers(result: Result, factor: float) -> dict[str, Any]:
    made: dict[str, Any] = {"mask": layer(_shrunk(result.mask), PREDICTION)}
    if result.heatmap is not None:
        made["heat"] = layer(_shrunk(result.heatmap), HEAT)
    if result.keypoints is not None:
        places = (result.keypoints[:, :2] + 0.5) * factor - 0.5
        made["joints"] = people_view.joints(places, result.present, result.keypoints[:, 2])
    if result.joints_3d is not None:
        made["pose"] = pose_view.millimetres(result.joints_3d)
        made["poseSkeleton"] = pose_view.SKELETON
    if result.fit is not None:
        places = (result.fit.places + 0.5) * factor - 0.5
        made["laid"] = people_view.joints(places, np.ones(len(places), bool))
    return made


def _shrunk(values: np.ndarray) -> np.ndarray:
    """Values 0-1 (H, W) in the size that the picture is shown in."""
    return scaled((255 * np.clip(values, 0, 1)).astype(np.uint8))[0] / 255

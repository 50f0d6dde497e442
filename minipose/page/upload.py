"""A photograph that came through the page: what a network finds in it, as the viewer's layers.

It stays in memory: nothing of it is written to the disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from minipose.errors import UserError
from minipose.experiments.people.predict import Found, predict_picture
from minipose.experiments.pose3d.predict import predict_image
from minipose.experiments.run import load_network
from minipose.page import people_view, pose_view
from minipose.page.overlays import PREDICTION, layer, picture, scaled
from minipose.page.runs import RunFolder
from minipose.plots.people import FOUND

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
    job, net, meta = load_network(best, device)
    recipe = job.recipe(**meta["recipe"])
    if job.name == "people":
        return lambda upload: _person(predict_picture(net, recipe, upload), upload.name)
    return lambda upload: _pose(*predict_image(net, upload), upload.name)


def _person(found: Found, name: str) -> Answer:
    image, factor = scaled(found.image)
    height, width = image.shape[:2]
    mask, _ = scaled((255 * found.mask).astype(np.uint8))
    answer: dict[str, Any] = {"mask": layer(mask / 255, PREDICTION)}
    covered = float((found.mask > 0.5).mean())
    note = f"The mask covers {100 * covered:.0f} % of the picture"
    if found.places is not None:
        sure = found.confidence >= FOUND
        places = (found.places + 0.5) * factor - 0.5
        answer["joints"] = people_view.joints(places, sure, found.confidence)
        note += f"; {int(sure.sum())} of {len(sure)} joints reach a probability of {FOUND}"
    sample = {"name": name, "size": [width, height], "picture": picture(image)}
    return {
        "skeleton": people_view.SKELETON,
        "sample": sample,
        "found": answer | {"note": f"{note}."},
    }


def _pose(pose: np.ndarray, crop: np.ndarray, name: str) -> Answer:
    size = [crop.shape[1], crop.shape[0]]
    found = {
        "pose": pose_view.millimetres(pose),
        "note": "On the left is what the network saw: it was trained on people whose background "
        "is black, so expect a poor pose from a photograph with its background.",
    }
    sample = {"name": name, "size": size, "picture": picture(crop)}
    return {"skeleton": pose_view.SKELETON, "sample": sample, "found": found}

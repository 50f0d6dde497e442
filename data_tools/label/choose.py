"""Which labeller is meant by a name, and which gives masks where the first gives none."""

from __future__ import annotations

from pathlib import Path

from data_tools.label.labeller import Labeller
from data_tools.label.with_mediapipe import MediaPipe
from data_tools.label.with_openpose import OpenPose
from data_tools.label.with_torchvision import Torchvision
from minipose.errors import UserError

LABELLERS = ("mediapipe", "openpose", "maskrcnn")


def open_labeller(name: str, weights: Path | None = None) -> Labeller:
    """A labeller, ready.

    Raises
    ------
    UserError
        If it is not here, with what to install.
    """
    if name == "mediapipe":
        return MediaPipe()
    return OpenPose() if name == "openpose" else Torchvision(weights)


def open_labellers(
    joints: str, masks: str | None = None, weights: Path | None = None
) -> tuple[Labeller, Labeller]:
    """Who gives joints, and who gives masks; the same one if it gives both and none other is named.

    Raises
    ------
    UserError
        If one of them is not here.
    """
    first = open_labeller(joints, weights)
    if masks == joints or (masks is None and "masks" in first.about.gives):
        return first, first
    if masks is not None:
        return first, open_labeller(masks, weights)
    missing = []
    for name in ("maskrcnn", "mediapipe"):
        try:
            return first, open_labeller(name, weights)
        except UserError as error:
            missing.append(str(error))
    raise UserError(f"{joints} gives no masks, and nobody else is here: {'; '.join(missing)}")

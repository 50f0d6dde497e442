"""The person in a picture: the box by the mask, mask and joints by the box, the pose by the mask.

``predict_picture`` is the way in for everything that shows predictions.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import label

from minipose.datasets.crop import box_of, crop_person, largest_piece
from minipose.datasets.resize import STRIP
from minipose.errors import UserError
from minipose.experiments.people.confidence import SURE
from minipose.experiments.people.predict import Found, find
from minipose.experiments.pose3d.predict import find_poses
from minipose.predict.fit import Fit, lay_on_picture
from minipose.predict.networks import Networks

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in px, ends excluded
MARGIN = 0.25  # of the larger side of the mask's box, left around the person in the second look
PIECE = 0.2  # of the largest: smaller pieces of the first look's mask are somebody else
SMALLEST = 0.002  # of the picture: what is smaller is nobody


@dataclass(frozen=True)
class Result:
    """What is in a picture. All px are those of ``image``; whole numbers are pixel centres.

    Attributes
    ----------
    image : uint8 (H, W, 3), upright
    person : whether anybody was found; if not, all below is empty
    box : x0, y0, x1, y1, ends excluded: around the mask
    mask : float32 (H, W), probability of the person, 0 outside of where the network looked
    silhouette : bool (H, W), the largest piece of the mask where it exceeds one half
    keypoints : float64 (25, 3), BODY_25: x, y and confidence, the probability that the joint is in
        the picture; or None where the network finds no joints
    present : bool (25,), confidence at or above the threshold; or None
    heatmap : float32 (H, W), 0-1, of all joints, where the network has that output; or None
    joints_3d : float64 (17, 3), mm, camera frame (x right, y down, z away), pelvis at 0; or None
    fit : how the pose lies on the picture: ``fit.places`` (17, 2) in px, ``fit.confidence`` 0-1;
        or None
    crop : uint8 (128, 128), what the pose was found in; or None
    """

    image: np.ndarray
    person: bool
    box: Box
    mask: np.ndarray
    silhouette: np.ndarray
    keypoints: np.ndarray | None = None
    present: np.ndarray | None = None
    heatmap: np.ndarray | None = None
    joints_3d: np.ndarray | None = None
    fit: Fit | None = None
    crop: np.ndarray | None = None


def predict_picture(
    networks: Networks,
    picture: np.ndarray,
    box: Box | None = None,
    mask: np.ndarray | None = None,
    threshold: float = SURE,
) -> Result:
    """Find mask, joints and pose of the person in one picture.

    Parameters
    ----------
    networks : of ``minipose.predict.networks.load_networks()``
    picture : uint8 (H, W, 3), as ``datasets.picture_files.read_rgb`` reads it
    box : where the person is; by default it is found. The network looks at it with a margin, as
        training pictures have one, and nothing outside of it is the person.
    mask : bool (H, W), the person's silhouette; by default it is found
    threshold : confidence from which a joint counts as present

    Raises
    ------
    UserError
        If the picture is a strip, or box or mask do not fit it.

    Examples
    --------
    >>> from minipose.predict.networks import load_networks
    >>> result = predict_picture(load_networks(), np.zeros((160, 120, 3), np.uint8))
    >>> result.mask.shape
    (160, 120)
    """
    return predict_pictures(networks, [picture], [box], [mask], threshold)[0]


def predict_pictures(
    networks: Networks,
    pictures: Sequence[np.ndarray],
    boxes: Sequence[Box | None] | None = None,
    masks: Sequence[np.ndarray | None] | None = None,
    threshold: float = SURE,
    mirror_too: bool = True,
    views: Sequence[Box | None] | None = None,
) -> list[Result]:
    """The same for several pictures, which go through the networks together.

    Parameters
    ----------
    mirror_too : look at each person in a mirror as well, and find the mean of both: a tenth
        more of the joints in photographs come within 5 px of their places, for twice the work
    views : what to look at instead of everything, where somebody is to be found
    """
    masks = [None] * len(pictures) if masks is None else list(masks)
    boxes = [None] * len(pictures) if boxes is None else list(boxes)
    for picture, box, mask in zip(pictures, boxes, masks, strict=True):
        check_picture(picture, box, mask)
    views = [None] * len(pictures) if views is None else list(views)
    there = [b or (None if m is None else box_of(m)) for b, m in zip(boxes, masks, strict=True)]
    known = [view or _view(*each) for view, *each in zip(views, there, pictures, strict=True)]
    first = [_everything(p) if b is None else b for p, b in zip(pictures, known, strict=True)]
    looks = _look(networks, pictures, first)  # the whole picture, or where somebody is known to be
    unknown = [i for i, box in enumerate(known) if box is None]
    closer = [_box_of_people(looks[i].found.mask, pictures[i]) for i in unknown]
    second = _look(networks, [pictures[i] for i in unknown], closer)
    for i, look in zip(unknown, second, strict=True):
        looks[i] = max(looks[i], look, key=_sureness)
    if mirror_too:
        looks = _look(networks, pictures, [look.box for look in looks], mirror_too)
    results = [
        _in_picture(picture, look, box, mask, threshold)
        for picture, look, box, mask in zip(pictures, looks, boxes, masks, strict=True)
    ]
    return results if networks.pose3d is None else _with_poses(networks, results)


class Look(NamedTuple):
    """What was found in a box of a picture, in px of the box."""

    box: Box
    found: Found


def _look(
    networks: Networks,
    pictures: Sequence[np.ndarray],
    boxes: Sequence[Box],
    mirror_too: bool = False,
) -> list[Look]:
    people = networks.people
    parts = [p[b[1] : b[3], b[0] : b[2]] for p, b in zip(pictures, boxes, strict=True)]
    return list(map(Look, boxes, find(people.net, people.recipe, parts, mirror_too)))


def _sureness(look: Look) -> float:
    """How far the mask's probabilities are from one half, 0-1, where there may be somebody.

    Of two looks the surer one counts: a piece of a person seen from too near is a blur.
    """
    mask = look.found.mask
    somebody = mask > 0.1
    return float(np.abs(2 * mask[somebody] - 1).mean()) if somebody.any() else 0.0


def check_picture(
    picture: np.ndarray,
    box: Box | None = None,
    mask: np.ndarray | None = None,
    path: str | os.PathLike = "",
) -> None:
    """Raises UserError if a picture cannot be looked at; ``path`` is where it comes from."""
    where = f"{path}: " if path else ""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise UserError(
            f"{where}expected a picture uint8 (H, W, 3), got {picture.dtype} {picture.shape}"
        )
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = (0, 0, width, height) if box is None else box
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise UserError(f"{where}the box {tuple(box)} is not inside {width} × {height} px")
    if max(x1 - x0, y1 - y0) > STRIP * min(x1 - x0, y1 - y0):
        raise UserError(
            f"{where}{x1 - x0} × {y1 - y0} px is too narrow, expected at most {STRIP} to 1"
        )
    if mask is not None:
        if mask.shape != (height, width):
            raise UserError(
                f"{where}{width} × {height} px, but the mask has {mask.shape[1]} × {mask.shape[0]}"
            )
        if not mask.any():
            raise UserError(f"{where}no pixel of the mask is bright, so there is no person in it")


def _view(box: Box | None, picture: np.ndarray) -> Box | None:
    return None if box is None else with_room(box, picture.shape)


def _box_of_people(mask: np.ndarray, picture: np.ndarray) -> Box:
    """Around the larger pieces of the mask of a whole picture; the picture if there are none."""
    pieces, count = label(mask > 0.5)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    if sizes.max() < SMALLEST * mask.size:
        return _everything(picture)
    return with_room(
        box_of(np.isin(pieces, np.flatnonzero(sizes >= PIECE * sizes.max()))), mask.shape
    )


def _everything(picture: np.ndarray) -> Box:
    return 0, 0, picture.shape[1], picture.shape[0]


def with_room(box: Box, size: tuple[int, ...]) -> Box:
    """The box with a margin, and no narrower than pictures of people are."""
    height, width = size[:2]
    x0, y0, x1, y1 = box
    margin = MARGIN * max(x1 - x0, y1 - y0)
    half_width = max((x1 - x0) / 2 + margin, (y1 - y0 + 2 * margin) / 4)
    half_height = max((y1 - y0) / 2 + margin, (x1 - x0 + 2 * margin) / 4)
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    return (
        max(0, int(middle_x - half_width)),
        max(0, int(middle_y - half_height)),
        min(width, round(middle_x + half_width)),
        min(height, round(middle_y + half_height)),
    )


def _in_picture(
    picture: np.ndarray, look: Look, box: Box | None, given: np.ndarray | None, threshold: float
) -> Result:
    """What was found in a view, in px of the picture; only what is in ``box`` is the person."""
    (x0, y0, x1, y1), found = look

    def whole(part: np.ndarray | None) -> np.ndarray | None:
        if part is None:
            return None
        plane = np.zeros(picture.shape[:2], np.float32)
        plane[y0:y1, x0:x1] = part
        return plane

    mask = _inside(whole(found.mask), box) if given is None else given.astype(np.float32)
    sure = largest_piece(mask > 0.5) if given is None else given
    if sure.sum() < SMALLEST * (y1 - y0) * (x1 - x0):
        return Result(picture, False, look.box, mask, np.zeros_like(sure))
    keypoints = present = None
    if found.keypoints is not None:
        keypoints = found.keypoints + (x0, y0, 0)
        present = keypoints[:, 2] >= threshold
    return Result(picture, True, box_of(sure), mask, sure, keypoints, present, whole(found.heatmap))


def _inside(mask: np.ndarray, box: Box | None) -> np.ndarray:
    """The mask of a picture, 0 outside of the box."""
    if box is None:
        return mask
    x0, y0, x1, y1 = box
    inside = np.zeros_like(mask)
    inside[y0:y1, x0:x1] = mask[y0:y1, x0:x1]
    return inside


def _with_poses(networks: Networks, results: list[Result]) -> list[Result]:
    """The results, with the pose of everybody found."""
    people = [i for i, result in enumerate(results) if result.person]
    if people:
        crops = np.stack([_crop(results[i]) for i in people])
        for i, crop, joints in zip(people, crops, find_poses(networks.pose3d.net, crops)):
            r = results[i]
            fit = lay_on_picture(joints, r.keypoints, r.present, r.silhouette, r.box)
            results[i] = replace(r, joints_3d=joints, fit=fit, crop=crop)
    return results


def _crop(result: Result) -> np.ndarray:
    """The person alone, as the pose network was trained: uint8 (128, 128)."""
    x0, y0, x1, y1 = result.box
    grey = Image.fromarray(result.image[y0:y1, x0:x1]).convert("L")
    silhouette = result.silhouette[y0:y1, x0:x1]
    return crop_person(np.asarray(grey), (0, 0, x1 - x0, y1 - y0), silhouette)[0]

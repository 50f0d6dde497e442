"""Mask and joints of the person in pictures of any size: the scaling of training, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from minipose.datasets.people import Person
from minipose.datasets.resize import factor_for, resize_bicubic, scale_points
from minipose.evaluation import evaluating
from minipose.experiments.people.confidence import Calibration
from minipose.experiments.people.data import padded_sizes
from minipose.experiments.people.outputs import PIXELS_A_BATCH, Prediction, enlarged, run
from minipose.experiments.people.recipe import Outputs, Recipe
from minipose.experiments.people.train import build
from minipose.nn import Module


@dataclass(frozen=True)
class Found:
    """What is in a picture of H × W px.

    Attributes
    ----------
    mask : float32 (H, W), probability of the person
    keypoints : float64 (25, 3), x and y in px, and the probability that the joint is in the
        picture; None where the network has no joints
    heatmap : float32 (H, W), 0-1, of all joints; None where the network has none
    """

    mask: np.ndarray
    keypoints: np.ndarray | None
    heatmap: np.ndarray | None


def make_network(recipe: Recipe, meta: dict) -> Module:
    """The network that a checkpoint goes into, with the calibration of its confidences."""
    net = build(recipe, meta["seed"])
    if "calibration" in meta:
        net.calibration = Calibration(**meta["calibration"])
    return net


def find(
    net: Module, recipe: Recipe, pictures: Sequence[np.ndarray], mirror_too: bool = False
) -> list[Found]:
    """Masks and joints in pictures uint8 (H, W, 3), in batches of one padded size.

    Parameters
    ----------
    mirror_too : look at each picture in a mirror as well, and find the mean of both

    Raises
    ------
    UserError
        If one is a strip, which would become a picture of any size.
    """
    factors = [factor_for(picture.shape[:2]) for picture in pictures]
    small = [shrunk(picture, factor) for picture, factor in zip(pictures, factors, strict=True)]
    found = _in_batches(net, recipe, small)
    if mirror_too:
        mirrored = _in_batches(net, recipe, [picture[:, ::-1] for picture in small])
        found = [a.mean_with(b) for a, b in zip(found, mirrored, strict=True)]
    return [
        in_whole(prediction, picture.shape[:2], factor, recipe)
        for prediction, picture, factor in zip(found, pictures, factors, strict=True)
    ]


def shrunk(picture: np.ndarray, factor: float) -> np.ndarray:
    """The picture in the size of training; of a much larger one, means of its pixels are taken.

    The bicubic kernel of the report looks at 4 × 4 pixels. In training pictures these lie close
    together; in a photograph of 4,000 px they would be single pixels far apart.
    """
    step = int(0.5 / factor)
    if step > 1:
        height, width = picture.shape[:2]
        reduced = np.asarray(Image.fromarray(picture).reduce(step))
        wanted = (round(factor * height), round(factor * width))
        # The last pixel that is left may stand for fewer; the scale is that of the others.
        return resize_bicubic(reduced, factor * step)[: wanted[0], : wanted[1]]
    return resize_bicubic(picture, factor)


def _in_batches(net: Module, recipe: Recipe, small: Sequence[np.ndarray]) -> list[Prediction]:
    sizes = padded_sizes(np.array([picture.shape[:2] for picture in small]))
    found: list[Prediction | None] = [None] * len(small)
    with evaluating(net):
        for size in np.unique(sizes, axis=0):
            same = np.flatnonzero((sizes == size).all(axis=1))
            batch = max(1, PIXELS_A_BATCH // int(size.prod()))
            for start in range(0, len(same), batch):
                chosen = same[start : start + batch]
                made = run(net, [_nobody(small[i]) for i in chosen], recipe, Outputs())[2]
                for i, prediction in zip(chosen, made, strict=True):
                    found[i] = prediction
    return found


def _nobody(picture: np.ndarray) -> Person:
    blank = np.zeros(picture.shape[:2], np.uint8)
    return Person(picture, blank, np.zeros((25, 3), np.float32))


def in_whole(prediction: Prediction, size: tuple[int, int], factor: float, recipe: Recipe) -> Found:
    """The same in px of the picture that was given."""
    keypoints = heatmap = None
    if prediction.joints is not None:
        places, _ = prediction.joint_places()
        keypoints = np.column_stack([scale_points(places, 1 / factor), prediction.confidence])
    if prediction.regression is not None:
        part = np.clip(prediction.regression / recipe.peak, 0, 1)
        heatmap = enlarged(part, size, factor)
    return Found(enlarged(prediction.mask, size, factor), keypoints, heatmap)

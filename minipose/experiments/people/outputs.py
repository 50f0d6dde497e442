"""From a network's scores to a mask and joints in the picture, for any number of pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.ndimage import gaussian_filter

from minipose import ops
from minipose.backend import to_host
from minipose.datasets.people import PeopleStore, Person
from minipose.devices import device_of
from minipose.evaluation import evaluating
from minipose.experiments.people.augmentation import MIRRORED, as_seen, mirror
from minipose.experiments.people.confidence import UNTOLD, Calibration, calibration_of, evidence
from minipose.experiments.people.data import Batch, grouped, make_batch
from minipose.experiments.people.recipe import Outputs, Recipe
from minipose.nn import Module
from minipose.tensor import Tensor, no_grad
from minipose.training.communicator import ALONE, Communicator

AS_IT_IS = Recipe()  # the report's: the whole picture, and its channels as they are
PIXELS_A_BATCH = 8 * 192 * 128  # without training, memory alone limits the batch
T = TypeVar("T")


@dataclass(frozen=True)
class Prediction:
    """What a network says about one picture.

    Attributes
    ----------
    mask : float32 (H, W), probability of the person
    joints : float32 (26, h, w), probabilities of background and joints in the picture that the
        network saw, or None
    regression : float32 (H, W), the heatmap, or None
    reduced : H and W are about this many times h and w
    blur : σ in px of the network's picture, of the Gaussian that joint channels are blurred with
        before the highest pixel is taken
    evidence : how much of each joint is in its channel, (25,), or None
    calibration : from that to the probability that the joint is there
    right : px of the network's picture, by which joints lie right of their highest pixel
    """

    mask: np.ndarray
    joints: np.ndarray | None = None
    regression: np.ndarray | None = None
    reduced: int = 1
    blur: float = 0.0
    evidence: np.ndarray | None = None
    calibration: Calibration = UNTOLD
    right: float = 0.5

    @property
    def confidence(self) -> np.ndarray:
        """How probable it is that each joint is in the picture, (25,)."""
        return self.calibration(self.evidence)

    def joint_places(self) -> tuple[np.ndarray, np.ndarray]:
        """The pixel where each joint's channel is highest: (25, 2) px x, y; and how high: (25,).

        Targets are drawn at the integer part of a coordinate, which moves joints by half a pixel on
        average; that half is put back. The report takes the channel as it is; blurred, it is
        highest in the middle of a spot rather than somewhere in it.

        Source: report 2, section III.
        """
        channels = self.joints[1:]
        seen = gaussian_filter(channels, (0, self.blur, self.blur)) if self.blur else channels
        best = seen.reshape(len(seen), -1).argmax(axis=1)
        rows, columns = np.unravel_index(best, seen.shape[1:])
        places = np.stack([columns + self.right, rows + 0.5], axis=1)
        # A pixel's centre lies half a pixel from its edge, in both pictures.
        return (places + 0.5) * self.reduced - 0.5, channels.max(axis=(1, 2))

    def mean_with(self, mirrored: Prediction) -> Prediction:
        """The mean of this and of what the network says about the picture in a mirror."""

        def mean(ours: np.ndarray | None, theirs: np.ndarray | None) -> np.ndarray | None:
            return None if ours is None else (ours + theirs[..., ::-1]) / 2

        joints, right, there = None, self.right, self.evidence
        if self.joints is not None:
            joints, right = self._joints_with(mirrored)
        if there is not None:
            there = (there + mirrored.evidence[MIRRORED]) / 2
        return replace(
            self,
            mask=mean(self.mask, mirrored.mask),
            joints=joints,
            evidence=there,
            regression=mean(self.regression, mirrored.regression),
            right=right,
        )

    def _joints_with(self, mirrored: Prediction) -> tuple[np.ndarray, float]:
        """The mean of both pictures' joints, and by how much these lie right of their pixels.

        The integer part of a place is on average half a pixel left of it here, and right of it in
        the mirror. So channels of the mirror are moved by a column, unless the incomplete last
        column of a picture, which the network does not see, moves them the other way: it is at the
        right here, and at the left there.
        """
        # What is a left joint there is a right one here.
        theirs = mirrored.joints[[0, *(1 + other for other in MIRRORED)]][..., ::-1]
        unseen = self.mask.shape[1] / self.reduced - theirs.shape[2]  # of a column
        moved = round(1 - unseen)
        theirs = np.concatenate([theirs[..., moved:], theirs[..., theirs.shape[2] - moved :]], -1)
        return (self.joints + theirs) / 2, (unseen + moved) / 2

    def joint_pictures(self) -> np.ndarray:
        """The joints' probabilities in the whole picture, (26, H, W)."""
        return enlarged(self.joints, self.mask.shape, 1 / self.reduced)


def enlarged(planes: np.ndarray, size: tuple[int, int], factor: float) -> np.ndarray:
    """Values (..., h, w) interpolated between pixel centres to the size (H, W), float32.

    Parameters
    ----------
    factor : h / H, as exactly as it is known: a last row or column that it leaves out is repeated
    """
    if planes.shape[-2:] == tuple(size) and factor == 1:
        return planes
    rows = np.clip((np.arange(size[0]) + 0.5) * factor - 0.5, 0, planes.shape[-2] - 1)
    columns = np.clip((np.arange(size[1]) + 0.5) * factor - 0.5, 0, planes.shape[-1] - 1)
    top, left = rows.astype(int), columns.astype(int)
    bottom = np.minimum(top + 1, planes.shape[-2] - 1)
    right = np.minimum(left + 1, planes.shape[-1] - 1)
    down = (rows - top).astype(np.float32)[:, None]
    across = (columns - left).astype(np.float32)
    between = planes[..., left] * (1 - across) + planes[..., right] * across
    return between[..., top, :] * (1 - down) + between[..., bottom, :] * down


def _logistic(z: np.ndarray) -> np.ndarray:
    """The softmax of two scores that differ by z."""
    return np.exp(-np.logaddexp(0, -z))


def run(
    model: Module, people: list[Person], recipe: Recipe, outputs: Outputs
) -> tuple[Batch, dict[str, Tensor], list[Prediction]]:
    """What the network sees of these people, its scores, and what they mean in each picture."""
    small = [as_seen(person, recipe) for person in people]
    batch = make_batch(small, outputs, recipe.peak, device_of(model), recipe.patch)
    scores = model(Tensor(batch.images))
    # The scores of a mask are enlarged, not its probabilities: borders stay as sharp as they were.
    odds = to_host((scores["mask"][:, 1] - scores["mask"][:, 0]).data)
    joints = regression = None
    reduced = recipe.patch * 2**recipe.halved
    if "joints" in scores:
        joints = to_host(ops.softmax(scores["joints"], axis=1).data)
    if "regression" in scores:
        regression = to_host(scores["regression"].data)[:, 0]
    found = []
    for n, (person, seen) in enumerate(zip(people, small, strict=True)):
        (h, w), size = seen.mask.shape, person.mask.shape
        mask = _logistic(enlarged(odds[n, :h, :w], size, 1 / 2**recipe.halved))
        h, w = h // recipe.patch, w // recipe.patch
        found.append(
            Prediction(
                mask,
                None if joints is None else joints[n, :, :h, :w],
                None if regression is None else enlarged(regression[n, :h, :w], size, 1 / reduced),
                reduced,
                recipe.blur,
                None if joints is None else evidence(joints[n, :, :h, :w], recipe),
                calibration_of(model),
            )
        )
    return batch, scores, found


class Group(NamedTuple):
    """A batch of the store with everything that is known about it; see ``map_groups``.

    ``means`` are those of the predictions for a picture and for its mirror image.
    """

    samples: np.ndarray
    people: list[Person]
    batch: Batch
    scores: dict[str, Tensor]
    predictions: list[Prediction]
    means: list[Prediction] | None = None


def map_groups(
    look: Callable[[Group], T],
    model: Module,
    store: PeopleStore,
    samples: np.ndarray,
    recipe: Recipe,
    outputs: Outputs | None = None,
    mirror_too: bool = False,
    change: Callable[[Person, int], Person] = lambda person, sample: person,
    communicator: Communicator = ALONE,
) -> list[T]:
    """What ``look`` says of all samples with their predictions, in groups of one padded size.

    Each rank looks at its share; all have the whole list.

    Parameters
    ----------
    outputs : whose targets the batches have; by default those of the recipe
    mirror_too : look at each picture in a mirror as well; groups have their ``means``
    change : (person, number of the sample) -> the person to look at, in a picture of the same size
    """
    outputs = recipe.outputs if outputs is None else outputs
    largest = int(store.sizes[samples].prod(axis=1).max())
    said = []
    with evaluating(model):
        groups = grouped(store.sizes, samples, max(1, PIXELS_A_BATCH // largest))
        for group in communicator.share(groups):
            people = [change(store[int(i)], int(i)) for i in group]
            batch, scores, found = run(model, people, recipe, outputs)
            means = None
            if mirror_too:
                others = run(model, [mirror(p) for p in people], recipe, Outputs())[2]
                means = [a.mean_with(b) for a, b in zip(found, others, strict=True)]
            said.append(look(Group(group, people, batch, scores, found, means)))
    return communicator.collect(said)


def predict_array(model: Module, image: np.ndarray, recipe: Recipe = AS_IT_IS) -> Prediction:
    """The prediction for one picture uint8 (H, W, 3), seen as the recipe says."""
    blank = Person(image, np.zeros(image.shape[:2], np.uint8), np.zeros((25, 3), np.float32))
    model.eval()
    with no_grad():
        return run(model, [blank], recipe, Outputs())[2][0]

"""From a network's scores to a mask and joints in the picture, for any number of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minipose import ops
from minipose.backend import to_host
from minipose.datasets.people import PeopleStore, Person
from minipose.devices import device_of
from minipose.experiments.people.data import Batch, grouped, make_batch
from minipose.experiments.people.recipe import Outputs
from minipose.nn import Module
from minipose.tensor import Tensor, no_grad

PIXELS_A_BATCH = 8 * 192 * 128  # without training, memory alone limits the batch


@dataclass(frozen=True)
class Prediction:
    """What a network says about one picture.

    Attributes
    ----------
    mask : float32 (H, W), probability of the person
    joints : float32 (26, H, W), probabilities of background and joints, or None
    regression : float32 (H, W), the heatmap, or None
    """

    mask: np.ndarray
    joints: np.ndarray | None = None
    regression: np.ndarray | None = None

    def joint_places(self) -> tuple[np.ndarray, np.ndarray]:
        """The pixel where each joint's channel is highest, and how high: (25, 2) px x, y; (25,).

        Targets are drawn at the integer part of a coordinate, which moves joints by half a pixel on
        average; that half is put back.

        Source: report 2, section III.
        """
        flat = self.joints[1:].reshape(len(self.joints) - 1, -1)
        best = flat.argmax(axis=1)
        rows, columns = np.unravel_index(best, self.mask.shape)
        places = np.stack([columns, rows], axis=1) + 0.5
        return places, flat[np.arange(len(flat)), best]


def run(
    model: Module, batch: Batch, sizes: list[tuple[int, int]]
) -> tuple[dict[str, Tensor], list[Prediction]]:
    """The scores of a batch, and what they mean for each picture of these (H, W)."""
    scores = model(Tensor(batch.images))
    mask = to_host(ops.softmax(scores["mask"], axis=1).data)[:, 1]
    joints = regression = None
    if "joints" in scores:
        joints = to_host(ops.softmax(scores["joints"], axis=1).data)
    if "regression" in scores:
        regression = to_host(scores["regression"].data)[:, 0]
    found = []
    for n, (h, w) in enumerate(sizes):
        found.append(
            Prediction(
                mask[n, :h, :w],
                None if joints is None else joints[n, :, :h, :w],
                None if regression is None else regression[n, :h, :w],
            )
        )
    return scores, found


class Group(NamedTuple):
    """A batch of the store with everything that is known about it; see ``predicted_groups``."""

    samples: np.ndarray
    people: list[Person]
    batch: Batch
    scores: dict[str, Tensor]
    predictions: list[Prediction]


def predicted_groups(
    model: Module, store: PeopleStore, samples: np.ndarray, outputs: Outputs, peak: float = 100.0
) -> Iterator[Group]:
    """All samples with their predictions, in groups of one padded size."""
    model.eval()
    device = device_of(model)
    largest = int(store.sizes[samples].prod(axis=1).max())
    with no_grad():
        for group in grouped(store.sizes, samples, max(1, PIXELS_A_BATCH // largest)):
            people = [store[int(i)] for i in group]
            batch = make_batch(people, outputs, peak, device)
            scores, found = run(model, batch, [f.mask.shape for f in people])
            yield Group(group, people, batch, scores, found)


def predict_array(model: Module, image: np.ndarray) -> Prediction:
    """The prediction for one picture uint8 (H, W, 3)."""
    blank = Person(image, np.zeros(image.shape[:2], np.uint8), np.zeros((25, 3), np.float32))
    model.eval()
    with no_grad():
        batch = make_batch([blank], Outputs(), device=device_of(model))
        return run(model, batch, [image.shape[:2]])[1][0]

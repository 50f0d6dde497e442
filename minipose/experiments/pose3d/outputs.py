"""What the networks say about frames of a store, and how good a detector's logits are."""

from __future__ import annotations

import numpy as np

from minipose.backend import to_device, to_host
from minipose.datasets.h36m import H36MStore
from minipose.devices import device_of
from minipose.evaluation import evaluating
from minipose.experiments.pose3d.data import as_input
from minipose.nn import Module
from minipose.tensor import Tensor, no_grad
from minipose.training.communicator import ALONE, Communicator

FRAMES_A_BATCH = 256


def predict(
    model: Module, store: H36MStore, frames: np.ndarray, communicator: Communicator = ALONE
) -> np.ndarray:
    """Outputs for frames of the store, in batches: (N, 51) in mm or (N, 1700) logits, host.

    Each rank computes its share of the batches; all have the whole result.
    """
    pieces = [frames[i : i + FRAMES_A_BATCH] for i in range(0, len(frames), FRAMES_A_BATCH)]
    with evaluating(model):
        own = [predict_images(model, store.read("images", p)) for p in communicator.share(pieces)]
    return np.concatenate(communicator.collect(own))


def predict_images(model: Module, images: np.ndarray) -> np.ndarray:
    """Outputs for images uint8 (N, 128, 128): (N, 51) in mm or (N, 1700) logits, host."""
    model.eval()
    with no_grad():
        return to_host(model(Tensor(to_device(as_input(images), device_of(model)))).data)


def cross_entropy_per_window(logits: np.ndarray, labels: np.ndarray) -> float:
    """Eq. 4 averaged over all windows, which is the number that the report's text gives."""
    doubled = 2 * logits
    softplus = np.maximum(doubled, 0) + np.log1p(np.exp(-np.abs(doubled)))
    return float((softplus - labels * doubled).mean())


def average_precision(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean precision over the ranks of the positive windows: 1 if all of them come first."""
    order = np.argsort(-logits, axis=None, kind="stable")
    positive = labels.reshape(-1)[order] > 0.5
    ranks = np.flatnonzero(positive) + 1
    return float((np.arange(1, len(ranks) + 1) / ranks).mean()) if len(ranks) else 0.0

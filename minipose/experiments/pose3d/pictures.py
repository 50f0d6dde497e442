"""The pictures that a run of report 1's job leaves in its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.experiments.job import Drawn, Run
from minipose.experiments.pose3d.motion import steps_of
from minipose.experiments.pose3d.outputs import predict
from minipose.experiments.pose3d.train import COLUMNS, load_detector
from minipose.metrics import joint_errors
from minipose.models import PoseNet
from minipose.plots.architecture import draw_posenet
from minipose.plots.crops import crops_with_joints, detected_windows, window_schematic
from minipose.plots.curves import learning_curves
from minipose.plots.joints import joints_of_32
from minipose.plots.poses import animate_take, predictions_beside_truth
from minipose.targets.windows import window_labels
from minipose.training.log import read_log


def draw_run(run: Run, net: PoseNet) -> Drawn:
    """All pictures of a training: curves, network, windows of a detector if there is one, poses."""
    drawn = draw_curves(run.folder, run.recipe.loss)
    draw_posenet(run.folder / "network.png", run.recipe.kernels, run.recipe.hidden)
    drawn["network.png"] = "The network (report 1, figure 3)"
    if run.recipe.pretrain:
        own = run.folder / "detection-last.npz"
        detector = load_detector(run.detector or own, run.recipe).to(run.device)
        drawn |= draw_detections(run.folder, detector, run.store, run.split["test"])
    return drawn | draw_poses(run.folder, net, run.store, run.split["test"])


def draw_curves(folder: Path, loss: str) -> Drawn:
    """Learning curves of both trainings from their logs (report 1, figure 5).

    A loss that is the mean distance is in mm and shares a panel with the validation error.
    """
    panels = {}
    if (folder / "detection-log.csv").exists():
        rows = read_log(folder / "detection-log.csv")
        epochs = [r["epoch"] for r in rows]
        panels["Detection: cross entropy per window"] = {
            "training": (epochs, [r["train_loss"] / 850 for r in rows]),
            "validation": (epochs, [r["validation_cross_entropy_per_window"] for r in rows]),
        }
    rows = read_log(folder / "log.csv")
    epochs = [r["epoch"] for r in rows]
    training = (epochs, [r["train_loss"] for r in rows])
    series = {
        column.split("_")[0]: (epochs, [r[column] for r in rows])
        for column in COLUMNS.values()
        if all(column in r for r in rows)  # a run of an earlier version knows validation alone
    }
    panels["Regression: MPJPE, mm"] = series
    if loss == "distance":
        series["training, as varied"] = training
    else:
        panels["Regression: training loss (eq. 6)"] = {"training": training}
    learning_curves(panels, folder / "learning_curve.png")
    return {"learning_curve.png": "Learning curves (report 1, figure 5)"}


def draw_data(folder: Path, store: H36MStore, frames: np.ndarray) -> Drawn:
    """Crops with their joints, and the detector's windows (report 1, figures 1 and 2)."""
    chosen = frames[np.linspace(0, len(frames) - 1, 6).astype(int)]
    images, keypoints = store.read("images", chosen), store.read("keypoints_2d", chosen)
    titles = [f"S{store.labels['subject'][i]}, frame {store.labels['frame'][i]}" for i in chosen]
    crops_with_joints(images, keypoints, titles, folder / "crops.png")
    labels = window_labels(keypoints).reshape(-1, 17, 100)
    window_schematic(images[2], keypoints[2], labels[2], folder / "windows.png")
    joints_of_32(folder / "joints.png")
    return {
        "joints.png": "Human3.6M's 32 joints, and the 17 that are used (report 1, eq. 1)",
        "crops.png": "Crops with their 2D joints: left green, right orange",
        "windows.png": "Window labels (report 1, figure 2)",
    }


def draw_detections(folder: Path, detector: PoseNet, store: H36MStore, frames: np.ndarray) -> Drawn:
    """True and detected windows of a few test images."""
    chosen = frames[np.linspace(0, len(frames) - 1, 6).astype(int)]
    probabilities = 0.5 * (1 + np.tanh(predict(detector, store, chosen)))
    detected_windows(
        store.read("images", chosen),
        window_labels(store.read("keypoints_2d", chosen)).reshape(-1, 17, 100),
        probabilities.reshape(-1, 17, 100),
        folder / "detections.png",
    )
    return {"detections.png": "Windows with any joint: true, and the detector's probability"}


def draw_poses(folder: Path, net: PoseNet, store: H36MStore, frames: np.ndarray) -> Drawn:
    """Predicted beside true poses from best to worst (report 1, figure 6), and one take moving."""
    predicted = predict(net, store, frames).reshape(-1, 17, 3)
    target = store.read("joints_3d", frames)
    errors = joint_errors(predicted, target).mean(axis=1)
    order = np.argsort(errors)[
        np.round(np.array([0.1, 0.4, 0.6, 0.9]) * (len(frames) - 1)).astype(int)
    ]
    titles = [f"{p} % are better: {errors[i]:.0f} mm" for p, i in zip((10, 40, 60, 90), order)]
    predictions_beside_truth(
        store.read("images", frames[order]),
        predicted[order],
        target[order],
        titles,
        folder / "poses.png",
    )
    takes = store.takes()[frames]
    first = np.flatnonzero(takes == takes[0])[:60]
    animate_take(
        store.read("images", frames[first]),
        predicted[first],
        target[first],
        folder / "take.gif",
        min(12.5, 1 / steps_of(store, frames[first]).seconds),
        f"S{store.labels['subject'][frames[0]]}",
    )
    return {
        "poses.png": "True and predicted poses of test images (report 1, figure 6)",
        "take.gif": "A test take: crop, truth, prediction",
    }

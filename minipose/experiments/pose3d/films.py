"""Videos of whole takes: for each camera the crop, the true pose and the one that was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minipose.datasets.h36m import H36MStore
from minipose.errors import UserError
from minipose.experiments.job import Split
from minipose.experiments.pose3d.motion import steps_of
from minipose.experiments.pose3d.outputs import predict
from minipose.experiments.pose3d.smoothing import smoothed
from minipose.metrics import joint_errors
from minipose.models import PoseNet
from minipose.plots.overlay import INK, PALE, pose_view, written
from minipose.predict.movie import movie

SIDE, HEAD, GAP = 220, 24, 6  # px: of a panel, of the words above it, between panels
SIZE = 13  # px, of letters


def film(
    net: PoseNet, store: H36MStore, split: Split, folder: Path, filters: tuple[str, ...] = ()
) -> list[Path]:
    """A video of each take of every part that was not trained on; returns their paths.

    Parameters
    ----------
    filters : a temporal filter, if it is one, that the poses go through
    """
    paths = []
    for part, frames in split.items():
        if part == "train":
            continue
        labels = {name: store.labels[name][frames] for name in store.labels}
        keys = np.stack([labels[name] for name in ("subject", "action", "subaction")])
        for subject, action, subaction in np.unique(keys, axis=1).T:
            rows = np.flatnonzero((keys.T == (subject, action, subaction)).all(axis=1))
            name = f"{part}-S{subject}-{store.actions[action]}-{subaction}"
            path = folder / f"{name}.mp4"
            _film(net, store, frames[rows], path, name, filters)
            paths.append(path)
    return paths


def _film(
    net: PoseNet,
    store: H36MStore,
    frames: np.ndarray,
    path: Path,
    title: str,
    filters: tuple[str, ...],
) -> None:
    steps = steps_of(store, frames)
    found = predict(net, store, frames).reshape(-1, 17, 3).astype(np.float64)
    if len(filters) == 1:
        found, title = smoothed(filters[0], found, steps), f"{title}, filter {filters[0]}"
    true = store.read("joints_3d", frames)
    errors = joint_errors(found, true).mean(axis=1)
    cameras, numbers = store.labels["camera"][frames], store.labels["frame"][frames]
    places = [dict(zip(numbers[r], r, strict=True)) for r in _rows_of(cameras)]
    common = sorted(set.intersection(*map(set, places)))  # frames that all cameras have
    if not common:
        raise UserError(f"{title}: no frame that all its cameras have; --limit leaves frames out")
    with movie(path, 1 / steps.seconds) as video:
        for number in common:
            rows = np.array([place[number] for place in places])
            images = store.read("images", frames[rows])
            strips = [
                _strip(image, true[r], found[r], f"camera {cameras[r]}", errors[r])
                for image, r in zip(images, rows, strict=True)
            ]
            video.add(_page(strips, f"{title}, frame {number}"))


def _rows_of(cameras: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(cameras == camera) for camera in np.unique(cameras)]


def _strip(
    image: np.ndarray, true: np.ndarray, found: np.ndarray, camera: str, error: float
) -> np.ndarray:
    """Crop, truth and prediction of one camera beside each other."""
    rows = np.arange(SIDE) * len(image) // SIDE
    crop = np.repeat(image[rows][:, rows, None], 3, axis=2)
    panels = [crop, pose_view(true, SIDE, 0.0), pose_view(found, SIDE, 0.0)]
    strip = np.full((HEAD + SIDE, 3 * SIDE + 2 * GAP, 3), 255, np.uint8)
    words = []
    for n, (panel, label) in enumerate(
        zip(panels, (camera, "true", f"predicted, {error:.0f} mm off"), strict=True)
    ):
        left = n * (SIDE + GAP)
        strip[HEAD:, left : left + SIDE] = panel
        words.append(((left + 2, 5), label, SIZE, INK))
    return written(strip, words)


def _page(strips: list[np.ndarray], title: str) -> np.ndarray:
    """Strips of the cameras, two in a row, below a title."""
    height, width = strips[0].shape[:2]
    lines = -(-len(strips) // 2)
    columns = min(2, len(strips))
    page = np.full(
        (HEAD + lines * (height + GAP), columns * width + (columns - 1) * 4 * GAP, 3), 255, np.uint8
    )
    for n, strip in enumerate(strips):
        top, left = HEAD + n // 2 * (height + GAP), n % 2 * (width + 4 * GAP)
        page[top : top + height, left : left + width] = strip
    return written(page, [((2, 5), title, SIZE, PALE)])

"""Run folders as a training leaves them, made without one: an untrained network, measured."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minipose import experiments
from minipose.datasets.h36m import H36MWriter
from minipose.experiments.report import publish
from minipose.experiments.run_folder import write_toml
from minipose.skeletons import H36M_17_PARENTS
from minipose.training import checkpoint
from minipose.training.log import write_log
from tests.experiments.people import write_store

CHOICES = {
    "people": {"width": 2, "quarter_epochs": 0, "patch": 1, "epochs": 2},
    "h36m": {"kernels": (1, 2, 2), "epochs": 2},
}


@pytest.fixture(scope="session")
def people_store(tmp_path_factory) -> Path:
    return write_store(tmp_path_factory.mktemp("people") / "people.h5")


@pytest.fixture(scope="session")
def people_run(people_store, tmp_path_factory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "first", "people", people_store)


@pytest.fixture(scope="session")
def pose_run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pose")
    return write_run(folder / "pose", "h36m", write_poses(folder / "pose.h5"))


def write_run(folder: Path, name: str, data: Path, **choices: Any) -> Path:
    """What ``train`` leaves: settings, log, checkpoint, measured numbers, a picture."""
    job = experiments.load(name).JOB
    recipe = job.recipes["quick"].changed(**{**CHOICES[name], **choices})
    folder.mkdir(parents=True)
    meta = {"job": name, "recipe": asdict(recipe), "seed": 0, "head": "regression"}
    meta |= {"progress": {"epoch": 2, "seconds": 4.0}}
    net = job.build(recipe, meta)
    checkpoint.save(folder / "best.npz", net, None, meta)
    column = "validation_mpjpe_mm" if name == "h36m" else "validation_dice"
    rows = [{"epoch": n, "train_loss": 3.25 / n, column: 0.5 + n / 8} for n in (1, 2)]
    write_log(folder / "log.csv", rows)
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(recipe).items()}
    write_toml(folder / "config.toml", {"data": str(data), "out": str(folder)} | plain)
    Image.fromarray(np.full((4, 6, 3), 200, np.uint8)).save(folder / "curve.png")
    with job.open_store(data) as store:
        result = job.measure(net, store, store.split(), recipe)
    result |= {"epoch": 2, "epochs": 2, "seed": 0, "training_seconds": 4.0}
    publish(folder, job.title, job.summary(result), {"curve.png": "A curve & its <end>"}, result)
    return folder


def write_poses(path: Path) -> Path:
    """A store of report 1's job: two frames of each subject, of noise."""
    rng = np.random.default_rng(0)
    subjects = np.repeat([1, 5, 6, 7, 8, 9, 11], 2)
    count = len(subjects)
    steps = rng.normal(0, 150, (count, 17, 3)).astype(np.float32)
    joints = np.zeros_like(steps)
    for joint, parent in enumerate(H36M_17_PARENTS):
        joints[:, joint] = steps[:, joint] + joints[:, parent] if parent >= 0 else 0
    with H36MWriter(path, ["Walking"]) as writer:
        writer.append(
            images=rng.integers(0, 256, (count, 128, 128)),
            joints_3d=joints,
            keypoints_2d=joints[..., :2] / 10 + 64,
            subject=subjects,
            action=np.zeros(count),
            subaction=np.tile([1, 2], count // 2),
            camera=np.full(count, 54138969),
            frame=np.arange(count),
            crop=np.ones((count, 3)),
        )
    return path

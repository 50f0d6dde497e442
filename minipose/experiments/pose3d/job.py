"""Report 1's job, as the runner sees it."""

from __future__ import annotations

from typing import Any

from minipose.datasets.h36m import H36MStore
from minipose.errors import UserError
from minipose.experiments.job import Job
from minipose.experiments.pose3d.ablation import ablate
from minipose.experiments.pose3d.measure import measure, predictions, summary
from minipose.experiments.pose3d.pictures import draw_data, draw_run
from minipose.experiments.pose3d.predict import predict
from minipose.experiments.pose3d.recipe import RECIPES, Recipe, Settings, default_out
from minipose.experiments.pose3d.train import build, train
from minipose.models import PoseNet


def build_regressor(recipe: Recipe, meta: dict[str, Any]) -> PoseNet:
    """The network that a checkpoint's regression goes into; a detector finds no pose."""
    if meta["head"] != "regression":
        raise UserError(f"a {meta['head']} checkpoint, expected a regression (best.npz)")
    return build(recipe, "regression", meta["seed"])


JOB = Job(
    name="h36m",
    title="3D pose from one image (report 1)",
    items="images",
    maker="data_tools h36m",
    settings=Settings,
    recipes=RECIPES,
    default_out=default_out,
    open_store=H36MStore,
    train=train,
    measure=measure,
    predictions=predictions,
    summary=summary,
    build=build_regressor,
    draw_data=draw_data,
    draw_run=draw_run,
    predict=predict,
    comparisons={"ablation": ablate},
)

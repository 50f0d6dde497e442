"""Report 1's job, as the runner sees it."""

from __future__ import annotations

from minipose.datasets.h36m import H36MStore
from minipose.experiments.job import Job
from minipose.experiments.pose3d.ablation import ablate
from minipose.experiments.pose3d.about import about
from minipose.experiments.pose3d.films import film
from minipose.experiments.pose3d.measure import measure, predictions, summary
from minipose.experiments.pose3d.pictures import draw_data, draw_run
from minipose.experiments.pose3d.predict import make_network
from minipose.experiments.pose3d.recipe import RECIPES, Settings, default_out
from minipose.experiments.pose3d.smoothing import effect, smooth_predictions
from minipose.experiments.pose3d.train import train

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
    build=make_network,
    draw_data=draw_data,
    draw_run=draw_run,
    comparisons={"ablation": ablate},
    about=about,
    effect=effect,
    smooth=smooth_predictions,
    film=film,
)

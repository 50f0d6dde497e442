"""Report 2's job, as the runner sees it."""

from __future__ import annotations

from minipose.datasets.people import PeopleStore
from minipose.experiments.job import Job
from minipose.experiments.people.compare_models import compare_models
from minipose.experiments.people.compare_networks import compare_networks
from minipose.experiments.people.compare_starts import compare_starts
from minipose.experiments.people.measure import measure, predictions
from minipose.experiments.people.pictures import draw_data, draw_run
from minipose.experiments.people.predict import make_network
from minipose.experiments.people.recipe import RECIPES, Settings, default_out
from minipose.experiments.people.sweep_weights import sweep_weights
from minipose.experiments.people.tables import summary
from minipose.experiments.people.train import expect_start, train

JOB = Job(
    name="people",
    title="Mask and joints of a person (report 2)",
    items="pictures",
    maker="data_tools people",
    settings=Settings,
    recipes=RECIPES,
    default_out=default_out,
    open_store=PeopleStore,
    train=train,
    measure=measure,
    predictions=predictions,
    summary=summary,
    build=make_network,
    expect_start=expect_start,
    draw_data=draw_data,
    draw_run=draw_run,
    comparisons={
        "models": compare_models,
        "networks": compare_networks,
        "starts": compare_starts,
        "weights": sweep_weights,
    },
)

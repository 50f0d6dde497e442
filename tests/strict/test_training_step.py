"""Whole training steps of every job on the device: nothing mixes, nothing waits, same numbers.

A step is what the training loop does between two batches. Reading the loss or a checkpoint waits
for the device and has to; the step itself must not, or a GPU would stand idle at every step.
"""

import sys
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from minipose.backend import array_module, to_host
from minipose.datasets.h36m import H36MStore
from minipose.datasets.people import PeopleStore
from minipose.experiments.job import Run
from minipose.experiments.people import train as people_train
from minipose.experiments.people.recipe import Recipe as PeopleRecipe
from minipose.experiments.pose3d import train as pose_train
from minipose.experiments.pose3d.recipe import Recipe as H36MRecipe
from minipose.kernels import faster
from minipose.training import checkpoint
from tests.datasets.test_h36m import rows, write
from tests.experiments.people import write_store
from tests.strict import strict

STEPS = 2
FRAMES = np.arange(4)
SPLIT = {"train": FRAMES, "validation": FRAMES}
POSE = H36MRecipe(kernels=(1, 2, 1), batch=2, epochs=1, detection_epochs=1)
PEOPLE = PeopleRecipe(
    model="triple", background_weight=0.5, width=1, batch=2, epochs=1, dropout=0.0, lr=1e-3
)
JOBS = {
    "detection": (pose_train, POSE),
    "detection, Adam, dropout": (pose_train, POSE.changed(optimizer="adam", dropout=0.3)),
    "regression": (pose_train, POSE),
    "regression, distance, tanh": (pose_train, POSE.changed(loss="distance", output_tanh=True)),
    "U-Net": (people_train, PEOPLE),
    "U-Net, dropout": (people_train, PEOPLE.changed(dropout=0.3)),
    "H-Net": (people_train, PEOPLE.changed(network="hnet")),
    "H-Net, dropout": (people_train, PEOPLE.changed(network="hnet", dropout=0.3)),
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    with (
        H36MStore(write(folder / "walk.h5", rows(4))) as walk,
        PeopleStore(write_store(folder / "people.h5", 4)) as people,
    ):
        yield {pose_train: walk, people_train: people}


@pytest.fixture
def device(xp, monkeypatch):
    """The name of a device that leads to ``xp``: the stand-in takes the place of CuPy."""
    if xp is np:
        return "cpu"
    monkeypatch.setattr("minipose.backend.device_module", lambda name: np if name == "cpu" else xp)
    return "cuda"


class Handed(Exception):
    """What a job hands to the training loop."""


def hand(*arguments):
    raise Handed(*arguments[:3])


def begin(name, stores, device, folder):
    """The task, network and optimizer that the job would hand to the training loop."""
    module, recipe = JOBS[name]
    run = Run(stores[module], SPLIT, recipe, 0, folder, device)
    head = name.partition(",")[0]
    train = {
        "detection": pose_train.train_detector,
        "regression": pose_train.train_regressor,
    }.get(head, people_train.train)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Handed) as handed:
        patch.setattr(module, "fit", hand)
        train(run)
    return handed.value.args


def take_steps(task, net, optimizer, xp):
    """What ``fit`` does for each batch, with waiting forbidden; the losses are read afterwards."""
    net.train()
    losses = []
    for step, batch in zip(range(STEPS), task.batches(0), strict=False):
        with getattr(xp, "no_sync", nullcontext)():
            net.reseed(0, 0, step)
            loss = task.loss(net, batch)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss)
    return [loss.item() for loss in losses]


@pytest.mark.parametrize("name", JOBS)
def test_training_steps(name, stores, xp, device, tmp_path):
    task, net, optimizer = begin(name, stores, device, tmp_path)
    losses = take_steps(task, net, optimizer, xp)
    assert len(losses) == STEPS and np.isfinite(losses).all()
    for parameter in net.parameters():
        assert array_module(parameter.data) is xp and parameter.dtype == np.float32
    if "dropout" in name:
        return  # other random numbers on another device
    task_, net_, optimizer_ = begin(name, stores, "cpu", tmp_path)
    np.testing.assert_allclose(losses, take_steps(task_, net_, optimizer_, np), rtol=1e-4)
    expected = task_.validate(net_.eval())
    for column, value in task.validate(net.eval()).items():
        assert value == pytest.approx(expected[column], rel=1e-3, nan_ok=True), column


def fast_modules(run, folder=("minipose", "fast")):
    """Which modules of ``minipose.fast`` compute in ``run``, not only say whether they suit."""
    asked = {suits.__code__ for offers in faster._offers.values() for suits, _ in offers}
    ran = set()

    @cache
    def module(file):
        path = Path(file)
        return path.stem if path.parts[-1 - len(folder) : -1] == folder else None

    def is_asked(frame):  # or what such a question calls
        while frame is not None and module(frame.f_code.co_filename):
            if frame.f_code in asked:
                return True
            frame = frame.f_back
        return False

    def look(frame, event, argument):
        if event == "call" and module(frame.f_code.co_filename) and not is_asked(frame):
            ran.add(module(frame.f_code.co_filename))

    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(None)
    return ran - {"suitable", "views"}  # which serve a device, too


@pytest.mark.parametrize("name", ["detection", "regression", "U-Net, dropout", "H-Net, dropout"])
def test_a_device_runs_nothing_that_is_for_processors(name, stores, monkeypatch, tmp_path):
    """Of ``minipose.fast`` it runs ``device`` alone; plain NumPy needs none of it."""
    given = begin(name, stores, "cpu", tmp_path)
    with faster.plain_only():
        assert not fast_modules(lambda: take_steps(*given, np))
    has_fast = "minipose.fast" in sys.modules
    ran = fast_modules(lambda: take_steps(*given, np))
    assert bool(ran) == has_fast  # the look sees what there is
    monkeypatch.setattr(
        "minipose.backend.device_module", lambda name: np if name == "cpu" else strict
    )
    given = begin(name, stores, "cuda", tmp_path)
    assert fast_modules(lambda: take_steps(*given, strict)) == set()
    ran = fast_modules(lambda: take_steps(*given, strict), ("minipose", "fast", "device"))
    assert bool(ran) == has_fast


@pytest.mark.parametrize("name", ["detection", "U-Net", "H-Net"])
def test_a_checkpoint_goes_to_the_device_and_back(name, stores, xp, device, tmp_path):
    task, net, optimizer = begin(name, stores, device, tmp_path)
    take_steps(task, net, optimizer, xp)
    checkpoint.save(tmp_path / "c.npz", net, optimizer, {})
    _, fresh, other = begin(name, stores, device, tmp_path)
    checkpoint.load(tmp_path / "c.npz", fresh, other)
    for a, b in zip(net.parameters(), fresh.parameters(), strict=True):
        assert array_module(b.data) is xp
        np.testing.assert_array_equal(to_host(a.data), to_host(b.data))
    assert set(other.step_counts) == {STEPS}

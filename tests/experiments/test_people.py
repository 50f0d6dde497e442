"""Report 2's job from a store to a report, and every step between."""

import json

import numpy as np
import pytest

from minipose.cli import main
from minipose.datasets.people import PeopleStore
from minipose.errors import UserError
from minipose.experiments.job import Run
from minipose.experiments.people import compare_models, pictures
from minipose.experiments.people.baselines import baselines
from minipose.experiments.people.data import grouped, make_batch, training_batches
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.recipe import MODELS, RECIPES, Recipe
from minipose.experiments.people.train import build, rate, train
from minipose.plots.people import class_picture
from minipose.targets.heatmaps import expand, joint_targets
from minipose.tensor import Tensor
from tests.experiments.people import write_store

TINY = ["--width", "2", "--epochs", "2", "--batch", "3", "--lr", "0.005"]
TINY += ["--quarter-epochs", "0", "--patch", "1"]  # the pictures are small enough


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("people") / "people.h5")


@pytest.fixture
def store(path):
    with PeopleStore(path) as opened:
        yield opened


def test_groups_have_one_padded_size_and_hold_each_sample_once(store):
    samples = np.arange(len(store))
    rng = np.random.default_rng(0)
    groups = grouped(store.sizes, samples, 2, rng)
    assert sorted(np.concatenate(groups)) == samples.tolist()
    assert len(groups) == len(grouped(store.sizes, samples, 2)) == 6  # 5 of each size in twos
    for group in groups:
        assert len({tuple(-(-store.sizes[i] // 16)) for i in group}) == 1


def test_batches_depend_on_seed_and_epoch_only(store):
    recipe = RECIPES["quick"].changed(batch=3)
    batches = training_batches(store, np.arange(8), recipe, 5, "cpu")
    once, again, later = (list(batches(epoch)) for epoch in (1, 1, 2))
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a.images, b.images)
        np.testing.assert_array_equal(a.joints, b.joints)
    assert any(not np.array_equal(a.images, b.images) for a, b in zip(once, later))


@pytest.mark.parametrize("model", MODELS)
def test_a_batch_is_padded_and_has_the_targets_of_its_model(store, model):
    people = [store[1], store[3]]  # 32 × 33 px
    batch = make_batch(people, MODELS[model], peak=50.0)
    assert batch.images.shape == (2, 3, 32, 48) and batch.images.dtype == np.float32
    assert not batch.images[..., 33:].any() and batch.images.max() <= 1
    assert batch.mask.sum() == sum(int(f.mask.sum()) for f in people)
    assert (batch.joints is not None) == bool(MODELS[model].joints)
    assert (batch.regression is not None) == MODELS[model].regression
    if batch.regression is not None:
        assert batch.regression.max() == 50.0
    if model == "mask+softmax":
        np.testing.assert_array_equal(batch.joints.sum(axis=1), 1)
    if model == "mask+regression-softmax":
        classes, values = joint_targets(people[0].keypoints, people[0].mask.shape)
        np.testing.assert_array_equal(batch.joints[0, :, :, :33], expand(classes, values))


def test_the_rate_rises_then_falls():
    recipe = Recipe(lr=1.0, lr_decay=0.1, warmup=10)
    rates = [rate(recipe)(step, 100) for step in range(100)]
    assert rates[0] < 0.11 and max(rates) == max(rates[8:12]) > 0.95
    assert rates[-1] == pytest.approx(0.1, abs=0.01)
    held = rate(Recipe(lr=1.0, lr_decay=0.1, epochs=4, held=3))
    assert [held(step, 100) for step in (0, 40, 75)] == [1.0] * 3
    assert held(87, 100) == pytest.approx(0.55, abs=0.05) and held(99, 100) < 0.12
    assert rate(Recipe())(0, 100) == rate(Recipe())(99, 100) == 2e-5


def test_constant_answers_are_for_the_pictures_that_the_network_sees(store):
    """Spots of joints are as large in a halved picture: of its pixels they are four times more."""
    whole, half = (baselines(store, store.split(), Recipe(halved=n)) for n in (0, 1))
    for name in ("mse_of_zero", "cross_entropy_of_frequencies"):
        assert 1.5 * whole[name] < half[name] < 6 * whole[name]
    assert whole["dice_of_mean_mask"] == half["dice_of_mean_mask"]


def test_weights_weigh_the_losses(store):
    net = build(Recipe(model="triple", width=1), 0).eval()
    batch = make_batch([store[0]], MODELS["triple"])
    scores = net(Tensor(batch.images))

    def value(mask, joint, regression):
        recipe = Recipe(mask_weight=mask, joint_weight=joint, regression_weight=regression)
        return total_loss(scores, batch, recipe).item()

    parts = [value(1, 0, 0), value(0, 1, 0), value(0, 0, 1)]
    assert 0 < parts[0] <= 1 and min(parts) > 0
    np.testing.assert_allclose(
        value(2, 3, 0.5), 2 * parts[0] + 3 * parts[1] + 0.5 * parts[2], rtol=1e-5
    )


def test_constant_answers(store):
    split = store.split()
    constant = baselines(store, split, Recipe())
    assert constant["dice_of_background"] < 1e-6
    assert 0.3 < constant["dice_of_everything"] < 0.7
    # The people of the store stand in the middle of their pictures, all in the same place.
    assert constant["dice_of_mean_mask"] > 0.9
    assert constant["mse_of_zero"] > 0 and constant["mean_places_joint_error_px"] < 5


def test_models_on_pictures_without_joints_have_no_constant_places(tmp_path):
    """There 0 would be a measured fraction."""
    with PeopleStore(write_store(tmp_path / "plain.h5", joints=False)) as opened:
        constant = baselines(opened, opened.split(), Recipe())
    part = {"dice": 0.5, "pictures": 2}
    row = {"splits": {"train": part, "validation": part}, "epoch": 1, "epochs": 2}
    table = compare_models.table({"mask": [row | {"baselines": constant}]}, Recipe(), 8)
    assert "| frequencies 0 | mean places – | mean places – |" in table


def test_two_trainings_with_one_seed_agree_bit_by_bit(store, tmp_path):
    recipe = RECIPES["quick"].changed(
        width=2, epochs=1, batch=3, dropout=0.3, quarter_epochs=0, patch=1
    )
    split = store.split()
    nets = [
        train(Run(store, split, recipe, seed, tmp_path / f"{n}"))
        for n, seed in enumerate((4, 4, 5))
    ]
    states = [net.state_dict() for net in nets]
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name])
    assert not np.array_equal(states[0]["heads.mask.weight"], states[2]["heads.mask.weight"])


def test_a_training_begins_from_the_weights_of_another(store, path, tmp_path, capsys):
    recipe = Recipe(model="mask+softmax", width=1, epochs=1, batch=9, lr=1e-30)
    first = train(Run(store, store.split(), recipe, 0, tmp_path / "first")).state_dict()
    begin = {"seed": 1, "folder": tmp_path / "second", "start": tmp_path / "first" / "best.npz"}
    capsys.readouterr()
    for model, new in (("mask+softmax", ""), ("mask+regression", "; new heads: regression")):
        other = recipe.changed(model=model)
        second = train(Run(store, store.split(), recipe=other, **begin)).state_dict()
        assert f"best.npz: weights transferred{new}\n" in capsys.readouterr().out
        same = [name for name in second if not name.startswith("heads.regression")]
        for name in same:
            np.testing.assert_allclose(second[name], first[name], atol=1e-7)

    command = ["train", "people", "--data", str(path), "--out", str(tmp_path / "third"), *TINY]
    start = ["--width", "3", "--no-normalise", "--start", str(begin["start"])]
    assert main([*command, *start]) == 1
    error = capsys.readouterr().err
    assert "down.0.first.weight has shape (3, 3, 3, 3), the file's shape (1, 3, 3, 3)" in error
    assert error.count("\n") == 1 and not (tmp_path / "third").exists()
    with pytest.raises(UserError, match=r"sees blocks of 1 × 1 .*: expected --patch 1 --halved 0$"):
        train(Run(store, store.split(), recipe=recipe.changed(patch=2), **begin))
    assert main([*command, "--out", str(tmp_path / "fourth"), "--start", "none.npz"]) == 1
    assert "none.npz: no such file" in capsys.readouterr().err
    assert not (tmp_path / "fourth").exists()


def test_from_the_command_line_to_a_report_and_back(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pictures, "ROWS", 1)
    command = ["train", "people", "--data", str(path), "--model", "triple", *TINY]
    assert main([*command, "--out", "a"]) == 0
    run = tmp_path / "a"
    written = {p.name for p in run.iterdir()}
    assert written == {
        "config.toml", "log.csv", "last.npz", "best.npz", "report.md", "report.json",
        "learning_curve.png", "predictions.png", "channels.png", "data.png", "store.json",
    }  # fmt: skip
    report = json.loads((run / "report.json").read_text())
    validation = report["splits"]["validation"]
    assert 0 < validation["dice"] < 1 and validation["pictures"] == 2
    assert {"mse", "cross_entropy", "within_5_px", "pck_half_head"} <= validation.keys()
    assert report["baselines"]["dice_of_background"] < 1e-6

    capsys.readouterr()
    assert main(["evaluate", "a/best.npz", "--data", str(path)]) == 0
    assert f"{validation['dice']:.4g}" in capsys.readouterr().out
    with open(run / "log.csv") as file:
        header = file.readline()
    for name in ("loss", "dice", "mse", "cross_entropy", "within_5_px"):
        assert f"training_{name}," in header and f"validation_{name}," in header
    assert report["epoch"] in (1, 2)

    whole = ["evaluate", "a/best.npz", "--data", str(path), "--all", "--save", "found.npz"]
    assert main(whole) == 0
    out = capsys.readouterr().out
    assert "10 all pictures" in out and "found.npz: 10 pictures" in out
    assert "the mean mask of these pictures (" in out and "the training pictures" not in out
    with np.load("found.npz") as found:
        assert found["keypoints"].shape == (10, 25, 3) and found["name"][3] == "person3"
        assert (
            np.isfinite(found["keypoints"]).all()
            and ((found["dice"] >= 0) & (found["dice"] <= 1)).all()
        )
    assert main(["show", str(path), "--out", "shown"]) == 0
    assert (tmp_path / "shown" / "data.png").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--data: expected a store"),
        (["--data", "nowhere.h5"], "no such file"),
        (["--dropout", "1"], "dropout: expected a number of at least 0 and below 1"),
        (["--joint-weight", "-1"], "joint_weight: expected a number of at least 0"),
    ],
)
def test_mistakes_end_in_one_line(path, tmp_path, capsys, flags, message):
    flags = flags if not flags or "--data" in flags else ["--data", str(path), *flags]
    assert main(["train", "people", "--out", str(tmp_path / "run"), *flags]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_joints_in_colour():
    classes = np.array([[0, 1], [2, 25]])
    plain = class_picture(classes)
    assert not plain[0, 0].any() and len(np.unique(plain.reshape(-1, 3), axis=0)) == 4
    half = class_picture(classes, np.array([[1, 0.5], [0.0, 1]]))
    np.testing.assert_array_equal(half[1, 1], plain[1, 1])
    assert not half[1, 0].any() and (half[0, 1] == plain[0, 1] // 2).all()

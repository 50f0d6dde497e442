"""Report 2's models side by side: rows of several seeds, and what they say about its findings."""

import json
from dataclasses import replace

import numpy as np
import pytest

from minipose.cli import main
from minipose.datasets.people import PeopleStore
from minipose.errors import Diverged, UserError
from minipose.experiments import side_by_side
from minipose.experiments.job import Job, Run
from minipose.experiments.people import compare_starts as starts
from minipose.experiments.people import sweep_weights as sweep
from minipose.experiments.people.compare_models import (
    COLLAPSED,
    compare_models,
    findings,
    squares,
)
from minipose.experiments.people.compare_networks import compare_networks
from minipose.experiments.people.job import JOB
from minipose.experiments.people.recipe import MODELS, Recipe, Settings
from minipose.experiments.people.tables import BASELINES
from minipose.experiments.run_folder import claim
from minipose.plots import canvas, curves
from tests.experiments.people import write_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with PeopleStore(write_store(tmp_path_factory.mktemp("people") / "people.h5")) as opened:
        yield opened


def row(*dices, highest=(None,) * 3, within=0.5):
    """What three seeds came to."""
    validation = [
        {"dice": dice, "regression_highest": high, "within_5_px": within}
        for dice, high in zip(dices, highest, strict=False)
    ]
    return [{"splits": {"validation": each}} for each in validation]


ROWS = {
    "mask": row(0.900, 0.901, 0.902),
    "mask+regression": row(0.850, 0.852, 0.851, highest=(80.0, 70.0, 75.0)),
    "mask+softmax": row(0.930, 0.931, 0.932),
    "mask+regression-softmax": row(0.929, 0.930, 0.932),
    "triple": row(0.860, 0.861, 0.863),
    COLLAPSED: row(0.9, 0.9, 0.9, highest=(0.01, 0.02, 0.01)),
}


def answers(rows):
    return [line.split('": ')[1].split(":")[0].split(",")[0] for line in findings(rows)]


def test_findings_follow_the_numbers():
    assert answers(ROWS) == ["yes"] * 5
    assert answers(ROWS | {"mask+softmax": row(0.800, 0.801, 0.802)}) == [
        "yes", "no", "yes", "no", "no",
    ]  # fmt: skip
    unclear = row(0.95, 0.85, 0.91)
    assert answers(ROWS | {"mask+softmax": unclear})[1:] == [
        "undecided", "yes", "undecided", "undecided",
    ]  # fmt: skip
    still = row(0.9, 0.9, 0.9, highest=(0.5, 0.4, 0.6))
    assert answers(ROWS | {COLLAPSED: still})[0] == "no"
    mixed = row(0.9, 0.9, 0.9, highest=(0.5, 0.01, 0.6))
    assert answers(ROWS | {COLLAPSED: mixed})[0] == "undecided"
    alone = {name: seeds[:1] for name, seeds in ROWS.items()}
    assert answers(alone) == ["undecided"] * 5
    without = {name: seeds for name, seeds in ROWS.items() if name != "triple"}
    assert answers(without)[3] == "undecided"


def test_the_threshold_of_joint_classes():
    assert 'not": yes: the spot of a lone joint fills 81 of 9 × 9 pixels at 0 and 21' in squares()


def test_trainings_are_compared_with_those_of_the_same_seed():
    """A row that lost a seed is not paired with the other's seeds in their order."""

    def seeded(name, *seeds):
        return [{**each, "seed": seed} for seed, each in zip(seeds, ROWS[name], strict=False)]

    rows = {name: seeded(name, 0, 1, 2) for name in ROWS}
    assert answers(rows) == ["yes"] * 5
    lost = answers(rows | {"mask": seeded("mask", 0, 2)})
    assert lost == ["yes", "undecided", "undecided", "yes", "yes"]
    other = {"mask": seeded("mask", 0, 2), "mask+softmax": seeded("mask+softmax", 1, 2)}
    assert answers(rows | other)[1] == "undecided"


def test_all_models_with_two_seeds_stopped_and_resumed(store, tmp_path, monkeypatch):
    split = store.split(limit=5)
    recipe = Recipe(width=1, epochs=1, batch=4, lr=0.001)
    logs = tmp_path / "logs.csv"
    logs.write_text("model,epoch,val_dice,val_ce\ntriple,1,0.5,\ntriple,2,0.75,0.1\n")
    run = Run(store, split, recipe, 7, tmp_path / "run", reference=logs, seeds=2)
    rows = compare_models(JOB, run)
    assert list(rows) == [*MODELS, COLLAPSED]
    assert [each["seed"] for each in rows["mask"]] == [7, 8]
    dices = [each["splits"]["validation"]["dice"] for each in rows["mask"]]
    assert dices[0] != dices[1]
    text = (tmp_path / "run" / "report.md").read_text()
    assert "(0.978 / 0.922)" in text and text.count("95 % interval") == 4

    # Stopped, a row lost, and asked to go on: only that row is trained again.
    (tmp_path / "run" / "1-mask" / "seed-8" / side_by_side.NUMBERS).unlink()
    trained = []
    once = Job.train_and_measure
    monkeypatch.setattr(
        Job, "train_and_measure", lambda job, run: trained.append(run.folder) or once(job, run)
    )
    again = compare_models(JOB, replace(run, resume=True))
    assert trained == [tmp_path / "run" / "1-mask" / "seed-8"]
    for name, seeds in rows.items():
        for a, b in zip(seeds, again[name], strict=True):
            assert a["splits"]["validation"]["dice"] == b["splits"]["validation"]["dice"]


def test_weights_of_the_joints(store, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "WEIGHTS", (1.0, 3.0))
    recipe = Recipe(width=1, epochs=1, batch=4, lr=0.001)
    rows = sweep.sweep_weights(JOB, Run(store, store.split(limit=5), recipe, 0, tmp_path, seeds=2))
    assert list(rows) == ["1", "3"] and [len(row) for row in rows.values()] == [2, 2]
    assert rows["1"][0]["splits"]["train"]["loss"] < rows["3"][0]["splits"]["train"]["loss"]
    text = (tmp_path / "report.md").read_text()
    assert "| 3 | " in text and "constant baseline" in text and "- Validation dice: " in text
    assert (tmp_path / "weights.png").stat().st_size > 5000


def test_the_best_weight_is_held_against_the_reports():
    def row(*values):
        return [{"splits": {"validation": {"dice": v, "within_5_px": 1 - v}}} for v in values]

    rows = {"1": row(0.80, 0.81, 0.82), "3": row(0.90, 0.91, 0.92)}
    mask, joints = sweep.findings(rows)
    assert '"3 is better than the report\'s 1": yes' in mask
    assert joints == "- Joints within 5 px: 1 is the best of these weights."


def test_a_training_that_diverges_is_left_out(store, tmp_path, monkeypatch):
    def train_and_measure(job, run):
        if run.seed == 1:
            raise Diverged("the loss became nan")
        return {"splits": {}}, None

    monkeypatch.setattr(Job, "train_and_measure", train_and_measure)
    run = Run(store, store.split(), Recipe(), 0, tmp_path, seeds=2)
    rows = side_by_side.compare(JOB, run, {"a": ("a", Recipe())})
    assert [("diverged" in each) for each in rows["a"]] == [False, True]
    assert len(side_by_side.finished(rows)["a"]) == 1
    numbers = tmp_path / "a" / "seed-1" / side_by_side.NUMBERS
    assert json.loads(numbers.read_text()) == rows["a"][1]
    numbers.write_text("[]")
    with pytest.raises(UserError, match=r"numbers\.json: damaged; remove it"):
        side_by_side.compare(JOB, replace(run, resume=True), {"a": ("a", Recipe())})


def test_a_report_names_the_trainings_that_its_rows_lost(store, tmp_path, monkeypatch):
    def train_and_measure(job, run):
        if (run.recipe.joint_weight, run.seed) == (3.0, 1):
            raise Diverged("the loss became nan")
        numbers = {"dice": run.recipe.joint_weight, "within_5_px": 0.5}
        constant = dict.fromkeys(BASELINES.values(), 0.1)
        row = {"seed": run.seed, "splits": {"validation": numbers}, "baselines": constant}
        return row, None

    monkeypatch.setattr(Job, "train_and_measure", train_and_measure)
    sweep.sweep_weights(JOB, Run(store, store.split(), Recipe(), 0, tmp_path, seeds=2))
    text = (tmp_path / "report.md").read_text()
    assert "\n- 3: 1 of 2 trainings diverged, the first so: the loss became nan\n" in text
    assert text.count("diverged") == 1 and "2 seeds; mean" in text


def test_a_comparison_of_which_nothing_is_left_says_so(store, tmp_path, monkeypatch):
    def train_and_measure(job, run):
        raise Diverged("the loss became nan")

    monkeypatch.setattr(Job, "train_and_measure", train_and_measure)
    run = Run(store, store.split(), Recipe(), 0, tmp_path, seeds=2)
    for comparison in (compare_models, compare_networks, sweep.sweep_weights):
        with pytest.raises(UserError, match="diverged, the first so: the loss became nan"):
            comparison(JOB, run)


def test_given_weights_beside_new_ones_on_more_and_more_pictures(store, tmp_path, monkeypatch):
    monkeypatch.setattr(starts, "COUNTS", (1,))
    recipe = Recipe(width=1, epochs=1, batch=4, lr=0.001)
    before = Run(store, store.split(limit=6), recipe, 5, tmp_path / "before")
    before.folder.mkdir()
    JOB.train(before)
    run = replace(
        before, seed=0, folder=tmp_path / "run", start=before.folder / "best.npz", seeds=2
    )
    rows = starts.compare_starts(JOB, run)
    everything = len(run.split["train"])
    labels = ["from given weights, 0"]
    labels += [f"{how}, {n}" for how in (starts.SCRATCH, starts.GIVEN) for n in (1, everything)]
    assert list(rows) == labels
    assert [len(row) for row in rows.values()] == [1, 2, 2, 2, 2]
    given, _ = JOB.train_and_measure(replace(before, folder=tmp_path / "again"))
    as_given = rows["from given weights, 0"][0]["splits"]["validation"]["dice"]
    assert as_given == given["splits"]["validation"]["dice"]  # the weights as they came
    few = rows["from scratch, 1"][0]
    assert few["splits"]["train"]["pictures"] == 1
    assert few["epochs"] == round(everything**0.5)
    text = (tmp_path / "run" / "report.md").read_text()
    assert text.count("given weights are better") == 4
    assert (tmp_path / "run" / "starts.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--compare", "models", "--model", "triple"], "model: --compare models varies it itself"),
        (["--compare", "models", "--peak", "1"], "peak: --compare models varies it itself, so it"),
        (["--compare", "networks", "--model", "hnet"], "model: --compare networks varies it"),
        (["--compare", "networks", "--start", "a.npz"], "start: networks of several widths begin"),
        (["--compare", "weights", "--joint-weight", "9"], "joint_weight: --compare weights varies"),
        (["--seeds", "5"], "seeds: expected --compare with it, got 5 alone"),
    ],
)
def test_what_a_comparison_would_not_heed_is_refused(flags, message, capsys):
    assert main(["train", "people", "--data", "none.h5", *flags]) == 1
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_more_seeds_are_added_to_a_comparison(store, tmp_path):
    settings = Settings(data=store.path, compare="weights", out=tmp_path, seeds=1)
    claim(tmp_path, settings, Recipe(), resume=False)
    claim(tmp_path, settings.changed(seeds=3), Recipe(), resume=True)


def test_further_rows_begin_with_the_weights_of_the_first(tmp_path):
    """T5: a comparison that is resumed after its --start file was replaced says so."""
    start = tmp_path / "start.npz"
    start.write_bytes(b"weights")
    settings = Settings(compare="starts", start=start)
    claim(tmp_path / "run", settings, Recipe(), False, "a store")
    claim(tmp_path / "run", settings, Recipe(), True, "a store")
    start.write_bytes(b"other weights")
    with pytest.raises(UserError, match=r"cannot resume, .*start\.npz has other content than when"):
        claim(tmp_path / "run", settings, Recipe(), True, "a store")


@pytest.mark.parametrize("name", ["starts", "weights"])
def test_pictures_without_joints_are_compared_by_their_masks(name, store, tmp_path, monkeypatch):
    numbers = {"splits": {"validation": {"dice": 0.5}}, "baselines": {"dice_of_mean_mask": 0.4}}
    monkeypatch.setattr(Job, "train_and_measure", lambda job, run: ({**numbers}, None))
    monkeypatch.setattr(starts, "_as_given", lambda job, run: {**numbers})
    run = Run(store, store.split(), Recipe(), 0, tmp_path, start=tmp_path / "a.npz")
    JOB.comparisons[name](JOB, run)
    text = (tmp_path / "report.md").read_text()
    assert "constant baseline | " in text and "0.4 |" in text and "5 px" not in text


def test_curves_of_one_epoch_and_of_rows_that_are_not_there(tmp_path, monkeypatch):
    painted = []
    monkeypatch.setattr(canvas, "save", lambda plot, path: painted.append(plot))
    curves.learning_curves({"dice": {"mask": ([1], [0.5])}}, tmp_path / "a.png")
    curves.spread_curves({"dice": {"": (["0", "25", "400"], [[0.1], [], [0.3]])}}, tmp_path, "n")
    one, gap = (plot.axes[0] for plot in painted)
    low, high = one.get_xlim()
    assert [tick for tick in one.get_xticks() if low <= tick <= high] == [1]
    np.testing.assert_array_equal(gap.lines[0].get_ydata(), [0.1, np.nan, 0.3])


def test_a_close_up_shows_all_that_lines_do_in_their_later_part(tmp_path, monkeypatch):
    painted = []
    monkeypatch.setattr(canvas, "save", lambda plot, path: painted.append(plot))
    lines = {
        "a": (range(8), [0, 0.5, 0.8, 0.9, 0.91, 0.9, 0.9, 0.9]),
        "b": ([1], [0.7]),
    }
    curves.learning_curves({"dice": lines}, tmp_path / "a.png", close_up=True)
    low, high = painted[0].axes[0].get_ylim()
    assert 0.6 < low < 0.7 and 0.91 < high < 1


def test_short_lines_beside_long_ones_have_a_logarithmic_axis(tmp_path, monkeypatch):
    painted = []
    monkeypatch.setattr(canvas, "save", lambda plot, path: painted.append(plot))
    ours, theirs = ([1, 2], [0.5, 0.6]), (range(1, 101), [0.7] * 100)
    panels = {"alone": {"a": ours}, "beside": {"a": ours, "b": theirs}, "c": {"a": theirs}}
    curves.learning_curves({**panels, "d": {"a": ours}}, tmp_path / "a.png", best=2)
    axes = painted[0].axes
    assert [each.get_xscale() for each in axes] == ["linear", "log", "linear", "linear"]
    assert axes[2].get_position().y1 < axes[0].get_position().y0  # two and two
    assert {each.get_xlabel() for each in axes} == {"epoch (the best, dotted: 2)"}


def test_starts_are_compared_only_with_weights_to_begin_with():
    with pytest.raises(UserError, match=r"--compare starts: expected --start CHECKPOINT"):
        Settings(compare="starts")

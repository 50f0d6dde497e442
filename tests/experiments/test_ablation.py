"""Report 1's choices: rows of several seeds, and what they say about its sentences."""

import json

import numpy as np
import pytest

from minipose.cli import main
from minipose.datasets.h36m import H36MStore
from minipose.experiments.job import Run
from minipose.experiments.pose3d import variants
from minipose.experiments.pose3d.ablation import _about
from minipose.experiments.pose3d.data import mirror
from minipose.experiments.pose3d.findings import CLAIMS, best_of, errors, findings
from minipose.experiments.pose3d.recipe import RECIPES
from minipose.experiments.pose3d.train import _output_range, step_rate, train, train_detector
from minipose.training.log import read_log
from tests.datasets.test_h36m import rows as frames
from tests.datasets.test_h36m import write

TINY = "--kernels 1 1 1 --hidden 4 4 --batch 8 --detection-epochs 1 --epochs 2".split()
BASE = RECIPES["ablation"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    takes = [(1, 1), (1, 2), (5, 1), (5, 2), (11, 1)]
    labels = [{"subject": s, "subaction": t, "action": 0, "camera": 1} for s, t in takes]
    path = tmp_path_factory.mktemp("h36m") / "walk.h5"
    return write(path, *(frames(12, seed, **one) for seed, one in enumerate(labels)))


@pytest.fixture
def few(monkeypatch):
    """Three rows, one of which blows up."""
    rows = {
        variants.REPORT: variants.Variant(longer=2),
        variants.ALONE: variants.VARIANTS[variants.ALONE],
        "wild": variants.Variant({"unit_mm": 1e-30}),
    }
    monkeypatch.setattr(variants, "VARIANTS", rows)


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_rows_share_a_detector_and_an_ablation_that_was_stopped_goes_on(
    store, tmp_path, few, monkeypatch, capsys
):
    command = ["train", "h36m", "--ablate", "--data", str(store), "--out", str(tmp_path / "run")]
    command += [*TINY, "--seeds", "2"]
    assert main(command) == 0
    order = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[")]
    assert [line.rpartition(", ")[2] for line in order] == ["seed 0"] * 3 + ["seed 1"] * 3
    folder = tmp_path / "run"
    found = json.loads((folder / "report.json").read_text())
    assert [("diverged" in one) for one in found["variants"]["wild"]] == [True, True]
    epochs = [len(read_log(folder / name / "seed-1/log.csv")) for name in ("01", "02")]
    assert epochs == [4, 3]  # twice 2, and of equal budget: with the detector's epoch
    for seed in (0, 1):  # of one detector, from which each row that is pre-trained begins
        assert (folder / f"detector/seed-{seed}/detection-last.npz").exists()
        assert not list(folder.glob(f"0?/seed-{seed}/detection-*"))
    text = (folder / "report.md").read_text()
    assert "have 1 epochs of detection and 2 of regression; the others have 3 of reg" in text
    assert "| wild | 2 | diverged |" in text and "| mean pose |" in text
    assert text.count("95 % interval") > 2 and (folder / "ablation.png").exists()

    (folder / "02/seed-1/numbers.json").unlink()
    monkeypatch.setattr("minipose.training.loop._run_epoch", None)  # nothing is left to train
    assert main([*command, "--resume"]) == 0
    again = json.loads((folder / "report.json").read_text())["variants"]
    for name in (variants.REPORT, variants.ALONE):
        assert [one["curve"] for one in again[name]] == [
            one["curve"] for one in found["variants"][name]
        ]


def test_the_base_is_the_reports_own_recipe_with_fewer_epochs():
    fewer = {"epochs": BASE.epochs, "detection_epochs": BASE.detection_epochs}
    assert RECIPES["report"].changed(**fewer) == BASE
    assert 3 * BASE.detection_epochs == BASE.detection_epochs + BASE.epochs  # 50 of 150
    assert (BASE.lr_decay, BASE.flip, BASE.jitter, BASE.dropout) == (1, False, 0, 0)
    whole = BASE.epochs + BASE.detection_epochs
    for name, variant in variants.VARIANTS.items():
        recipe = variant.recipe(BASE)
        seen = recipe.epochs / variant.longer + recipe.pretrain * BASE.detection_epochs
        assert seen == pytest.approx(whole * variant.budget), name


def row(*values, column="test_mpjpe_mm", epochs=None):
    """Three seeds with curves that hold this error, or these after each epoch."""
    seeds = []
    for seed, value in enumerate(values):
        curve = [value] * 40 if np.isscalar(value) else value
        base = {"training_mpjpe_mm": 10.0, "validation_mpjpe_mm": 20.0, "test_mpjpe_mm": 30.0}
        seeds.append({"seed": seed, "curve": [{**base, column: v} for v in curve]})
    return seeds


def test_every_sentence_is_answered_from_its_rows():
    low, high = row(50.0, 51.0, 52.0), row(80.0, 81.0, 83.0)
    for claim in CLAIMS:
        if len(claim.needs) == 1:
            continue
        other = next(n for n in claim.needs if n != claim.needs[-1])
        rows = {claim.needs[-1]: low, other: high}
        answers = [claim.decide(each, BASE).answer for each in (rows, {**rows, other: low})]
        reverse = claim.decide({claim.needs[-1]: high, other: low}, BASE).answer
        assert {answers[0], reverse} == {"yes", "no"} and answers[1] == "undecided", claim
    worse = {name: high for name in variants.VARIANTS} | {variants.REPORT: low}
    lines = dict(zip((c.sentence for c in CLAIMS), findings(worse, BASE), strict=True))
    better = {variants.DROPOUT, variants.TANH, variants.TANH_SCALED, variants.ADAM}
    for claim in CLAIMS:  # what is said to help is worse here, what is left out was missed
        if len(claim.needs) == 2 and variants.REPORT in claim.needs:
            expected = "no" if better & set(claim.needs) else "yes"
            assert lines[claim.sentence].split('": ')[1].startswith(expected), claim.sentence


def test_saturation_is_looked_for_within_a_training():
    falling = [100.0 - n for n in range(16)]
    flat = [100.0, 90.0, 80.0, 70.0, *[60.0] * 12]
    for curve, saturated, goes_on in ((falling, "no", "yes"), (flat, "yes", "no")):
        seeds = row(
            *[[v + s for v in curve] for s in (0.0, 0.1, 0.3)], column="validation_mpjpe_mm"
        )
        rows = {variants.NEITHER: seeds, variants.REPORT: seeds}
        lines = findings(rows, BASE)
        (line,) = (line for line in lines if "saturates" in line)
        assert f": {saturated}: by " in line
        (line,) = (line for line in lines if "goes on learning" in line)
        assert f": {goes_on}: by " in line


def test_rows_are_compared_where_they_have_seen_as_many_images():
    curve = [{"validation_mpjpe_mm": v, "test_mpjpe_mm": t} for v, t in ((3, 30), (2, 20), (9, 1))]
    assert best_of({"curve": curve}, 3)["test_mpjpe_mm"] == 20
    assert errors([{"curve": curve}], "test", 1) == [30]
    assert variants.VARIANTS[variants.FIRST].epochs(BASE) == 1
    assert variants.VARIANTS[variants.WIDE].epochs(BASE) == 2


def test_the_published_rule_is_eq_7_at_another_rate():
    """v ← m·v + (1 − m)·g, w ← w − ε·v, step by step beside ours."""
    from minipose.experiments.pose3d.train import _optimizer
    from minipose.tensor import Parameter

    recipe = BASE.changed(optimizer="code", weight_decay=0.0)
    gradients = np.random.default_rng(0).standard_normal((5, 3))
    parameter = Parameter(np.ones(3))
    optimizer = _optimizer([parameter], recipe, recipe.lr)
    w, v = np.ones(3), np.zeros(3)
    for g in gradients:
        parameter.grad = g.astype(parameter.dtype)
        optimizer.step()
        v = 0.9 * v + 0.1 * g
        w = w - 0.001 * v
    np.testing.assert_allclose(parameter.data, w, rtol=1e-6)
    assert step_rate(BASE, 0.5) == 0.5 and step_rate(recipe, 0.5) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--ablate", "--momentum", "0.5"], "momentum: the ablation varies it itself, so it"),
        (["--ablate", "--dropout", "0.1"], "dropout: the ablation varies it itself"),
        (["--ablate", "--no-pretrain"], "pretrain: the ablation varies it itself"),
        (["--ablate", "--recipe", "quick"], "recipe: expected ablation with compare ablation, got"),
        (["--seeds", "2"], "seeds: expected --ablate with it, got 2 alone"),
        (["--no-pretrain", "--detector", "d.npz"], "detector: nothing is transferred without pret"),
        (["--detector", "d.npz", "--detection-lr", "1"], "detection_lr: no detector is trained wi"),
        (["--detection-epochs", "0"], "detection_epochs: expected 1 or more with pretrain, got 0"),
        (["--ablate", "--detection-epochs", "0"], "detection_epochs: expected 1 or more with pret"),
        (["--detector", "none.npz"], "none.npz: no such file"),
        (["--detector", "RUN/best.npz"], "best.npz: holds h36m regression, expected a detector"),
        (["--detector", "RUN/detection-last.npz", "--kernels", "2", "1", "1"], "a detector with k"),
        (
            ["--detector", "RUN/detection-last.npz", "--kernels", "1", "1", "1", "--normalise"],
            "detection-last.npz: a detector without normalised layers, expected one with",
        ),
    ],
)
def test_what_cannot_apply_is_refused_in_one_line(flags, message, store, run, tmp_path, capsys):
    flags = [flag.replace("RUN", str(run)) for flag in flags]
    command = ["train", "h36m", "--data", str(store), "--out", str(tmp_path / "out"), *flags]
    assert main([*command, "--batch", "8", "--epochs", "1"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


def test_tanh_reaches_the_joints_of_mirrored_images(store):
    recipe = BASE.changed(output_tanh=True, flip=True)
    with H36MStore(store) as opened:
        poses = opened.read("joints_3d", np.arange(len(opened)))
        centre, scale = _output_range(opened, np.arange(len(opened)), recipe)
    for joints in (poses, mirror(poses)):
        assert (np.abs(joints.reshape(-1, 51) - centre) < scale).all()


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    """Both trainings without a report."""
    folder = tmp_path_factory.mktemp("run")
    train(trained(store, folder))
    return folder


def trained(path, folder, **choices):
    recipe = BASE.changed(kernels=(1, 1, 1), hidden=(4, 4), batch=8, detection_epochs=1, epochs=1)
    detector = choices.pop("detector", None)
    opened = H36MStore(path)
    return Run(opened, opened.split(), recipe.changed(**choices), 0, folder, detector=detector)


def test_a_given_detector_is_transferred_instead_of_training_one(store, run, tmp_path):
    """The same regression as after training it oneself."""
    train(trained(store, tmp_path, detector=run / "detection-last.npz"))
    assert not (tmp_path / "detection-log.csv").exists()
    with np.load(run / "last.npz") as own, np.load(tmp_path / "last.npz") as other:
        for name in own.files:
            assert name == "meta" or (own[name] == other[name]).all()


def test_the_epochs_of_a_given_detector_are_not_those_of_the_recipe(store, tmp_path):
    with H36MStore(store) as opened:
        one = Run(opened, opened.split(), BASE, 0, tmp_path, detector=tmp_path / "d.npz")
        text = _about(one, {"row": [{}]}, {})
    assert f"have 8 epochs of regression, and the layers of {tmp_path / 'd.npz'} before" in text
    assert "epochs of detection" not in text


def test_a_detector_that_gets_no_better_ends(store, tmp_path):
    still = {"detection_epochs": 9, "detection_patience": 1, "detection_lr": 1e-30}
    train_detector(trained(store, tmp_path, **still))
    assert len(read_log(tmp_path / "detection-log.csv")) == 2  # the first is the best, then one

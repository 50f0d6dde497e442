"""Both jobs through the one runner: train, evaluate, predict, show, and their messages."""

import builtins
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from minipose import experiments
from minipose.cli import build_parser, main
from minipose.devices import device_of, use_device
from minipose.experiments import run as runner
from minipose.experiments.report import publish
from minipose.training import checkpoint
from minipose.training.log import read_log
from tests.datasets.test_h36m import rows, write
from tests.experiments.people import write_store
from tests.unpainted import unpainted as unpainted_plots

ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "h36m": [
        "--kernels",
        "1",
        "1",
        "1",
        "--batch",
        "8",
        "--detection-epochs",
        "1",
        "--epochs",
        "2",
    ],
    "people": ["--width", "1", "--batch", "4", "--epochs", "2", "--quarter-epochs", "0"],
}
EVERYWHERE = {
    "config.toml", "log.csv", "last.npz", "best.npz", "learning_curve.png", "report.md",
    "report.json",
}  # fmt: skip


@pytest.fixture(scope="module", params=experiments.JOBS)
def job(request):
    return request.param


@pytest.fixture(scope="module")
def store(job, tmp_path_factory):
    """A small store of this job; for h36m of random frames with the subjects that it expects."""
    folder = tmp_path_factory.mktemp(job)
    if job == "people":
        return write_store(folder / "people.h5")
    takes = [(1, 1), (1, 2), (5, 1), (5, 2), (11, 1)]
    labels = [{"subject": s, "subaction": t, "action": 0, "camera": 1} for s, t in takes]
    return write(folder / "walk.h5", *(rows(12, seed, **one) for seed, one in enumerate(labels)))


@pytest.fixture(scope="module")
def trained(job, store, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"{job}-runs") / "run"
    with unpainted_plots():  # painted in test_cli and test_people
        assert main(["train", job, "--data", str(store), "--out", str(folder), *TINY[job]]) == 0
    return folder


def numbers(report: Path) -> dict:
    """A report's metrics without what depends on the clock."""
    splits = json.loads(report.read_text())["splits"]
    clock = ("images_per_s", "seconds")
    return {n: {k: v for k, v in s.items() if k not in clock} for n, s in splits.items()}


def test_a_run_leaves_the_same_kinds_of_files(job, trained):
    names = {p.name for p in trained.iterdir()}
    assert names >= EVERYWHERE and not [n for n in names if n.startswith(".")]
    result = json.loads((trained / "report.json").read_text())
    assert result["seed"] == 0 and {"numpy", "minipose"} <= result["versions"].keys()
    assert 0 < result["seconds"] and {"train", "validation"} <= result["splits"].keys()
    logs = [read_log(path)[-1]["elapsed_s"] for path in trained.glob("*log.csv")]
    assert result["training_seconds"] == pytest.approx(sum(logs))
    text = (trained / "report.md").read_text()
    pictures = [n for n in names if n.endswith((".png", ".gif"))]
    assert all(f"]({name})" in text for name in pictures)


def test_evaluate_finds_what_training_reported(store, trained, tmp_path, capsys):
    command = ["evaluate", str(trained / "best.npz"), "--data", str(store)]
    assert main([*command, "--out", str(tmp_path / "new")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("device: cpu\n")
    assert numbers(tmp_path / "new" / "report.json") == numbers(trained / "report.json")
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"report.md", "report.json"}
    assert "the best one" not in printed  # a checkpoint does not say that
    assert main([*command, "--save", str(tmp_path / "a/b/found.npz")]) == 0
    assert (tmp_path / "a/b/found.npz").is_file()
    (tmp_path / "file").touch()
    assert main([*command, "--save", str(tmp_path / "file/found.npz")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'file'}: a file, expected a folder\n"
    assert main(command) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert table and all(line.count("|") > 2 for line in table)


def test_show_and_predict_write_files(store, trained, tmp_path, capsys):
    assert main(["show", str(store), "--out", str(tmp_path / "show"), "--limit", "6"]) == 0
    picture = tmp_path / "photo.png"
    Image.new("RGB", (60, 90), (90, 120, 40)).save(picture)
    command = ["predict", str(picture), "--checkpoint", str(trained / "best.npz")]
    assert main([*command, "--out", str(tmp_path / "found"), "--device", "cpu"]) == 0
    printed = [line for line in capsys.readouterr().out.splitlines() if "/" in line]
    shown = {Path(line) for line in printed if Path(line).is_file()}
    assert shown == set((tmp_path / "show").iterdir())
    assert any(line.endswith(str(tmp_path / "found/photo_person.png")) for line in printed)
    assert {".png", ".json"} == {path.suffix for path in (tmp_path / "found").iterdir()}


def test_resuming_a_finished_run_trains_nothing(job, store, trained, monkeypatch, unpainted):
    before = {p.name: p.read_bytes() for p in trained.glob("*.npz")}
    monkeypatch.setattr("minipose.training.loop._run_epoch", None)
    command = ["train", job, "--data", str(store), "--out", str(trained), *TINY[job]]
    report = numbers(trained / "report.json")
    assert main([*command, "--resume"]) == 0
    assert {p.name: p.read_bytes() for p in trained.glob("*.npz")} == before
    assert numbers(trained / "report.json") == report


@pytest.mark.parametrize("flag", ["fp16", "recompute"])
def test_how_a_step_is_computed_is_handed_on(flag, job, store, tmp_path, monkeypatch):
    class Handed(Exception):
        pass

    def hand(self, run):
        raise Handed(run)

    monkeypatch.setattr(runner.Job, "train_and_measure", hand)
    command = ["train", job, "--data", str(store), "--out", str(tmp_path / "run"), *TINY[job]]
    for flags, expected in (([f"--{flag}"], True), ([], False)):
        with pytest.raises(Handed) as handed:
            main([*command, *flags])
        (run,) = handed.value.args
        assert getattr(run, flag) is expected
        net = run.spared(lambda net, batch: net) if flag == "recompute" else None
        assert net is None or (net.__name__ == "of") is expected


def test_a_run_on_a_cpu_never_imports_cupy(store, trained, tmp_path, monkeypatch):
    class Asked:
        names: list[str] = []  # noqa: RUF012

        def find_spec(self, name, path=None, target=None):
            self.names.append(name)

    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [asked := Asked(), *sys.meta_path])
    assert main(["evaluate", str(trained / "best.npz"), "--data", str(store)]) == 0
    publish(tmp_path, "Title", "words", {}, {})
    assert "cupy" not in asked.names


def test_a_device_that_is_not_there_is_one_line_for_every_command(
    job, store, trained, monkeypatch, capsys
):
    monkeypatch.setattr("minipose.devices.gpu_status", lambda: (False, "none found", "Buy one"))
    best = str(trained / "best.npz")
    for command in (
        ["train", job, "--data", str(store)],
        ["evaluate", best, "--data", str(store)],
        ["predict", "none.png", "--checkpoint", best],
        ["show", str(store)],
    ):
        assert main([*command, "--device", "cuda"]) == 1
        error = capsys.readouterr().err
        assert error == "error: device 'cuda' cannot be used: none found. Buy one\n"
    assert use_device("auto") == "cpu"
    assert capsys.readouterr().out == "device: cpu (no GPU: none found)\n"


def test_a_network_comes_out_of_its_checkpoint(job, trained):
    found, net, meta = runner.load_network(trained / "best.npz")
    assert found.name == job == meta["job"] and device_of(net) == "cpu"
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, np.load(trained / "best.npz")[f"model/{name}"])


def test_what_a_checkpoint_lacks_is_named(job, trained, tmp_path, capsys):
    _, net, meta = runner.load_network(trained / "best.npz")
    cases = {
        "unknown job 'chess'": meta | {"job": "chess"},
        "lacks 'recipe'": {k: v for k, v in meta.items() if k != "recipe"},
        "epochs: expected a whole number": meta | {"recipe": {**meta["recipe"], "epochs": 0.5}},
        "unknown colour; known are": meta | {"recipe": {**meta["recipe"], "colour": 1}},
        "unknown job []": meta | {"job": []},
        "recipe: expected choices by name, got []": meta | {"recipe": []},
        "unrecognized seed string": meta | {"seed": "abc"},
        "expected non-negative integer": meta | {"seed": -1},
    }
    if job == "people":
        cases["expected two numbers, got None"] = meta | {"calibration": {"slope": None}}
        cases["unexpected keyword argument 'a'"] = meta | {"calibration": {"a": 1}}
    else:
        cases["KeyError: 'head'"] = {k: v for k, v in meta.items() if k != "head"}
        cases["no mean pose in it"] = meta | {"mean_pose_mm": [1, 2]}
    for message, changed in cases.items():
        changed.pop("format", None)
        checkpoint.save(tmp_path / "c.npz", net, None, changed)
        assert main(["predict", "none.png", "--checkpoint", str(tmp_path / "c.npz")]) == 1
        error = capsys.readouterr().err
        assert message in error and "c.npz: " in error and error.count("\n") == 1


def test_the_first_versions_files_are_read(job, store, trained, tmp_path):
    if job not in experiments.EARLIER.values():
        pytest.skip("it had the same name")
    arrays, meta = checkpoint.read(trained / "best.npz")
    meta["job"] = "figures"
    text = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    np.savez(tmp_path / "old.npz", meta=text, **arrays)
    assert runner.load_network(tmp_path / "old.npz")[0].name == "people"
    (tmp_path / "old.h5").write_bytes(store.read_bytes())
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        file.attrs["format"] = "minipose figures 1"
    command = ["evaluate", str(tmp_path / "old.npz"), "--data", str(tmp_path / "old.h5")]
    assert main([*command, "--out", str(tmp_path)]) == 0
    assert numbers(tmp_path / "report.json") == numbers(trained / "report.json")
    assert main(["show", str(tmp_path / "old.h5"), "--out", str(tmp_path / "show")]) == 0


def test_a_reader_who_goes_away_costs_no_report(job, store, trained, tmp_path, monkeypatch):
    """What ``evaluate … | head -1`` does: the report is written before it is printed."""
    command = ["-m", "minipose", "evaluate", str(trained / "best.npz"), "--data", str(store)]
    command += ["--out", str(tmp_path / "out")]
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        error = process.stderr.read()
    assert process.returncode == 1 and error == b""

    def gone(*args, **options):
        raise BrokenPipeError

    monkeypatch.setattr(builtins, "print", gone)
    with pytest.raises(BrokenPipeError):
        publish(tmp_path, "Title", "text", {}, {"seed": 1})
    assert json.loads((tmp_path / "report.json").read_text())["seed"] == 1


def test_a_job_is_whole(job):
    """What its settings offer, it has."""
    found = experiments.load(job).JOB
    offered = {f.name: f.metadata["check"].options for f in fields(found.settings)}
    assert set(offered["recipe"]) == found.recipes.keys()
    assert set(offered["compare"]) == found.comparisons.keys()
    assert found.name == job
    assert isinstance(next(iter(found.recipes.values())), found.recipe)


def test_an_ablation_is_a_comparison():
    both = [["--ablate"], ["--compare", "ablation"]]
    first, second = (build_parser().parse_args(["train", "h36m", *flags]) for flags in both)
    assert first == second and first.compare == "ablation"

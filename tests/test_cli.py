"""The front door: a whole small run through every command, and what mistakes look like."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from data_tools.h36m.__main__ import main as import_h36m
from data_tools.twin.__main__ import main as write_twin
from minipose.cli import main
from minipose.datasets.h36m import H36MStore
from minipose.experiments.pose3d.recipe import RECIPES
from minipose.training.log import read_log

TINY = ["--kernels", "1", "2", "2", "--batch", "8", "--detection-epochs", "1", "--epochs", "2"]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """A store with a person to train on, one to validate on too, and one to test on."""
    root = tmp_path_factory.mktemp("data")
    assert (
        write_twin(
            [
                "h36m",
                "--out",
                str(root / "raw"),
                "--frames",
                "2",
                "--subjects",
                "1",
                "5",
                "11",
                "--workers",
                "2",
            ]
        )
        == 0
    )
    assert import_h36m([str(root / "raw"), "--out", str(root / "a.h5"), "--workers", "2"]) == 0
    return root / "a.h5"


@pytest.fixture(scope="module")
def run(store, tmp_path_factory) -> Path:
    """A finished tiny run."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["train", "h36m", "--data", str(store), "--out", str(folder), *TINY]) == 0
    return folder


def test_a_run_leaves_a_folder(run):
    names = {p.name for p in run.iterdir()}
    assert {"config.toml", "log.csv", "last.npz", "best.npz", "learning_curve.png"} <= names
    assert {
        "report.md",
        "report.json",
        "poses.png",
        "windows.png",
        "crops.png",
        "take.gif",
        "network.png",
        "joints.png",
    } <= names
    assert not [n for n in names if n.startswith(".")]
    result = json.loads((run / "report.json").read_text())
    test = result["splits"]["test"]
    assert test["frames"] == 16 and test["mpjpe_mm"] > 0 and test["mean_pose_mpjpe_mm"] > 0
    assert {"S11"} == {s for s, row in result["per_subject_mm"].items() if "test" in row}
    assert result["seed"] == 0 and "numpy" in result["versions"]
    text = (run / "report.md").read_text()
    assert "learning_curve.png" in text and "| S11 | 16 (13032) |" in text
    assert "| 36.23 |" in text and "| 0.05 |" in text
    detector = result["detector"]
    assert detector["epochs"] == 1 and result["dataset"]["S1"] == {"Walking": 16}
    (last,) = read_log(run / "detection-log.csv")
    entropy = last["validation_cross_entropy_per_window"]
    assert detector["splits"]["validation"]["cross_entropy_per_window"] == pytest.approx(
        entropy, rel=1e-5
    )
    log = read_log(run / "log.csv")
    assert all(row["images_per_s"] > 0 for row in log)
    best = min(log, key=lambda row: row["validation_mpjpe_mm"])
    assert f"after epoch {best['epoch']:.0f} of 2, the best one" in text
    measured = result["splits"]["validation"]["mpjpe_mm"]
    assert best["validation_mpjpe_mm"] == pytest.approx(measured, rel=1e-5)
    assert all(row["training_mpjpe_mm"] > 0 and row["test_mpjpe_mm"] > 0 for row in log)


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(store, run, tmp_path, unpainted):
    for seed, name in (("0", "again"), ("1", "other")):
        folder = tmp_path / name
        args = ["train", "h36m", "--data", str(store), "--out", str(folder), "--seed", seed, *TINY]
        assert main(args) == 0

    def losses(folder):
        return [(r["train_loss"], r["validation_mpjpe_mm"]) for r in read_log(folder / "log.csv")]

    assert losses(tmp_path / "again") == losses(run) != losses(tmp_path / "other")
    first, second = (np.load(f / "last.npz") for f in (run, tmp_path / "again"))
    for name in first.files:
        if name != "meta":  # which holds elapsed seconds
            np.testing.assert_array_equal(first[name], second[name])


def test_choices_come_from_a_file_and_flags_win(store, tmp_path, unpainted):
    config = tmp_path / "mine.toml"
    config.write_text("kernels = [1, 1, 1]\nbatch = 8\nepochs = 1\npretrain = false\nseed = 5\n")
    folder = tmp_path / "run"
    args = ["train", "h36m", "--config", str(config), "--data", str(store), "--out", str(folder)]
    assert (
        main([*args, "--shared", "freeze", "--loss", "squared", "--output-tanh", "--seed", "6"])
        == 0
    )
    text = (folder / "config.toml").read_text()
    assert "kernels = [1, 1, 1]" in text and "seed = 6" in text and 'loss = "squared"' in text
    assert not (folder / "detection-last.npz").exists()


def test_evaluate_and_show(store, run, tmp_path, capsys):
    assert main(["evaluate", str(run / "best.npz"), "--data", str(store)]) == 0
    expected = json.loads((run / "report.json").read_text())["splits"]["test"]["mpjpe_mm"]
    assert f"| {expected:.2f} |" in capsys.readouterr().out
    assert main(["show", str(store), "--out", str(tmp_path / "show")]) == 0
    assert (tmp_path / "show" / "crops.png").exists()


def test_predict_any_picture(store, run, tmp_path, capsys):
    with H36MStore(store) as data:
        crop = data.read("images", np.array([0]))[0]
    wide = np.zeros((200, 300, 3), np.uint8)
    wide[30:158, 100:228] = crop[..., None]
    Image.fromarray(wide).save(tmp_path / "person.png")
    silhouette = Image.fromarray(np.where(wide[..., 0], np.uint8(255), np.uint8(0)))
    silhouette.save(tmp_path / "mask.png")
    args = ["predict", str(tmp_path / "person.png"), "--checkpoint", str(run / "best.npz")]
    args += ["--mask", str(tmp_path / "mask.png")]
    assert main([*args, "--out", str(tmp_path / "out"), "--box", "100", "30", "228", "158"]) == 0
    result = json.loads((tmp_path / "out" / "person_pose.json").read_text())
    assert result["unit"] == "mm" and len(result["joints"]) == 17
    assert result["joints"]["pelvis"] == [0, 0, 0]
    assert (tmp_path / "out" / "person_person.png").exists()


def test_another_run_in_the_same_folder_is_refused(store, run, capsys):
    args = ["train", "h36m", "--data", str(store), "--out", str(run), *TINY]
    assert main([*args, "--lr", "0.5"]) == 1
    assert "holds a run with another lr" in capsys.readouterr().err
    assert main([*args, "--lr", "0.5", "--resume"]) == 1
    lr = RECIPES["quick"].lr
    assert f"cannot resume, lr was {lr} and is now 0.5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["train", "h36m"], "--data: expected a store"),
        (["train", "h36m", "--data", "none.h5"], "none.h5: no such file"),
        (
            ["train", "h36m", "--data", "STORE", "--dropout", "2"],
            "dropout: expected a number of at least 0 and below 1",
        ),
        (["train", "h36m", "--data", "STORE", "--batch", "999"], "batch of 999 is larger than the"),
        (["train", "h36m", "--config", "none.toml"], "none.toml: no such file"),
        (["train", "h36m", "--data", ""], "data: expected a path, got ''"),
        (["evaluate", "none.npz", "--data", "STORE"], "none.npz: no such file"),
        (["evaluate", "RUN/detection-last.npz", "--data", "STORE"], "expected a regression"),
        (["predict", "none.png", "--checkpoint", "RUN/best.npz"], "none.png: no such file"),
        (["predict", "x.png", "--checkpoint", "STORE"], "not a readable checkpoint"),
        (["show", "RUN/best.npz"], "not a readable HDF5 file"),
        (["show", "none.h5"], "none.h5: no such file (expected a store made by data_tools h36m or"),
        (["show", "RUN/.."], "tiny/..: not the folder of a run (expected what `train` leaves"),
        (["show", "RUN/other.h5"], "other.h5: not a store of minipose (expected one made by data"),
        (["evaluate", "RUN", "--data", "STORE"], "tiny: a folder (expected a checkpoint such as"),
        (["train", "h36m", "--config", "RUN"], "tiny: a folder, expected a TOML file"),
    ],
)
def test_mistakes_are_one_line(args, message, store, run, tmp_path, capsys):
    with h5py.File(run / "other.h5", "w") as file:
        file.attrs["format"] = "somebody else's"
    args = [a.replace("STORE", str(store)).replace("RUN", str(run)) for a in args]
    out = ["--out", str(tmp_path / "out")]
    assert main([*args, *out]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


@pytest.mark.parametrize("out", ["report.md", "report.md/below"])
@pytest.mark.parametrize(
    "args",
    [
        ["train", "h36m", "--data", "STORE"],
        ["evaluate", "RUN/best.npz", "--data", "STORE"],
        ["predict", "none.png", "--checkpoint", "RUN/best.npz"],
        ["show", "STORE"],
    ],
    ids=lambda args: args[0],
)
def test_a_file_where_a_folder_is_wanted_is_said_before_anything_is_computed(
    args, out, store, run, capsys
):
    args = [a.replace("STORE", str(store)).replace("RUN", str(run)) for a in args]
    assert main([*args, "--out", str(run / out)]) == 1
    assert capsys.readouterr().err == f"error: {run / 'report.md'}: a file, expected a folder\n"


def test_a_config_file_with_a_typing_error(tmp_path, capsys):
    (tmp_path / "a.toml").write_text("epoch = 3\n")
    assert main(["train", "h36m", "--config", str(tmp_path / "a.toml")]) == 1
    assert "unknown epoch; known are" in capsys.readouterr().err
    (tmp_path / "b.toml").write_text("epochs = \n")
    assert main(["train", "h36m", "--config", str(tmp_path / "b.toml")]) == 1
    assert "not a readable TOML file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["train", "h36m", "--epochs", "many"],
            "argument --epochs: expected a whole number of 1 or more, got 'many'",
        ),
        (["train", "people", "--model", "best"], "argument --model: invalid choice: 'best'"),
        (
            ["train", "h36m", "--bogus", "--epochs", "1"],
            "unrecognized arguments: --bogus (python -m minipose train h36m --help lists all)",
        ),
        (["--bogus", "doctor"], "unrecognized arguments: --bogus (python -m minipose --help"),
        (["predict"], "the following arguments are required: SOURCE"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(args, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}") and error.count("\n") == 1
    assert "--help lists all" in error


def test_importing_minipose_needs_numpy_alone():
    code = (
        "import sys; import minipose; "
        "heavy = {'matplotlib', 'h5py', 'PIL', 'scipy', 'cupy', 'tqdm'} & set(sys.modules); "
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_tf32_is_asked_for_before_the_gpu_is(monkeypatch, capsys):
    """The probe of a device multiplies matrices, after which the setting would come too late."""
    monkeypatch.delenv("CUPY_TF32", raising=False)
    seen = []
    command = ["train", "h36m", "--tf32", "--device", "cuda", "--data", "none.h5"]
    monkeypatch.setattr("minipose.devices.gpu_status", lambda: seen.append(tf32()) or GONE)
    assert main(command) == 1
    assert seen == ["1"] and "cannot be used: gone" in capsys.readouterr().err
    monkeypatch.delenv("CUPY_TF32")
    assert main([a for a in command if a != "--tf32"]) == 1
    assert seen == ["1", None]


GONE = (False, "gone", "")


def tf32():
    return os.environ.get("CUPY_TF32")


@pytest.mark.parametrize("command", [["predict", "a.jpg"], ["train", "people", "--data", "a.h5"]])
def test_out_of_memory_names_no_flag_that_the_command_lacks(command, monkeypatch, capsys):
    def run(_):
        raise MemoryError

    monkeypatch.setattr("minipose.cli._run", run)
    assert main(command) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: out of memory (no more is free)") and error.count("\n") == 1
    assert ("--batch" in error) == (command[0] == "train")

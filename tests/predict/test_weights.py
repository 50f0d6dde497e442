"""The weights that come with minipose: small, whole, made from runs by one command."""

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from minipose import weights
from minipose.datasets.h36m import H36MWriter
from minipose.datasets.people import PeopleWriter
from minipose.experiments.run_folder import write_toml
from minipose.predict.networks import load_network
from minipose.training import checkpoint
from minipose.weights.__main__ import main
from tests.datasets.test_h36m import rows
from tests.experiments.people import stick_person
from tests.predict.networks import people_checkpoint, pose3d_checkpoint

ROOT = Path(__file__).resolve().parents[2]
REPORTS = {
    "people": {"model": "mask+softmax", "network": "unet", "seed": 0, "epoch": 3,
               "training_seconds": 1.0, "splits": {}, "mirrored": {}, "baselines": {}},
    "h36m": {"splits": {"test": {
        "frames": 7, "mpjpe_mm": 81.25, "pa_mpjpe_mm": 60.5, "mean_pose_mpjpe_mm": 150.0,
        "share_of_mean_pose": 0.54, "images_per_s": 9.0,
        "identical_consecutive_predictions": 0.0, "identical_consecutive_images": 0.0}},
        "per_joint_mm": {}, "per_subject_mm": {}, "per_camera_mm": {}},
}  # fmt: skip


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Run folders of both jobs, as far as the packaging reads them."""
    # The tables of a report have tests of their own.
    monkeypatch.setattr("minipose.weights.pack._summary", lambda job, report: json.dumps(report))
    rng = np.random.default_rng(0)
    with PeopleWriter(tmp_path / "people.h5") as writer:
        for n in range(10):
            writer.append(stick_person(rng, name=f"twin0_{n:06d}"))
    with H36MWriter(tmp_path / "h36m.h5", ["Walking"]) as writer:
        for n, (subject, take) in enumerate([(1, 1), (1, 2), (5, 1), (5, 2), (11, 1)]):
            labels = {"subject": subject, "subaction": take, "action": 0, "camera": 1}
            writer.append(**rows(4, n, **labels))
    for name, make in (("people", people_checkpoint), ("h36m", pose3d_checkpoint)):
        folder = tmp_path / f"run-{name}"
        folder.mkdir()
        make(folder / "best.npz")
        places = {"data": str(tmp_path / f"{name}.h5"), "detector": str(tmp_path / "d.npz")}
        write_toml(folder / "config.toml", places | {"seed": 7})
        (folder / "report.json").write_text(json.dumps(REPORTS[name]))
    return tmp_path


def pack(runs, *flags):
    return main(
        [str(runs / "run-people"), str(runs / "run-h36m"), "--out", str(runs / "w"), *flags]
    )


def test_two_runs_become_two_files_and_a_card(runs):
    assert pack(runs, "--pose3d-data", "drawn people") == 0
    assert {p.name for p in (runs / "w").iterdir()} == {"people.npz", "pose3d.npz", "card.md"}
    for name, before in (("people", "run-people"), ("pose3d", "run-h36m")):
        arrays, meta = checkpoint.read(runs / "w" / f"{name}.npz")
        original = checkpoint.read(runs / before / "best.npz")[0]
        assert arrays.keys() == original.keys()
        for key, array in arrays.items():
            assert array.dtype == np.float16
            np.testing.assert_allclose(array, original[key], rtol=1e-3, atol=1e-4)
        network = load_network(runs / "w" / f"{name}.npz")
        assert meta["trained_on"] == network.trained_on
        assert all(p.data.dtype == np.float32 for p in network.net.parameters())
    assert load_network(runs / "w/people.npz").trained_on == (
        "trained on 8 pictures of drawn people, 3 epochs"
    )
    assert network.mean_pose.shape == (17, 3)
    card = (runs / "w/card.md").read_text()
    assert "8 pictures, drawn people" in card and "81.25" in card and "seed = 7" in card
    assert str(runs) not in card  # paths of this machine say nothing to others


def test_what_a_training_began_with_is_on_the_card_too(runs):
    """Whose data they were, and what was done otherwise."""
    first, second = runs / "run-people", runs / "second"
    shutil.copytree(first, second)
    with PeopleWriter(runs / "street.h5") as writer:
        for n in range(10):
            person = stick_person(np.random.default_rng(n), name=f"{n}")
            writer.append(replace(person, source="ccp"))
    config = {"data": str(runs / "street.h5"), "start": str(first / "best.npz"), "seed": 8}
    write_toml(second / "config.toml", config)
    command = [str(second), str(runs / "run-h36m"), "--out", str(runs / "w")]
    assert main([*command, "--pose3d-data", "drawn people"]) == 0
    assert load_network(runs / "w/people.npz").trained_on == (
        "trained on 8 pictures of drawn people, 3 epochs, then on 8 pictures of ccp, 3 epochs"
    )
    card = (runs / "w/card.md").read_text()
    assert "- 3 epochs on 8 pictures, drawn people: made by" in card
    assert "- 3 epochs on 8 pictures, ccp: Clothing Co-Parsing" in card and "Apache-2.0" in card
    assert "had\n# seed = 7\n# and" in card and "\nseed = 8\n" in card
    shutil.rmtree(first)
    assert main([*command, "--pose3d-data", "drawn people", "--out", str(runs / "v")]) == 1


def test_what_cannot_be_packed_is_one_line(runs, capsys, monkeypatch):
    def refused(message, *flags):
        assert pack(runs, *flags) == 1
        error = capsys.readouterr().err
        assert message in error and error.startswith("error: ") and error.count("\n") == 1
        assert not list((runs / "w").glob("*.npz")) if (runs / "w").exists() else True

    refused("its sources are not known here (''); --pose3d-data says whose data")
    refused("--data: expected one of drawn people, ", "--pose3d-data", "mine")
    known = ("--pose3d-data", "drawn people")
    with monkeypatch.context() as changed:
        changed.setattr("minipose.weights.pack.LARGEST", 1000)
        refused("together more than 0 MB; train smaller ones", *known)
    arrays, meta = checkpoint.read(runs / "run-h36m/best.npz")
    arrays["model/out.bias"] += 1e6
    meta.pop("format")
    text = np.frombuffer(json.dumps(meta | {"format": checkpoint.FORMAT}).encode(), np.uint8)
    np.savez(runs / "run-h36m/best.npz", meta=text, **arrays)
    refused("model/out.bias has values that 16 bits cannot hold", *known)
    (runs / "run-people/report.json").unlink()
    refused("report.json: no such file", *known)
    assert main([str(runs / "run-h36m"), str(runs / "run-h36m"), "--out", str(runs / "w")]) == 1
    assert "a run of 'h36m', expected one of 'people'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.toml", "seed = 7\n", "config.toml: does not say what the run was trained on"),
        ("config.toml", 'data = ["a"]\n', "config.toml: data: expected a path, got ['a']"),
        ("config.toml", 'data = "a.h5"\nlimit = "x"\n', "config.toml: limit: expected a whole num"),
        ("report.json", "[]", "report.json: not the report of a finished training"),
        ("report.json", '{"models": {}}', "report.json: not the report of a finished training"),
    ],
)
def test_a_run_that_is_not_whole_is_one_line(runs, name, content, message, monkeypatch, capsys):
    monkeypatch.setattr("minipose.weights.pack._summary", lambda job, report: report["splits"])
    (runs / "run-h36m" / name).write_text(content)
    assert pack(runs, "--pose3d-data", "drawn people") == 1
    error = capsys.readouterr().err
    assert message in error and error.startswith("error: ") and error.count("\n") == 1
    assert not (runs / "w").exists()


def test_what_comes_along_is_small_described_and_part_of_the_package():
    files = [weights.PEOPLE, weights.POSE3D]
    assert sum(path.stat().st_size for path in files) <= 6_000_000
    card = weights.CARD.read_text()
    for path in files:
        arrays, meta = checkpoint.read(path)
        assert {a.dtype.name for a in arrays.values()} == {"float16"}
        assert not [name for name in arrays if not name.startswith("model/")]
        assert path.name in card and meta["trained_on"] in card
    for heading in ("### Data and licence", "### Limits", "### Numbers", "### Recipe"):
        assert card.count(heading) == 2
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    patterns = project["package-data"]["minipose.weights"]
    listed = {p.name for pattern in patterns for p in weights.FOLDER.glob(pattern)}
    assert listed == {*(path.name for path in files), weights.CARD.name}

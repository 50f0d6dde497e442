"""``export`` and ``import`` from the command line: there and back, and what mistakes look like."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed, nothing can be written")

from minipose.cli import main
from minipose.exchange import commands
from minipose.exchange.files import new_file
from minipose.experiments.people.recipe import Recipe as PeopleRecipe
from minipose.experiments.people.train import build as build_people
from minipose.experiments.pose3d.recipe import Recipe as PoseRecipe
from minipose.experiments.pose3d.train import build as build_pose
from minipose.training import checkpoint
from tests.test_dependencies import with_numpy_alone

POSE = PoseRecipe(kernels=(1, 2, 2), output_tanh=True)
PEOPLE = {
    "unet": PeopleRecipe(model="triple", width=2, halved=2),
    "normalised": PeopleRecipe(model="mask+regression", width=2, normalise=True),
    "hnet": PeopleRecipe(model="mask", network="hnet", width=2),
}


def meta(job, recipe, **more):
    about = {"job": job, "recipe": asdict(recipe), "seed": 0}
    return about | {"progress": {"epoch": 3, "seconds": 7.5}} | more


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A checkpoint of every kind of network."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for head in ("detection", "regression"):
        net = build_pose(POSE, head, 0)
        checkpoint.save(folder / f"{head}.npz", net, None, meta("h36m", POSE, head=head))
    for name, recipe in PEOPLE.items():
        net = build_people(recipe, 0)
        checkpoint.save(folder / f"{name}.npz", net, None, meta("people", recipe))
    assert main(["export", str(folder / "unet.npz"), "--onnx", str(folder / "unet.onnx")]) == 0
    return folder


KINDS = ["detection", "regression", *PEOPLE]


@pytest.mark.parametrize(
    ("name", "flags"),
    [(name, ["--onnx"]) for name in KINDS]
    + [(name, ["--fold", "--probabilities", "--onnx"]) for name in ("normalised", "hnet")]
    + [(name, ["--torch"]) for name in KINDS],
)
def test_there_and_back(name, flags, folder, tmp_path, capsys):
    if flags == ["--torch"]:
        pytest.importorskip("torch", reason="PyTorch is not installed")
    original = folder / f"{name}.npz"
    file = tmp_path / "new" / ("a.pt" if flags == ["--torch"] else "a.onnx")
    assert main(["export", str(original), *flags, str(file)]) == 0
    assert capsys.readouterr().out.startswith(f"{file}: ")
    back = tmp_path / "other" / "back.npz"
    arguments = ["import", str(file), "--like", str(original), "--out", str(back)]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith(f"{back}: ")
    (arrays, before), (others, after) = checkpoint.read(original), checkpoint.read(back)
    assert after == before | {"imported": str(file)}
    assert arrays.keys() == others.keys()
    assert all(arrays[n].tobytes() == others[n].tobytes() for n in arrays)
    assert commands.load(back)[1]["progress"]["epoch"] == 3
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        f"error: {back}: is there already; remove it, or choose another name\n"
    )


def test_what_is_printed(folder, tmp_path, capsys):
    import onnx

    assert main(["export", str(folder / "unet.npz"), "--onnx", str(tmp_path / "a.onnx")]) == 0
    printed = capsys.readouterr().out.splitlines()
    about = "trained on pictures whose shorter side is 32 px"
    assert printed[0] == f"{tmp_path / 'a.onnx'}: UNet, {about}"
    assert onnx.load(tmp_path / "a.onnx").doc_string == about
    starts = [line.partition(": ")[0].strip() for line in printed[1:]]
    assert starts == ["in", "out", "out", "out"]
    assert "image (batch, 3, height, width): red, green, blue, 0 to 1; any size" in printed[1]
    assert "joints (batch, 26, height, width): scores of each pixel" in printed[3]


@pytest.fixture
def files(folder, tmp_path) -> Path:
    """A folder with files that are wrong in some way."""
    (tmp_path / "text.onnx").write_text("hello")
    (tmp_path / "there.onnx").write_text("hello")
    (tmp_path / "there.npz").write_text("hello")
    (tmp_path / "hello.txt").write_text("hello")
    about = checkpoint.read(folder / "detection.npz")[1]
    del about["recipe"]
    net = build_pose(POSE, "detection", 0)
    checkpoint.save(tmp_path / "lacking.npz", net, None, about)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("export none.npz --onnx HERE/a.onnx", "none.npz: no such file (expected a checkpoint"),
        ("export HERE/there.npz --onnx HERE/a.onnx", "there.npz: not a readable checkpoint"),
        ("export HERE/lacking.npz --onnx HERE/a.onnx", "lacks 'recipe'"),
        ("export CK/unet.npz --onnx HERE/a.pt", "a.pt: expected a file .onnx"),
        ("export CK/unet.npz --onnx HERE/there.onnx", "there.onnx: is there already; remove it"),
        ("export CK/unet.npz --onnx HERE/there.npz/a.onnx", "there.npz: a file, expected a folder"),
        ("export CK/unet.npz --onnx HERE/LONG.onnx", "cannot be written (File name too long)"),
        ("export CK/unet.npz --fold --torch HERE/a.pt", "--fold: only of --onnx"),
        ("export CK/unet.npz --no-padding --torch HERE/a.pt", "--no-padding: only of --onnx"),
        ("import none.onnx --like CK/unet.npz --out HERE/a.npz", "none.onnx: no such file"),
        ("import HERE --like CK/unet.npz --out HERE/a.npz", ": a folder, expected a file that"),
        ("import HERE/text.onnx --like CK/unet.npz --out HERE/a.npz", "not a readable ONNX file"),
        ("import HERE/hello.txt --like CK/unet.npz --out HERE/a.npz", "a file .onnx or .pt or"),
        ("import CK/unet.onnx --like CK/unet.npz --out HERE/a.onnx", "expected a file .npz"),
        ("import CK/unet.onnx --like CK/unet.npz --out HERE/LONG.npz", "cannot be written (File"),
        ("import CK/unet.onnx --like CK/hnet.npz --out HERE/a.npz", "weights of a UNet, expect"),
        ("import CK/unet.onnx --like CK/normalised.npz --out HERE/a.npz", "does not fit: UNet"),
        ("import CK/unet.onnx --like none.npz --out HERE/a.npz", "none.npz: no such file"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(command, message, folder, files, capsys):
    command = command.replace("LONG", "x" * 245)
    args = [a.replace("HERE", str(files)).replace("CK", str(folder)) for a in command.split()]
    before = sorted(files.iterdir())
    capsys.readouterr()
    assert main(args) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert sorted(files.iterdir()) == before
    assert (files / "there.onnx").read_text() == (files / "there.npz").read_text() == "hello"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["export", "a.npz"], "one of the arguments --onnx --torch is required"),
        (["export", "a.npz", "--onnx", "a", "--torch", "b"], "not allowed with argument --onnx"),
        (["import", "a.onnx", "--out", "b.npz"], "required: --like"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(args, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        ("export a.npz --onnx a.onnx", "onnx", "onnx"),
        ("export a.npz --torch a.pt", "torch", "bench"),
        ("import {file}.onnx --like a.npz --out b.npz", "onnx", "onnx"),
        ("import {file}.pt --like a.npz --out b.npz", "torch", "bench"),
    ],
)
def test_a_missing_package_is_one_line(command, package, extra, tmp_path):
    for ending in (".onnx", ".pt"):
        (tmp_path / f"file{ending}").touch()
    arguments = command.format(file=tmp_path / "file").split()
    done = with_numpy_alone(f"from minipose.cli import main\nsys.exit(main({arguments}))")
    assert done.returncode == 1
    assert done.stderr == (
        f"error: {package} is not installed: python -m pip install -e '.[{extra}]'\n"
    )


def test_a_file_that_cannot_be_finished_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="cannot be written"), new_file(tmp_path / "a.onnx") as p:
        p.write_bytes(np.zeros(9).tobytes())
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())

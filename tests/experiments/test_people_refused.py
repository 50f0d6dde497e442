"""Report 2's job: what would have no effect, or fail in the end only, is refused at once."""

import numpy as np
import pytest

from minipose.cli import main
from minipose.errors import UserError
from minipose.experiments.people.reference import read_curves, report_curve
from tests.experiments.people import write_store

CURVES = "model,epoch,val_dice,val_ce\ntriple,1,0.5,\ntriple,2,0.75,0.1\nh-net mask only,1,0.25,\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("people") / "people.h5")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--reference", "none.csv"], "none.csv: no such file"),
        (["--reference", "HERE"], ": a folder, expected a file"),
        (["--reference", "HERE/other.csv"], "other.csv: no learning curves (expected model, epoch"),
        (["--reference", "HERE/word.csv"], "word.csv: no learning curves (expected model, epoch"),
        (["--reference", "HERE/empty.csv"], "empty.csv: no learning curves (expected model, epoch"),
        (["--reference", "HERE/bytes.csv"], "bytes.csv: no learning curves (expected model, epoch"),
        (
            ["--reference", "HERE/curves.csv", "--compare", "networks", "--recipe", "compare"],
            "reference: --compare networks draws no learning curves",
        ),
        (
            ["--network", "hnet", "--patch", "2"],
            "patch: an H-Net sees single pixels, expected 1",
        ),
        (["--compare", "networks"], "patch: an H-Net sees single pixels (--recipe compare does)"),
    ],
)
def test_it_is_refused_in_one_line(flags, message, store, tmp_path, capsys):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "word.csv").write_text("nonsense\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "curves.csv").write_text(CURVES)
    flags = [flag.replace("HERE", str(tmp_path)) for flag in flags]
    out = tmp_path / "out"
    assert main(["train", "people", "--data", str(store), "--out", str(out), *flags]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert not out.exists()


def test_curves_of_the_report_are_told_by_model_and_column(tmp_path):
    path = tmp_path / "curves.csv"
    path.write_text("\N{ZERO WIDTH NO-BREAK SPACE}" + CURVES, encoding="utf-8")
    assert report_curve(path, "triple", "val_dice") == ([1, 2], [0.5, 0.75])
    assert report_curve(path, "triple", "val_ce") == ([2], [0.1])
    assert report_curve(path, "hnet", "val_dice") == ([1], [0.25])
    assert report_curve(path, "mask", "val_dice") is None
    assert report_curve(path, "triple", "val_mse") is None
    assert report_curve(None, "triple", "val_dice") is None
    for row in ("triple,,0.5,", "triple,1,nan,", "triple,x,0.5,", f"triple,{np.inf},1,"):
        path.write_text(CURVES + row + "\n")
        with pytest.raises(UserError, match=r"curves\.csv: no learning curves"):
            read_curves(path)

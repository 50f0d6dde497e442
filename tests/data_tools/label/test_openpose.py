"""OpenPose as a labeller: a stand-in program on the PATH, and masks from somebody else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from data_tools.__main__ import main
from data_tools.label import with_openpose
from data_tools.label.labeller import About, Found
from data_tools.label.run import NothingLabelled, label
from data_tools.label.with_openpose import OpenPose
from data_tools.people.candidate import Dropped
from minipose.errors import UserError
from tests.data_tools.label.stand_ins import joints_in, photograph, program


@pytest.fixture
def photos(tmp_path):
    root = tmp_path / "photos"
    photograph(root / "a.png")
    photograph(root / "inner/b c.jpg", people=((40, 30, 71, 91),), quality=95)
    photograph(root / "nobody.png", people=())
    return root


def begun(photos):
    labeller = OpenPose()
    labeller.begin({p.stem: p for p in photos.rglob("*.*")})
    return labeller


def test_the_program_is_run_over_all_pictures(openpose, photos):
    labeller = begun(photos)
    nobody = np.zeros((9, 9, 3), np.uint8)
    (found,) = labeller.people("b c", nobody)
    assert found.mask is None and found.joints[:, :2] == pytest.approx(np.tile([55, 60], (25, 1)))
    assert labeller.people("nobody", nobody) == []
    labeller.close()


def test_it_is_told_where_its_models_are(photos, tmp_path, monkeypatch):
    root = tmp_path / "openpose"
    (root / "models/pose").mkdir(parents=True)
    body = (
        f"assert sys.argv[sys.argv.index('--model_folder') + 1] == {str(root / 'models')!r} + '/'"
    )
    path = program(root / "build/examples", body)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/openpose.bin").symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert begun(photos).people("a", np.zeros((9, 9, 3), np.uint8))


def test_masks_come_from_whoever_else_is_here(openpose, mediapipe, photos, tmp_path, capsys):
    assert main(["label", str(photos), "--out", str(tmp_path / "out"), "--with", "openpose"]) == 0
    said = capsys.readouterr().out
    assert "2  kept" in said and "1    nobody found: nobody" in said
    (joints,) = joints_in(tmp_path / "out", "inner/b c")
    assert joints[:, :2] == pytest.approx(np.tile([55, 60], (25, 1)), abs=0.5)
    assert (tmp_path / "out/masks/inner/b c.png").is_file()
    assert "openpose, masks mediapipe 0.10.14" in (tmp_path / "out/labels.json").read_text()


class Says:
    """A labeller that says what a test wants."""

    about = About("somebody")

    def __init__(self, *people):
        self.found = list(people)

    def begin(self, pictures):
        pass

    def people(self, name, image):
        return self.found


def box(x0, x1):
    mask = np.zeros((20, 40), dtype=bool)
    mask[5:15, x0:x1] = True
    return mask


def test_of_several_masks_the_one_that_the_joints_lie_on_is_the_person_s(tmp_path):
    joints = np.tile([10.0, 10.0, 0.9], (25, 1))
    joints[20:] = 30, 10, 0.9  # a few that somebody else's mask covers
    picture = {"a": photograph(tmp_path / "a.png", size=(20, 40), people=())}
    for masks in ([box(8, 13), box(28, 33)], [box(28, 33), box(8, 13)]):
        out = tmp_path / f"out {masks[0][10, 10]}"
        label(picture, out, Says(Found(joints)), Says(*(Found(mask=mask) for mask in masks)))
        assert (np.asarray(Image.open(out / "masks/a.png")) > 0)[10, 10]
    beside = Says(Found(mask=box(0, 5)))
    with pytest.raises(NothingLabelled) as error:
        label(picture, tmp_path / "none", Says(Found(joints)), beside)
    assert error.value.tally.dropped == {"no mask found": ["a (1 masks, none on the joints)"]}


def test_without_masks_one_line_names_both(
    openpose, nothing_installed, monkeypatch, photos, tmp_path, capsys
):
    monkeypatch.setenv("PATH", str(openpose.parent))
    assert main(["label", str(photos), "--out", str(tmp_path / "out"), "--with", "openpose"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and not (tmp_path / "out").exists()
    assert error.startswith("error: openpose gives no masks, and nobody else is here: maskrcnn: ")
    assert "mediapipe is not installed: make label-setup" in error


def test_without_the_program_one_line(nothing_installed):
    with pytest.raises(UserError, match=r"^openpose: no openpose\.bin on the PATH: build it"):
        OpenPose()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit('no models/pose/body_25 here')", "ended with 1: no models/pose/body_25 here"),
        ("import time; time.sleep(60)", "not done after 0.3 s"),
    ],
)
def test_a_program_that_fails_is_one_line(body, message, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(with_openpose, "START", 0.3)
    monkeypatch.setattr(with_openpose, "PICTURE", 0)
    if "sleep" not in body:
        monkeypatch.setattr(with_openpose, "START", 60)
    path = program(tmp_path / "programs", f"import sys; {body}")
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    with pytest.raises(UserError, match=f"^{path}: {message}$"):
        begun(photos)


def test_a_picture_that_it_left_out_is_one_picture(openpose, photos):
    labeller = begun(photos)
    labeller.files["a"].unlink()
    with pytest.raises(Dropped, match=r"^openpose left no file$"):
        labeller.people("a", np.zeros((9, 9, 3), np.uint8))

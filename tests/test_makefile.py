"""What make hands over: paths of any name, recipes of two words; one line if DATA is wrong."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.makefile_tree import PYTHON, asked, make, needs_make, tree_beside

pytestmark = needs_make
ODD = ["(x) y", "[x]", "it's", "a#b", "a(b)", "two  spaces", "100%", "ä;b", "a,b", "x*"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tree_beside(tmp_path)


@pytest.mark.parametrize("name", ODD)
def test_folders_of_any_name_are_imported_once_and_again_when_they_change(name, tree):
    raw = tree.parent / name
    raw.mkdir()
    (raw / "first").touch()
    arguments = ["train-h36m", f"DATA={raw}", f"OUT={raw}/out"]
    assert make(tree, *arguments).returncode == 0
    importing, training = asked(tree)
    assert importing[:4] == ["-m", "data_tools", "h36m", str(raw)]
    store = importing[importing.index("--out") + 1]
    assert training[:4] == ["-m", "minipose", "train", "h36m"]
    assert training[training.index("--data") + 1] == store
    assert training[training.index("--out") + 1] == f"{raw}/out"
    assert make(tree, *arguments).returncode == 0
    assert asked(tree)[2:] == [training]
    (raw / "second").touch()
    assert make(tree, *arguments).returncode == 0
    importing_again, training_again = asked(tree)[3:]
    assert importing_again[:4] == importing[:4]
    other = importing_again[importing_again.index("--out") + 1]
    assert other != store and other in training_again


def test_two_folders_of_one_name_have_two_stores(tree):
    stores = []
    for place in ("a", "b"):
        photos = tree.parent / place / "photos"
        photos.mkdir(parents=True)
        (photos / f"{place}.jpg").touch()
        assert make(tree, "train-unet", f"DATA={photos}", "MIN_JOINTS=9").returncode == 0
        importing = asked(tree)[-2]
        assert importing[-2:] == ["--min-joints", "9"]
        stores.append(importing[importing.index("--out") + 1])
    assert stores[0] != stores[1] and all(s.startswith("data/photos-") for s in stores)


@pytest.mark.parametrize("label", ["mediapipe", "openpose", "maskrcnn"])
def test_photographs_are_labelled_once_and_again_when_they_change(label, tree):
    photos = tree.parent / "my photos"
    photos.mkdir()
    (photos / "a.jpg").touch()
    (tree / ".venv-label").mkdir()
    (tree / ".venv-label/.installed").touch()
    os.utime(tree / ".ci/label.txt", (1, 1))
    arguments = ["train-unet", f"DATA={photos}", f"LABEL={label}", "MIN_JOINTS=8"]
    assert make(tree, *arguments).returncode == 0
    labelling, importing, training = asked(tree)
    assert labelling[:4] == ["-m", "data_tools", "label", str(photos)]
    folder = labelling[labelling.index("--out") + 1]
    assert folder.startswith("data/my-photos-") and folder.endswith(f"-{label}")
    assert labelling[-2:] == ["--with", label]
    assert importing[:4] == ["-m", "data_tools", "people", folder]
    store = importing[importing.index("--out") + 1]
    assert store.startswith(folder) and importing[-2:] == ["--min-joints", "8"]
    assert training[training.index("--data") + 1] == store
    assert make(tree, *arguments).returncode == 0
    assert asked(tree)[3:] == [training]
    # Without LABEL= the folder is read as one that has labels, into another store.
    assert make(tree, *arguments[:2]).returncode == 0
    assert asked(tree)[4][:4] == ["-m", "data_tools", "people", str(photos)]
    assert asked(tree)[4][asked(tree)[4].index("--out") + 1] != store
    (photos / "b.jpg").touch()
    assert make(tree, *arguments).returncode == 0
    assert asked(tree)[6][2] == "label" and folder not in asked(tree)[6]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["LABEL=mediapipe"], "LABEL=mediapipe: expected DATA= with a folder of photographs"),
        (["DATA=.", "LABEL=me"], "LABEL=me: expected mediapipe, openpose or maskrcnn"),
        (["DATA=a.h5", "LABEL=openpose"], "expected DATA= with photographs, not a finished store"),
    ],
)
def test_a_wrong_label_is_one_line(arguments, message, tree):
    (tree / "a.h5").touch()
    done = make(tree, "train-unet", *arguments)
    assert done.returncode == 2 and not asked(tree)
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_a_finished_store_of_any_name_is_used_as_it_is(tree):
    store = tree.parent / "(my) [store].h5"
    store.touch()
    assert make(tree, "train-unet", f"DATA={store}", "RECIPE=a b").returncode == 0
    (training,) = asked(tree)
    assert training[training.index("--data") + 1] == str(store)
    assert training[training.index("--recipe") + 1] == "a b"


def test_home_is_written_as_in_a_shell(tree):
    (tree.parent / "my data").mkdir()
    assert make(tree, "train-h36m", "DATA=~/my data").returncode == 0
    assert asked(tree)[0][3] == str(tree.parent / "my data")


@pytest.mark.parametrize("target", ["train-h36m", "ablate-h36m", "train-unet", "compare-hnet"])
def test_wrong_data_is_one_line_before_anything_is_done(target, tree):
    (tree / ".venv/.installed-run").unlink()
    done = make(tree, target, "DATA=/no (such) place")
    assert done.returncode == 2 and done.stdout == "" and not asked(tree)
    assert "DATA=/no (such) place: no such file or folder" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("target", ["help", "clean"])
def test_what_uses_no_data_does_not_look_for_it(target, tree):
    done = make(tree, target, "DATA=/nowhere")
    assert done.returncode == 0 and not done.stderr


def test_another_seed_has_drawings_a_store_and_a_run_of_its_own(tree):
    """T5: it did not reach a drawing that was there."""
    for seed, name in (("0", "people-quick"), ("3", "people-quick-seed-3")):
        assert make(tree, "train-unet", f"SEED={seed}").returncode == 0
        drawing, importing, training = asked(tree)[-3:]
        assert drawing[drawing.index("--out") + 1] == f"data/{name}/"
        assert drawing[-2:] == ["--seed", seed]
        assert importing[2:4] == ["people", f"data/{name}"]
        assert training[training.index("--data") + 1] == f"data/{name}.h5"
        run = training[training.index("--out") + 1]
        assert run == "runs/people-quick-mask-softmax" + ("-seed-3" if seed == "3" else "")


@pytest.mark.parametrize("wrong", ["SEED=1 2", "MIN_JOINTS=9 9", "RANKS=0", "RANKS=x", "RANKS=2 3"])
def test_what_is_no_number_is_one_line(tree, wrong):
    done = make(tree, "train-unet", wrong)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not asked(tree)
    assert f"{wrong}: expected a whole number" in done.stderr


def test_a_comparison_by_ranks_is_one_line(tree):
    done = make(tree, "compare-unet", "RANKS=2")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not asked(tree)
    assert "RANKS=2: processes share one training" in done.stderr


@pytest.mark.parametrize("given", [[], ["START=none.npz"]])
def test_given_weights_that_are_not_there_are_one_line_before_data_are_drawn(tree, given):
    done = make(tree, "compare-starts", *given)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not asked(tree)
    assert f"{(given or ['START='])[0]}: expected a CHECKPOINT (.npz)" in done.stderr


def test_spaces_are_part_of_every_value(tree):
    """T9: also of those that should have none; then the program says what is wrong."""
    values = {
        "OUT": "my runs/a b",
        "RECIPE": "a b",
        "EPOCHS": "1 2",
        "DEVICE": "c u",
        "MODEL": "m n",
    }
    (tree / "a.h5").touch()
    assert (
        make(tree, "train-unet", "DATA=a.h5", *(f"{k}={v}" for k, v in values.items())).returncode
        == 0
    )
    (training,) = asked(tree)
    for name, value in values.items():
        assert training[training.index(f"--{name.lower()}") + 1] == value


def test_a_run_that_was_begun_goes_on(tree):
    (tree / "a.h5").touch()
    command = ["train-unet", "DATA=a.h5", "OUT=my run"]
    assert make(tree, *command).returncode == 0 and "--resume" not in asked(tree)[-1]
    (tree / "my run").mkdir()
    (tree / "my run/config.toml").touch()
    assert make(tree, *command).returncode == 0 and "--resume" in asked(tree)[-1]


def test_two_makes_do_not_draw_into_one_folder_at_once(tree):
    """T16: the second waits, finds what the first has made, and goes on."""
    until = 'case "$*" in *twin*) while [ ! -e go ]; do sleep 0.05; done;; esac\nwhile'
    (tree / ".venv/bin/python").write_text(PYTHON.replace("while", until, 1))
    options = {"cwd": tree, "stderr": subprocess.PIPE, "text": True}
    options["env"] = {"PATH": os.environ["PATH"], "HOME": str(tree.parent)}
    with subprocess.Popen(["make", "-s", "train-h36m"], **options) as first:
        while not asked(tree):
            pass
        with subprocess.Popen(["make", "-s", "train-h36m", "OUT=other"], **options) as second:
            assert second.stderr.readline().startswith("waiting for process ")
            (tree / "go").touch()
            assert (second.wait(), first.wait()) == (0, 0)
            later = second.stderr.readlines()  # it may meet the first once more, as it imports
            assert all(line.startswith("waiting for process ") for line in later)
    assert sum("twin" in one for one in asked(tree)) == 1


def test_weights_that_come_along_are_trained_and_then_packaged(tree):
    photographs = tree.parent / "street photographs"
    photographs.mkdir()
    assert make(tree, "weights", f"CCP={photographs}").returncode == 0
    drawing, importing, people, poses, pose3d, packing = asked(tree)
    assert drawing[1:4] == ["data_tools", "twin", "people"]
    assert importing[1:5] == ["data_tools", "people", "data/people-quick", str(photographs)]
    assert poses[1:4] == ["data_tools", "twin", "poses"]
    for training, making in ((people, importing), (pose3d, poses)):
        assert training[1:3] == ["minipose", "train"] and "--resume" not in training
        store = making[making.index("--out") + 1]
        assert training[training.index("--data") + 1] == store
    runs = [one[one.index("--out") + 1] for one in (people, pose3d)]
    assert packing == ["-m", "minipose.weights", *runs]
    assert make(tree, "weights", "POSE3D=my run").returncode == 0  # drawn people alone
    importing, training, packing = asked(tree)[-3:]
    assert importing[3] == "data/people-quick" and importing[4] == "--out"
    alone = training[training.index("--out") + 1]
    assert packing == ["-m", "minipose.weights", alone, "my run"] and alone not in runs
    before = len(asked(tree))
    assert make(tree, "weights", "PEOPLE=a", "POSE3D=b").returncode == 0
    assert asked(tree)[before:] == [["-m", "minipose.weights", "a", "b"]]

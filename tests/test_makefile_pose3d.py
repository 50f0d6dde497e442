"""What make hands over for 3D pose: actions and kernels, each run named by them; videos."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.makefile_tree import asked, make, needs_make, tree_beside

pytestmark = needs_make


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tree_beside(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "store", "run", "flags"),
    [
        ([], "h36m-quick", "h36m-quick", ["--recipe", "quick"]),
        (["RECIPE=report"], "h36m-quick", "h36m-report", ["--recipe", "report"]),
        (["ARGS=--recipe report"], "h36m-quick", "h36m-report", ["--recipe", "report"]),
        (["ARGS=--recipe=report"], "h36m-quick", "h36m-report", ["--recipe", "report"]),
        (["FULL=1", "RECIPE=quick"], "h36m-full", "h36m-full-quick", ["--recipe", "quick"]),
        (["FULL=1", "RECIPE=full"], "h36m-full", "h36m-full", ["--recipe", "full"]),
        (
            ["KERNELS=32 64 64", "SEED=2"], "h36m-quick-seed-2", "h36m-quick-32-64-64-seed-2",
            ["--kernels", "32", "64", "64"],
        ),
        (
            ["ACTIONS=Walking Eating"], "h36m-quick-Eating-Walking", "h36m-quick-Eating-Walking",
            ["--recipe", "quick"],
        ),
        (["ACTIONS=Walking"], "h36m-quick", "h36m-quick", ["--recipe", "quick"]),
    ],
)  # fmt: skip
def test_a_run_of_3d_pose_is_named_by_what_ran(arguments, store, run, flags, tree):
    """C5: and what is asked for by ARGS= is no other."""
    assert make(tree, "train-h36m", *arguments).returncode == 0
    drawing, importing, training = asked(tree)
    assert training[training.index("--data") + 1] == f"data/{store}.h5"
    assert training[training.index("--out") + 1] == f"runs/{run}"
    at = training.index(flags[0])
    assert training[at : at + len(flags)] == flags
    if "Eating" in store:
        assert drawing[drawing.index("--actions") :][:3] == ["--actions", "Walking", "Eating"]
        assert importing[-3:] == ["--actions", "Walking", "Eating"]
    else:
        assert "--actions" not in drawing + importing


def test_actions_of_a_folder_have_a_store_of_their_own(tree):
    (tree.parent / "human36m").mkdir()
    stores = []
    for actions in ([], ["ACTIONS=Eating"]):
        assert make(tree, "ablate-h36m", "DATA=../human36m", *actions).returncode == 0
        importing, training = asked(tree)[-2:]
        stores.append(importing[importing.index("--out") + 1])
        assert training[training.index("--data") + 1] == stores[-1] and "--ablate" in training
        assert training[training.index("--recipe") + 1] == "ablation"
    assert stores[1] == stores[0].replace(".h5", "-Eating.h5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ACTIONS=Walking Swimming"], "ACTIONS=Walking Swimming: expected some of Directions "),
        (["ACTIONS=Eating", "DATA=a.h5"], "ACTIONS=Eating: expected DATA= with Human3.6M's folder"),
    ],
)
def test_wrong_actions_are_one_line(arguments, message, tree):
    (tree / "a.h5").touch()
    done = make(tree, "train-h36m", *arguments)
    assert done.returncode == 2 and not asked(tree)
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_poses_of_a_run_are_filmed_and_held_constant(tree):
    (tree / "a run").mkdir()
    (tree / "a run/best.npz").touch()
    (tree / "a.h5").touch()
    assert make(tree, "films-h36m", "OUT=a run", "DATA=a.h5").returncode == 0
    assert make(tree, "constant-poses", "OUT=a run").returncode == 0
    filming, drawing, importing, holding = asked(tree)
    measure = ["-m", "minipose", "evaluate", "a run/best.npz", "--data"]
    assert filming == [*measure, "a.h5", "--videos", "a run/videos", "--device", "cpu"]
    assert drawing[2:4] == ["twin", "h36m"] and importing[-1] == "data/h36m-50hz.h5"
    assert holding[:6] == [*measure, "data/h36m-50hz.h5"]
    assert {"--all", "--hold", "12", "--smooth", "all"} < set(holding)
    assert make(tree, "films-h36m", "DATA=a.h5").returncode == 0  # and trains what there is none of
    assert [one[2] for one in asked(tree)[4:]] == ["train", "evaluate"]

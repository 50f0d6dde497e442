"""The command with which a reader checks training steps against PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing to compare with")
torch.set_num_threads(1)

from tests.oracles import step, torch_networks  # noqa: E402

CASES = {case.name: case for case in step.own_cases()}


@pytest.mark.parametrize("name", CASES)
def test_steps_are_the_same(name):
    case = CASES[name]
    before = case.net.state_dict()
    worst = step.compare(case, np.float64)
    assert set(worst) == set(step.COLUMNS)
    assert all(value <= step.MOST for value in worst.values()), worst
    assert all(worst[column] > 0 for column in step.COLUMNS[:4])
    assert step.compare(case, np.float32, 1)["scores"] < 1e-4
    after = case.net.state_dict()
    assert all(np.array_equal(before[n], after[n]) for n in before)


@pytest.mark.parametrize("column", ["scores", "updates", "running statistics"])
def test_what_differs_is_found(column, monkeypatch):
    """Another network, another optimizer, statistics that do not move."""
    case = CASES["normalised UNet (mask joints regression)"]
    if column == "scores":
        relu = torch_networks.f.relu
        monkeypatch.setattr(torch_networks.f, "relu", lambda x: relu(x) * 1.000001)
    elif column == "updates":
        adam = torch.optim.Adam
        monkeypatch.setattr(torch.optim, "Adam", lambda p, lr: adam(p, lr, betas=(0.9, 0.9991)))
    else:
        norm = torch_networks.f.batch_norm
        monkeypatch.setattr(
            torch_networks.f, "batch_norm", lambda x, m, v, *a, **o: norm(x, None, None, *a, **o)
        )
    worst = step.compare(case, np.float64, 2)
    assert worst[column] > step.MOST


def test_the_table(monkeypatch, capsys):
    monkeypatch.setattr(step, "own_cases", lambda: [CASES["PoseNet (detection)"]])
    assert step.main(["--steps", "1"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n| PoseNet (detection) | float") == 2 and "\nThe same: " in printed
    monkeypatch.setattr(step, "MOST", 0.0)
    assert step.main(["--steps", "1"]) == 1
    assert "\nNOT the same: " in capsys.readouterr().out


def test_a_checkpoint_that_is_none(tmp_path, capsys):
    assert step.main([str(tmp_path / "none.npz")]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path / 'none.npz'}: no such file (expected a checkpoint such as best.npz)\n"
    )

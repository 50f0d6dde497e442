"""Checkpoints: whole or not at all, strict, and without pickles."""

import json
import os

import numpy as np
import pytest

from minipose.errors import UserError
from minipose.nn import Linear
from minipose.optim import SGD
from minipose.training import checkpoint
from minipose.training.log import read_log, write_log


def make(seed: int = 0, size: int = 3):
    net = Linear(size, 2, np.random.default_rng(seed))
    return net, SGD(net.parameters())


def test_everything_comes_back(tmp_path):
    net, optimizer = make()
    net.weight.grad = np.ones_like(net.weight.data)
    optimizer.step()
    path = checkpoint.save(tmp_path / "a.npz", net, optimizer, {"job": "test", "note": [1, 2]})
    other, fresh = make(1)
    meta = checkpoint.load(path, other, fresh)
    assert meta["note"] == [1, 2]
    np.testing.assert_array_equal(other.weight.data, net.weight.data)
    np.testing.assert_array_equal(fresh.state["velocity"][0], optimizer.state["velocity"][0])
    assert fresh.step_counts == [1, 0]  # the bias had no gradient
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_a_crash_while_saving_leaves_the_old_file(tmp_path, monkeypatch):
    net, optimizer = make()
    path = checkpoint.save(tmp_path / "a.npz", net, optimizer, {"epoch": 1})

    def crash(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, net, optimizer, {"epoch": 2})
    assert checkpoint.read(path)[1]["epoch"] == 1


def test_what_does_not_fit_is_named(tmp_path):
    path = checkpoint.save(tmp_path / "a.npz", *make(), {})
    with pytest.raises(UserError, match=r"a\.npz: does not fit: Linear: weight has shape \(2, 3\)"):
        checkpoint.load(path, make(size=4)[0])


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 half a zip"])
def test_damaged_files_are_named(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.npz: not a readable checkpoint") as caught:
        checkpoint.read(tmp_path / "a.npz")
    assert "pickle" not in str(
        caught.value
    )  # NumPy takes any text for one, and advises to trust it


def test_other_files_are_named(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        checkpoint.read(tmp_path / "none.npz")
    np.savez(tmp_path / "b.npz", x=np.zeros(3))
    with pytest.raises(UserError, match="not a readable checkpoint"):
        checkpoint.read(tmp_path / "b.npz")
    text = json.dumps({"format": "something else"}).encode()
    np.savez(tmp_path / "c.npz", meta=np.frombuffer(text, dtype=np.uint8))
    with pytest.raises(UserError, match="not a checkpoint of this version"):
        checkpoint.read(tmp_path / "c.npz")


def test_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "evil.npz", meta=np.array([print], dtype=object))
    with pytest.raises(UserError, match="not a readable checkpoint"):
        checkpoint.read(tmp_path / "evil.npz")


def test_logs(tmp_path):
    write_log(tmp_path / "log.csv", [{"epoch": 1, "a_mm": 2.5}, {"epoch": 2, "b_s": 1.0}])
    assert read_log(tmp_path / "log.csv") == [{"epoch": 1, "a_mm": 2.5}, {"epoch": 2, "b_s": 1.0}]
    (tmp_path / "bad.csv").write_text("epoch\none\n")
    with pytest.raises(UserError, match="not a readable log"):
        read_log(tmp_path / "bad.csv")

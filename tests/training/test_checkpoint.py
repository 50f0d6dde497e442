"""Checkpoints: whole or not at all, strict, and without pickles."""

import json
import os
import zipfile

import numpy as np
import pytest

from minipose.errors import Diverged, UserError
from minipose.nn import Linear
from minipose.optim import SGD, Adam
from minipose.training import checkpoint
from minipose.training.log import read_log, write_log
from minipose.training.loop import fit
from tests.training.toy import Toy, make_task


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


def odd(path, kind: str) -> None:
    """A file that begins like a checkpoint, and is none."""
    sound = path.with_name("sound.npz")
    net = Linear(3, 2, np.random.default_rng(0))
    checkpoint.save(sound, net, None, {"job": "people"})
    content = sound.read_bytes()
    if kind == "encrypted":  # the flag in both headers of each member
        for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = content.find(mark)
            while at >= 0:
                content = content[: at + place] + b"\x01" + content[at + place + 1 :]
                at = content.find(mark, at + 4)
        path.write_bytes(content)
    elif kind == "not finite":
        arrays = dict(np.load(sound))
        arrays["model/weight"][0, 0] = np.nan
        np.savez(path, **arrays)
    elif kind == "a bomb":
        np.savez_compressed(path, **np.load(sound), bomb=np.zeros(2**27, np.uint8))
    elif kind == "a declared size":
        with zipfile.ZipFile(path, "w") as archive:
            header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }\n"
            archive.writestr("meta.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header)
    elif kind == "no meta":
        np.savez(path, a=np.zeros(3))
    elif kind == "meta is a list":
        np.savez(path, meta=np.frombuffer(b"[1]", np.uint8))
    else:
        np.savez(path, a=np.array([{}], dtype=object), meta=np.zeros(3))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("encrypted", "not a readable checkpoint"),
        ("not finite", "model/weight holds numbers that are not finite"),
        ("a bomb", "declares more than it can hold"),
        ("a declared size", "declares an array of 1099511627776"),
        ("no meta", "not a readable checkpoint"),
        ("meta is a list", "not a checkpoint of this version"),
        ("objects", "it holds objects, expected numbers"),
    ],
)
def test_odd_checkpoints_are_one_line(tmp_path, kind, said):
    """T17; memory is not taken before the size that a file declares was looked at."""
    odd(tmp_path / "c.npz", kind)
    with pytest.raises(UserError, match=rf"c\.npz: .*{said}") as caught:
        checkpoint.read(tmp_path / "c.npz")
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_does_not_say_how_far_it_came_is_one_line(tmp_path):
    net, task = Toy(), make_task(tmp_path)
    for meta in ({}, {"progress": {"epoch": 1, "strange": 2}}, {"progress": 5}):
        checkpoint.save(task.last, net, Adam(net.parameters(), 0.1), meta)
        with pytest.raises(UserError, match=r"last\.npz: does not say how far its trainin"):
            fit(task, net, Adam(net.parameters(), 0.1), resume=True)


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    net = Linear(3, 2, np.random.default_rng(0))
    checkpoint.save(tmp_path / "c.npz", net, None, {"n": 1})
    net.weight.data[0, 1] = np.inf
    with pytest.raises(Diverged, match=r"c\.npz: model/weight is not finite any more; the file fr"):
        checkpoint.save(tmp_path / "c.npz", net, None, {"n": 2})
    assert checkpoint.read(tmp_path / "c.npz")[1]["n"] == 1

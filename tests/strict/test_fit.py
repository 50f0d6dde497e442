"""``fit`` on a device, with its uploads and its prefetch thread: it waits for losses alone."""

import contextlib
from dataclasses import replace

import pytest

from minipose.kernels.faster import plain_only
from minipose.tensor import Tensor
from minipose.training import loop
from tests.strict import array, counts, strict
from tests.strict.test_training_step import JOBS, SPLIT, stores  # noqa: F401, a fixture

LOOK_EVERY = 3
RUNS = ["regression", "U-Net, dropout", "H-Net"]


@contextlib.contextmanager
def may_wait():
    before, array._may_wait = array._may_wait, True
    try:
        yield
    finally:
        array._may_wait = before


class Watched:
    """Counts how often losses are read, epochs are begun, and waits that are not for them."""

    def __init__(self, monkeypatch):
        self.steps = self.looks = self.epochs = 0
        read, epoch, count = loop._Meter._read, loop._run_epoch, loop._Meter.count

        def reading(meter):
            self.looks += 1
            with may_wait():
                return read(meter)

        def counting(meter, *arguments):
            self.steps += 1
            return count(meter, *arguments)

        def running(*arguments):
            self.epochs += 1
            with strict.no_sync():
                return epoch(*arguments)

        monkeypatch.setattr(loop, "LOOK_EVERY", LOOK_EVERY)
        monkeypatch.setattr(loop._Meter, "_read", reading)
        monkeypatch.setattr(loop._Meter, "count", counting)
        monkeypatch.setattr(loop, "_run_epoch", running)


def trained(name, stores, folder, monkeypatch, **options):  # noqa: F811
    import numpy as np

    from minipose.experiments.job import Run

    monkeypatch.setattr(
        "minipose.backend.device_module", lambda device: np if device == "cpu" else strict
    )
    module, recipe = JOBS[name]
    watched = Watched(monkeypatch)
    recipe = replace(recipe, batch=1, epochs=1)
    run = Run(stores[module], SPLIT, recipe, 0, folder, "cuda", **options)
    train = getattr(module, f"train_{'detector' if name == 'detection' else 'regressor'}", None)
    (train or module.train)(run)
    return watched


@pytest.mark.parametrize("name", RUNS)
def test_nothing_waits_inside_fit_but_the_loss(name, stores, tmp_path, monkeypatch):  # noqa: F811
    watched = trained(name, stores, tmp_path, monkeypatch)
    assert watched.steps == 4 * watched.epochs
    assert watched.looks == 2 * watched.epochs  # after three steps, and at the end


def test_an_upload_is_a_copy_and_no_more(stores, tmp_path, monkeypatch):  # noqa: F811
    """No kernel is tried out, nothing is read back, however often something is sent."""
    from minipose.backend import to_device

    monkeypatch.setattr("minipose.backend.device_module", lambda device: strict)
    before = dict(counts)
    for _ in range(3):
        to_device([1.0], "cuda")
    assert counts["to device"] - before.get("to device", 0) == 3
    assert counts["waits"] == before.get("waits", 0)


@pytest.mark.parametrize("way", ["fp16", "recompute"])
def test_neither_do_half_precision_and_recomputation(way, stores, tmp_path, monkeypatch):  # noqa: F811
    pytest.importorskip("minipose.fast", reason="without it a step in half precision waits")
    watched = trained("U-Net, dropout", stores, tmp_path, monkeypatch, **{way: True})
    assert watched.looks == 2 * watched.epochs


def test_no_layer_makes_a_generator_before_it_draws(monkeypatch):
    """Also without ``minipose.fast``: one that drops nothing has none to fill."""
    from minipose import nn
    from tests.strict import calls

    net = nn.Sequential(nn.Dropout(0.0), nn.Dropout(0.5), nn.BatchNorm2d(3))
    net._convert(strict.asarray)
    with plain_only():
        calls.clear()
        for step in range(3):
            net.reseed(0, step)
        assert calls["new generator"] == 0
        net(Tensor(strict.ones((2, 3, 4, 4), dtype="float32")))
        assert calls["new generator"] == 1


def test_dropout_makes_no_generator(stores, tmp_path, monkeypatch):  # noqa: F811
    from tests.strict import calls

    pytest.importorskip("minipose.fast", reason="without it numbers are drawn by CuPy")
    calls.clear()
    trained("U-Net, dropout", stores, tmp_path, monkeypatch)
    assert calls["new generator"] == 0 and calls.total() > 0

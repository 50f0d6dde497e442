"""The loop: a run that was stopped, politely or not, ends with the very same weights."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minipose as mp
from minipose.errors import Diverged, Interrupted, UserError
from minipose.nn import Linear
from minipose.optim import Adam, Average, clip_gradients
from minipose.optim.schedules import warmup_hold_cosine
from minipose.tensor import Tensor
from minipose.training import checkpoint
from minipose.training.log import read_log
from minipose.training.loop import cosine_rate, fit, scheduled
from tests.training.toy import Toy, make_task

ROOT = Path(__file__).resolve().parents[2]


def weights_of(path: Path) -> dict[str, np.ndarray]:
    return {k: v for k, v in checkpoint.read(path)[0].items() if k.startswith(("model", "optim"))}


def start(folder: Path, pause: float, *flags: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.training.toy", str(folder), str(pause), *flags]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def read_until(process: subprocess.Popen, line: str) -> None:
    while True:
        got = process.stdout.readline()
        assert got, "the process ended before it came that far"
        if got.startswith(line):
            return


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("whole")
    net = Toy()
    fit(make_task(folder), net, Adam(net.parameters(), 0.01))
    return weights_of(folder / "last.npz")


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        (signal.SIGKILL, "step 2 3"),  # in the middle of an epoch, without any warning
        (signal.SIGINT, "step 1 4"),
        (signal.SIGTERM, "step 0 2"),
    ],
)
def test_a_stopped_run_ends_with_the_same_weights(sent, moment, tmp_path, uninterrupted):
    process = start(tmp_path, 0.03)
    read_until(process, moment)
    os.kill(process.pid, sent)
    process.stdout.read()
    assert process.wait() == (-signal.SIGKILL if sent == signal.SIGKILL else 130)
    assert process.stdout.close() is None
    process = start(tmp_path, 0.0, "resume")
    process.communicate()
    assert process.returncode == 0
    resumed = weights_of(tmp_path / "last.npz")
    assert resumed.keys() == uninterrupted.keys()
    for name, value in uninterrupted.items():
        np.testing.assert_array_equal(resumed[name], value, err_msg=name)
    assert [row["epoch"] for row in read_log(tmp_path / "log.csv")] == [1, 2, 3, 4]


def test_the_log_and_the_best_checkpoint(tmp_path, capsys):
    net = Toy()
    history = fit(make_task(tmp_path), net, Adam(net.parameters(), 0.01))
    rows = read_log(tmp_path / "log.csv")
    assert [r["epoch"] for r in rows] == [1, 2, 3, 4]
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert {"validation_mse", "learning_rate", "images_per_s", "elapsed_s"} <= set(rows[0])
    best = min(range(4), key=lambda i: history[i]["validation_mse"])
    assert checkpoint.read(tmp_path / "best.npz")[1]["progress"]["epoch"] == best + 1
    assert "train 4/4: train_loss" in capsys.readouterr().out  # a line an epoch


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_loss_that_is_no_number_stops_with_a_line(tmp_path):
    net = Toy()
    expected = (
        r"the loss became (nan|inf) in epoch 2, step 4: in epoch 2, step 4, array 0 of sample 0 of "
        "its batch is not finite; try a smaller"
    )
    with pytest.raises(Diverged, match=expected):
        fit(make_task(tmp_path, blow_up=True), net, Adam(net.parameters(), 0.01))
    arrays, meta = checkpoint.read(tmp_path / "last.npz")
    assert meta["progress"]["epoch"] == 1
    assert all(np.isfinite(v).all() for v in arrays.values())


class Wide(Linear):
    """A network whose result leaves the range of float32 for large inputs."""

    def forward(self, x):
        return mp.ops.exp(super().forward(x)) * 1e-30


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_the_op_and_the_sample_that_gave_the_first_infinity_are_named(tmp_path):
    net = Wide(4, 1, np.random.default_rng(0))
    net.weight.data[...] = 0.1
    task = make_task(tmp_path, 3)
    whole = task.batches

    def batches(epoch):
        for step, (x, y) in enumerate(whole(epoch)):
            x[5] = 1e5 if (epoch, step) == (1, 3) else x[5]
            yield x, y

    task.batches = batches
    with pytest.raises(Diverged) as caught:
        fit(task, net, Adam(net.parameters(), 0.01))
    assert str(caught.value) == (
        "the loss became inf in epoch 2, step 4: in epoch 2, step 4, exp: the result is not finite "
        "(inputs (16, 1)), for sample 5 of its batch also alone; try a smaller learning rate, or "
        "look at that sample (checkpoints are from before)"
    )
    assert checkpoint.read(tmp_path / "last.npz")[1]["progress"]["epoch"] == 1


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_weights_that_are_no_numbers_never_take_the_place_of_good_ones(tmp_path):
    """T7: the loss of the last step of an epoch is finite, its gradient is not."""

    def loss(model, batch):  # |y · factor|, whose slope is 0/0 where the factor is 0
        y = model(Tensor(batch[0])) * Tensor(batch[1])
        return mp.ops.mean(mp.ops.power(mp.ops.power(y, 2), 0.5))

    def batches(epoch):
        for step in range(8):
            x = np.random.default_rng([epoch, step]).standard_normal((16, 4)).astype(np.float32)
            factor = np.ones((16, 1), np.float32)
            factor[2] = (epoch, step) != (1, 7)
            yield x, factor

    task = make_task(tmp_path, 3)
    task.batches, task.loss = batches, loss
    for folder, epoch, known in (("a", 1, 1), ("b", 0, None)):
        task.folder = tmp_path / folder
        if epoch == 0:  # before there is any checkpoint
            task.batches = lambda _: batches(1)
        net = Linear(4, 1, np.random.default_rng(0))
        with pytest.raises(Diverged) as caught:
            fit(task, net, Adam(net.parameters(), 0.01))
        assert str(caught.value).startswith(
            f"weight is not finite any more at the end of epoch {epoch + 1}: in epoch {epoch + 1}, "
            "step 8, power: its gradient is not finite, for sample 2 of its batch also alone; try a"
        )
        if known is None:
            assert not task.last.exists()
        else:
            arrays, meta = checkpoint.read(task.last)
            assert meta["progress"]["epoch"] == known
            assert all(np.isfinite(v).all() for v in arrays.values())


def test_an_error_while_making_batches_is_raised_and_the_thread_ends(tmp_path):
    import threading

    task = make_task(tmp_path)
    whole = task.batches

    def broken(epoch):
        yield next(whole(epoch))
        raise ValueError("a damaged chunk")

    task.batches, before = broken, threading.active_count()
    net = Toy()
    with pytest.raises(ValueError, match="a damaged chunk"):
        fit(task, net, Adam(net.parameters(), 0.01))
    assert threading.active_count() == before


def test_learning_rates():
    rate = cosine_rate(0.1, 0.01)
    assert rate(0, 100) == pytest.approx(0.1)
    assert rate(50, 100) == pytest.approx(0.1 * (1 + 0.01) / 2)
    assert rate(100, 100) == pytest.approx(0.001)
    assert [cosine_rate(0.3, 1)(step, 9) for step in range(9)] == [0.3] * 9


def test_a_schedule_becomes_rates():
    rate = scheduled(0.1, warmup_hold_cosine, warmup=10, held=0.5, final=0.02)
    assert [rate(step, 100) for step in (0, 9, 50, 100)] == [
        pytest.approx(r) for r in (0.01, 0.1, 0.1, 0.002)
    ]


def averaged(folder, stop_after=None, resume=False):
    """A run whose weights are averaged; with ``stop_after`` it is interrupted after some steps."""
    net = Toy()
    task = make_task(folder)
    task.average = Average(net, decay=0.9)
    seen = []

    def images(batch):
        seen.append(1)
        if len(seen) == stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        return len(batch[0])

    task.images = images
    return net, task, fit(task, net, Adam(net.parameters(), 0.01), resume)


def test_averages_are_validated_kept_as_the_best_and_left_in_the_model(tmp_path):
    net, task, history = averaged(tmp_path / "a")
    plain = Toy()
    fit(make_task(tmp_path / "b"), plain, Adam(plain.parameters(), 0.01))
    last = checkpoint.read(tmp_path / "a" / "last.npz")[0]
    for name, value in plain.state_dict().items():  # training itself does not know of them
        np.testing.assert_array_equal(last[f"model/{name}"], value)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, last[f"average/mean.{name}"])
        assert (value != last[f"model/{name}"]).any()
    assert last["average/updates"] == 4 * task.batch_count
    assert history[-1]["validation_mse"] == task.validate(net.eval())["validation_mse"]
    best = Toy().eval()
    epoch = checkpoint.load(tmp_path / "a" / "best.npz", best)["progress"]["epoch"]
    measured = [row["validation_mse"] for row in history]
    assert task.validate(best)["validation_mse"] == measured[epoch - 1] == min(measured)


def test_an_interrupted_average_goes_on_to_the_same_bits(tmp_path):
    with pytest.raises(Interrupted):
        averaged(tmp_path / "a", stop_after=13)
    averaged(tmp_path / "a", resume=True)
    averaged(tmp_path / "b")
    resumed, whole = (checkpoint.read(tmp_path / f / "last.npz")[0] for f in "ab")
    assert resumed.keys() == whole.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(resumed[name], value, err_msg=name)
    net, _, history = averaged(tmp_path / "a", resume=True)  # nothing is left to do
    assert len(history) == 4
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, whole[f"average/mean.{name}"])
    assert not any(
        name.startswith("average") for name in checkpoint.read(tmp_path / "b/best.npz")[0]
    )


def test_a_checkpoint_without_averages_is_named(tmp_path):
    net = Toy()
    fit(make_task(tmp_path, epochs=1), net, Adam(net.parameters(), 0.01))
    with pytest.raises(UserError, match=r"last\.npz: does not fit: Average: state does not fit at"):
        averaged(tmp_path, resume=True)


def test_gradients_are_clipped_before_the_step(tmp_path, monkeypatch):
    norms = []

    def watched(parameters, max_norm):
        norms.append((float(clip_gradients(parameters, max_norm)), max_norm))
        clipped = sum((p.grad.astype(float) ** 2).sum() for p in parameters) ** 0.5
        assert clipped == pytest.approx(min(norms[-1]), rel=1e-6)

    monkeypatch.setattr("minipose.training.loop.clip_gradients", watched)
    net, task = Toy(), make_task(tmp_path, epochs=1)
    task.max_norm = 2.5
    fit(task, net, Adam(net.parameters(), 0.01))
    assert len(norms) == task.batch_count
    assert min(norms)[0] < 2.5 < max(norms)[0]  # both cases came up

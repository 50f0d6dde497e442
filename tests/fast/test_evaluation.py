"""A network that is only asked gives the same outputs, whatever was folded, kept or shared."""

import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from minipose import nn, ops
from minipose.evaluation import evaluating
from minipose.fast import convolution, evaluation
from minipose.fast.evaluation import Evaluating, parts, team
from minipose.fast.evaluation.unchanged import fingerprint
from minipose.kernels.faster import plain_only
from minipose.models import PoseNet, UNet
from minipose.tensor import Tensor, no_grad
from tests.training.test_loop import ROOT

SIZE = (48, 80)


@pytest.fixture
def processes(monkeypatch):
    """Every second batch goes to two processes, however small it is."""
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    monkeypatch.setattr(evaluation, "LONG", 0.0)
    monkeypatch.setattr(evaluation, "SHARED", 0.0)
    monkeypatch.setattr(parts, "FEWEST", 1)


def unet(normalise=True, width=8):
    """With running statistics and shifts that are not the first ones."""
    rng = np.random.default_rng(3)
    net = UNet({"mask": 2, "joints": 3}, width=width, normalise=normalise)
    for _, buffer in net.named_buffers():
        buffer[...] = rng.uniform(0.5, 1.5, buffer.shape)
    for parameter in net.parameters():
        if parameter.ndim == 1:
            parameter.data[...] = rng.uniform(-0.5, 1.5, parameter.shape)
    return net


def small():
    """A network whose tasks are shared."""
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, rng, padding=1, bias=False),
        nn.BatchNorm2d(16, activation="relu"),
        nn.Conv2d(16, 33, 3, rng, padding=1, activation="relu"),
        nn.MaxPool2d(2),
        nn.Conv2d(33, 40, 3, rng, padding=1),
        nn.UpsampleConv2d(40, 4, rng),
    )
    for _, buffer in net.named_buffers():
        buffer[...] = rng.uniform(0.5, 1.5, buffer.shape)
    return net


def pictures(count, seed=0, size=SIZE):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 3, *size)).astype(np.float32)


def arrays(y):
    return [t.data for t in y.values()] if isinstance(y, dict) else [y.data]


def ask(net, x):
    return [a.copy() for a in arrays(net(Tensor(x)))]


def expected(net, x):
    with no_grad(), plain_only():
        return ask(net.eval(), x)


def close(found, wanted, tolerance=2e-5):
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


def same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("width", [8, 16])
def test_outputs_are_the_plain_ones(normalise, width):
    net, x = unet(normalise, width), pictures(2)
    with evaluating(net) as network:
        found = ask(network, x)
        assert not network(Tensor(x))["mask"].requires_grad
    close(found, expected(net, x))


@pytest.mark.parametrize("kernels", [(2, 3, 4), (4, 33, 34)])
def test_posenet(kernels):
    net = PoseNet(kernels, "regression", hidden=(8, 8))
    x = np.random.default_rng(0).standard_normal((17, 1, 128, 128)).astype(np.float32)
    with evaluating(net):
        found = ask(net, x)
    close(found, expected(net, x))


def test_a_norm_is_folded_into_any_convolution_before_it():
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, rng, stride=2, padding=1),
        nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, 3, rng, padding="same", activation="relu"),
        nn.BatchNorm2d(4),
        nn.UpsampleConv2d(4, 5, rng, bias=True, activation=None),
        nn.BatchNorm2d(5, activation="relu"),
        nn.BatchNorm2d(5),
    )
    for _, buffer in net.named_buffers():
        buffer[...] = rng.uniform(0.5, 1.5, buffer.shape)
    x = pictures(3)
    with evaluating(net):
        found = ask(net, x)
    close(found, expected(net, x))


class Louder(nn.Conv2d):
    """Somebody's own layer."""

    def forward(self, x):
        return 2 * super().forward(x)


def test_a_layer_of_ones_own_is_asked_itself():
    net = nn.Sequential(Louder(3, 4, 3, np.random.default_rng(0)), nn.BatchNorm2d(4))
    x = pictures(2)
    with evaluating(net):
        found = ask(net, x)
    close(found, expected(net, x))


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((128, 1, 128, 128), [64, 64]),  # the first report's
        ((1000, 1, 64, 64), [125] * 8),
        ((8, 3, 96, 64), [4, 4]),  # the second report's, halved and whole
        ((8, 3, 192, 128), [2, 2, 2, 2]),
        ((1, 3, 192, 128), [1]),
        ((4, 1, 8, 8), [4]),
    ],
)
def test_which_samples_go_together(shape, sizes):
    assert [cut.stop - cut.start for cut in parts.cuts(shape)] == sizes


@pytest.mark.parametrize("count", [1, 2, 5])
def test_processes_do_not_change_a_bit(count, processes):
    net, x = small(), pictures(count)
    with Evaluating(net):
        first = ask(net, x)
    block = Evaluating(net)
    with block:
        for _ in range(3):
            same(ask(net, x), first)
        assert block.processes or block.members
        other = pictures(count, seed=1)
        found = ask(net, other)
    close(found, expected(net, other))


def test_a_team_shares_the_product_of_a_small_picture(processes):
    """Bias and ReLU come to each number once, whoever has made it."""
    rng = np.random.default_rng(0)
    options = {"padding": 1, "activation": "relu"}
    net = nn.Sequential(*(nn.Conv2d(a, b, 3, rng, **options) for a, b in ((3, 70), (70, 33))))
    for parameter in net.parameters():
        parameter.data += rng.uniform(-0.1, 0.1, parameter.shape).astype(np.float32)
    x, block = pictures(1, size=(12, 8)), Evaluating(net)
    with convolution.use_algorithm("im2col"), block:
        first = ask(net, x)
        for _ in range(20):
            same(ask(net, x), first)
        assert block.members
    close(first, expected(net, x))


@pytest.mark.parametrize("count", [1, 4])
def test_batches_of_other_sizes_follow(count, processes):
    net = small()
    with evaluating(net):
        for size in (SIZE, SIZE, (64, 96), (64, 96), SIZE):
            x = pictures(count, size=size)
            close(ask(net, x), expected(net, x))


@pytest.mark.parametrize("count", [1, 4])
def test_changed_weights_count_at_once(count, processes):
    net, x = small(), pictures(count)
    changes = (
        lambda: net[2].weight.data.__imul__(1.5),
        lambda: net[1].running_mean.__iadd__(0.25),
        lambda: net.load_state_dict({k: v * 0.75 for k, v in net.state_dict().items()}),
    )
    with evaluating(net):
        for change in changes:
            for _ in range(2):
                before = ask(net, x)
            change()
            after = ask(net, x)
            assert not np.array_equal(before[0], after[0])
            close(after, expected(net, x))


def test_changed_layers_count_at_once(processes):
    net, x = small(), pictures(4)
    changes = (
        lambda: setattr(net[1], "eps", 0.5),
        lambda: setattr(net[1], "activation", None),
        lambda: net.layers.append(nn.MaxPool2d(2)),
        lambda: net.layers.__setitem__(4, nn.Conv2d(33, 40, 3, np.random.default_rng(5))),
    )
    with evaluating(net):
        for change in changes:
            for _ in range(2):
                before = ask(net, x)
            change()
            after = ask(net, x)
            assert not np.array_equal(before[0], after[0])
            close(after, expected(net, x))


class Scaled(nn.Module):
    """With numbers that are no parameters."""

    def __init__(self):
        self.layer = nn.Conv2d(3, 4, 3, np.random.default_rng(0))
        self.constant, self.number = Tensor(np.ones(1, np.float32)), np.float32(1)
        self.function = ops.relu

    def forward(self, x):
        return self.function(self.layer(x) * self.constant) * float(self.number)


def test_other_attributes_count_at_once(processes):
    net, x = Scaled(), pictures(4)
    with evaluating(net):

        def follows():
            close(ask(net, x), expected(net, x))
            close(ask(net, x), expected(net, x))

        follows()
        net.constant.data[...] = 3
        follows()
        for number in (5, 7, 9, 11):
            net.number = np.float32(2)  # whose place in memory is free then for the next one
            net.number = np.float32(number)
            follows()
        for slope in (0.1, 0.2, 0.3, 0.4):
            net.function = None
            net.function = partial(ops.leaky_relu, slope=slope)
            follows()


def test_another_network_in_the_block_is_computed_as_ever():
    other, x = small().eval(), pictures(2)
    with evaluating(small()) as net:
        for _ in range(2):
            ask(net, x)
            first, of_a_layer = ask(other, x), ask(net[0], x)
            other[1].running_mean += 0.25
            net[0].weight.data += 0.25
        second, then = ask(other, x), ask(net[0], x)
    assert not np.array_equal(first[0], second[0])
    same(second, ask(other, x))
    assert not np.array_equal(of_a_layer[0], then[0])
    same(then, ask(net[0], x))


def test_training_within_the_block_is_training(processes):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, np.random.default_rng(0)), nn.BatchNorm2d(4))
    with evaluating(net):
        ask(net, pictures(4))
        net.train()
        ask(net, pictures(4))
    assert net.layers[1].running_mean.any()


class Failing(nn.Module):
    """Fails at what is not a number."""

    def __init__(self):
        self.layer = nn.Linear(4, 2, np.random.default_rng(0))

    def forward(self, x):
        if np.isnan(x.data).any():
            raise FloatingPointError("not a number in this part")
        return self.layer(x)


@pytest.mark.parametrize("where", [0, 3], ids=["in_the_own_part", "in_another"])
def test_an_error_in_a_part_is_raised_and_the_next_batch_works(where, processes):
    net, x = Failing(), np.ones((4, 4), np.float32)
    bad = x.copy()
    bad[where, 0] = np.nan
    with evaluating(net):
        for _ in range(2):
            first = ask(net, x)
        with pytest.raises(FloatingPointError, match="not a number in this part"):
            net(Tensor(bad))
        same(ask(net, x), first)


@pytest.mark.parametrize("count", [1, 4])
def test_a_process_that_is_gone_is_missed_and_replaced(count, processes):
    net, x = small(), pictures(count)
    block = Evaluating(net)
    with block:
        for _ in range(2):
            first = ask(net, x)
        (other,) = block.processes or block.members.others
        os.kill(other.process.pid, signal.SIGKILL)
        other.process.join()
        with pytest.raises(ChildProcessError, match=r"exit code -9"):
            net(Tensor(x))
        same(ask(net, x), first)


def test_nobody_waits_for_a_process_that_was_killed_while_it_took_a_task(monkeypatch):
    def gone():
        raise ChildProcessError

    monkeypatch.setattr(team, "PATIENCE", 0.01)
    left = team.Team(2, team.PAGE)
    left.lock.acquire()
    left.alive = gone
    with pytest.raises(ChildProcessError):
        left.share(print, 3)


@pytest.mark.parametrize("count", [1, 4])
def test_processes_end_with_the_block(count, processes):
    net, x = small(), pictures(count)
    block = Evaluating(net)
    with block:
        for _ in range(2):
            ask(net, x)
        (other,) = block.processes or block.members.others
        assert other.process.is_alive()
    assert other.process.exitcode == 0


OPEN = """
from minipose.fast import evaluation
from tests.fast.test_evaluation import pictures, small
from minipose.tensor import Tensor
evaluation.LONG = evaluation.SHARED = 0.0
block = evaluation.Evaluating(small())
with_it = block.__enter__()
for _ in range(2):
    with_it(Tensor(pictures({count}, size=(96, 128))))
raise SystemExit(len(block.other_processes))
"""


@pytest.mark.parametrize("count", [1, 4])
def test_a_program_that_ends_within_the_block_ends_the_processes(count):
    """They ignore the signal by which ``multiprocessing`` asks a process to end."""
    environment = os.environ | {"MINIPOSE_THREADS": "2"}
    program = [sys.executable, "-c", OPEN.format(count=count)]
    run = subprocess.run(program, cwd=ROOT, env=environment, timeout=60)
    assert run.returncode == 1


def test_an_interruption_at_the_end_of_the_block_leaves_recording_on(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    block = Evaluating(small())
    with pytest.raises(KeyboardInterrupt), block:
        monkeypatch.setattr(block, "_end_members", interrupted)
    assert ops.mean(Tensor(np.ones(2), requires_grad=True)).requires_grad


def answer_too_late(mine, inputs, outputs):
    """Both ran out of common memory at one place, and the first was sooner to go on."""
    assert mine.recv() is None
    with pytest.raises(EOFError):
        mine.recv()
    mine.send((None, MemoryError()))


def test_an_answer_that_nobody_waits_for_is_no_error(capfd):
    process = parts.Process(answer_too_late, (4096, 4096))
    process.close()
    assert process.process.exitcode == 0
    assert capfd.readouterr().err == ""


class Mean(nn.Module):
    """Gives one number for all samples."""

    def forward(self, x):
        return ops.mean(x)


@pytest.mark.parametrize("net", [Mean(), nn.Sequential()], ids=["a_mean", "nothing"])
def test_what_cannot_be_split_is_not(net, processes):
    with evaluating(net):
        for seed in range(3):
            x = pictures(4, seed)
            close(ask(net, x), expected(net, x))


def test_what_is_kept_by_the_caller_stays(processes):
    net = small()
    with evaluating(net):
        for count in (1, 4):
            kept = [net(Tensor(pictures(count, seed))) for seed in range(4)]
            for seed, y in enumerate(kept):
                close(arrays(y), expected(net, pictures(count, seed)))


def test_a_fingerprint_notices_every_change():
    rng = np.random.default_rng(0)
    for dtype, shape in ((np.float32, (7, 11)), (np.float64, (3, 5)), (np.int64, (4,))):
        a = (10 * rng.standard_normal(shape)).astype(dtype)
        first = fingerprint([a])
        assert fingerprint([a.copy()]) == first
        for place in range(a.size):
            b = a.copy()
            b.reshape(-1).view(np.uint8)[place * a.itemsize] ^= 1  # the last bit of a number
            assert fingerprint([b]) != first
        assert fingerprint([a[::-1].copy()]) != first  # moved, not changed
        assert fingerprint([a[None]]) != first
    a = rng.standard_normal((2, 6)).astype(np.float32)
    assert fingerprint([np.asfortranarray(a)]) != fingerprint([2 * a])
    assert fingerprint([np.array([0.0])]) != fingerprint([np.array([-0.0])])

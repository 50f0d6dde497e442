"""Processes that share an evaluation give the same numbers, pass errors on, and end with it."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from minipose import nn, ops
from minipose.evaluation import evaluating
from minipose.fast import convolution
from minipose.fast.evaluation import Evaluating, parts, team
from minipose.tensor import Tensor
from tests.fast.evaluation_nets import (
    arrays,
    ask,
    close,
    expected,
    pictures,
    same,
    small,
)
from tests.training.test_loop import ROOT


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
from tests.fast.evaluation_nets import pictures, small
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

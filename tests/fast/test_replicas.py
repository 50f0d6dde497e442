"""Parts of a batch in processes of their own: the same numbers as one after another."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from minipose import nn, ops
from minipose.fast import memory, workers
from minipose.fast.replicas import Replicas
from minipose.training.parts import Part, Parts, in_parts
from tests.bench.memory import own_memory
from tests.training.test_loop import ROOT
from tests.training.test_parts import Normalised, batch, loss, steps
from tests.training.toy import Toy


@pytest.mark.parametrize("network", [Toy, Normalised])
@pytest.mark.parametrize("parts", [2, 3])
def test_processes_do_not_change_a_bit(parts, network):
    samples = (8, 7, 1) if network is Toy else (8, 6, 4)
    alone, processes = (steps(make, parts, samples, network=network) for make in (Parts, Replicas))
    for a, b in zip(alone, processes, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_thread_of_a_kernel_is_alive_at_the_fork(monkeypatch):
    """Python 3.12 and later warn of it: what a thread holds then, is held for ever in the child."""
    kernels = []

    def fork():
        kernels.append([t.name for t in threading.enumerate() if t.name.startswith("kernel-")])
        return real()

    real = os.fork
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    assert workers.run(abs, 3) == [0, 1, 2]
    assert any(t.name.startswith("kernel-") for t in threading.enumerate())
    monkeypatch.setattr(os, "fork", fork)
    with Replicas(Toy().train(), loss, 2) as replicas:
        replicas.backward(batch(4), 0)
    assert kernels == [[]]
    assert workers.run(abs, 3) == [0, 1, 2]


class TwoHeads(Toy):
    """One for samples that begin with a large number, one for the others."""

    def __init__(self):
        super().__init__()
        self.third = nn.Linear(16, 1, np.random.default_rng(1))

    def forward(self, x):
        head = self.third if x.data[0, 0] > 100 else self.second
        return head(ops.tanh(self.first(x)))


def gradients(make, net, some):
    with make(net, loss, 2) as computing:
        computing.backward(some, 0)
    return [p.grad for p in net.parameters()]


@pytest.mark.parametrize("large", [0, 2], ids=["the_first_part", "the_second_part"])
def test_what_one_part_alone_needs_has_the_gradient_of_that(large):
    some = batch(4)
    some.x[large : large + 2] = 200
    alone, processes = (gradients(make, TwoHeads().train(), some) for make in (Parts, Replicas))
    assert all(grad is not None for grad in alone)
    for a, b in zip(alone, processes, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_frozen_or_thawed_meanwhile_is_so_in_all_processes():
    found = []
    for make in (Parts, Replicas):
        net = Normalised().train()
        first = net.parameters()[0]
        first.requires_grad = False
        with make(net, loss, 2) as computing:
            computing.backward(batch(4), 0)
            assert first.grad is None
            first.requires_grad = True
            net.norm.eval()
            computing.backward(batch(8), 1)
        found.append([*(p.grad for p in net.parameters()), *net.state_dict().values()])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_frozen_parameter_stays_without_a_gradient():
    net = Toy().train()
    frozen = net.parameters()[0]
    frozen.requires_grad = False
    with Replicas(net, loss, 2) as replicas:
        replicas.backward(batch(4), 0)
    assert frozen.grad is None and net.parameters()[1].grad is not None


def test_there_are_processes_where_there_are_threads_for_them(monkeypatch):
    for threads, kind in (("1", Parts), ("2", Replicas)):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        with in_parts(Toy(), loss, 2) as computing:
            assert type(computing) is kind
            assert len(getattr(computing, "processes", ())) == int(threads) - 1
        assert type(in_parts(Toy(), loss, 1)) is Parts


@pytest.mark.parametrize("where", [1, 3], ids=["in_the_own_part", "in_the_replica"])
def test_an_error_in_a_part_is_raised_and_the_next_batch_works(where):
    bad = batch(4)
    bad.x[where, 0] = np.nan
    net = Toy().train()
    with Replicas(net, loss, 2) as replicas:
        with pytest.raises(FloatingPointError, match="not a number in this part"):
            replicas.backward(bad, 0)
        net.zero_grad()
        again = replicas.backward(batch(4), 0).item()
    assert again == Parts(Toy().train(), loss, 2).backward(batch(4), 0).item()


def test_a_replica_that_is_gone_is_missed():
    with Replicas(Toy().train(), loss, 2) as replicas:
        process = replicas._others[0].process
        replicas.backward(batch(4), 0)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with pytest.raises(ChildProcessError, match=r"exit code -9"):
            replicas.backward(batch(4), 0)


def test_a_replica_that_is_gone_before_it_has_read_its_part_is_missed():
    """Linux says then that the connection was reset, not that it has ended."""
    with Replicas(Toy().train(), loss, 2) as replicas:
        (other,) = replicas._others
        os.kill(other.process.pid, signal.SIGSTOP)
        other.start(Part(batch(2), 0.5, (0,)))
        os.kill(other.process.pid, signal.SIGKILL)
        other.process.join()
        with pytest.raises(ChildProcessError, match=r"exit code -9"):
            other.answer()


class OfTwo(Exception):
    """Pickle calls it with one argument."""

    def __init__(self, path, why):
        super().__init__(f"{path}: {why}")


def test_an_error_of_any_class_arrives():
    def fails(model, some):
        if os.getpid() != here:
            raise OfTwo("a.npz", "damaged")
        return loss(model, some)

    here = os.getpid()
    with Replicas(Toy().train(), fails, 2) as replicas:
        with pytest.raises(RuntimeError, match=r"^OfTwo: a\.npz: damaged$"):
            replicas.backward(batch(4), 0)


def test_the_block_ends_beside_other_processes_and_without_a_word(capfd):
    def slow(model, some):
        time.sleep(0.2)
        return loss(model, some)

    with Replicas(Toy().train(), slow, 2) as replicas:
        meanwhile = multiprocessing.get_context("fork").Process(target=time.sleep, args=(30,))
        meanwhile.start()  # it has the pipe, too
        replicas._others[0].start(Part(batch(2), 0.5, (0,)))
        start = time.monotonic()
    assert time.monotonic() - start < 20
    meanwhile.kill()
    meanwhile.join()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_is_left_to_the_first_process(sent):
    with Replicas(Toy().train(), loss, 2) as replicas:
        replicas.backward(batch(4), 0)
        os.kill(replicas.processes[0], sent)
        replicas.backward(batch(4), 1)


def test_processes_end_with_the_training():
    with Replicas(Toy(), loss, 2) as replicas:
        process = replicas._others[0].process
        assert process.is_alive()
    assert process.exitcode == 0


OPEN = """
from minipose.fast.replicas import Replicas
from tests.training.test_parts import batch, loss
from tests.training.toy import Toy
replicas = Replicas(Toy().train(), loss, 2)
replicas.backward(batch(4), 0)
raise SystemExit(7)
"""


def test_a_program_that_ends_within_the_block_ends_the_processes():
    """They ignore the signal by which ``multiprocessing`` asks a process to end."""
    run = subprocess.run([sys.executable, "-c", OPEN], cwd=ROOT, timeout=60)
    assert run.returncode == 7


def test_a_process_does_not_keep_what_it_was_told_that_it_does_not_need():
    """Such as an optimizer's state, whose old numbers would be its own after the first update."""
    size, held = 1 << 24, []
    for named in (True, False):
        state = np.ones(size, np.uint8)
        with Replicas(Toy().train(), loss, 2, [state] if named else []) as replicas:
            replicas.backward(batch(4), 0)
            np.testing.assert_array_equal(state, np.ones(size, np.uint8))
            state += 1  # the pages of this process are others now
            held.append(own_memory(replicas.processes[0]))
    assert held[1] - held[0] > 0.9 * size


def test_only_whole_pages_of_whole_arrays_are_forgotten():
    whole = np.ones((4, 1 << 16))
    memory.forget([whole[1:3], whole.T[:, 1], np.ones(3), np.ones(0)])
    assert whole.all()

"""Ranks on GPUs, as far as they go without one: the order of calls, and arrays of the stand-in."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from minipose import losses
from minipose.tensor import Tensor
from minipose.training import communicator_mpi, communicator_nccl
from minipose.training.communicator import Done
from minipose.training.ranks import Ranks
from tests.strict import strict
from tests.training.test_parts import Normalised, steps
from tests.training.threads import together


class Stream:
    """Notes what is asked of it."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def record(self):
        self.log.append(f"{self.name} records")
        return SimpleNamespace(done=False, of=self.name)

    def wait_event(self, event):
        self.log.append(f"{self.name} waits for {event.of}")


@pytest.fixture
def ranks(monkeypatch):
    """An NCCL communicator without GPU and MPI, and the log of its calls."""
    log = []
    here = communicator_nccl.NCCLCommunicator.__new__(communicator_nccl.NCCLCommunicator)
    here._cuda = SimpleNamespace(get_current_stream=lambda: Stream("compute", log))
    here._stream = Stream("sums", log)
    here._nccl = SimpleNamespace(
        all_reduce=lambda a, b, stream: log.append(f"sum in place {a is b} on {stream.name}")
    )
    monkeypatch.setattr(
        communicator_mpi.MPICommunicator, "start", lambda self, a: log.append("MPI") or Done()
    )
    return here, log


def test_a_sum_waits_for_its_gradients_and_the_update_for_the_sum(ranks):
    here, log = ranks
    pending = here.start(strict.asarray(np.ones(3, np.float32)))
    assert not pending.test()
    log.append("backward goes on")
    pending.wait()
    assert log == [
        "compute records",
        "sums waits for compute",
        "sum in place True on sums",
        "sums records",
        "backward goes on",
        "compute waits for sums",
    ]


def test_numbers_of_the_host_go_by_mpi(ranks):
    here, log = ranks
    here.start(np.ones(3)).wait()
    assert log == ["MPI"]


@pytest.mark.parametrize(
    ("allowed", "number", "own"), [(None, 2, "2"), ("4,6,7", 1, "6"), ("4", 1, "")]
)
def test_each_process_takes_one_gpu(allowed, number, own, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that it is put back afterwards
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    communicator_mpi.take_gpu.cache_clear()
    for _ in range(2):  # a second communicator of this process sees the same one
        communicator_mpi.take_gpu(number)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == own
    communicator_mpi.take_gpu.cache_clear()


def test_ranks_compute_on_the_device(monkeypatch):
    """Buckets, running statistics and gradients stay arrays of the device; numbers are the same."""
    monkeypatch.setattr("minipose.backend.device_module", lambda n: np if n == "cpu" else strict)

    class OnDevice(Normalised):
        def __init__(self):
            super().__init__()
            self.to("cuda")

    def program(network, move):
        def on(model, some):
            return losses.mse(model(Tensor(move(some.x))), move(some.y))

        def run(ranks):
            return steps(lambda net, _, parts: Ranks(net, on, parts, ranks), 2, (8, 4), rate=0.0,
                         network=network)  # fmt: skip

        return run

    host = together(2, program(Normalised, lambda a: a))
    device = together(2, program(OnDevice, strict.asarray))
    for a, b in zip(host[0], device[0], strict=True):
        b = b.get() if hasattr(b, "get") else b
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)

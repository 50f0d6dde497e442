"""Which library an array belongs to, and what is said where there is no GPU to be used.

A module that pretends to be CuPy takes its place: what it must do for the probe is little.
"""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import minipose as mp
from minipose import backend, devices


class FakeArray:
    """An array of the pretended CuPy, with a NumPy array inside."""

    def __init__(self, host):
        self.host = host

    def get(self):
        return self.host

    def __add__(self, other):
        return FakeArray(self.host + other)

    def __matmul__(self, other):
        return FakeArray(self.host @ other.host)

    def sum(self):
        return self.host.sum()


def pretend(monkeypatch, ones):
    """Put a CuPy in place whose ``ones`` is given."""
    cupy = SimpleNamespace(ndarray=FakeArray, ones=ones, asarray=lambda x: FakeArray(np.asarray(x)))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return cupy


def works(shape, dtype):
    return FakeArray(np.ones(shape, dtype))


def fails(shape, dtype):
    raise RuntimeError("cudaErrorInsufficientDriver: the driver is too old\nsecond line")


def test_an_array_knows_its_library(monkeypatch):
    cupy = pretend(monkeypatch, works)
    assert backend.array_module(np.ones(2)) is np and backend.array_module(np.float32(1)) is np
    assert backend.array_module(FakeArray(np.ones(2))) is cupy
    assert backend.is_array(FakeArray(np.ones(2))) and not backend.is_array([1.0])
    with pytest.raises(TypeError, match="expected a NumPy or CuPy array, got list"):
        backend.array_module([1.0])
    with pytest.raises(TypeError, match="expected a Tensor, got a NumPy array"):
        backend.array_module(np.ones(2).data)


def test_there_and_back(monkeypatch):
    pretend(monkeypatch, works)
    x = np.ones(2)
    assert backend.to_device(x) is x and backend.to_host(x) is x
    there = backend.to_device(x, "cuda")
    assert isinstance(there, FakeArray) and backend.to_device(there, "cpu") is there.host
    assert backend.device_module("cpu") is np


def test_a_working_gpu_is_taken(monkeypatch):
    pretend(monkeypatch, works)
    assert devices.gpu_status() == (True, "a kernel, a reduction and a product ran", "")
    assert devices.resolve_device("auto") == ("cuda", "device: cuda")
    assert devices.resolve_device("cuda") == ("cuda", "device: cuda")


@pytest.mark.parametrize(
    ("cupy", "reason"),
    [
        (None, "CuPy is not installed"),
        (fails, "cudaErrorInsufficientDriver: the driver is too old"),
        (lambda shape, dtype: FakeArray(np.zeros(shape)), "a 2×2 product gave 0.0, expected 16"),
    ],
    ids=["not_installed", "no_driver", "wrong_numbers"],
)
def test_without_one_there_is_a_reason(monkeypatch, cupy, reason):
    if cupy is None:
        monkeypatch.setitem(sys.modules, "cupy", None)  # so that importing it fails
    else:
        pretend(monkeypatch, cupy)
    ok, said, remedy = devices.gpu_status()
    assert not ok and said.startswith(reason) and "\n" not in said and remedy
    device, line = devices.resolve_device("auto")
    assert device == "cpu" and line.startswith(f"device: cpu (no GPU: {reason}")
    asked = [devices.resolve_device] + [backend.device_module] * (cupy is None)
    for ask in asked:
        with pytest.raises(ValueError, match=f"device 'cuda' cannot be used: {reason}"):
            ask("cuda")


def test_the_cpu_is_there_and_other_names_are_not():
    assert devices.resolve_device("cpu") == ("cpu", "device: cpu")
    with pytest.raises(ValueError, match="device: expected 'cpu' or 'cuda', got 'gpu'"):
        devices.resolve_device("gpu")


def test_generators_are_told_apart_by_all_of_their_numbers():
    x = np.ones(1)
    draws = [backend.generator(x, *entropy).random() for entropy in ((1, 2), (1, 2), (2, 1), (1,))]
    assert draws[0] == draws[1] and len(set(draws)) == 3


def test_a_tensor_knows_its_sizes():
    x = mp.Tensor(np.ones((2, 3)), requires_grad=True)
    assert len(x) == 2 and x.ndim == 2 and x.size == 6

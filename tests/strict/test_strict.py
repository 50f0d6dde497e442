"""The stand-in computes as NumPy does, and refuses what CuPy refuses."""

import numpy as np
import pytest

from minipose.backend import array_module, generator, to_host
from tests.strict import HiddenWait, counts, no_sync, strict

HOST = np.arange(6, dtype=np.float32).reshape(2, 3)
X = strict.asarray(HOST)
I00 = strict.asarray([0, 0])


def test_it_computes_as_numpy_does():
    y = strict.maximum(X - X.mean(axis=1, keepdims=True), 0) * 2
    y += 1
    y[:, :1] = 5.0
    expected = np.maximum(HOST - HOST.mean(axis=1, keepdims=True), 0) * 2 + 1
    expected[:, :1] = 5.0
    np.testing.assert_array_equal(to_host(y), expected)
    assert y.dtype == np.float32 and array_module(y) is strict
    picked = strict.take_along_axis(X, strict.argmax(X, axis=1)[:, None], axis=1)
    np.testing.assert_array_equal(to_host(picked), [[2], [5]])
    np.testing.assert_array_equal(to_host(X @ X.T), HOST @ HOST.T)
    np.testing.assert_array_equal(to_host(strict.concatenate([X, X], axis=1)), np.c_[HOST, HOST])


def test_views_share_memory_and_reductions_stay_arrays():
    x = strict.zeros((2, 3))
    x[1][2] = 7
    assert float(x[1, 2]) == 7 and x[1, 2].shape == () and x.sum().shape == ()
    assert x.base is None and x[0].base is not None


def test_adding_at_repeated_indices_is_defined():
    x = strict.zeros((3,))
    strict.add.at(x, I00, strict.ones((2,)))
    np.testing.assert_array_equal(to_host(x), [2, 0, 0])


def test_patches_through_strides():
    view = strict.lib.stride_tricks.as_strided(strict.arange(5.0), (3, 3), (8, 8))
    np.testing.assert_array_equal(to_host(view), [[0, 1, 2], [1, 2, 3], [2, 3, 4]])


def test_generators_are_seeded_and_make_device_arrays():
    first, second = generator(X, 1, 2).random((2, 2)), generator(X, 1, 2).random((2, 2))
    assert array_module(first) is strict
    np.testing.assert_array_equal(to_host(first), to_host(second))


def test_fresh_memory_is_no_number():
    assert np.isnan(to_host(strict.empty((3,), dtype=np.float32))).all()


REFUSED = {
    "np.asarray(x)": lambda: np.asarray(X),
    "np.sum(x)": lambda: np.sum(X),
    "np.exp(x)": lambda: np.exp(X),
    "x + host": lambda: X + HOST,
    "host + x": lambda: HOST + X,
    "x += host": lambda: X.__iadd__(HOST),
    "host @ x": lambda: HOST.T @ X,
    "add(x, host)": lambda: strict.add(X, HOST),
    "maximum(x, 0-d host array)": lambda: strict.maximum(X, np.array(0.0)),
    "x[...] = host": lambda: X.__setitem__(..., HOST),
    "host[...] = x": lambda: HOST.__setitem__(..., X),
    "x[host]": lambda: X[np.array([0])],
    "concatenate with host": lambda: strict.concatenate([X, HOST]),
    "range(x)": lambda: range(X.sum()),
    "memoryview(x)": lambda: memoryview(X),
    "sum of a list": lambda: strict.sum([1.0, 2.0]),
    "sum(where=)": lambda: strict.sum(X, where=X > 0),
    "x.max(initial=)": lambda: X.max(initial=0),
    "exp(where=)": lambda: strict.exp(X, where=X > 0),
    "clip(min=)": lambda: strict.clip(X, min=0),
    "maximum.reduce": lambda: strict.maximum.reduce(X),
    "multiply.at": lambda: strict.multiply.at(X, I00, 2.0),
    "vecdot": lambda: strict.vecdot(X, X),
    "linalg.vector_norm": lambda: strict.linalg.vector_norm(X),
    "Generator.normal": lambda: generator(X, 0).normal(size=3),
    "x.flags.writeable": lambda: X.flags.writeable,
    "x.setflags": lambda: X.setflags(write=False),
    "x.shape = ...": lambda: setattr(X, "shape", (3, 2)),
    "as_strided(writeable=)": lambda: strict.lib.stride_tricks.as_strided(
        X, (1,), (4,), writeable=False
    ),
    "as_strided beyond the end": lambda: strict.lib.stride_tricks.as_strided(X, (7,), (4,)),
    "as_strided before the start": lambda: strict.lib.stride_tricks.as_strided(X, (2,), (-4,)),
    "write through as_strided": lambda: strict.lib.stride_tricks.as_strided(
        X, (3, 3), (4, 4)
    ).__setitem__(..., 0.0),
    "assign twice": lambda: strict.zeros((3,)).__setitem__(I00, strict.ones((2,))),
    "index out of range": lambda: X[strict.asarray([5])],
    "StrictArray(host)": lambda: type(X)(HOST),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    with pytest.raises((TypeError, AttributeError, ValueError, IndexError)):
        REFUSED[name]()
    np.testing.assert_array_equal(to_host(X), np.arange(6.0).reshape(2, 3))


def test_kernels_take_what_cupy_takes():
    device = pytest.importorskip("minipose.fast.device.kernel")
    kernel = device.Kernel("twice", "T x", "T y, raw T z", "y = 2 * x;", _twice)
    try:
        y, z = strict.zeros((2, 3), dtype=np.float32), strict.zeros(1, dtype=np.float32)
        kernel(X, y, z)
        np.testing.assert_array_equal(to_host(y), 2 * HOST)
        wide = strict.zeros((2, 3))
        for wrong in ((X, wide, z), (X, y[:, :1], z), (X, y), (HOST, y, z)):
            with pytest.raises((TypeError, ValueError), match="twice"):
                kernel(*wrong)
    finally:
        del device.KERNELS["twice"]


def _twice(x, y, z):
    y[...] = 2 * x


WAITS = {
    "float(x)": lambda: float(X.sum()),
    "int(x)": lambda: int(X.sum()),
    "if x": lambda: bool(X.sum() > 0),
    "x in y": lambda: 3.0 in X[0],
    ".item()": lambda: X.sum().item(),
    ".tolist()": lambda: X.tolist(),
    "format": lambda: f"{X.sum():.3f}",
    "to_host": lambda: to_host(X),
    "x[mask]": lambda: X[X > 0],
    "x[mask] = 0": lambda: strict.zeros((2, 3)).__setitem__(X > 9, 0.0),
    "nonzero": lambda: strict.nonzero(X),
    ".nonzero()": lambda: X.nonzero(),
    "unique": lambda: strict.unique(X),
    "where(c)": lambda: strict.where(X > 0),
}


@pytest.mark.parametrize("name", WAITS)
def test_waiting_is_noticed_and_otherwise_allowed(name):
    with no_sync(), pytest.raises(HiddenWait, match="waits for the GPU"):
        WAITS[name]()
    before = counts["waits"]
    WAITS[name]()
    assert counts["waits"] > before


def test_a_missing_name_says_so():
    with pytest.raises(AttributeError, match="CuPy has no 'block'"):
        strict.block([X])
    with pytest.raises(TypeError, match="sum: CuPy has no keyword where"):
        strict.sum(X, where=X > 0)

"""The page of faults names tests that exist; and what no other test held."""

import copy
import pickle
import re

import numpy as np
import pytest

import minipose as mp
from tests.test_docs import ROOT, is_there

PAGE = (ROOT / "docs/engine_faults.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (E\d+) \| (.+) \| (.+) \|$", PAGE, re.M)


def test_every_fault_has_a_row():
    assert [name for name, _, _ in ROWS] == [f"E{i}" for i in range(1, 19)]


@pytest.mark.parametrize(("fault", "tests"), [(name, tests) for name, _, tests in ROWS])
def test_what_holds_a_fault_is_there(fault, tests):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
    assert named and tests.count("`tests/") == len(named), f"{fault}: no test is named"
    for file, name in named:
        path = ROOT / file
        assert is_there(path), f"{fault}: {file}"
        if path.exists():
            found = re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.M)
            assert found, f"{fault}: {file}::{name}"


# --- What no other test held ------------------------------------------------------------------


@pytest.mark.parametrize("kernel_size", [16, 17])
def test_a_pooling_block_of_more_than_256_places(kernel_size, xp):
    """E5: each maximum is in the last place of its block, whose number no byte can hold."""
    x = np.zeros((1, 1, 2 * kernel_size, kernel_size))
    x[0, 0, kernel_size - 1 :: kernel_size, -1] = 3, 5
    x = mp.Tensor(xp.asarray(x), requires_grad=True)
    y = mp.ops.max_pool2d(x, kernel_size)
    assert y.data.reshape(-1).tolist() == [3, 5]
    y.backward(xp.asarray([[[[7.0], [11.0]]]]))
    places = xp.flatnonzero(x.grad)
    assert places.tolist() == [kernel_size**2 - 1, 2 * kernel_size**2 - 1]
    assert x.grad.reshape(-1)[places].tolist() == [7, 11]


def test_real_parts_of_several_orders_go_back():
    """E12: orders whose real parts are not asked for get the gradient zero."""
    layer = mp.nn.HarmonicConv2d((1, 1), (2, 2), np.random.default_rng(0), real_output=True)
    x = mp.Tensor(np.random.default_rng(1).random((2, 4, 6, 6), np.float32), requires_grad=True)
    y = layer(x)
    assert y.shape == (2, 2, 6, 6)
    y.backward(np.ones_like(y.data))
    assert x.grad.any()
    for name, parameter in layer.named_parameters():
        asked = parameter.grad if name.startswith("centre") else parameter.grad[:2]
        assert asked.any() == (name != "centre_1"), name
        assert not parameter.grad[2:].any(), name


def test_what_h_net_gives_depends_on_the_pictures_beside_it():
    """E17: the norm of the report's library takes its mean over the batch, in evaluation too."""
    rng = np.random.default_rng(0)
    net = mp.models.HNet({"mask": 2}, width=2, rng=rng).eval()
    pictures = rng.random((2, 3, 16, 16), dtype=np.float32)
    alone, beside = (net(mp.Tensor(x))["mask"].data[0] for x in (pictures[:1], pictures))
    assert np.abs(beside - alone).max() > 0.01 * np.abs(alone).max()
    assert "pictures beside it" in re.sub(r"\s+", " ", mp.nn.ComplexBatchNorm.__doc__)


def test_a_copy_of_a_frozen_parameter_is_frozen():
    """E15: pickled, or copied with its network, it would be trained again."""
    frozen = mp.Parameter([1.0])
    frozen.requires_grad = False
    for again in (pickle.loads(pickle.dumps(frozen)), copy.deepcopy(frozen)):
        assert type(again) is mp.Parameter and not again.requires_grad
    assert copy.deepcopy(mp.Parameter([1.0])).requires_grad
    assert copy.deepcopy(mp.Tensor([1.0], requires_grad=True)).requires_grad


X = mp.Tensor(np.ones((2, 3), np.float32))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mp.Tensor([X, X]), "Tensor: expected an array or numbers, got a list of Tensors"),
        (lambda: mp.ops.reshape(X.data, -1), "reshape: expected Tensors, got ndarray"),
        (lambda: mp.ops.transpose([1]), "transpose: expected Tensors, got list"),
        (lambda: mp.ops.linear(X.data, X), "linear: expected Tensors, got ndarray"),
        (lambda: mp.ops.max_pool2d([1.0], 2), "max_pool2d: expected a Tensor, got list: write"),
        (lambda: mp.ops.avg_pool2d(None, 2), "avg_pool2d: expected a Tensor, got NoneType"),
        (lambda: mp.ops.upsample_nearest([1.0], 2), "upsample_nearest: expected a Tensor, got li"),
        (lambda: mp.ops.dropout([1.0], 0.5, None), "dropout: expected a Tensor, got list: write"),
        (lambda: mp.ops.batch_norm([1.0], X, X), "batch_norm: expected a Tensor, got list: write"),
        (lambda: mp.ops.group_norm(X, X.data, X, 1), "group_norm: expected a Tensor, got ndarray"),
        (lambda: mp.ops.flatten([1.0]), "flatten: expected Tensors, got list"),
        (lambda: X @ None, "matmul: expected an array or numbers, got NoneType"),
        (lambda: mp.ops.matmul(None, X), "matmul: expected an array or numbers, got NoneType"),
        (lambda: mp.ops.linear(X, X, [1.0]), "linear: expected Tensors, got list"),
        (lambda: mp.ops.linear(X, None), "linear: expected Tensors, got NoneType"),
        (lambda: mp.ops.conv2d(X, None), "conv2d: expected Tensors, got NoneType"),
        (lambda: mp.ops.conv2d(X.data, X), "conv2d: expected Tensors, got ndarray"),
        (lambda: X.sum(axis="rows"), "sum: expected axis as whole numbers, got 'rows'"),
        (lambda: X.max(axis=1.0), "max: expected axis as whole numbers, got 1.0"),
    ],
)
def test_what_no_op_can_take_is_one_line(call, message):
    """E15 and E18: not silently taken without its gradient, and no raw AttributeError."""
    with pytest.raises(TypeError, match=f"^{message}"):
        call()


def test_what_is_imported_on_demand_is_listed():
    assert {"batches", "metrics", "Tensor"} <= set(dir(mp))
    assert {"Muon", "Average", "schedules", "Adam"} <= set(dir(mp.optim))


def test_numpy_takes_the_values_of_a_tensor():
    """Not an array of objects, and not what would silently lose its gradient."""
    array = np.array(X)
    assert array.dtype == np.float32 and array.shape == (2, 3) and array is not X.data
    assert np.asarray(X) is X.data and np.asarray(X, dtype=float).dtype == float
    with pytest.raises(TypeError, match=r"requires a gradient; use \.detach\(\) or \.data"):
        np.asarray(mp.Parameter([1.0]))

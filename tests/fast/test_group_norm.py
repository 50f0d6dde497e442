"""Group norm by channels of single pictures: every grouping, layout and dtype, any cut."""

import numpy as np
import pytest

from minipose import Tensor, ops
from minipose.fast import group_norm, norm
from minipose.gradcheck import check_gradients
from minipose.kernels.faster import choose, plain_only
from tests.strategies import layouts

SHAPES = {"pictures": (4, 6, 8, 5), "one": (1, 6, 6, 6), "rows": (7, 192), "odd": (3, 6, 3, 7, 2)}


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    monkeypatch.setattr(norm, "WORTHWHILE", 0)
    monkeypatch.setattr(group_norm, "SEGMENT", 1)


def results(arrays, groups, relu):
    """y and its gradients."""
    x, weight, bias = (Tensor(a, requires_grad=True) for a in arrays)
    y = ops.group_norm(x, weight, bias, groups, relu=relu)
    y.backward(np.random.default_rng(2).standard_normal(y.shape).astype(y.dtype))
    return [y.data, x.grad, weight.grad, bias.grad]


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-6), (np.float64, 1e-13)])
@pytest.mark.parametrize("piece", [1, 30, norm.PIECE])
def test_channels_make_the_plain_op(monkeypatch, shape, relu, groups, dtype, tolerance, piece):
    monkeypatch.setattr(norm, "PIECE", piece)
    rng = np.random.default_rng(1)
    rest = [rng.random(shape[1]).astype(dtype) + dtype(0.5) for _ in range(2)]
    x = (3 * rng.standard_normal(shape) + 2).astype(dtype)
    for array in (each.astype(dtype) for each in layouts(x)):
        with plain_only():
            expected = results([array, *rest], groups, relu)
        assert choose(ops.group_norm, Tensor(array), *map(Tensor, rest), groups) is not (
            ops.group_norm
        )
        for a, b in zip(results([array, *rest], groups, relu), expected, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * (1 + abs(b).max()))


@pytest.mark.parametrize("relu", [False, True])
def test_its_gradient(relu):
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal(s) for s in ((2, 6, 5, 4), (6,), (6,))]
    check_gradients(lambda x, w, b: ops.group_norm(x, w, b, 3, 1e-3, relu), arrays, rtol=1e-6)


def test_groups_of_few_values_stay_plain():
    x, weight, bias = (Tensor(np.ones(s)) for s in ((50, 12, 2, 2), (12,), (12,)))
    assert choose(ops.group_norm, x, weight, bias, 1) is not ops.group_norm
    assert choose(ops.group_norm, x, weight, bias, 2) is ops.group_norm  # 24 values


def test_threads_change_no_bit(monkeypatch):
    monkeypatch.setattr(norm, "PIECE", 50)
    rng = np.random.default_rng(4)
    arrays = [rng.standard_normal(s).astype(np.float32) for s in ((3, 6, 9, 8), (6,), (6,))]
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        found.append(results(arrays, 2, True))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)

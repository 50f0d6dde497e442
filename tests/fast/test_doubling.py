"""upsample_conv2d without the enlarged picture: the same numbers for any cut and any threads."""

import numpy as np
import pytest

from minipose import Tensor, ops
from minipose.fast import doubling, products
from minipose.kernels.faster import choose, plain_only


def test_the_numbers_do_not_depend_on_the_threads(monkeypatch):
    """Nor on how a product is cut, beyond rounding."""
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(s, dtype=np.float32) for s in ((2, 9, 11, 7), (5, 9, 2, 2), (5,))]
    results = []
    for threads, alone in (("1", 0), ("2", 0), ("3", 0), ("2", 1 << 20)):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        monkeypatch.setattr(doubling, "ROW_PRODUCTS", 0)
        monkeypatch.setattr(products, "SMALLEST", 3)
        monkeypatch.setattr(products, "ALONE", alone)
        leaves = [Tensor(a, requires_grad=True) for a in inputs]
        y = ops.upsample_conv2d(*leaves)
        y.backward(y.data)
        results.append([y.data, *(leaf.grad for leaf in leaves)])
    for i, expected in enumerate(results[0]):
        np.testing.assert_array_equal(results[1][i], expected)
        np.testing.assert_array_equal(results[2][i], expected)
        np.testing.assert_allclose(results[3][i], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pictures", [1, 2, 3])
def test_pictures_are_added_up_as_in_the_plain_op(pictures):
    """Square ones, in which rows and columns can be mixed up."""
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(s) for s in ((pictures, 3, 4, 4), (2, 3, 2, 2))]
    found = []
    for op in (ops.upsample_conv2d, doubling.upsample_conv2d):
        leaves = [Tensor(a, requires_grad=True) for a in inputs]
        with plain_only():
            y = op(*leaves)
        y.backward(np.random.default_rng(1).standard_normal(y.shape))
        found.append([y.data, *(leaf.grad for leaf in leaves)])
    for expected, got in zip(*found, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_rows_of_little_work_are_left_to_the_plain_op():
    def fast(c, o, width):
        x = Tensor(np.empty((2, c, 3, width), np.float32))
        weight = Tensor(np.empty((o, c, 2, 2), np.float32))
        return choose(ops.upsample_conv2d, x, weight) is doubling.upsample_conv2d

    assert fast(128, 64, 64) and fast(1024, 512, 8) and fast(24, 12, 64) and fast(64, 64, 7)
    assert not fast(16, 8, 14) and not fast(3, 3, 16)

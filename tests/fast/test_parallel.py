"""Tasks and buffers that serve a CPU and a GPU."""

import numpy as np
import pytest

from minipose.fast import parallel


def test_tasks_come_back_in_order(xp):
    like = xp.zeros(3)
    assert parallel.each(lambda k: k * k, 5, like) == [0, 1, 4, 9, 16]
    assert parallel.pieces(0, 4, like) == []
    cut = [(p.start, p.stop) for p in parallel.pieces(10, 4, like)]
    assert cut == ([(0, 4), (4, 8), (8, 10)] if xp is np else [(0, 10)])


@pytest.mark.parametrize("size", [(1, 32, 32), (1, 4, 4), (2048,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_do_not_lie_whole_pages_apart(size, dtype, xp):
    made = parallel.rows_apart(3, size, xp.zeros(1, dtype=dtype))
    assert made.shape == (3, *size) and made.dtype == dtype
    if xp is np:
        assert made.strides[0] % parallel.PAGE and made[1].flags.c_contiguous
        flat = made.reshape(3, -1)
        flat[...] = 7
        assert (made == 7).all()  # a view, not a copy


@pytest.mark.parametrize("lie", ["by rows", "by columns"])
def test_product_in_pieces(lie, monkeypatch, xp):
    monkeypatch.setattr(parallel, "LONG", 4)
    x, factor = np.arange(12.0).reshape(3, 4), np.array([[2.0], [3], [0]])
    there = xp.asarray(x) if lie == "by rows" else xp.ascontiguousarray(xp.asarray(x.T)).T
    made = parallel.product(there, xp.asarray(factor))
    assert made.tolist() == (x * factor).tolist()
    assert made.strides == there.strides  # what lies by columns goes on to do so
    assert parallel.product(there, -1, made) is made
    assert made.tolist() == (-x).tolist()

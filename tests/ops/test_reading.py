"""Comparisons and places: arrays of the tensor's library, nothing is recorded."""

import operator

import numpy as np
import pytest

from minipose import Tensor, ops
from minipose.backend import array_module, to_host

SIGNS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
VALUES, OTHERS = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0], [3.0]])


@pytest.mark.parametrize("sign", SIGNS)
def test_comparisons_are_those_of_the_values(xp, sign):
    a = Tensor(xp.asarray(VALUES), requires_grad=True)
    b = Tensor(xp.asarray(OTHERS))
    for left, right, x, y in (
        (a, b, VALUES, OTHERS),
        (a, b.data, VALUES, OTHERS),
        (a.data, b, VALUES, OTHERS),
        (a, 2, VALUES, 2),
        (2.0, a, 2.0, VALUES),
        (a, [1, 2, 4], VALUES, [1, 2, 4]),
        (a[0, 0], 1.0, 1.0, 1.0),
    ):
        result = sign(left, right)
        assert array_module(result) is xp and result.dtype == bool
        np.testing.assert_array_equal(to_host(result), sign(np.asarray(x), np.asarray(y)))


def test_a_comparison_with_a_number_is_one_in_the_tensor_s_precision():
    assert bool(Tensor(np.float32(0.1)) == 0.1)


def test_large_integers_are_compared_exactly():
    assert not bool(Tensor(np.float64(2**24 + 1)) == np.array(2**24))


def test_a_tensor_is_still_found_by_what_it_is_not_by_its_values():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert {a: "a", b: "b"}[b] == "b" and len({a, b}) == 2


def test_what_is_no_number_is_not_equal_to_any():
    x = Tensor([1.0, 2.0])
    assert (x == None) is False and (x != "one") is True  # noqa: E711
    with pytest.raises(
        TypeError, match="'<' not supported between instances of 'Tensor' and 'str'"
    ):
        x < "one"  # noqa: B015
    with pytest.raises(ValueError, match=r"lt: shapes \(2,\) and \(3,\) do not broadcast"):
        x < np.ones(3)  # noqa: B015


def test_argmax(xp):
    x = Tensor(xp.asarray([[1.0, 5.0, 5.0], [7.0, 2.0, 3.0]]), requires_grad=True)
    for axis, expected in ((None, 3), (0, [1, 0, 0]), (1, [1, 0]), (-1, [1, 0])):
        places = x.argmax(axis)
        assert array_module(places) is xp and places.dtype.kind == "i"
        np.testing.assert_array_equal(to_host(places), expected)
    assert ops.argmax(x[:0], axis=1).shape == (0,)
    with pytest.raises(ValueError, match=r"argmax: axis 2 is not an axis of shape \(2, 3\)"):
        x.argmax(2)
    for axis in (None, 0):
        with pytest.raises(ValueError, match=rf"argmax: no elements along axis {axis} of shape"):
            x[:0].argmax(axis)

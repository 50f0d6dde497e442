"""Sums over named axes: y[out] = Σ x₁ x₂ …; dL/dxᵢ is the einsum with g in the place of xᵢ."""

import numpy as np
import pytest
from hypothesis import strategies as st

from minipose import Tensor, ops
from tests import reference
from tests.ops.case import Case, calls


def _einsum(*tensors, subscripts):
    return ops.einsum(subscripts, *tensors)


def _rows(subscripts, *shapes):
    return calls(st.sampled_from(shapes), subscripts=subscripts)


PRODUCTS = _rows("ij, jk -> ik", [(2, 3), (3, 4)], [(3, 3), (3, 3)])
ONE = (
    _rows("ij->ji", [(2, 3)], [(3, 3)])
    | _rows("ijk->j", [(2, 3, 4)])
    | _rows("ij->", [(2, 3)])
    | _rows("kij", [(2, 3, 4)])
)
TWO = (
    _rows("bij,bjk->bik", [(2, 3, 4), (2, 4, 2)], [(3, 3, 3), (3, 3, 3)])
    | _rows("ij,kl->li", [(2, 3), (4, 2)], [(3, 3), (3, 3)])
    | _rows("i,i", [(3,), (3,)])
    | _rows("ki,kj", [(3, 3), (3, 3)])
    | _rows("ij,->j", [(2, 3), ()])
    | _rows("ij,ij->ij", [(2, 1), (2, 3)])
    | _rows("ij,jk->ik", [(2, 1), (3, 2)])
    | _rows("i,i", [(3,), (1,)])
)
THREE = _rows("bn,anm,bm->ba", [(2, 3), (4, 3, 2), (2, 2)], [(3, 3), (3, 3, 3), (3, 3)])

REPEATED = _rows("ij,jk->ik", [(3, 3), (1, 2)])  # dL/dx₁ is a square, each row of one number

CASES = [
    Case("einsum", _einsum, PRODUCTS, reference.einsum, linear_in=(0, 1)),
    Case("einsum/one", _einsum, ONE, reference.einsum, linear_in=(0,)),
    Case("einsum/two", _einsum, TWO, reference.einsum, linear_in=(0, 1)),
    Case("einsum/repeated", _einsum, REPEATED, reference.einsum, linear_in=(0, 1)),
    Case("einsum/three", _einsum, THREE, reference.einsum, linear_in=(0, 1, 2)),
]


def test_only_what_is_asked_for_is_computed():
    a, b = Tensor(np.ones((2, 3))), Tensor(np.ones((3, 4)), requires_grad=True)
    ops.einsum("ij,jk->ik", a, b).backward(np.ones((2, 4)))
    assert a.grad is None
    np.testing.assert_array_equal(b.grad, np.full((3, 4), 2.0))


def test_no_samples():
    a, b = (Tensor(np.ones(s), requires_grad=True) for s in ((0, 3), (3, 4)))
    ops.einsum("ij,jk->ik", a, b).backward(np.ones((0, 4)))
    assert a.grad.shape == (0, 3)
    np.testing.assert_array_equal(b.grad, np.zeros((3, 4)))


X = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("subscripts", "tensors", "message"),
    [
        (
            "ij,jk->ik",
            (X,),
            r"einsum: expected a letter for each axis, got 'ij,jk->ik' for \(2, 3\)",
        ),
        ("ijk->i", (X,), "einsum: expected a letter for each axis, got 'ijk->i'"),
        ("ii->i", (X,), "einsum: expected a letter for each axis"),
        ("...j->j", (X,), "einsum: expected a letter for each axis"),
        ("ij,jk->ik", (X, X), r"einsum: 'ij,jk->ik' does not fit \(2, 3\), \(2, 3\)"),
        ("ij->k", (X,), r"einsum: 'ij->k' does not fit \(2, 3\)"),
        ("i?->i", (X,), r"einsum: 'i\?->i' does not fit \(2, 3\)"),
    ],
)
def test_mistakes_are_named(subscripts, tensors, message):
    with pytest.raises(ValueError, match=message):
        ops.einsum(subscripts, *tensors)


def test_arrays_are_no_tensors():
    with pytest.raises(TypeError, match="einsum: expected Tensors, got ndarray"):
        ops.einsum("ij->i", X.data)

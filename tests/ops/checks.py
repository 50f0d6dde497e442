"""What every row of every table is put through; ``test_every_op.py`` says why.

Each check takes a row, a call of it and the array library.
"""

import warnings
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from minipose import Tensor
from minipose.backend import to_host
from minipose.gradcheck import check_gradients


def forward_and_backward(case, call, xp, dtype=np.float64, cotangent_seed=0):
    """The tensors, the result and c after one pass, in which nothing waits for the device."""
    tensors = [Tensor(a, requires_grad=True) for a in call.arrays(xp, dtype)]
    with getattr(xp, "no_sync", nullcontext)():
        y = case.op(*tensors, **call.options)
        values = np.random.default_rng(cotangent_seed).standard_normal(y.shape)
        c = xp.asarray(values.astype(dtype))
        y.backward(c)
    return tensors, y, c


def values(case, call, xp):
    """f(x) is what plain loops give, in any memory layout."""
    if case.host_random and xp is not np:
        pytest.skip("a GPU draws other random numbers than the reference")
    _, y, _ = forward_and_backward(case, call, xp)
    expected = case.reference(*call.values, **call.options)
    assert y.shape == expected.shape
    np.testing.assert_allclose(to_host(y.data), expected, rtol=1e-12, atol=1e-13)


def adjoint(case, call, xp):
    """⟨A x, c⟩ = ⟨x, Aᵀ c⟩ where A x = f(x) − f(0): no small step, no tolerance for one."""
    tensors, y, c = forward_and_backward(case, call, xp)
    for i in case.linear_in:
        at_zero = [Tensor(t.data * 0 if k == i else t.data) for k, t in enumerate(tensors)]
        a_x = y.data - case.op(*at_zero, **call.options).data
        left, right = float((a_x * c).sum()), float((tensors[i].data * tensors[i].grad).sum())
        assert left == pytest.approx(right, rel=1e-10, abs=1e-11)


def differences(case, call, xp, seed):
    """dL/dx is the slope of L at every entry (of large inputs: at 60 of them) of every input.

    Each entry by itself, to 1e-7 of it and to what rounding and h² leave of a difference: about
    5e-10 where values and c are of order 1.
    """
    entries = 60 if xp is np else 3  # on a device each slope waits for two transfers
    function = lambda *x: case.op(*x, **call.options)  # noqa: E731
    check_gradients(function, call.arrays(xp), rtol=1e-7, entries=entries, seed=seed)


def empty_batch(case, call, xp, batched):
    """Of no samples nothing comes out, and what is not a sample gets the gradient zero.

    ``batched`` are the inputs whose first axis counts samples. The strict library fills memory that
    is not written with NaN.
    """
    kept = tuple(v[:0] if i in batched else v for i, v in enumerate(call.values))
    usual = case.op(*(Tensor(a) for a in call.arrays(xp)), **call.options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a mean of nothing, a division by zero
        tensors, y, _ = forward_and_backward(case, replace(call, values=kept), xp, np.float32)
    assert y.shape == (0, *usual.shape[1:]) and y.dtype == np.float32
    for tensor in tensors:
        assert tensor.grad.shape == tensor.shape and tensor.grad.dtype == np.float32
        assert not to_host(tensor.grad).any()


def float32_stays_and_nothing_is_overwritten(case, call, xp):
    """float32 in, float32 out and back, close to float64; inputs and c are as they were."""
    tensors, y, c = forward_and_backward(case, call, xp, np.float32)
    precise, y64, _ = forward_and_backward(case, call, xp, np.float64)
    assert y.dtype == np.float32
    _assert_close(y.data, y64.data)
    for given, tensor, double in zip(call.arrays(xp, np.float32), tensors, precise, strict=True):
        assert tensor.grad.dtype == np.float32 and tensor.grad.shape == tensor.shape
        _assert_close(tensor.grad, double.grad)
        np.testing.assert_array_equal(to_host(tensor.data), to_host(given))
    again = np.random.default_rng(0).standard_normal(y.shape).astype(np.float32)
    np.testing.assert_array_equal(to_host(c), again)


def _assert_close(single, double):
    expected = to_host(double)
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(to_host(single), expected, rtol=0, atol=1e-4 * scale)

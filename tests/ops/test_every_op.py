"""Every row of every table: the checks that make sure of a value and of a derivative.

Read this first; the tables are in the files beside it, one for each file of ``minipose/ops`` and
one for the losses.
With y = f(x) and L = ⟨c, y⟩ for a random c, ``backward`` has to give dL/dx = Jᵀc, where J is the
matrix of all ∂yᵢ/∂xⱼ. Two ways to see whether it does:

* if f is linear, then J is f itself, and ⟨f(x), c⟩ = ⟨x, Jᵀc⟩ holds to the last digits: nothing is
  approximated (``test_adjoint``);
* in any case (L(x + h eⱼ) − L(x − h eⱼ)) / 2h is dL/dxⱼ up to about 1e-10 (``test_differences``).

c is random since a fixed one hides mistakes: the outputs of a softmax add up to 1, so with c = 1
its derivative is 0, and so is seven times its derivative.
"""

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor, losses, ops
from minipose.backend import to_host
from minipose.gradcheck import check_gradients
from tests.ops import tables

every_case = pytest.mark.parametrize("case", tables.CASES, ids=str)
linear_case = pytest.mark.parametrize("case", [c for c in tables.CASES if c.linear_in], ids=str)


def forward_and_backward(case, call, xp, dtype=np.float64, cotangent_seed=0):
    """The tensors, the result and c after one pass, in which nothing waits for the device."""
    tensors = [Tensor(a, requires_grad=True) for a in call.arrays(xp, dtype)]
    with getattr(xp, "no_sync", nullcontext)():
        y = case.op(*tensors, **call.options)
        values = np.random.default_rng(cotangent_seed).standard_normal(y.shape)
        c = xp.asarray(values.astype(dtype))
        y.backward(c)
    return tensors, y, c


@every_case
@given(data=st.data())
def test_values(case, xp, data):
    """f(x) is what plain loops give, in any memory layout."""
    call = data.draw(case.calls)
    if case.host_random and xp is not np:
        pytest.skip("a GPU draws other random numbers than the reference")
    _, y, _ = forward_and_backward(case, call, xp)
    expected = case.reference(*call.values, **call.options)
    assert y.shape == expected.shape
    np.testing.assert_allclose(to_host(y.data), expected, rtol=1e-12, atol=1e-13)


@linear_case
@given(data=st.data())
def test_adjoint(case, xp, data):
    """⟨A x, c⟩ = ⟨x, Aᵀ c⟩ where A x = f(x) − f(0): no small step, no tolerance for one."""
    call = data.draw(case.calls)
    tensors, y, c = forward_and_backward(case, call, xp)
    for i in case.linear_in:
        at_zero = [Tensor(t.data * 0 if k == i else t.data) for k, t in enumerate(tensors)]
        a_x = y.data - case.op(*at_zero, **call.options).data
        left, right = float((a_x * c).sum()), float((tensors[i].data * tensors[i].grad).sum())
        assert left == pytest.approx(right, rel=1e-10, abs=1e-11)


@every_case
@given(data=st.data())
def test_differences(case, xp, data):
    """dL/dx is the slope of L at every entry (of large inputs: at 60 of them) of every input.

    Values, c and x are of order 1, so with h = 1e-5 the slope is good to h² + 1e-16/h = 1e-10; sums
    of a few hundred products leave 1e-9. The 1e-7 that is asked for is therefore no kindness.
    """
    call, seed = data.draw(case.calls), data.draw(st.integers(0, 2**32 - 1))
    entries = 60 if xp is np else 3  # on a device each slope waits for two transfers
    function = lambda *x: case.op(*x, **call.options)  # noqa: E731
    check_gradients(function, call.arrays(xp), rtol=1e-7, entries=entries, seed=seed)


@every_case
@given(data=st.data())
def test_float32_stays_and_nothing_is_overwritten(case, xp, data):
    """float32 in, float32 out and back, close to float64; inputs and c are as they were."""
    call = data.draw(case.calls)
    tensors, y, c = forward_and_backward(case, call, xp, np.float32)
    precise, y64, _ = forward_and_backward(case, call, xp, np.float64)
    assert y.dtype == np.float32
    _assert_close(y.data, y64.data)
    for given_, tensor, double in zip(call.arrays(xp, np.float32), tensors, precise, strict=True):
        assert tensor.grad.dtype == np.float32 and tensor.grad.shape == tensor.shape
        _assert_close(tensor.grad, double.grad)
        np.testing.assert_array_equal(to_host(tensor.data), to_host(given_))
    again = np.random.default_rng(0).standard_normal(y.shape).astype(np.float32)
    np.testing.assert_array_equal(to_host(c), again)


def _assert_close(single, double):
    expected = to_host(double)
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(to_host(single), expected, rtol=0, atol=1e-4 * scale)


def test_every_op_and_every_loss_has_a_row():
    named = {n for n, f in vars(losses).items() if getattr(f, "__module__", "") == losses.__name__}
    public = set(ops.__all__) | {n for n in named if not n.startswith("_")}
    missing = public - {case.op_name for case in tables.CASES}
    assert not missing, f"no row in the tables of tests/ops for {sorted(missing)}"

"""Every row of every table: the checks that make sure of a value and of a derivative.

Read this first, then ``checks.py``; the tables are in the files beside it. With NumPy each row is
checked twice: as ``minipose.fast`` computes it, and as the op is written.

With y = f(x) and L = ⟨c, y⟩ for a random c, ``backward`` has to give dL/dx = Jᵀc, where J is the
matrix of all ∂yᵢ/∂xⱼ. Two ways to see whether it does:

* if f is linear, then J is f itself, and ⟨f(x), c⟩ = ⟨x, Jᵀc⟩ holds to the last digits: nothing is
  approximated (``test_adjoint``);
* in any case (L(x + h eⱼ) − L(x − h eⱼ)) / 2h is dL/dxⱼ up to about 1e-10 (``test_differences``).

c is random since a fixed one hides mistakes: the outputs of a softmax add up to 1, so with c = 1
its derivative is 0, and so is seven times its derivative.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import losses, ops
from tests.ops import checks, tables

every_case = pytest.mark.parametrize("case", tables.CASES, ids=str)
linear_case = pytest.mark.parametrize("case", [c for c in tables.CASES if c.linear_in], ids=str)


batched = [case for case in tables.CASES if tables.batched(case)]
batched_case = pytest.mark.parametrize("case", batched, ids=str)


@every_case
@given(data=st.data())
def test_values(case, xp, data):
    """f(x) is what plain loops give, in any memory layout."""
    checks.values(case, data.draw(case.calls), xp)


@linear_case
@given(data=st.data())
def test_adjoint(case, xp, data):
    """⟨A x, c⟩ = ⟨x, Aᵀ c⟩ where f is linear: no small step, no tolerance for one."""
    checks.adjoint(case, data.draw(case.calls), xp)


@every_case
@given(data=st.data())
def test_differences(case, xp, data):
    """dL/dx is the slope of L."""
    call, seed = data.draw(case.calls), data.draw(st.integers(0, 2**32 - 1))
    checks.differences(case, call, xp, seed)


@every_case
@given(data=st.data())
def test_float32_stays_and_nothing_is_overwritten(case, xp, data):
    """float32 in, float32 out and back, close to float64; inputs and c are as they were."""
    checks.float32_stays_and_nothing_is_overwritten(case, data.draw(case.calls), xp)


@batched_case
@given(data=st.data())
def test_empty_batch(case, xp, data):
    """Of no samples nothing comes out, and what is not a sample gets the gradient zero."""
    call = data.draw(case.calls.filter(lambda call: call.values[0].ndim > 0))
    checks.empty_batch(case, call, xp, tables.batched(case))


def test_every_op_and_every_loss_has_a_row():
    named = {n for n, f in vars(losses).items() if getattr(f, "__module__", "") == losses.__name__}
    public = set(ops.__all__) | {n for n in named if not n.startswith("_")} - {"one_hot"}
    missing = public - {case.op_name for case in tables.CASES}
    assert not missing, f"no row in the tables of tests/ops for {sorted(missing)}"

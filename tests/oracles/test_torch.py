"""PyTorch on every row of every table: the same values, the same derivatives, in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import Tensor
from tests.ops import tables

torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing to compare with")
torch.set_num_threads(1)

from tests.oracles.torch_ops import ORACLES  # noqa: E402  (it needs PyTorch)


def oracle(case):
    return ORACLES.get(case.name) or ORACLES[case.op_name]


@pytest.mark.parametrize("case", tables.CASES, ids=str)
@given(data=st.data())
def test_values_and_gradients(case, data):
    call = data.draw(case.calls)
    ours = [Tensor(v, requires_grad=True) for v in call.arrays(np)]
    theirs = [torch.tensor(v, requires_grad=True) for v in call.values]
    y = case.op(*ours, **call.options)
    options = {k: _theirs(v) for k, v in call.options.items()}
    expected = oracle(case)(*theirs, **options)
    assert y.shape == tuple(expected.shape)
    np.testing.assert_allclose(y.data, expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    c = np.asarray(np.random.default_rng(0).standard_normal(y.shape))
    y.backward(c)
    expected.backward(torch.from_numpy(c))
    for ours_, theirs_ in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(ours_.grad, theirs_.grad.numpy(), rtol=1e-8, atol=1e-10)


def _theirs(option):
    return torch.from_numpy(option) if isinstance(option, np.ndarray) else option


def test_every_row_has_an_oracle():
    names = {name for case in tables.CASES for name in (case.name, case.op_name)}
    assert not {c.name for c in tables.CASES if not {c.name, c.op_name} & ORACLES.keys()}
    assert ORACLES.keys() <= names

"""PyTorch's own table of operators: every sample of every operator that minipose has, too."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing to compare with")
pytest.importorskip("expecttest", reason="PyTorch's table of operators needs expecttest")
torch.set_num_threads(1)

from minipose import Tensor, ops  # noqa: E402  (what follows needs PyTorch)
from minipose.tensor import record  # noqa: E402
from tests.oracles.op_db import OPERATORS, TABLE, judge, judge_refusals  # noqa: E402
from tests.oracles.torch_samples import dtype_name  # noqa: E402

# minipose has no such functions: their translations are only other ways to write x.T and x[i:j].
SAID_OTHERWISE = {"t", "narrow"}
REFUSING = [n for n in OPERATORS if TABLE[n].error_inputs_func and n not in SAID_OTHERWISE]
pytestmark = pytest.mark.filterwarnings("ignore")  # of both, where samples are not finite
DTYPES = (torch.float64, torch.float32)


@pytest.mark.parametrize("dtype", DTYPES, ids=dtype_name)
@pytest.mark.parametrize("name", OPERATORS)
def test_values_and_gradients_of_all_samples(name, dtype, record_property):
    tally = judge(name, dtype, OPERATORS[name])
    assert tally.agree > 0
    record_property(*tally.of_one_test(f"op_db, {dtype_name(dtype)}", name))


@pytest.mark.parametrize("name", REFUSING)
def test_what_pytorch_refuses_is_refused_in_one_line(name, record_property):
    tally = judge_refusals(name, OPERATORS[name])
    record_property(*tally.of_one_test("op_db, refusals", name))


# --- The judge is judged ----------------------------------------------------------------------


def _wrong_slope(x: Tensor) -> Tensor:
    """tanh with a derivative that is a millionth too large."""
    y = ops.tanh(x).data
    return record("tanh", y, (x,), lambda grad_y: (grad_y * (1 - y * y) * 1.000001,))


WRONG = {
    "a value": ("exp", lambda x: ops.exp(x) * 1.0000001),
    "a slope": ("tanh", _wrong_slope),
    "no slope": ("sqrt", lambda x: ops.sqrt(x.detach())),
    "an option": ("add", lambda a, b, alpha=1: a + b),
    "a shape": ("sum", lambda x, dim=None, keepdim=False: ops.sum(x)),
    "a precision": ("neg", lambda x: Tensor(-x.data.astype("float32"))),
    "an error": ("permute", lambda x, axes: ops.reshape(x, x.shape[:-1])),
}


@pytest.mark.parametrize("what", WRONG)
def test_something_wrong_is_found(what):
    name, ours = WRONG[what]
    judge(name, torch.float64, OPERATORS[name])
    with pytest.raises(AssertionError, match=f"{name}.*: "):
        judge(name, torch.float64, ours)


def test_what_should_be_refused_and_is_taken_is_found():
    with pytest.raises(AssertionError, match=r"reshape.*taken"):
        judge_refusals("reshape", lambda x, shape: x)

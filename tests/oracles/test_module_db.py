"""PyTorch's own table of layers and losses: every input of every one that minipose has, too."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing to compare with")
pytest.importorskip("expecttest", reason="PyTorch's table of layers needs expecttest")
torch.set_num_threads(1)

from minipose import nn  # noqa: E402  (what follows needs PyTorch)
from tests.oracles.module_db import LAYERS, judge  # noqa: E402
from tests.oracles.torch_samples import dtype_name  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
DTYPES = (torch.float64, torch.float32)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("dtype", DTYPES, ids=dtype_name)
@pytest.mark.parametrize("name", LAYERS)
def test_values_gradients_and_running_statistics(name, dtype, training, record_property):
    tally = judge(name, dtype, training, LAYERS[name])
    assert tally.agree > 0
    record_property(*tally.of_one_test(f"module_db, {dtype_name(dtype)}", name, "layers"))


WRONG = {
    "a momentum": (
        "BatchNorm2d",
        lambda n, eps=1e-5, momentum=0.1, *a, **k: nn.BatchNorm2d(n, 0.1),
    ),
    "an epsilon": ("GroupNorm", lambda groups, channels, *a, **k: nn.GroupNorm(groups, channels)),
    "another layer": ("Tanh", nn.ReLU),
    "a loss": ("MSELoss", lambda **k: lambda x, target: ((x - target) * (x - target)).sum()),
}


@pytest.mark.parametrize("what", WRONG)
def test_something_wrong_is_found(what):
    name, make = WRONG[what]
    judge(name, torch.float64, True, LAYERS[name])
    with pytest.raises(AssertionError, match=f"{name}.*: "):
        judge(name, torch.float64, True, make)

"""What works with NumPy alone, and what is said where a package is missing."""

import subprocess
import sys

import pytest

from tests.test_docs import ROOT

NUMPY_ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {"minipose", "data_tools", "numpy"} | sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""
TRAIN = """
import minipose as mp
import numpy as np

net = mp.models.PoseNet((1, 2, 2), "regression")
optimizer = mp.optim.SGD(net.parameters())
x = mp.Tensor(np.ones((2, 1, 128, 128), np.float32))
loss = mp.losses.joint_squared_error(net(x), np.zeros((2, 51), np.float32))
loss.backward()
optimizer.step()
print(loss.item() > 0)
"""


def with_numpy_alone(code: str) -> subprocess.CompletedProcess:
    """Run code in a process in which all other packages are missing."""
    command = [sys.executable, "-c", NUMPY_ALONE + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_network_is_trained_with_numpy_alone():
    done = with_numpy_alone(TRAIN)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_the_command_line_says_what_there_is():
    done = with_numpy_alone("from minipose.cli import main\nsys.exit(main(['doctor']))")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "minipose.cli train h36m --data no.h5",
        "minipose.cli train people --data no.h5",
        "minipose.cli show no.h5",
        "data_tools.__main__ h36m no --out no.h5",
        "data_tools.__main__ people no --out no.h5",
        "data_tools.__main__ twin people --out no",
    ],
)
def test_a_missing_package_is_one_line(command):
    module, *arguments = command.split()
    done = with_numpy_alone(f"from {module} import main\nsys.exit(main({arguments}))")
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1
    assert "is not installed: python -m pip install -e '.[jobs]'" in done.stderr


def test_an_import_of_our_own_that_fails_is_not_hidden():
    from minipose.errors import missing_package

    with pytest.raises(ModuleNotFoundError, match=r"minipose\.nothing"):
        missing_package(ModuleNotFoundError("No minipose.nothing", name="minipose.nothing"))

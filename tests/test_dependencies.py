"""What works with NumPy alone, and what is said where a package is missing."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
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
        "data_tools.__main__ label no --out no",
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


# --- The oldest versions that are declared ----------------------------------------------------


def oldest(project: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run ``.ci/oldest.py`` beside a pyproject.toml."""
    command = [sys.executable, ROOT / ".ci/oldest.py", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def declare(folder: Path, dependencies: list[str], **extras: list[str]) -> Path:
    """A pyproject.toml that declares these."""
    rows = "".join(f"{name} = {json.dumps(extras[name])}\n" for name in extras)
    text = f"[project]\ndependencies = {json.dumps(dependencies)}\n"
    text += f"[project.optional-dependencies]\n{rows}"
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_every_package_is_pinned_to_the_lowest_version_that_it_is_declared_with():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = dict(project["optional-dependencies"])
    label = extras.pop("label")  # one version only, in an environment of its own
    assert label == ["mediapipe==0.10.14"]
    assert label[0] in (ROOT / ".ci/label.txt").read_text("utf-8").splitlines()
    groups = [project["dependencies"], *extras.values()]
    declared = {re.sub(r"\[.*\]", "", each) for group in groups for each in group}
    done = oldest(ROOT)
    assert done.returncode == 0, done.stderr
    assert {pin.replace("==", ">=") for pin in done.stdout.split()} == declared
    assert "numpy==2.0" in done.stdout.split()


def test_the_newest_tested_versions_are_noted_and_none_is_below_the_lowest():
    """``make setup VERSIONS=tested`` installs them; ``make tested`` writes them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    names = ("jobs", "h36m", "video", "heic", "onnx", "cluster", "dev")
    declared = {each for name in names for each in extras[name]} | set(project["dependencies"])
    lines = (ROOT / ".ci/tested.txt").read_text("utf-8").splitlines()[1:]
    tested = {name.replace("_", "-").lower(): at for name, at in (row.split("==") for row in lines)}
    for requirement in declared:
        name, lowest = requirement.split(">=")
        found = [int(n) for n in tested[name].split(".")]
        assert found >= [int(n) for n in lowest.split(".")], requirement


@pytest.mark.parametrize("wrong", ["numpy", "numpy>2", "numpy==2.0", "numpy>=2.0,<3", "numpy>=2a1"])
def test_a_package_without_a_lowest_version_is_one_line(wrong, tmp_path):
    done = oldest(declare(tmp_path, [wrong]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"pyproject.toml: expected name>=version, got {wrong!r}\n"


def test_a_package_with_two_lowest_versions_is_one_line(tmp_path):
    done = oldest(declare(tmp_path, ["numpy>=2.0"], jobs=["scipy>=1.13"], dev=["numpy>=2.1"]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "pyproject.toml: numpy from 2.0 on, and from 2.1 on\n"


def test_what_is_installed_is_compared_with_what_is_declared(tmp_path):
    here = np.__version__
    done = oldest(
        declare(tmp_path, [f"numpy>={here}"], dev=["no-such-package>=1.0"]), "--installed"
    )
    assert (done.returncode, done.stdout) == (0, f"numpy {here}\n"), done.stderr
    done = oldest(declare(tmp_path, [f"numpy>={here}.0"]), "--installed")
    assert done.returncode == 0, done.stderr
    done = oldest(declare(tmp_path, ["numpy>=1.26"]), "--installed")
    assert done.returncode == 1
    assert done.stderr == f"numpy: 1.26 is declared as the oldest version, {here} is installed\n"


def test_the_wheel_holds_minipose_alone():
    """A name as general as data_tools would be anybody's in site-packages."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert declared["tool"]["setuptools"]["packages"]["find"]["include"] == ["minipose*"]
    assert [path.name for path in ROOT.glob("minipose*/__init__.py")] == ["__init__.py"]
    assert declared["project"]["scripts"] == {"minipose": "minipose.cli:main"}
    assert all((ROOT / name).is_file() for name in declared["project"]["license-files"])

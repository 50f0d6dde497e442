"""Real processes that ``mpirun`` starts; skipped where mpi4py is not installed."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.training.test_loop import ROOT, weights_of

MPIRUN = Path(sys.executable).with_name("mpirun")

pytestmark = pytest.mark.skipif(
    not MPIRUN.exists(), reason="needs mpi4py and an MPI: pip install -e '.[cluster]'"
)


def start(count: int, *command: str) -> subprocess.Popen:
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}  # Open MPI asks
    return subprocess.Popen(
        [str(MPIRUN), "-n", str(count), sys.executable, "-u", "-m", *command],
        cwd=ROOT,
        env=os.environ | root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def toy(count: int, folder: Path, *flags: str, pause: float = 0.0) -> subprocess.Popen:
    return start(count, "tests.training.toy", str(folder), str(pause), *flags)


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def one_process(tmp_path_factory) -> dict[str, np.ndarray]:
    """The weights of a training in one process with two parts."""
    folder = tmp_path_factory.mktemp("one")
    command = [sys.executable, "-m", "tests.training.toy", str(folder), "0", "parts"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return weights_of(folder / "last.npz")


def assert_same(folder: Path, expected: dict[str, np.ndarray]) -> None:
    found = weights_of(folder / "last.npz")
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_two_ranks_are_one_process_with_two_parts(tmp_path, one_process):
    status, out, err = finished(toy(2, tmp_path))
    assert (status, err) == (0, "")
    assert out.count("step 0 0") == 1, "rank 0 alone prints"
    assert_same(tmp_path, one_process)


def kill_and_resume(folder: Path, victim: int, pause: float, expected: dict) -> None:
    """Kill a rank without any warning; the others end too, and nothing is lost."""
    process = toy(2, folder, pause=0.02)
    for line in process.stdout:
        if line.startswith("step 1 0"):  # an epoch is on the disk
            break
    time.sleep(pause)
    os.kill(ranks_of(process)[victim], signal.SIGKILL)
    start = time.monotonic()
    status, _, _ = finished(process)
    assert status != 0 and time.monotonic() - start < 60, "the others hang"
    status, _, err = finished(toy(2, folder, "resume"))
    assert (status, err) == (0, "")
    assert_same(folder, expected)


def ranks_of(process: subprocess.Popen) -> list[int]:
    """The ranks' process numbers (pid)."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            variables = (place / "environ").read_bytes().split(b"\0")
            words = (place / "cmdline").read_bytes()
        except OSError:  # gone, or another user's
            continue
        if b"tests.training.toy" in words and str(MPIRUN).encode() not in words:
            if descends(int(place.name), process.pid):
                named = [v for v in variables if re.match(rb"(PMI|OMPI_COMM_WORLD)_RANK=", v)]
                if named:
                    found[int(named[0].partition(b"=")[2])] = int(place.name)
    return [found[rank] for rank in sorted(found)]


def descends(process: int, ancestor: int) -> bool:
    while process > 1 and process != ancestor:
        status = Path(f"/proc/{process}/stat").read_text()
        process = int(status.rpartition(")")[2].split()[1])
    return process == ancestor


# MPI_KILLS=20 for the long form: make cluster
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the ranks in /proc")
@pytest.mark.parametrize("number", range(int(os.environ.get("MPI_KILLS", "2"))))
def test_a_killed_rank_loses_nothing(number, tmp_path, one_process):
    pause = random.Random(number).uniform(0, 0.4)
    kill_and_resume(tmp_path, number % 2, pause, one_process)


def test_a_polite_stop_leaves_a_checkpoint_of_that_step(tmp_path, one_process):
    process = toy(2, tmp_path, pause=0.02)
    for line in process.stdout:
        if line.startswith("step 1 3"):
            break
    for rank in ranks_of(process)[1:]:  # one that hears it tells the others
        os.kill(rank, signal.SIGTERM)
    assert finished(process)[0] == 130
    assert finished(toy(2, tmp_path, "resume"))[0] == 0
    assert_same(tmp_path, one_process)


def test_going_on_with_another_number_of_ranks_is_said(tmp_path):
    process = toy(2, tmp_path, pause=0.02)
    for line in process.stdout:
        if line.startswith("step 1 0"):
            break
    process.terminate()
    finished(process)
    status, out, _ = finished(toy(3, tmp_path, "resume"))
    assert status == 0
    assert "batches were cut into 2, now into 3: sums are rounded differently" in out


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["train", "h36m", "--data", "no.h5"], 1, "error: no.h5: no such file"),
        (["train", "h36m", "--epochs", "x"], 2, "error: argument --epochs"),
        (["train", "people"], 1, "error: --data: expected a store"),
    ],
)
def test_what_fails_on_all_ranks_is_said_once(arguments, status, line, tmp_path):
    found, _, err = finished(start(2, "minipose", *arguments))
    assert found == status
    assert err.startswith(line) and err.count("error:") == 1, err

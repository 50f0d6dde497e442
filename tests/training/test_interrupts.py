"""Signals: never lost, whenever they come; a second one ends at once; the log after a resume."""

import os
import signal
import subprocess
import sys
import time

import pytest

from minipose.errors import Interrupted
from minipose.optim import Adam
from minipose.training import checkpoint
from minipose.training.interrupts import SAME, deferred_interrupts, heeded
from minipose.training.log import read_log
from minipose.training.loop import fit
from tests.training.test_loop import ROOT
from tests.training.toy import Toy, make_task

CLOCK = ("images_per_s", "elapsed_s")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("epoch", [2, 4])
def test_a_signal_during_validation_is_obeyed(tmp_path, sent, epoch):
    """T13: also during the last one, where no step follows that could look."""
    task = make_task(tmp_path)
    whole, seen = task.validate, []

    def validate(model):
        seen.append(1)
        if len(seen) == epoch:
            os.kill(os.getpid(), sent)
        return whole(model)

    task.validate = validate
    net = Toy()
    with pytest.raises(Interrupted, match=r"last\.npz holds all, go on with --resume"):
        fit(task, net, Adam(net.parameters(), 0.01))
    assert checkpoint.read(task.last)[1]["progress"]["epoch"] == epoch


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_a_library_swallows_is_obeyed_later(sent):
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    reached = []
    with pytest.raises(KeyboardInterrupt), heeded():  # at the next training
        try:
            os.kill(os.getpid(), sent)
        except KeyboardInterrupt:
            reached.append("swallowed")
        with deferred_interrupts():
            reached.append("trained")
    with pytest.raises(KeyboardInterrupt), heeded():  # or at the end
        try:
            os.kill(os.getpid(), sent)
        except KeyboardInterrupt:
            reached.append("swallowed")
    assert reached == ["swallowed"] * 2
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before
    with heeded(), deferred_interrupts() as asked:  # nothing of it is left
        assert not asked()


def test_what_nobody_obeyed_is_raised_at_the_end():
    with pytest.raises(Interrupted), deferred_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("inside", ["heeded()", "heeded(), deferred_interrupts()"])
def test_a_second_signal_ends_at_once(sent, inside):
    code = (
        "import time\nfrom minipose.training.interrupts import SAME, deferred_interrupts, heeded\n"
        f"with {inside}:\n"
        "    while True:\n        try:\n            print('here', flush=True)\n"
        "            time.sleep(30)\n        except KeyboardInterrupt:\n            pass\n"
    )
    options = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **options) as process:
        assert process.stdout.readline() == "here\n"
        process.send_signal(sent)
        if "deferred" not in inside:
            assert process.stdout.readline() == "here\n"  # it was swallowed
        time.sleep(1.5 * SAME)
        process.send_signal(sent)
        assert process.wait(10) == 130
        assert process.stderr.read() == "interrupted again: ended at once\n"


@pytest.mark.parametrize("inside", ["heeded()", "heeded(), deferred_interrupts()"])
def test_two_signals_of_one_moment_are_one(inside):
    """As ``timeout`` sends them: to the process, and then to its group."""
    code = (
        "import os, signal, time\n"
        "from minipose.training.interrupts import SAME, deferred_interrupts, heeded\n"
        f"with {inside}:\n    try:\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n        pass\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n    print('saved', flush=True)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == "saved\n" and "ended at once" not in found.stderr


@pytest.mark.parametrize("stop_after", [3, 8, 21])
def test_the_log_after_a_resume_is_that_of_a_run_in_one_go(tmp_path, stop_after):
    """T14: also where it stopped after the last step of an epoch; only times differ."""
    seen = []

    def images(batch):
        seen.append(1)
        if len(seen) == stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        return len(batch[0])

    for name in ("stopped", "whole"):
        task, net = make_task(tmp_path / name), Toy()
        if name == "stopped":
            task.images = images
            with pytest.raises(Interrupted):
                fit(task, net, Adam(net.parameters(), 0.01))
            task.images, net = make_task(tmp_path).images, Toy()
        fit(task, net, Adam(net.parameters(), 0.01), resume=True)
    stopped, whole = (read_log(tmp_path / name / "log.csv") for name in ("stopped", "whole"))
    assert all(row[name] > 0 for row in stopped for name in CLOCK)
    stopped, whole = (
        [{k: v for k, v in row.items() if k not in CLOCK} for row in rows]
        for rows in (stopped, whole)
    )
    assert stopped == whole
    stopped, whole = (
        checkpoint.read(tmp_path / name / "last.npz")[1]["progress"]["history"]
        for name in ("stopped", "whole")
    )
    assert [row["train_loss"] for row in stopped] == [row["train_loss"] for row in whole]


SIGNALLED_EVERYWHERE = """
import os, signal, sys
from minipose.training.interrupts import led

def ends(nth):  # with a signal before the nth line of noting that a process is done
    lines = iter(range(nth))

    def trace(frame, event, argument):
        if event == "line" and next(lines, None) == nth - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return trace

    try:
        with led():
            sys.settrace(trace)
    except KeyboardInterrupt:
        pass
    os._exit(0)

for nth in range(1, 30):
    child = os.fork()
    if not child:
        ends(nth)
    os.waitpid(child, 0)
print("all ended")
"""


def test_a_signal_while_another_is_noted_stops_no_process_for_ever():
    command = [sys.executable, "-c", SIGNALLED_EVERYWHERE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.stdout == "all ended\n", done.stderr

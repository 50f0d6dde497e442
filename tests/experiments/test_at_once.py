"""Several trainings at once have the numbers, and end in the ways, of one after another."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from minipose.datasets.people import PeopleStore
from minipose.errors import Interrupted, UserError
from minipose.experiments import at_once, side_by_side
from minipose.experiments.job import Run
from minipose.experiments.people import sweep_weights as sweep
from minipose.experiments.people.job import JOB
from minipose.experiments.people.recipe import Recipe
from minipose.processors import processors
from tests.experiments.people import write_store
from tests.training.test_loop import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")


@pytest.fixture
def in_command():
    """Signals interrupt, as in a command; in the background of a shell one would be ignored."""
    both = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, signal.default_int_handler) for each in both}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def waits_for(mine, other):
    """Ends only if the other task runs meanwhile."""
    mine.touch()
    end = time.monotonic() + 20
    while not other.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    print("both\nare here", flush=True)


def test_tasks_run_at_the_same_time_and_what_they_print_has_their_names(tmp_path, capfd):
    a, b = tmp_path / "a", tmp_path / "b"
    at_once.do({"first": partial(waits_for, a, b), "second": partial(waits_for, b, a)}, 2)
    lines = capfd.readouterr().out.splitlines()
    assert "[1/2] first" in lines and "[2/2] second" in lines
    assert [line for line in lines if line.startswith("first: ")] == [
        "first: both",
        "first: are here",
    ]


def test_no_more_than_so_many(tmp_path):
    def count(k):
        (tmp_path / f"{k}").touch()
        time.sleep(0.1)
        there = len(list(tmp_path.iterdir()))
        (tmp_path / f"{k}").unlink()
        if there > 2:
            raise UserError(f"{there} at once")

    at_once.do({f"{k}": partial(count, k) for k in range(5)}, 2)


def test_an_error_of_one_is_raised_and_stops_the_others(tmp_path, in_command):
    def fails():
        raise UserError("a.npz: not a checkpoint")

    def sleeps():
        try:
            time.sleep(30)
        except KeyboardInterrupt:
            (tmp_path / "saved").touch()
            raise

    start = time.monotonic()
    with pytest.raises(UserError, match=r"^a\.npz: not a checkpoint$"):
        at_once.do({"a": sleeps, "b": fails}, 2)
    assert (tmp_path / "saved").exists() and time.monotonic() - start < 20


def test_a_process_that_is_killed_is_named():
    def killed():
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(UserError, match=r"^a: its process was ended from outside \(status -9"):
        at_once.do({"a": killed, "b": lambda: None}, 2)


def test_an_interruption_lets_all_save(tmp_path, in_command):
    def saves(name):
        (tmp_path / f"{name}-began").touch()
        try:
            time.sleep(30)
        except KeyboardInterrupt:
            (tmp_path / name).touch()
            raise

    def interrupts():
        while not all((tmp_path / f"{name}-began").exists() for name in "ab"):
            time.sleep(0.01)
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(30)

    with pytest.raises(Interrupted, match="go on with --resume"):
        at_once.do({"a": partial(saves, "a"), "b": partial(saves, "b"), "c": interrupts}, 3)
    assert (tmp_path / "a").exists() and (tmp_path / "b").exists()


def numbers(row):
    """But for the seconds; as text, in which nan is nan."""
    parts = row["splits"].values()
    return json.dumps([{k: v for k, v in part.items() if k != "seconds"} for part in parts])


def test_a_comparison_has_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "WEIGHTS", (1.0, 3.0))
    recipe = Recipe(
        width=2, epochs=1, batch=4, parts=2, lr=0.01, normalise=True, optimizer="muon", flip=True
    )
    found = []
    with PeopleStore(write_store(tmp_path / "people.h5")) as store:
        for count in (1, 2):
            folder = tmp_path / f"{count}"
            run = Run(store, store.split(limit=6), recipe, 0, folder, seeds=2, at_once=count)
            found.append(sweep.sweep_weights(JOB, run))
        again = sweep.sweep_weights(JOB, replace(run, resume=True))
    for label in found[0]:
        for one, other, read in zip(found[0][label], found[1][label], again[label], strict=True):
            assert numbers(one) == numbers(other) == numbers(read)
    weights = [np.load(tmp_path / f"{n}" / "weight-3" / "seed-1" / "best.npz") for n in (1, 2)]
    names = [n for n in weights[0].files if weights[0][n].dtype.kind == "f"]
    assert names
    for name in names:
        np.testing.assert_array_equal(weights[0][name], weights[1][name])


def test_a_store_that_was_made_anew_meanwhile_is_refused(tmp_path):
    with PeopleStore(write_store(tmp_path / "people.h5")) as store:
        other = write_store(tmp_path / "other.h5", count=9)
        run = Run(store, store.split(limit=6), Recipe(), 0, tmp_path, at_once=2)
        other.replace(store.path)
        with pytest.raises(UserError, match=r"people\.h5: has other content than when"):
            side_by_side.compare(JOB, run, {"a": ("a", Recipe()), "b": ("b", Recipe())})


@pytest.mark.parametrize(("longest", "order"), [([], "ab ab"), (["b"], "bb aa"), (["a"], "aa bb")])
def test_what_takes_longest_begins_first(tmp_path, monkeypatch, capsys, longest, order):
    begun = []
    monkeypatch.setattr(side_by_side, "_train", lambda job, one, *_: begun.append(one))
    monkeypatch.setattr(side_by_side, "_numbers", lambda one: {"of": str(one.folder)})
    run = Run(None, {}, Recipe(), 0, tmp_path, seeds=2)
    recipes = {"a": ("a", Recipe()), "b": ("b", Recipe())}
    rows = side_by_side.compare(JOB, run, recipes, longest=longest)
    assert [one.folder.parent.name for one in begun] == list(order.replace(" ", ""))
    for label in "ab":
        places = [Path(row["of"]).relative_to(tmp_path) for row in rows[label]]
        assert places == [Path(label, f"seed-{seed}") for seed in (0, 1)]


@pytest.mark.parametrize("content", ["[]", "{}", '{"splits": 3}', '{"spl'])
def test_damaged_numbers_are_named_before_anything_is_trained(tmp_path, content):
    (tmp_path / "a" / "seed-0").mkdir(parents=True)
    (tmp_path / "a" / "seed-0" / side_by_side.NUMBERS).write_text(content)
    run = Run(None, {}, Recipe(), 0, tmp_path, resume=True)
    with pytest.raises(UserError, match=r"a/seed-0/numbers\.json: (damaged|not a readable JSON)"):
        side_by_side.compare(JOB, run, {"b": ("b", Recipe()), "a": ("a", Recipe())})


def test_a_wrong_number_of_threads_is_named(monkeypatch):
    monkeypatch.setenv("MINIPOSE_THREADS", "x")
    with pytest.raises(UserError, match="MINIPOSE_THREADS: expected a whole number, got 'x'"):
        at_once.possible(0, "cpu", 1)


def test_one_at_a_time_where_several_would_share():
    assert at_once.possible(0, "cuda", 1) == 1
    assert at_once.possible(4, "cpu", 2) == 1
    assert at_once.possible(4, "cpu", 1) == 4
    assert at_once.possible(0, "cpu", 1) == processors() >= 1


GROUP = """
import sys, time
from functools import partial
from pathlib import Path
from pathlib import Path
from minipose.errors import Interrupted
from minipose.experiments import at_once, side_by_side
from minipose.training.interrupts import deferred_interrupts, heeded

def saves(name, step):
    with deferred_interrupts() as asked:
        print("began", flush=True)
        while not asked():
            time.sleep(0.01)
        time.sleep(step)
        Path(name).touch()
        raise Interrupted("stopped")

try:
    with heeded():
        at_once.do({"quick": partial(saves, "quick", 0), "slow": partial(saves, "slow", 0.4)}, 2)
except Interrupted as error:
    print(error)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_reaches_the_whole_group_lets_all_save(tmp_path, sent):
    """As Ctrl-C does: each process gets it, and then once more from the first one."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    options = {"cwd": tmp_path, "env": environment, "text": True, "start_new_session": True}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", GROUP], **options, **pipes) as process:
        said = [process.stdout.readline() for _ in range(4)]
        assert {"quick: began\n", "slow: began\n"} <= set(said)
        os.killpg(process.pid, sent)
        rest, errors = process.communicate(timeout=20)
    assert (rest, errors) == (f"{at_once.STOPPED}\n", "")
    assert (tmp_path / "quick").exists() and (tmp_path / "slow").exists()


def test_what_a_process_said_before_it_failed_is_heard(capfd):
    def fails():
        print("no line's end", end="")
        raise UserError("a.npz: not a checkpoint")

    with pytest.raises(UserError):
        at_once.do({"a": fails, "b": lambda: None}, 2)
    assert "a: no line's end\n" in capfd.readouterr().out


class OfTwo(UserError):
    """Pickle calls it with one argument."""

    def __init__(self, path, why):
        super().__init__(f"{path}: {why}")


class Open(RuntimeError):
    """Holds what pickle refuses."""

    def __init__(self, text):
        super().__init__(text, lambda: None)

    def __str__(self):
        return self.args[0]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (OfTwo("a.npz", "damaged"), UserError, r"^a\.npz: damaged$"),
        (Open("too large"), RuntimeError, r"^Open: too large$"),
        (KeyError("dice"), KeyError, r"^'dice'$"),
    ],
)
def test_an_error_of_any_class_arrives_and_says_where_it_was_raised(error, kind, words):
    def fails():
        raise error

    with pytest.raises(kind, match=words) as caught:
        at_once.do({"a": fails, "b": lambda: None}, 2)
    assert "in fails" in str(caught.value.__cause__)


def test_what_a_process_says_goes_where_it_would_have_gone(capfd):
    def says():
        print("no line's end", end="")
        print("a warning", file=sys.stderr)

    start = time.monotonic()
    at_once.do({"a": says, "b": lambda: None}, 2)
    assert time.monotonic() - start < 1.5  # nothing is waited for in the end
    said = capfd.readouterr()
    assert "a: no line's end\n" in said.out and said.err == "a: a warning\n"

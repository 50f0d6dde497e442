"""Two lessons that run at the same time and need the same drawn people."""

import importlib
from threading import Event, Thread

from minipose.locks import Taken, claimed
from tests.test_docs import ROOT


def test_people_whom_another_lesson_draws_are_waited_for(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "lessons"))
    people = importlib.import_module("people")
    path, begun, met, wrote = tmp_path / "people.h5", Event(), Event(), []

    def first():
        with claimed(path):  # as the writer of a store does
            begun.set()
            met.wait(20)
            path.touch()

    def second():
        try:
            with claimed(path):
                wrote.append("second")
        except Taken:
            met.set()
            raise

    other = Thread(target=people._make_once, args=(path, first))
    other.start()
    assert begun.wait(20)
    people._make_once(path, second)
    other.join()
    assert path.exists() and met.is_set() and not wrote

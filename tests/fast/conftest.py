"""What several files of tests of minipose/fast ask for."""

import pytest

from minipose.fast import evaluation
from minipose.fast.evaluation import parts


@pytest.fixture
def processes(monkeypatch):
    """Every second batch is evaluated by two processes, however small it is."""
    monkeypatch.setenv("MINIPOSE_THREADS", "2")
    monkeypatch.setattr(evaluation, "LONG", 0.0)
    monkeypatch.setattr(evaluation, "SHARED", 0.0)
    monkeypatch.setattr(parts, "FEWEST", 1)

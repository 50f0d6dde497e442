"""A lesson as a page of the book: its cells, and its answers behind them, folded."""

from __future__ import annotations

import re

import jupytext
from nbformat import NotebookNode

from lessons import course, play


def read(text: str) -> NotebookNode:
    """The notebook of a lesson of this text, with the cells of its file of answers at the end."""
    notebook = jupytext.reads(text, fmt="py:percent")
    number = re.search(r"^# # (\d+) · ", text, flags=re.M)[1]
    answers = play.answers_of(course.choose(number).path).read_text(encoding="utf-8")
    notebook.cells += jupytext.reads(answers, fmt="py:percent").cells
    return notebook

"""A lesson as a page of the book: its cells, what moves, its answers, and where minipose has it."""

from __future__ import annotations

import re

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from lessons import course, play
from lessons.book import diagrams, interactives, sources


def read(text: str) -> NotebookNode:
    """The notebook of a lesson of this text, with the cells of its file of answers at the end."""
    notebook = jupytext.reads(text, fmt="py:percent")
    lesson = course.choose(re.search(r"^# # (\d+) · ", text, flags=re.M)[1])
    answers = play.answers_of(lesson.path).read_text(encoding="utf-8")
    diagrams.insert(notebook.cells, lesson.number)
    first = notebook.cells[0]
    first.source = with_facts(first.source, lesson)
    interactives.insert(notebook.cells, lesson.number)
    notebook.cells += jupytext.reads(answers, fmt="py:percent").cells
    end = sources.about(lesson.path)
    if end:
        notebook.cells.append(new_markdown_cell(end))
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def with_facts(source: str, lesson: course.Lesson) -> str:
    """The first cell, with a line below its title: how long to read, to run; the notebook."""
    title, _, rest = source.partition("\n")
    return (
        f'{title}\n\n<p class="about-lesson">{lesson.reading:.0f} minutes to read · under '
        f"{lesson.budget:.0f} s to run · <code>make lesson N={lesson.number}</code> · "
        f'<a href="notebooks/{lesson.name}.ipynb" download>notebook</a></p>\n{rest}'
    )

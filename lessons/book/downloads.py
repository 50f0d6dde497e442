"""The lessons as notebooks to download: the same cells, and one that installs what they need."""

from __future__ import annotations

import zipfile
from pathlib import Path

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from lessons import course, play
from lessons.book import diagrams
from lessons.book.files import ROOT

ARCHIVE = "minipose-notebooks.zip"  # everything that the notebooks need, minipose as well
WITH = ("minipose", "data_tools", "lessons")
ENDINGS = (".py", ".npz", ".md", ".html", ".css", ".js", ".toml", ".json")
BYTES = 2**23  # of one file
# Of lessons: how the book is made, and the workbook, with what a reader has written.
LEFT_OUT = {"book", "exercises", "mine", "solutions", "workbook"}

ABOUT = f"""*This notebook needs the folders `minipose` and `lessons`. Unpack `{ARCHIVE}`, which
lies beside it in the book, and open it there, or put it anywhere in a clone of the project.*"""
INSTALL = """# Run this cell once: it installs what the lesson needs, and finds minipose.
import importlib.util, subprocess, sys
from pathlib import Path

names = {"numpy": "numpy", "scipy": "scipy", "PIL": "pillow", "h5py": "h5py", "tqdm": "tqdm"}
names["matplotlib"] = "matplotlib"
missing = [package for name, package in names.items() if importlib.util.find_spec(name) is None]
if missing:
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *missing], check=True)
here = Path.cwd().resolve()
home = next((p for p in (here, *here.parents) if (p / "minipose").is_dir()), None)
assert home, "minipose is not here: unpack minipose-notebooks.zip, and open the notebook there"
sys.path[:0] = [str(home), str(home / "lessons")]"""


def notebook_of(lesson: course.Lesson) -> nbformat.NotebookNode:
    """A lesson with its answers behind it, as a notebook."""
    notebook = jupytext.reads(lesson.path.read_text(encoding="utf-8"), fmt="py:percent")
    diagrams.insert(notebook.cells, lesson.number, inline=False)
    answers = play.answers_of(lesson.path).read_text(encoding="utf-8")
    install = new_code_cell(INSTALL, metadata={"tags": ["install"]})
    notebook.cells[1:1] = [new_markdown_cell(ABOUT), install]
    notebook.cells += jupytext.reads(answers, fmt="py:percent").cells
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same in every build
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.metadata.pop("jupytext", None)
    return notebook


def write(book: Path) -> int:
    """Write all notebooks and the archive below the book's folder; returns how many there are."""
    folder = book / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    lessons = course.all_lessons()
    with zipfile.ZipFile(folder / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
        for lesson in lessons:
            text = nbformat.writes(notebook_of(lesson))
            (folder / f"{lesson.name}.ipynb").write_text(text, encoding="utf-8")
            archive.writestr(f"minipose-lessons/{lesson.name}.ipynb", text)
        for path in needed():
            archive.write(path, f"minipose-lessons/{path.relative_to(ROOT).as_posix()}")
    return len(lessons)


def needed() -> list[Path]:
    """The files of the project that a notebook may use, and its licence."""
    found = [path for top in WITH for path in sorted((ROOT / top).rglob("*"))]
    found = [p for p in found if p.suffix in ENDINGS and "__pycache__" not in p.parts]
    found = [p for p in found if p.stat().st_size <= BYTES and not _is_left_out(p)]
    return [*found, ROOT / "LICENSE"]


def _is_left_out(path: Path) -> bool:
    top, below, *_ = path.relative_to(ROOT).parts
    return top == "lessons" and below in LEFT_OUT

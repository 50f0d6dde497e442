"""The book: Sphinx runs the lessons as notebooks (MyST-NB, jupytext) and lays them out (Furo).

Nothing is loaded from a network: equations become MathML, which browsers draw themselves, in a font
that comes with the book.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from docutils import nodes

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # for lessons.book

from lessons import play
from lessons.book import ahead, alt, downloads, formulas, links, sources
from lessons.book.cache import cache_path

project = "minipose"
author = "the authors of minipose"
html_title = "minipose, lesson by lesson"
extensions = ["myst_nb"]
include_patterns = ["index.md", "words.md", "workbook.md", "[0-9][0-9]_*.py"]
root_doc = "index"

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 2
suppress_warnings = ["myst.xref_missing"]  # the notebooks and what moves are no documents
nb_custom_formats = {".py": ["lessons.book.pages.read", {}]}
nb_execution_mode = "cache"
nb_execution_cache_path = str(cache_path(ROOT))
nb_execution_timeout = 600  # s; a lesson takes less than 60, but not on a busy machine
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_code_prompt_show = "Show the answers"
nb_code_prompt_hide = "Hide the answers"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_math_renderer = "mathml"

# What the lessons see while the book runs them: minipose, a place for plots, and none of the
# reader's own IPython settings.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
os.environ.setdefault("LESSONS_OUT", str(ROOT / "build" / "book-plots"))
os.environ["IPYTHONDIR"] = str(ROOT / "build" / "book-ipython")
settings = ROOT / "build" / "book-ipython" / "profile_default" / "ipython_kernel_config.py"
settings.parent.mkdir(parents=True, exist_ok=True)
settings.write_text(
    "get_config().IPKernelApp.log_level = 40\n"
    # A lesson is a script: what it says it prints, and the last line of a cell is only a line.
    "get_config().ZMQInteractiveShell.ast_node_interactivity = 'none'\n",
    encoding="utf-8",
)
logging.getLogger("traitlets").setLevel(logging.WARNING)


class Progress:
    """A line for each page that is made anew, with its seconds."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self.start = time.perf_counter()

    def begin(self, app, env, names: list[str]) -> None:
        """Sphinx: these pages are to be read."""
        self.total = len(names)
        print(f"{self.total} pages to make anew", flush=True)

    def read(self, app, name: str, source: list[str]) -> None:
        """Sphinx: one begins."""
        self.start = time.perf_counter()

    def ended(self, app, doctree) -> None:
        """Sphinx: it has been run and read."""
        self.done += 1
        seconds = time.perf_counter() - self.start
        print(f"[{self.done}/{self.total}] {app.env.docname}: {seconds:.1f} s", flush=True)


def changed_answers(app, env, added, changed, removed) -> list[str]:
    """Sphinx: a lesson whose answers are newer than its page is to be read again, too."""
    outdated = []
    for name, read in env.all_docs.items():
        answers = play.answers_of(ROOT / "lessons" / f"{name}.py")
        if answers.is_file() and answers.stat().st_mtime * 1e6 > read:  # µs since Sphinx 7.2
            outdated.append(name)
    return outdated


def finish(app, error: Exception | None) -> None:
    """Sphinx: the pages are written; now the notebooks."""
    if error is None:
        count = downloads.write(Path(app.outdir))
        print(f"{count} notebooks, and {downloads.ARCHIVE} with all that they need", flush=True)


def inline_math(writer, node: nodes.math) -> None:
    """Sphinx: a formula within a line."""
    writer.body.append(formulas.mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def displayed_math(writer, node: nodes.math_block) -> None:
    """Sphinx: a formula with a line of its own."""
    writer.body.append(formulas.mathml(node.astext(), "block"))
    raise nodes.SkipNode


def setup(app) -> None:
    alt.keep()
    math = (inline_math, None), (displayed_math, None)
    app.add_html_math_renderer("mathml", *math)
    app.add_post_transform(links.Links)
    progress = Progress()
    app.connect("env-before-read-docs", progress.begin)
    app.connect("env-before-read-docs", ahead.before_pages)
    app.connect("source-read", progress.read)
    app.connect("doctree-read", progress.ended)
    app.connect("env-get-outdated", changed_answers)
    app.connect("html-collect-pages", sources.pages)
    app.connect("build-finished", finish)

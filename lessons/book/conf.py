"""The book: Sphinx runs the lessons as notebooks (MyST-NB, jupytext) and lays them out (Furo).

Nothing is loaded from a network: equations become MathML, which browsers draw themselves.
"""

from __future__ import annotations

import os
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

ROOT = Path(__file__).resolve().parents[2]

project = "minipose"
author = "the authors of minipose"
html_title = "minipose, lesson by lesson"
extensions = ["myst_nb"]
include_patterns = ["index.md", "[0-9][0-9]_*.py"]
root_doc = "index"

myst_enable_extensions = ["dollarmath", "amsmath"]
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_code_prompt_show = "Show the answer"
nb_code_prompt_hide = "Hide the answer"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_math_renderer = "mathml"

# What the lessons see while the book runs them.
os.environ.setdefault("LESSONS_OUT", str(ROOT / "build" / "book-figures"))
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])


def inline_math(writer, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def displayed_math(writer, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="equation">{tex2mathml(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app) -> None:
    app.add_html_math_renderer("mathml", (inline_math, None), (displayed_math, None))

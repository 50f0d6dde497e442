"""The book: Sphinx runs the lessons as notebooks (MyST-NB, jupytext) and lays them out (Furo).

Nothing is loaded from a network: equations become MathML, which browsers draw themselves.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # for lessons.book

from lessons.book import alt
from lessons.book.cache import cache_path

project = "minipose"
author = "the authors of minipose"
html_title = "minipose, lesson by lesson"
extensions = ["myst_nb"]
include_patterns = ["index.md", "[0-9][0-9]_*.py"]
root_doc = "index"

myst_enable_extensions = ["dollarmath", "amsmath"]
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
settings.write_text("get_config().IPKernelApp.log_level = 40\n", encoding="utf-8")
logging.getLogger("traitlets").setLevel(logging.WARNING)


def mathml(tex: str, display: str) -> str:
    markup = convert(tex, display=display)
    if "\\" in markup:  # a command that the converter does not know is left as it is
        raise ExtensionError(f"the book cannot show this equation: {tex}")
    return markup


def inline_math(writer, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def displayed_math(writer, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="equation">{mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def setup(app) -> None:
    alt.keep()
    app.add_html_math_renderer("mathml", (inline_math, None), (displayed_math, None))

"""The book: formulas that wrap, links, words, notebooks, pages that are checked."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lessons import course
from lessons.book import diagrams, files, sources
from minipose.plots import canvas, in_words
from tests.test_docs import ROOT

LESSONS = {lesson.number: lesson for lesson in course.all_lessons()}


# --- Words ------------------------------------------------------------------------------------


def test_every_word_is_used_in_the_lesson_that_is_named():
    text = (ROOT / "lessons/words.md").read_text(encoding="utf-8")
    entries = re.findall(r"^(\S.*)\n: ((?:.+\n?)(?:  .+\n?)*)", text, re.M)
    assert len(entries) > 40
    assert [word.lower() for word, _ in entries] == sorted(word.lower() for word, _ in entries)
    for word, meaning in entries:
        numbers = re.findall(r"Lessons? (\d+)(?: and (\d+))?\.\s*$", meaning)
        assert numbers, word
        for number in filter(None, numbers[0]):
            lesson = LESSONS[int(number)].path.read_text("utf-8").lower().replace("\n#", "")
            assert all(part in lesson for part in word.lower().split()), f"{word}: {number}"


# --- Formulas ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def formulas():
    pytest.importorskip("latex2mathml", reason="latex2mathml: extra 'book'")
    from lessons.book import formulas

    return formulas


LONG = r"s = 1 + k_1 r^2 + k_2 r^4 + (p_1 y + p_2 x),\qquad u = -f_x (x s + p_2 r^2) + c_x"


def test_a_long_formula_is_in_pieces_that_hold_what_the_whole_holds(formulas):
    made = formulas.mathml(LONG, "block")
    pieces = re.findall(r"<math.*?</math>", made)
    assert len(pieces) > 3
    for piece in pieces:
        text = re.sub(r"<[^>]+>", "", piece)
        assert text.count("(") == text.count(")")
    assert formulas.mathml("x = 1", "inline").count("<math") == 1
    letters = re.sub(r"<[^>]+>|\s", "", made)
    assert letters == "s=1+k1r2+k2r4+(p1y+p2x),u=−fx(xs+p2r2)+cx"


# --- Links ------------------------------------------------------------------------------------


def test_lessons_that_are_named_are_found():
    words = "As lesson 7 says; lessons 3, 5 and\n8. Lesson 99, lessons 10 to 12, less on 3."
    found = [(words[a:b], name[:2]) for a, b, name in files.links_in(words, own="05_linear_tanh")]
    assert found == [("lesson 7", "07"), ("3", "03"), ("8", "08"), ("10", "10"), ("12", "12")]


def test_files_that_are_named_or_used_are_found():
    conv = ROOT / "minipose/ops/conv.py"
    assert files.source_of("minipose/ops/conv.py") == files.source_of("minipose.ops.conv") == conv
    assert files.source_of("minipose.ops.conv.conv2d") == conv
    assert files.source_of("people.py") == ROOT / "lessons/people.py"
    assert files.source_of("../../etc/passwd.py") is None and files.source_of("none.py") is None
    assert files.source_of("docs/capstone.md") == ROOT / "docs/capstone.md"
    assert files.source_of("README.md") is None and files.source_of("report.md") is None
    code = "import minipose as mp\nfrom minipose import losses, ops\n"
    code += "ops.conv2d(mp.Tensor(x), w)\nmp.models.PoseNet()\nlosses.mse(a, b)\n"
    names = {path.relative_to(ROOT).as_posix() for path in files.used_by(code)}
    assert names == {
        "minipose/ops/conv.py",
        "minipose/tensor.py",
        "minipose/models/posenet.py",
        "minipose/losses.py",
    }


def test_a_lesson_leads_to_sources_and_their_tests():
    end = sources.about(LESSONS[10].path)
    assert "- `minipose/kernels/im2col.py`: " in end and "`tests/ops/test_conv.py`" in end
    assert all((ROOT / name).is_file() for name in re.findall(r"`([\w/]+\.py)`", end))
    assert ROOT / "docs/capstone.md" in sources.used(LESSONS[45].path)
    assert ".md" not in sources.about(LESSONS[45].path)


def test_a_page_of_docs_leads_nowhere_outside():
    pytest.importorskip("markdown_it", reason="markdown_it: extra 'book'")
    made = sources.prose("# A <b>\n\n[words](x.md) ![seen](y.png)\n\n| a |\n|---|\n| `1` |\n")
    assert "<h1>A &lt;b&gt;</h1>" in made and "words <em>seen</em>" in made
    assert "href" not in made and "src" not in made and "<td><code>1</code></td>" in made


# --- Plots in words ---------------------------------------------------------------------------


def test_a_plot_is_told_by_its_titles_axes_and_legend():
    plot = canvas.new_plot(4, 2)
    left, right = plot.subplots(1, 2)
    left.plot([1, 2], [3, 4], label="training")
    left.plot([1, 2], [5, 4], label="validation")
    left.set(title="Loss of\nboth", xlabel="epoch", ylabel="loss")
    left.legend()
    right.imshow(np.zeros((2, 2)))
    right.set_title("a picture")
    right.set_axis_off()
    words = in_words.describe(plot)
    assert words == (
        "Two curves (training, validation), loss over epoch: Loss of both. A picture: a picture."
    )


def test_names_at_the_axes_are_told():
    plot = canvas.new_plot(4, 2)
    axes = plot.add_subplot()
    axes.imshow(np.zeros((2, 2)))
    axes.set_yticks([0, 1], ["first rule", "second\nrule"])
    axes.set_xticks([0, 1], ["1", "2"])
    plot.suptitle("what notices what")
    assert in_words.describe(plot) == (
        "What notices what. A picture, rows first rule, second rule."
    )


def test_panels_of_one_kind_are_told_together():
    plot = canvas.new_plot(4, 2)
    for axes, name in zip(plot.subplots(1, 3), "abc"):
        axes.imshow(np.zeros((2, 2)))
        axes.set_title(name)
        axes.set_axis_off()
    assert in_words.describe(plot) == "Three panels, each with a picture: a; b; c."


# --- Pictures for ideas -----------------------------------------------------------------------


def test_diagrams_are_drawn_and_stand_behind_their_text():
    for diagram in diagrams.ALL:
        svg, words = diagrams.drawn(diagram)
        root = ET.fromstring(svg)
        width, height = (float(root.get("viewBox").split()[n]) for n in (2, 3))
        assert width <= diagrams.WIDTH  # a phone shows it whole
        for part in root.iter("{http://www.w3.org/2000/svg}text"):
            assert 0 <= float(part.get("x")) <= width and 0 <= float(part.get("y")) <= height
            assert float(part.get("font-size")) >= 12  # and it can be read there
        assert root.get("aria-label") == words and "\n" not in svg
        text = LESSONS[diagram.lesson].path.read_text(encoding="utf-8").replace("\n# ", " ")
        assert diagram.behind in text
        cell = SimpleNamespace(cell_type="markdown", source=f"a {diagram.behind} b")
        diagrams.insert([cell], diagram.lesson)
        assert svg in cell.source and cell.source.endswith(" b")
        with pytest.raises(ValueError, match="no text"):
            diagrams.insert([], diagram.lesson)


# --- The pages --------------------------------------------------------------------------------


def test_addresses_that_lead_nowhere_are_found(tmp_path):
    from lessons.book import check

    def write(name: str, body: str) -> Path:
        (tmp_path / name).write_text(f'<body id="top">{body}</body>', encoding="utf-8")
        return tmp_path / name

    write("a.html", '<a href="b.html#there">b</a><img src="a.png" alt="a"><a href="#top"></a>')
    write("b.html", '<p id="there"></p>')
    write("a.png", "")
    assert check.problems(tmp_path) == []
    check.page.cache_clear()
    write(
        "a.html",
        '<a href="b.html#gone">b</a><img src="a.png" alt=" "><a href="c.html"></a>'
        '<script src="https://cdn.example/x.js"></script><a href="/root">r</a>',
    )
    assert [line.split(": ")[1] for line in check.problems(tmp_path)] == [
        "a picture without words",
        "has no such place",
        "leads nowhere",
        "loads from a network",
        "begins at the root of the host",
    ]
    assert check.main([str(tmp_path / "empty")]) == 1, "no index.html, no book"


def test_a_book_is_published_without_what_sphinx_needs(tmp_path, capsys):
    from lessons.book import publish

    book, site = tmp_path / "book", tmp_path / "site"
    assert publish.main([str(book), str(site)]) == 1
    assert "no index.html" in capsys.readouterr().err
    (book / "_static").mkdir(parents=True)
    (book / "index.html").write_text('<a href="_static/a.css">a</a>')
    (book / "_static/a.css").write_text("")
    (book / ".buildinfo").write_text("")
    assert publish.main([str(book), str(site)]) == 0
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert files == {".nojekyll", "index.html", "_static/a.css"}

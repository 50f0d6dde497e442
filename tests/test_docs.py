"""What the pages name is there: links, pictures, files, modules that are run, targets of make."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "tests/README.md", ROOT / "lessons/README.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
# A page may name a file from its own place, from the root, or from the package it is about.
PLACES = ("", "minipose", "minipose/fast", "data_tools")
MADE = ("runs/", "data/", "build/", "found/", "poses/", "lessons/mine/")  # by shown commands
FOREIGN = ("images/", "keypoints/", "masks/")  # folders of a reader's own data

ONLY_SPEED = ("minipose/fast", "tests/fast")  # may be deleted, but only as a whole

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())


def is_there(path: Path, root: Path = ROOT) -> bool:
    """Whether there is such a file or folder, or was until minipose/fast or tests/fast went."""
    path = Path(os.path.normpath(path))
    gone = (root / name for name in ONLY_SPEED if not (root / name).exists())
    return path.exists() or any(path.is_relative_to(folder) for folder in gone)


def test_only_what_is_below_a_deleted_folder_may_be_missing(tmp_path):
    for name in ("minipose/fast/winograd.py", "tests/fast/", "docs/../minipose/fast"):
        assert is_there(tmp_path / name, tmp_path)
    assert not is_there(tmp_path / "minipose/fastest.py", tmp_path)
    (tmp_path / "minipose/fast").mkdir(parents=True)
    assert is_there(tmp_path / "minipose/fast", tmp_path)
    assert not is_there(tmp_path / "minipose/fast/winograd.py", tmp_path)


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in its address."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


@each_page
def test_links_and_pictures_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"|href=\"([^\"]+)\"", text)
    targets = [next(filter(None, groups)) for groups in links]
    assert targets or page.parent.name == "tests"
    for target in targets:
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert is_there(file), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: no heading {target}"


@each_page
def test_files_that_are_named_are_there(page):
    named = r"(?<!\[)`([\w./-]+(?:\.(?:py|md|txt|toml|json|csv)|/))`"  # a link's text is no name
    for name in re.findall(named, page.read_text(encoding="utf-8")):
        if name.startswith((*MADE, *FOREIGN)) or ("/" not in name and not name.endswith(".py")):
            continue
        places = [page.parent, *(ROOT / place for place in PLACES)]
        assert any(is_there(place / name) for place in places), f"{page.name}: {name}"


@each_page
def test_commands_that_are_shown_can_be_run(page):
    text = page.read_text(encoding="utf-8")
    shown = "\n".join(re.findall(r"```\n(.*?)```", text, re.S) + re.findall(r"`([^`\n]+)`", text))
    for module in re.findall(r"python -m ((?:minipose|data_tools|tests|lessons)[\w.]*)", shown):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    rules = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    for part in (ROOT / ".ci").glob("*.mk"):  # which it includes
        rules |= set(re.findall(r"^([\w-]+):", part.read_text(), re.M))
    assert set(re.findall(r"\bmake ([a-z][\w-]*)", shown)) <= rules


@each_page
def test_a_table_has_a_head_and_rows_of_its_width(page):
    """A blank line in a table makes a new one of what follows, which then has no head."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, re.M):
        head, rule, *rows = table.splitlines() + [""]
        assert re.fullmatch(r"\|(?: ?:?-+:? ?\|)+", rule), f"{page.name}: no head above {head}"
        columns = [len(re.findall(r"(?<!\\)\|", row)) for row in (head, rule, *filter(None, rows))]
        assert len(set(columns)) == 1, f"{page.name}: rows of {set(columns)} columns below {head}"

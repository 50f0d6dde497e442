"""The Markdown that reports are written in, as HTML: headings, paragraphs, tables, pictures."""

from __future__ import annotations

import itertools
import re
from html import escape

_PICTURE = re.compile(r"!\[(?P<caption>[^\]]*)\]\((?P<name>[^)\s]+)\)")
_NUMBER = re.compile(r"[-−+]?[\d.,]+(e[-+]?\d+)?( ?%| ?±.*)?|–|-?nan|-?inf")


def pictures_of(text: str) -> dict[str, str]:
    """{file name: caption} of the pictures that a report shows, in their order."""
    return {found["name"]: found["caption"] for found in _PICTURE.finditer(text)}


def to_html(text: str) -> str:
    """A report without its title and its pictures, which the page shows elsewhere.

    Everything is escaped: a report is read from a folder that may come from anybody.
    """
    captions = set(pictures_of(text).values())
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in block.splitlines()]
        if lines[0].startswith("# ") or _PICTURE.fullmatch(block.strip()):
            continue
        if block.strip().strip("*") in captions:
            continue
        blocks.append(_block(lines))
    return "\n".join(blocks)


def _block(lines: list[str]) -> str:
    if len(lines) > 1 and lines[0].startswith("|") and set(lines[1]) <= set("|-: "):
        rows = [_cells(line) for line in lines if line.startswith("|")]
        return table(rows[0], rows[2:])
    if lines[0].startswith("#"):
        level = len(lines[0]) - len(lines[0].lstrip("#"))
        return f"<h{level + 2}>{inline(lines[0].lstrip('# '))}</h{level + 2}>"
    if all(line.startswith(("- ", "* ")) for line in lines):
        items = "".join(f"<li>{inline(line[2:])}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{inline(' '.join(lines))}</p>"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def inline(text: str) -> str:
    """Code, bold and emphasis within a line; nothing else is markup."""
    text = escape(text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"(?<![*\w])\*([^*]+)\*(?![*\w])", r"<em>\1</em>", text)


def table(titles: list[str], rows: list[list[str]], folded: str = "") -> str:
    """A table that scrolls by itself where it is wider than the page.

    Parameters
    ----------
    folded : what stands there before a table of more than 12 rows is opened
    """
    # Numbers stand at the right, where all of a column are such.
    kinds = [' class="number"' if _all_numbers(rows, n) else "" for n in range(len(titles))]
    head = "".join(
        f'<th scope="col"{kind}>{inline(title)}</th>'
        for title, kind in zip(titles, kinds, strict=True)
    )
    body = "\n".join(f"<tr>{_row(row, kinds)}</tr>" for row in rows)
    name = escape(f"Table: {', '.join(titles[:3])}", quote=True)
    made = (
        f'<div class="wide" tabindex="0" role="region" aria-label="{name}"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )
    if len(rows) <= 12:
        return made
    folded = folded or f"{titles[0]}: {len(rows)} rows"
    return f"<details><summary>{inline(folded)}</summary>{made}</details>"


def _row(cells: list[str], kinds: list[str]) -> str:
    first, *rest = cells or [""]
    made = [f'<th scope="row">{inline(first)}</th>']
    for cell, kind in itertools.zip_longest(rest, kinds[1 : len(cells)], fillvalue=""):
        made.append(f"<td{kind}>{inline(cell)}</td>")
    return "".join(made)


def _all_numbers(rows: list[list[str]], column: int) -> bool:
    cells = [row[column] for row in rows if len(row) > column]
    return bool(cells) and all(map(_NUMBER.fullmatch, cells))

"""What moves: small pages of their own, shown in lessons where moving says more than reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXERCISE = "## Change this, predict, run"
FOLDER = Path(__file__).resolve().parent / "static" / "moving"


@dataclass(frozen=True)
class Moving:
    """One of them.

    Attributes
    ----------
    name : of its file
    lesson : in which it stands, before the cell that is meant to be changed
    what : what to do with it, in a sentence
    height : px
    """

    name: str
    lesson: int
    what: str
    height: int


ALL = (
    Moving("momentum", 8, "Set rate and momentum, and watch where the steps lead.", 560),
    Moving("kernel", 10, "Move a kernel over the picture, and see the sum that it makes.", 620),
    Moving("windows", 19, "Drag the knee: which windows hold it, and which the shin?", 620),
    Moving("dice", 30, "Choose a threshold, and see what it does to dice.", 560),
    Moving("harmonic", 37, "Rotate the picture: the answer's length stays, its angle turns.", 600),
)


def insert(cells: list[Any], lesson: int) -> None:
    """Put the interactives of a lesson before the heading of its exercise."""
    for moving in ALL:
        if moving.lesson == lesson:
            cell = next(one for one in cells if EXERCISE in one.source)
            before, _, after = cell.source.partition(EXERCISE)
            cell.source = f"{before}\n\n{_markdown(moving)}\n\n{EXERCISE}{after}"


def _markdown(moving: Moving) -> str:
    address = f"_static/moving/{moving.name}.html"
    return (
        f'## Move it\n\n{moving.what} (<a href="{address}">on a page of its own</a>)\n\n'
        f'<iframe class="moving" src="{address}" height="{moving.height}" '
        f'title="{moving.what}"></iframe>'
    )

"""An exercise is its solution with holes: whatever follows a comment "Your turn" is taken out."""

from __future__ import annotations

MARK = "# Your turn"
HOLE = 'raise NotImplementedError("your turn")'


def dig(solution: str, number: int) -> str:
    """The exercise: each block of a solution ends after its comment "Your turn", with a hole.

    The comment, and the comment lines right below it, stay: they say what is to be written.
    """
    lines = solution.splitlines()
    kept = [f'# Fill in each "your turn", then: make check N={number}']
    while lines:
        line = lines.pop(0)
        kept.append(line)
        if not line.lstrip().startswith(MARK):
            continue
        indent = line[: len(line) - len(line.lstrip())]
        while lines and lines[0].startswith(f"{indent}#"):
            kept.append(lines.pop(0))
        kept.append(indent + HOLE)
        blank = []  # the lines between two functions stay
        while lines and (not lines[0].strip() or lines[0].startswith(indent)):
            blank = [*blank, lines[0]] if not lines[0].strip() else []
            lines.pop(0)
        kept += blank
    return "\n".join(kept) + "\n"


def holes(text: str) -> int:
    """How many there are in a text."""
    return text.count(HOLE)

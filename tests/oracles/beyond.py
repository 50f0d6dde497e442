"""What other people's tables ask that minipose does not offer: left out by name, and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

TALLY = "tally of other people's cases"  # the name of a property that tests hand to the summary
AXIS = "an axis of a single number"  # which PyTorch takes for a vector of one


class Beyond(Exception):
    """The case asks for something that minipose does not offer; the text says what."""


def need(condition: bool, what: str) -> None:
    """Raise ``Beyond`` unless the case can be said in minipose."""
    if not condition:
        raise Beyond(what)


@dataclass
class Tally:
    """How many cases agreed, and why the others were not asked."""

    agree: int = 0
    beyond: Counter[str] = field(default_factory=Counter)

    def of_one_test(self, table: str, name: str, kind: str = "operators") -> tuple[str, dict]:
        """A property of a test, from which ``lines`` counts; ``name`` is what was judged."""
        counts = {"agree": self.agree, "beyond": dict(self.beyond)}
        return TALLY, {"table": table, "name": name, "kind": kind, **counts}


def lines(properties: list[dict]) -> list[str]:
    """One line for each table: what all its tests have counted together."""
    tables: dict[str, list[dict]] = {}
    for one in properties:
        tables.setdefault(one["table"], []).append(one)
    return [_line(table, tables[table]) for table in sorted(tables)]


def _line(table: str, found: list[dict]) -> str:
    total = Tally()
    for one in found:
        total.agree += one["agree"]
        total.beyond.update(one["beyond"])
    names = {one["name"] for one in found if one["agree"]}
    text = f"{table}: {total.agree:,} samples of {len(names)} {found[0]['kind']} agree"
    if total.beyond:
        reasons = ", ".join(f"{what} {n:,}" for what, n in total.beyond.most_common())
        text += f", {total.beyond.total():,} are beyond ({reasons})"
    return text

"""What other people's tables ask that minipose does not offer: left out by name, and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

TALLY = "tally of other people's cases"  # the name of a property that tests hand to the summary


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

    def of_one_test(self, table: str) -> tuple[str, dict]:
        """A property of a test, from which ``lines`` counts."""
        return TALLY, {"table": table, "agree": self.agree, "beyond": dict(self.beyond)}


def lines(properties: list[dict]) -> list[str]:
    """One line for each table: what all its tests have counted together."""
    totals: dict[str, Tally] = {}
    tests: Counter[str] = Counter()
    for one in properties:
        total = totals.setdefault(one["table"], Tally())
        total.agree += one["agree"]
        total.beyond.update(one["beyond"])
        tests[one["table"]] += one["agree"] > 0
    return [f"{table}: {_line(total, tests[table])}" for table, total in sorted(totals.items())]


def _line(total: Tally, tests: int) -> str:
    text = f"{total.agree:,} cases of {tests} tests agree"
    if total.beyond:
        reasons = ", ".join(f"{what} {n:,}" for what, n in total.beyond.most_common())
        text += f"; {total.beyond.total():,} ask for what minipose does without: {reasons}"
    return text

"""``python -m tests.mutants``: alter every derivative in turn; some test has to fail each time.

The tests that execute a function are found by running them once; they are then run against each
altered version of it, those of its module first, the fastest first, until one fails. Some versions
are judged at the same time. What survives must be listed in ``equivalent.txt`` with the reason why
it computes the same.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from minipose.errors import Parser
from tests.mutants.mutate import targets
from tests.mutants.runner import Outcome, judge

EQUIVALENT = Path(__file__).with_name("equivalent.txt")


def explained() -> dict[str, str]:
    """Pairs of mutant and reason: a line with the mutant, then an indented line with the reason."""
    pairs: dict[str, str] = {}
    key = ""
    for line in EQUIVALENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            pairs[key] += " " + line.strip()
        elif line and not line.startswith("#"):
            key = line.strip()
            pairs[key] = ""
    return pairs


def main() -> int:
    parser = Parser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="functions whose dotted name contains this")
    parser.add_argument("--tests", default="", help="only tests that match (as pytest's -k)")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.processes < 1:
        parser.error(f"--processes: expected 1 or more, got {options.processes}")
    if not any(options.only in target.name for target in targets()):
        parser.error(f"--only: no derivative has {options.only!r} in its name")
    outcomes = judge(options.only, options.tests, options.processes)
    if outcomes is None:
        print("the mutation run itself failed, see above", file=sys.stderr)
        return 1
    return report(outcomes, whole=not (options.only or options.tests))


def report(outcomes: list[Outcome], whole: bool) -> int:
    """Print the counts and every survivor without an explanation; 0 if there is none.

    Explanations of what is no longer there are printed after a whole run.
    """
    reasons = explained()
    gone = reasons.keys() - {o.key for o in outcomes} if whole else ()
    outcomes = [o for o in outcomes if o.possible]
    survivors = [o for o in outcomes if not o.noticed_by]
    unexplained = [o for o in survivors if o.key not in reasons]
    made = Counter(o.function for o in outcomes)
    noticed = Counter(o.function for o in outcomes if o.noticed_by)
    same = Counter(o.function for o in survivors if o.key in reasons)
    print(f"{'derivative in':44s} altered  noticed  equivalent")
    for name in sorted(made):
        print(f"{name:44s} {made[name]:7d} {noticed[name]:8d} {same[name]:11d}")
    print(f"{'all':44s} {len(outcomes):7d} {noticed.total():8d} {same.total():11d}")
    for o in sorted(unexplained, key=lambda o: (o.function, o.line)):
        print(f"not noticed: {o.key} (line {o.line}, {o.tests} tests execute it)")
    for key in sorted(reasons.keys() & {o.key for o in outcomes if o.noticed_by}):
        print(f"listed as equivalent, but noticed: {key}")
    for key in sorted(gone):
        print(f"listed as equivalent, but no longer made: {key}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    raise SystemExit(main())

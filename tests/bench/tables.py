"""Results as lines on the screen and as tables between two markers in docs/performance.md."""

from __future__ import annotations

import os
from pathlib import Path

from tests.bench import cases
from tests.bench.results import Results

PAGE = Path("docs/performance.md")
VARIANTS = ("eager", "channels-last", "compiled")


def line(row: dict) -> str:
    """One case on the screen."""
    parts = [f"{row['title']}: minipose {_ms(_ours(row))}"]
    parts += [f"{v} {_ms(p['theirs'])} ({p['ratio']:.2f}×)" for v, p in row["pairs"].items()]
    memory = f"{_mib(row['memory'])} / {_mib(row['pairs'][row['best']]['memory'])} MiB"
    return ", ".join([*parts, memory, f"difference {_difference(row)}"])


def op_line(row: dict) -> str:
    """One op on the screen."""
    return f"{row['name']}: {_ms(row['ours'])}, PyTorch {_ms(row['theirs'])}, {row['ratio']:.2f}×"


def write(results: Results) -> None:
    """Replace what lies between the markers of this device; the prose around stays."""
    label = results.label
    begin, end = f"<!-- bench:{label} -->", f"<!-- /bench:{label} -->"
    body = "\n".join([begin, "", f"Measured on: {results.machine}.", "", *_networks(results)])
    body += "\n".join(["", *_ops(results), end])
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Performance\n"
    if begin in old and end in old:
        before, rest = old.split(begin, 1)
        new = before + body + rest.split(end, 1)[1]
    else:
        new = old.rstrip("\n") + "\n\n" + body + "\n"
    PAGE.parent.mkdir(exist_ok=True)
    partial = PAGE.with_suffix(".partial")
    partial.write_text(new, encoding="utf-8")
    os.replace(partial, PAGE)
    print(f"wrote {PAGE}")


def _networks(results: Results) -> list[str]:
    rows = [results.rows["networks"].get(c.name) for c in cases.CASES]
    rows = [row for row in rows if row]
    if not rows:
        return []
    head = ["network", "minipose", *(f"PyTorch {v}" for v in VARIANTS), "times the best (goal)"]
    head += ["times eager (goal)", "peak memory, MiB", "share of SGEMM", "largest difference"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for row in rows:
        pairs = row["pairs"]
        eager = pairs["eager"]["ratio"] if "eager" in pairs else None
        cells = [row["title"], _ms(_ours(row))]
        cells += [_ms(pairs[v]["theirs"]) if v in pairs else "–" for v in VARIANTS]
        cells += [_goal(row["ratio"], row["goal"]), _goal(eager, row["eager_goal"])]
        cells += [f"{_mib(row['memory'])} : {_mib(pairs[row['best']]['memory'])}"]
        share = row["arithmetic"] / _ours(row) / row["ceiling"]
        cells += [f"{share:.0%} of {row['ceiling'] / 1e9:.0f} GFLOP/s", _difference(row)]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _ops(results: Results) -> list[str]:
    rows = results.rows["ops"].values()
    if not rows:
        return []
    lines = ["", "| op, forward and backward | minipose | PyTorch's better | times as fast |"]
    lines += ["|---|---:|---:|---:|"]
    for row in rows:
        cells = [row["name"], _ms(row["ours"]), _ms(row["theirs"]), f"{row['ratio']:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _goal(ratio: float | None, goal: float) -> str:
    if ratio is None:
        return "–"
    shown = f"{ratio:.2f} ({goal:g})"
    return f"**{shown}**" if ratio >= goal else shown


def _ours(row: dict) -> float:
    """Seconds a step beside the variant that counts."""
    return row["pairs"][row["best"]]["ours"]


def _difference(row: dict) -> str:
    """The largest of all variants, where outputs can be compared."""
    known = [p["difference"] for p in row["pairs"].values() if p["difference"] is not None]
    return f"{max(known):.0e}" if known else "–"


def _mib(memory: dict) -> int:
    return round((memory["device"] or memory["host"]) / 2**20)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds * 1e3:.0f} ms"

"""Results as lines on the screen and as tables between two markers of a page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from tests.bench import cases
from tests.bench.results import Results

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
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


def small_line(row: dict) -> str:
    """One small convolution on the screen."""
    theirs = f", {row['torch']['ratio']:.2f}× PyTorch's better" if row["torch"] else ""
    return f"{row['name']}: {_ms(row['plain']['ours'])}, {row['plain']['ratio']:.2f}× plain{theirs}"


def write(results: Results, page: Path) -> None:
    """Put this kind of run's tables between the page's two markers; all else stays.

    Between them each kind of run (of a device, a number of threads, a clock) has a part of its own.
    """
    old = page.read_text(encoding="utf-8") if page.exists() else "# Performance\n"
    if BEGIN not in old or END not in old:
        old = f"{old.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, rest = old.split(BEGIN, 1)
    inside, after = rest.split(END, 1)
    _, *pieces = re.split(r"^<!-- bench: (\S+) -->$", inside, flags=re.M)
    parts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    lines = [f"Measured on: {results.machine}.", "", *_networks(results), *_ops(results)]
    lines += _small(results)
    parts[results.label] = "\n".join(["", *lines])
    shown = [f"<!-- bench: {label} -->\n\n{part.strip()}\n" for label, part in parts.items()]
    new = before + "\n".join([BEGIN, *shown]) + END + after
    page.parent.mkdir(parents=True, exist_ok=True)
    partial = page.with_suffix(".partial")
    partial.write_text(new, encoding="utf-8")
    os.replace(partial, page)
    print(f"wrote {page}")


def _networks(results: Results) -> list[str]:
    known = results.rows("networks")
    rows = [known[c.name] for c in cases.CASES if c.name in known]
    if not rows:
        return []
    head = ["network", "minipose", *(f"PyTorch {v}" for v in VARIANTS), "times the best (goal)"]
    head += [_several(rows)] if _several(rows) else []
    head += ["times eager (goal)", "peak memory, MiB", "fraction of SGEMM", "largest difference"]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for row in rows:
        pairs = row["pairs"]
        eager = pairs["eager"]["ratio"] if "eager" in pairs else None
        cells = [row["title"], _ms(_ours(row))]
        cells += [_ms(pairs[v]["theirs"]) if v in pairs else "–" for v in VARIANTS]
        cells += [_goal(row["ratio"], row["goal"])]
        cells += [_range(row)] if _several(rows) else []
        cells += [_goal(eager, row["eager_goal"])]
        cells += [f"{_mib(row['memory'])} : {_mib(pairs[row['best']]['memory'])}"]
        fraction = row["arithmetic"] / _ours(row) / row["ceiling"]
        cells += [f"{fraction:.0%} of {row['ceiling'] / 1e9:.0f} GFLOP/s", _difference(row)]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _ops(results: Results) -> list[str]:
    rows = results.rows("ops").values()
    if not rows:
        return []
    several = _several(rows)
    lines = ["", "| op, forward and backward | minipose | PyTorch's better | times as fast |"]
    lines[-1] += f" {several} |" if several else ""
    lines += ["|---|---:|---:|---:|" + ("---:|" if several else "")]
    for row in rows:
        cells = [row["name"], _ms(row["ours"]), _ms(row["theirs"]), f"{row['ratio']:.2f}"]
        cells += [_range(row)] if several else []
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _small(results: Results) -> list[str]:
    rows = results.rows("small").values()
    if not rows:
        return []
    lines = ["", "| small convolutions, forward and backward | minipose | times plain im2col |"]
    lines[-1] += " times PyTorch's better |"
    lines += ["|---|---:|---:|---:|"]
    for row in rows:
        theirs = f"{row['torch']['ratio']:.2f}" if row["torch"] else "–"
        cells = [row["name"], _ms(row["plain"]["ours"]), f"{row['plain']['ratio']:.2f}", theirs]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _several(rows: Iterable[dict]) -> str:
    """The title of a column with ranges, where any row was measured in several runs."""
    most = max(len(row["ratios"]) for row in rows)
    return f"in {most} runs" if most > 1 else ""


def _range(row: dict) -> str:
    """The least and the most of all runs."""
    return f"{row['ratios'][0]:.2f}-{row['ratios'][-1]:.2f}" if len(row["ratios"]) > 1 else "–"


def _goal(ratio: float | None, goal: float) -> str:
    if ratio is None:
        return "–"
    shown = f"{ratio:.2f} ({goal:.3g})"
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

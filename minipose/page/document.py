"""All parts of the page put together: one HTML text without any address outside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import minipose
from minipose.page import chart, markdown, overlays
from minipose.page.curves import panels
from minipose.page.examples import Viewer
from minipose.page.measures import Measure, in_a_sentence, measures_of, number, shown
from minipose.page.runs import RunFolder

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """A part of the page; one without content is left out."""

    anchor: str
    title: str
    content: str


def page(runs: Sequence[RunFolder], viewers: Sequence[Viewer], drop: str = "") -> str:
    """The page of these runs.

    Parameters
    ----------
    drop : HTML of the part that takes a photograph, where a server stands behind the page
    """
    notes = _notes(runs)  # last, for everything else may have added some
    curves, speed = panels(runs)
    sections = [
        Section("drop", "Your photograph", drop),
        Section("settings", "What differs", differences(runs)),
        Section("results", "Results", results(runs)),
        Section("curves", "Learning curves", _charts(curves) + _speed(speed)),
        Section("predictions", "Predictions", "".join(map(_viewer, viewers))),
        Section("reports", "Reports" if len(runs) > 1 else "Report", _beside(runs, _report)),
        Section("pictures", "Pictures", _beside(runs, _pictures)),
        Section("choices", "Settings", _beside(runs, _settings)),
    ]
    sections = [s for s in sections if s.content]
    scripts = ["curves.js", "pose.js", "viewer.js"] + (["drop.js"] if drop else [])
    return Template(_text("page.html")).substitute(
        connect="'self'" if drop else "'none'",
        title=escape(" beside ".join(run.name for run in runs) or "minipose: your photograph"),
        lede=escape(_lede(runs)),
        style=_text("page.css"),
        links=_links(sections),
        sections=notes + "\n".join(map(_section, sections)),
        version=escape(minipose.__version__),
        date=date.today().isoformat(),
        scripts="\n".join(f"<script>\n{_text(name)}</script>" for name in scripts),
    )


def as_json(value: Any) -> str:
    """JSON that can stand in a <script>: nothing in it ends the element."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def differences(runs: Sequence[RunFolder]) -> str:
    """The settings that are not the same in all of several runs."""
    if len(runs) < 2:
        return ""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    rows = []
    for name in names:
        values = [run.settings.get(name) for run in runs]
        if name not in ("out",) and any(value != values[0] for value in values):
            rows.append([name.replace("_", " "), *map(shown, values)])
    if not rows:
        return "<p>These runs have the same settings.</p>"
    return markdown.table(["setting", *(run.name for run in runs)], rows)


def results(runs: Sequence[RunFolder]) -> str:
    """The measures of all runs, a column each, beside the constant baseline and the report's."""
    of_runs = [{(m.key, m.part): m for m in measures_of(run)} for run in runs]
    keys = list(dict.fromkeys(key for measures in of_runs for key in measures))
    if not keys:
        return ""
    # One job's report has one constant baseline; other stores have others, so each is shown.
    rows = [_result_row([measures.get(key) for measures in of_runs]) for key in keys]
    names = [run.name if len(runs) > 1 else "this run" for run in runs]
    sources = {m.source: None for measures in of_runs for m in measures.values()}
    titles = [*names, "constant baseline", " / ".join(sources)]
    head = "".join(f'<th scope="col" class="number">{escape(title)}</th>' for title in titles)
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="Results"><table><thead><tr>'
        f'<th scope="col">measure</th><th scope="col">part</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="soft">A constant baseline is what one and the same answer reaches for every '
        "picture. The reports' numbers are of their data, not of these.</p>"
    )


def _result_row(measures: list[Measure | None]) -> str:
    there = [m for m in measures if m is not None]
    first = there[0]
    best = (max if first.higher_is_better else min)(m.value for m in there)
    told_apart = len({shown(m.value) for m in there}) > 1
    cells = [f'<th scope="row">{escape(first.label)}</th><td>{escape(first.part)}</td>']
    for m in measures:
        if m is None:
            cells.append('<td class="number">–</td>')
            continue
        kind = "number best" if told_apart and m.value == best else "number"
        warning = '<span class="worse">no better than constant</span>' if m.beaten else ""
        cells.append(f'<td class="{kind}">{shown(m.value)}{warning}</td>')
    constants = list(dict.fromkeys(shown(m.constant) for m in there))
    reports = list(dict.fromkeys(shown(m.report) for m in there))
    cells += [f'<td class="number">{" / ".join(each)}</td>' for each in (constants, reports)]
    return f"<tr>{''.join(cells)}</tr>"


def _lede(runs: Sequence[RunFolder]) -> str:
    """What one would say of the runs in a sentence each."""
    words = []
    for run in runs:
        measures = measures_of(run)
        about = in_a_sentence(measures[0]) if measures else "no finished report"
        if not measures and run.report:  # of several trainings, which the report tells of
            about = "a comparison" if run.settings.get("compare") else "a report without measures"
        own = [rows for title, rows in run.logs.items() if title in ("", "Detection", "Regression")]
        epochs = f", {len(own[-1])} epochs" if own else ""
        seconds = number(run.report.get("training_seconds"))
        time = f" in {_duration(seconds)}" if seconds is not None else ""
        words.append(f"{f'{run.name}: ' if len(runs) > 1 else ''}{about}{epochs}{time}.")
    return " ".join(words)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _links(sections: list[Section]) -> str:
    if len(sections) < 2:
        return ""
    items = "".join(f'<li><a href="#{s.anchor}">{s.title}</a></li>' for s in sections)
    return f'<nav aria-label="Parts of this page"><ul>{items}</ul></nav>'


def _section(section: Section) -> str:
    return f'<section id="{section.anchor}"><h2>{section.title}</h2>\n{section.content}\n</section>'


def _notes(runs: Sequence[RunFolder]) -> str:
    words = [
        f"<li>{escape(f'{run.name}: ' if len(runs) > 1 else '')}{escape(note)}</li>"
        for run in runs
        for note in run.notes
    ]
    if not words:
        return ""
    return f'<div class="notes" role="note">What this page lacks:<ul>{"".join(words)}</ul></div>\n'


def _charts(found: list[chart.Panel]) -> str:
    drawn = "".join(map(chart.draw, found))
    return f'<div class="charts">{drawn}</div>' if drawn else ""


def _speed(found: list[chart.Panel]) -> str:
    drawn = _charts(found)
    return f"<details><summary>Speed and learning rate</summary>{drawn}</details>" if drawn else ""


def _viewer(viewer: Viewer) -> str:
    return (
        f'<p>{escape(viewer.about)}.</p>\n<div class="viewer"><noscript>The viewer needs scripts.'
        f'</noscript><script type="application/json">{as_json(asdict(viewer))}</script></div>'
    )


def _beside(runs: Sequence[RunFolder], part: Any) -> str:
    """The same part of every run, in columns where there is room."""
    made = [(run, part(run)) for run in runs]
    if not any(content for _, content in made):
        return ""
    if len(runs) == 1:
        return made[0][1]
    columns = "".join(
        f"<section><h3>{escape(run.name)}</h3>{content}</section>"
        for run, content in made
        if content
    )
    return f'<div class="beside">{columns}</div>'


def _report(run: RunFolder) -> str:
    return markdown.to_html(run.text) if run.text else ""


def _pictures(run: RunFolder) -> str:
    if not run.pictures:
        return ""
    shown_ones = []
    for path in run.pictures:
        caption = run.captions.get(path.name) or path.stem.replace("_", " ").replace("-", " ")
        shown_ones.append(
            f'<figure><img src="{overlays.file(path)}" alt="{escape(caption, quote=True)}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return f'<div class="pictures">{"".join(shown_ones)}</div>'


def _settings(run: RunFolder) -> str:
    if not run.settings:
        return ""
    rows = [[name.replace("_", " "), shown(value)] for name, value in run.settings.items()]
    made = markdown.table(["setting", "value"], rows, folded=f"All {len(rows)} settings")
    versions = run.report.get("versions")
    if isinstance(versions, dict):
        used = ", ".join(f"{name} {value}" for name, value in versions.items())
        made += f'<p class="soft">Versions: {escape(used)}.</p>'
    return made


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")

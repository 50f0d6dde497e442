"""The whole import: views in parallel, resumable, joined into one store at the end."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from data_tools.h36m.convert import (
    Options,
    Outcome,
    convert_view,
    merge,
    read_outcome,
    write_outcome,
)
from data_tools.h36m.tree import View, find_root, find_views, read_cameras


def import_raw(
    source: Path,
    out: Path,
    subjects: tuple[int, ...],
    actions: tuple[str, ...],
    poses: str,
    options: Options,
    workers: int,
) -> int:
    """Import a Human3.6M folder into the store ``out``; returns the number of frames.

    Finished views wait in a folder beside ``out`` until all are joined, so an import that was
    stopped goes on where it was. Other options start afresh.
    """
    root = find_root(source)
    views = find_views(root, subjects, actions, poses)
    if not views:
        raise ValueError(f"{source}: no take of {', '.join(actions)} for subjects {list(subjects)}")
    cameras = read_cameras(root) if poses == "world" else {}
    folder = out.with_name(f"{out.name}.parts")
    _prepare(folder, str(source.resolve()), subjects, actions, poses, options)
    start = time.perf_counter()
    jobs = [
        (view, cameras.get((view.subject, view.camera)), options, folder / f"{k:05d}")
        for k, view in enumerate(views)
    ]
    outcomes = _run(jobs, workers)
    for outcome in outcomes:
        for remark in outcome.remarks:
            print(f"{outcome.view}: {remark}")
        if outcome.failure:
            print(f"{outcome.view}: left out: {outcome.failure}", file=sys.stderr)
    parts = [
        job[3].with_suffix(".h5") for job, o in zip(jobs, outcomes, strict=True) if not o.failure
    ]
    if not parts:
        raise ValueError(f"{source}: none of the {len(views)} views could be used (see above)")
    frames = merge(parts, out)
    shutil.rmtree(folder)
    _summarize(views, outcomes, out, frames, time.perf_counter() - start)
    return frames


def _prepare(folder: Path, source: str, subjects, actions, poses: str, options: Options) -> None:
    """A folder for parts of this very import; parts of another one are thrown away."""
    wanted = json.dumps([source, list(subjects), list(actions), poses, asdict(options)])
    note = folder / "import.json"
    if not (note.exists() and note.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        note.write_text(wanted)


def _run(jobs: list[tuple], workers: int) -> list[Outcome]:
    """Convert what is not done yet; a bar on a terminal, a line per subject elsewhere."""
    bar = tqdm(total=len(jobs), unit="view", disable=not sys.stderr.isatty())
    outcomes = []
    with ProcessPoolExecutor(workers) as pool:
        for job, outcome in zip(jobs, pool.map(_job, jobs), strict=True):
            outcomes.append(outcome)
            bar.update()
            bar.set_postfix_str(outcome.view)
            last = len(outcomes) == len(jobs) or jobs[len(outcomes)][0].subject != job[0].subject
            if bar.disable and last:
                kept = sum(o.kept for o in outcomes)
                print(f"S{job[0].subject} read, {kept} frames so far", flush=True)
    bar.close()
    return outcomes


def _job(job: tuple[View, object, Options, Path]) -> Outcome:
    view, camera, options, base = job
    done, part = base.with_suffix(".json"), base.with_suffix(".h5")
    outcome = read_outcome(done)
    if outcome is not None and (outcome.failure or part.exists()):
        return outcome
    outcome = convert_view(view, camera, options, part)
    write_outcome(done, outcome)
    return outcome


def _summarize(
    views: list[View], outcomes: list[Outcome], out: Path, frames: int, seconds: float
) -> None:
    print(f"{'subject':<8}{'action':<14}{'views':>6}{'left out':>10}{'frames':>9}{'dropped':>9}")
    rows: Counter = Counter()
    for view, outcome in zip(views, outcomes, strict=True):
        key = (view.subject, view.action)
        rows[key, "views"] += 1
        rows[key, "out"] += bool(outcome.failure)
        rows[key, "frames"] += outcome.kept
        rows[key, "dropped"] += sum(outcome.dropped.values())
    for subject, action in dict.fromkeys((v.subject, v.action) for v in views):
        key = (subject, action)
        print(
            f"S{subject:<7}{action:<14}{rows[key, 'views']:>6}{rows[key, 'out']:>10}"
            f"{rows[key, 'frames']:>9}{rows[key, 'dropped']:>9}"
        )
    reasons: Counter = Counter()
    for outcome in outcomes:
        reasons.update(outcome.dropped)
    for reason, count in reasons.items():
        print(f"dropped for {reason}: {count} frames")
    print(f"{out}: {frames} frames in {seconds:.1f} s, {frames / seconds:.0f} frames/s")

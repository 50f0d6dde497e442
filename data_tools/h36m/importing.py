"""The whole import: views in parallel, resumable, joined into one store at the end."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from pathlib import Path

import h5py
from tqdm import tqdm

from data_tools.h36m.convert import Options, Outcome, convert_view
from data_tools.h36m.metadata import read_cameras, read_frame_rate
from data_tools.h36m.tree import ACTIONS, View, find_root, find_views
from data_tools.patience import in_order
from data_tools.processes import ENDED
from data_tools.store_name import store_name
from minipose.datasets.cameras import Camera
from minipose.datasets.guard import read_json
from minipose.datasets.h36m import CHUNK, FIELDS, FRAMES_A_SECOND, H36MWriter
from minipose.errors import UserError, counted
from minipose.locks import FOLDER, claimed
from minipose.refusals import in_words
from minipose.storage import remove_abandoned, write_text

Job = tuple[View, Camera | None, Options, Path]


def import_raw(
    source: Path,
    out: Path,
    subjects: tuple[int, ...],
    actions: tuple[str, ...],
    poses: str = "mono",
    options: Options | None = None,
    workers: int = 2,
) -> int:
    """Import a Human3.6M folder into the store ``out``; returns the number of frames.

    Finished views wait in a folder beside ``out`` until all are joined, so an
    interrupted import continues where it stopped. Other options start afresh.

    Raises
    ------
    ValueError
        If the folder holds nothing that could be imported.
    """
    options = options or Options()
    root = find_root(source)
    views = find_views(root, subjects, actions, poses)
    if not views:
        raise ValueError(f"{source}: no take of {', '.join(actions)} for subjects {list(subjects)}")
    cameras = read_cameras(root) if poses == "world" else {}
    absent = [f"S{s}" for s in subjects if s not in {v.subject for v in views}]
    if absent:
        print(f"{source}: no take of {', '.join(actions)} for {', '.join(absent)}", file=sys.stderr)
    if not options.keep_background and not any(view.silhouette for view in views):
        options = replace(options, keep_background=True)
        boxes = "boxes" if any(view.box for view in views) else "2D joints"
        print(f"{source}: no silhouettes: the background stays, crops are made from the {boxes}")
    folder = out.with_name(f"{out.name}.parts")
    key = [
        str(source.resolve()),
        store_name(root),
        list(subjects),
        list(actions),
        poses,
        asdict(options),
    ]
    with in_words(out), claimed(folder, folder=True):
        rate = read_frame_rate(root)
        return _import(source, views, cameras, out, options, workers, folder, key, rate)


def _import(
    source: Path,
    views: list[View],
    cameras: dict,
    out: Path,
    options: Options,
    workers: int,
    folder: Path,
    key: list,
    rate: float,
) -> int:
    """The import itself, while the folder for the parts is claimed."""
    _prepare(folder, key)
    start = time.perf_counter()
    jobs = [
        (
            view,
            cameras.get((view.subject, view.camera)),
            options,
            folder / view.name.replace("/", "_"),
        )
        for view in views
    ]
    outcomes = _run(jobs, workers)
    for outcome in outcomes:
        for remark in outcome.remarks:
            print(f"{outcome.view}: {remark}")
        for reason, count in outcome.dropped.items() if not outcome.failure else ():
            print(f"{outcome.view}: {counted(count, 'frame')} dropped: {reason}")
        if outcome.failure:
            print(f"{outcome.view}: left out: {outcome.failure}", file=sys.stderr)
    parts = [_part(job[3]) for job, o in zip(jobs, outcomes, strict=True) if not o.failure]
    if not parts:
        raise ValueError(f"{source}: none of the {len(views)} views could be used (see above)")
    frames = merge(parts, out, rate)
    shutil.rmtree(folder)
    _summarize(views, outcomes, out, frames, time.perf_counter() - start)
    return frames


def _run(jobs: list[Job], workers: int) -> list[Outcome]:
    """Convert what is not done yet; a bar on a terminal, a line per subject elsewhere."""
    bar = tqdm(total=len(jobs), unit="view", disable=not sys.stderr.isatty())
    outcomes: list[Outcome] = []
    notes = [job[3].with_name(f"{job[3].name}.note") for job in jobs]
    try:
        for job, outcome in zip(jobs, in_order(_job, jobs, notes, workers, _lost), strict=True):
            outcomes.append(outcome)
            bar.update()
            bar.set_postfix_str(outcome.view)
            last = len(outcomes) == len(jobs) or jobs[len(outcomes)][0].subject != job[0].subject
            if bar.disable and last:
                kept = sum(o.kept for o in outcomes)
                print(f"S{job[0].subject} read, {counted(kept, 'frame')} so far", flush=True)
    except BrokenProcessPool:
        raise UserError(ENDED) from None
    finally:
        bar.close()
    return outcomes


def _lost(job: Job, why: str) -> Outcome:
    return Outcome(job[0].name, failure=why)


def _job(job: Job) -> Outcome:
    """Convert one view unless that is done; what failed before is tried again."""
    view, camera, options, base = job
    note = base.with_name(f"{base.name}.json")
    done = _read_outcome(note)
    if done is not None and not done.failure and _part(base).exists():
        return done
    outcome = convert_view(view, camera, options, _part(base))
    write_text(note, json.dumps(vars(outcome)))  # from now on this view is done
    return outcome


def _part(base: Path) -> Path:
    return base.with_name(f"{base.name}.h5")


def _prepare(folder: Path, import_key: list) -> None:
    """A folder for the parts of this very import; parts of another one are thrown away.

    Parameters
    ----------
    import_key : everything that the parts depend on: source, subjects, options
    """
    wanted = json.dumps(import_key)
    note = folder / "import.json"
    if not (note.exists() and note.read_text() == wanted):
        for path in folder.iterdir():
            if path.name != FOLDER:
                path.unlink()
        write_text(note, wanted)
    remove_abandoned(folder)


def _read_outcome(path: Path) -> Outcome | None:
    """The outcome that an earlier, interrupted import left beside a part; None if there is none."""
    try:
        return Outcome(**read_json(path))
    except (OSError, ValueError, TypeError):
        return None


def merge(parts: list[Path], out: Path, rate: float = FRAMES_A_SECOND) -> int:
    """Join part files, in order, into the store; returns its frames. Chunk by chunk, atomically."""
    with H36MWriter(out, list(ACTIONS), rate) as writer:
        for part in parts:
            with h5py.File(part, "r") as file:
                rows = file["images"].shape[0]
                for start in range(0, rows, 4 * CHUNK):
                    piece = slice(start, min(rows, start + 4 * CHUNK))
                    writer.append(**{name: file[name][piece] for name in FIELDS})
    return writer.count


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

"""What ``python -m minipose show`` does: a page from run folders, or pictures of a store."""

from __future__ import annotations

import argparse
from pathlib import Path

from minipose.devices import use_device
from minipose.errors import UserError
from minipose.experiments import run as runner
from minipose.experiments.settings import RunSettings, checked
from minipose.page.runs import is_run, read_runs
from minipose.storage import expect_folder, write_text

FOLDER = Path("runs/show")
SUFFIXES = (".html", ".htm")


def show(args: argparse.Namespace) -> None:
    """A page of run folders, where they are such; of a store, what it holds."""
    sources: list[Path] = args.source
    if not sources:
        _serve_alone(args)
        return
    if not any(map(is_run, sources)) and not any(source.is_dir() for source in sources):
        if args.serve:
            raise UserError(f"--serve: expected the folder of a run, got {sources[0]}")
        if len(sources) > 1:
            raise UserError(f"expected one store, or the folders of runs, got {len(sources)} files")
        if args.data is not None:
            raise UserError(f"--data: is the store of runs, expected folders, got {sources[0]}")
        args.source = sources[0]
        runner.show(args)
        return
    for source in sources:
        if not is_run(source):
            kind = "no such file or folder" if not source.exists() else "not the folder of a run"
            raise UserError(
                f"{source}: {kind} (expected what `train` leaves: config.toml, log.csv, "
                "report.json), nor a store (.h5)"
            )
    out = None if args.serve and args.out is None else _file(args.out, sources)
    checked({"limit": args.limit}, (RunSettings,))
    runs = read_runs(sources)
    device = use_device(args.device or "cpu", bool(args.tf32))
    from minipose.page.document import page
    from minipose.page.examples import COUNT, viewers

    found = viewers(runs, args.data, args.limit or COUNT, device)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, page(runs, found))
        print(out)
    if args.serve:
        from minipose.page.serve import serve

        serve(runs, lambda drop: page(runs, found, drop), args.port, device)


def _serve_alone(args: argparse.Namespace) -> None:
    """Without any run: a page for photographs, and the networks that come with minipose."""
    if not args.serve:
        raise UserError("expected the folders of runs, a store (.h5), or --serve")
    from minipose.page.document import page
    from minipose.page.serve import serve

    device = use_device(args.device or "cpu", bool(args.tf32))
    serve([], lambda drop: page([], [], drop), args.port, device)


def _file(out: Path | None, sources: list[Path]) -> Path:
    """The file to write: the one that was asked for, or one named like the runs."""
    if out is None:
        names = "-".join(source.resolve().name for source in sources)
        return FOLDER / f"{names}.html"
    if out.suffix.lower() not in SUFFIXES or out.is_dir():
        raise UserError(f"--out: expected a file .html for a page, got {out}")
    expect_folder(out.parent)
    return out

"""The front door: ``python -m minipose train | evaluate | predict | show | doctor``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from minipose import experiments
from minipose.errors import Parser, missing_package


def build_parser() -> argparse.ArgumentParser:
    """The command line. Heavy modules are imported only by the command that needs them."""
    parser = Parser(
        prog="python -m minipose",
        description="Deep learning from scratch that finds people's poses.",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True)
    defaults = argparse.ArgumentDefaultsHelpFormatter

    train = commands.add_parser("train", help="train a job's networks and report on them")
    jobs = train.add_subparsers(dest="job", required=True)
    for job, help_text in experiments.JOBS.items():
        one = jobs.add_parser(job, help=help_text, description=help_text, formatter_class=defaults)
        one.add_argument("--config", type=Path, help="TOML file with settings; flags win")
        one.add_argument("--out", type=Path, help="run folder")
        one.add_argument("--device", choices=("cpu", "cuda", "auto"), help="where to compute (cpu)")
        one.add_argument("--tf32", action="store_true",
                         help="on a GPU: products with 10 instead of 23 binary places")  # fmt: skip
        one.add_argument("--seed", type=int, help="of everything that is random (0)")
        one.add_argument("--limit", type=int, help="at most this many images of each split")
        one.add_argument("--resume", action="store_true", help="go on with the run in --out")
        experiments.load(job, "arguments").add_train_arguments(one)

    evaluate = commands.add_parser(
        "evaluate", help="measure a checkpoint", formatter_class=defaults
    )
    evaluate.add_argument("checkpoint", type=Path)
    evaluate.add_argument("--data", type=Path, required=True, help="store (.h5)")
    evaluate.add_argument("--out", type=Path, help="folder for report.md and report.json")
    evaluate.add_argument("--limit", type=int, help="at most this many images of each split")

    predict = commands.add_parser("predict", help="find the person's pose in pictures")
    predict.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    predict.add_argument("--checkpoint", type=Path, required=True, help="best.npz of a run")
    predict.add_argument("--out", type=Path, help="folder for JSON and pictures (.)")
    predict.add_argument("--box", type=int, nargs=4, metavar=("X0", "Y0", "X1", "Y1"),
                         help="the person's box in px; without it the whole picture")  # fmt: skip
    predict.add_argument("--mask", type=Path, help="silhouette picture, bright where the person is")

    show = commands.add_parser("show", help="draw what a store holds")
    show.add_argument("source", type=Path, help="store (.h5)")
    show.add_argument("--out", type=Path, help="folder for the pictures (runs/show)")
    show.add_argument("--limit", type=int, help="at most this many images of each split")

    commands.add_parser("doctor", help="what is installed, which devices work")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a command. 0 done, 1 failed with one line, 2 wrong usage, 130 interrupted."""
    args = build_parser().parse_args(argv)
    try:
        return _run(args)
    except KeyboardInterrupt as error:
        print(f"interrupted: {error}" if str(error) else "interrupted", file=sys.stderr)
        return 130
    except MemoryError as error:
        print(f"error: out of memory ({error}); try a smaller --batch", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {missing_package(error)}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        if args.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(args: argparse.Namespace) -> int:
    if args.command == "doctor":
        from minipose.doctor import examine

        print("\n".join(examine()))
        return 0
    if getattr(args, "tf32", False):
        from minipose.backend import allow_tf32

        allow_tf32()
    job = experiments.load(args.job if args.command == "train" else _job_of(args))
    return getattr(job, args.command)(args)


def _job_of(args: argparse.Namespace) -> str:
    """Which job a checkpoint or a store belongs to."""
    from minipose.errors import UserError
    from minipose.training import checkpoint

    if args.command == "show":
        return _job_of_store(args.source)
    _, meta = checkpoint.read(args.checkpoint)
    job = experiments.EARLIER.get(meta.get("job"), meta.get("job"))
    if job not in experiments.JOBS:
        raise UserError(f"{args.checkpoint}: a checkpoint of an unknown job {job!r}")
    return job


def _job_of_store(path: Path) -> str:
    """The job whose name stands in the store's format; the first one reports what is wrong."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            words = str(file.attrs.get("format", "")).split()
    except OSError:
        words = []
    words = [experiments.EARLIER.get(word, word) for word in words]
    return next((job for job in experiments.JOBS if job in words), next(iter(experiments.JOBS)))

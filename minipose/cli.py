"""The front door: ``python -m minipose train | evaluate | predict | show | export | …``."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

import minipose
from minipose import experiments
from minipose.errors import Parser, UserError, line_of, missing_package, print_any_name
from minipose.exchange import commands as exchange
from minipose.training.communicator import launched
from minipose.training.interrupts import heeded


def build_parser() -> argparse.ArgumentParser:
    """The command line. Heavy modules are imported only by the command that needs them."""
    from minipose.experiments.pose3d.filters import FILTERS
    from minipose.experiments.settings import RunSettings, add_flags
    from minipose.predict.settings import Settings as PredictSettings

    parser = Parser(
        prog="python -m minipose",
        description="Deep learning from scratch that finds people's poses.",
    )
    parser.add_argument("--version", action="version", version=f"minipose {minipose.__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train a job's networks and report on them")
    jobs = train.add_subparsers(dest="job", required=True)
    for job, help_text in experiments.JOBS.items():
        _add_train_flags(jobs.add_parser(job, help=help_text, description=help_text), job)

    evaluate = commands.add_parser("evaluate", help="measure a checkpoint")
    evaluate.add_argument("checkpoint", type=Path, help="best.npz of a run")
    evaluate.add_argument(
        "--all",
        action="store_true",
        help="measure the whole store as one part: for data that was not trained on",
    )
    evaluate.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help="write what was predicted for each image that was not trained on, as .npz",
    )
    evaluate.add_argument(
        "--smooth",
        choices=(*FILTERS, "all"),
        help="3D pose: errors after a temporal filter, or all of them; --save writes what one left",
    )
    evaluate.add_argument(
        "--hold",
        type=int,
        default=1,
        metavar="N",
        help="3D pose: errors also as if one image stood for N frames (default: 1)",
    )
    evaluate.add_argument(
        "--videos",
        type=Path,
        metavar="FOLDER",
        help="3D pose: write a video of each take that was not trained on: truth and prediction "
        "of all cameras",
    )
    add_flags(evaluate, RunSettings(), ("data", "out", "limit", "device", "tf32"), required="data")

    predict = commands.add_parser(
        "predict",
        help="find the person's mask, joints and pose in pictures and videos",
        description="Find the person in pictures, folders of them, videos or a camera: mask, 25 "
        "joints in the picture, and 17 joints in space.",
    )
    predict.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="picture, folder, 'pattern*.jpg', video, or camera such as /dev/video0",
    )
    add_flags(predict, PredictSettings())

    show = commands.add_parser(
        "show",
        help="a page from the folders of runs, or pictures of what a store holds",
        description="One HTML file from the folders of runs: curves, numbers, pictures and "
        "predictions, several runs beside one another. Of a store: pictures of what it holds.",
    )
    show.add_argument(
        "source",
        nargs="*",
        type=Path,
        metavar="RUN",
        help="folder of a run; or one store (.h5); none with --serve: the networks of minipose",
    )
    show.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        help="the page (.html; default: runs/show/RUN.html), or the folder for a store's pictures "
        "(default: runs/show)",
    )
    show.add_argument(
        "--data", type=Path, metavar="PATH", help="store of the runs, where theirs has moved"
    )
    show.add_argument(
        "--serve",
        action="store_true",
        help="answer a browser on this machine, which may drop photographs on the page",
    )
    show.add_argument("--port", type=int, default=8000, help="of --serve (default: 8000)")
    add_flags(show, RunSettings(), ("limit", "device", "tf32"))

    exchange.add_flags(commands)

    commands.add_parser("doctor", help="what is installed, which devices work")
    return parser


def _add_train_flags(parser: argparse.ArgumentParser, job: str) -> None:
    from minipose.experiments.settings import add_flags

    about = experiments.load(job, "recipe")
    settings = about.Settings()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    lines = [f"  {name:<10} {about.ABOUT[name]}" for name in about.RECIPES]
    parser.epilog = "\n".join([f"recipes (default: {settings.recipe}):", *lines])
    parser.add_argument("--config", type=Path, help="TOML file with choices; flags win")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    recipe = about.RECIPES[settings.recipe]
    add_flags(parser, replace(settings, out=about.default_out(settings, recipe)))
    group = parser.add_argument_group(f"choices of the recipe (defaults: {settings.recipe}'s)")
    add_flags(group, recipe)


def main(argv: list[str] | None = None) -> int:
    """Run a command. 0 done, 1 failed with one line, 2 wrong usage, 130 interrupted."""
    print_any_name()
    args = build_parser().parse_args(argv)
    try:
        with heeded():
            _run(args)
        sys.stdout.flush()
        return 0
    except KeyboardInterrupt as error:
        print(f"interrupted: {error}" if str(error) else "interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader has gone, as ``head`` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError as error:
        advice = "; try a smaller --batch" if hasattr(args, "batch") else ""
        print(f"error: out of memory ({str(error) or 'no more is free'}){advice}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {missing_package(error)}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        if args.debug:
            raise
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1


def _run(args: argparse.Namespace) -> None:
    if args.command != "train" and launched() > 1:
        raise UserError(f"{args.command} is one process's work: start it without mpirun")
    if args.command == "doctor":
        from minipose.doctor import examine

        print("\n".join(examine()))
    elif args.command == "predict":
        from minipose.predict.command import predict

        predict(args)
    elif args.command in ("export", "import"):
        (exchange.export if args.command == "export" else exchange.import_)(args)
    elif args.command == "show":
        from minipose.page.show import show

        show(args)
    else:
        from minipose.experiments import run

        getattr(run, args.command)(args)

"""``python -m data_tools h36m RAW --out STORE.h5``: import Human3.6M."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data_tools.arguments import Defaults, path
from data_tools.h36m.convert import Options
from data_tools.h36m.importing import import_raw
from data_tools.h36m.report1 import import_report1
from data_tools.h36m.tree import ACTIONS, ALIASES, SUBJECTS
from data_tools.patience import apart
from minipose.errors import Parser, line_of, missing_package


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(
        prog="python -m data_tools h36m",
        formatter_class=Defaults,
        description="Import Human3.6M into one HDF5 store: crop each person, remove the "
        "background, scale to 128 x 128, keep 17 joints relative to the pelvis.",
        epilog="Needs the extras h36m and video. An interrupted import continues where it stopped.",
    )
    parser.add_argument("source", type=Path, help="folder with S1, S5, ... (or extracted/ in it)")
    parser.add_argument("--out", type=path, required=True, help="the store to write (.h5)")
    parser.add_argument(
        "--layout",
        choices=("raw", "report1"),
        default="raw",
        help="raw: the official files; report1: the first report's own preprocessed .mat files",
    )
    parser.add_argument("--subjects", type=int, nargs="+", default=list(SUBJECTS))
    parser.add_argument(
        "--actions", nargs="+", default=["Walking"], help=f"of {', '.join(ACTIONS)}"
    )
    parser.add_argument(
        "--poses",
        choices=("mono", "world"),
        default="mono",
        help="D3_Positions_mono, or D3_Positions with the cameras of metadata.xml",
    )
    parser.add_argument("--step", type=int, default=1, help="keep one frame in this many")
    parser.add_argument(
        "--limit", type=int, help="at most this many frames of each view (report1: of each subject)"
    )
    parser.add_argument("--keep-background", action="store_true", help="do not use silhouettes")
    parser.add_argument("--transposed", action="store_true", help="report1: images are transposed")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and import. Returns the exit status."""
    args = build_parser().parse_args(argv)
    try:
        _check(args)
        if args.layout == "report1":
            apart(_import_report1, args, args.source)
        else:
            options = Options(args.step, args.limit, args.keep_background)
            import_raw(
                args.source,
                args.out,
                tuple(args.subjects),
                tuple(args.actions),
                args.poses,
                options,
                args.workers,
            )
    except (ValueError, OSError) as error:
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"error: {missing_package(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: run the same command again to continue", file=sys.stderr)
        return 130
    return 0


def _import_report1(args: argparse.Namespace) -> int:
    subjects = tuple(args.subjects)
    return import_report1(args.source, args.out, subjects, args.transposed, args.step, args.limit)


def _check(args: argparse.Namespace) -> None:
    args.actions = list(dict.fromkeys(ALIASES.get(a, a) for a in args.actions))
    args.subjects = list(dict.fromkeys(args.subjects))
    unknown = sorted(set(args.actions) - set(ACTIONS))
    if unknown:
        raise ValueError(f"--actions: unknown {', '.join(unknown)}; expected {', '.join(ACTIONS)}")
    unlabelled = sorted(set(args.subjects) - set(SUBJECTS))
    if unlabelled:
        raise ValueError(f"--subjects: expected some of {list(SUBJECTS)}, got {unlabelled}")
    if args.step < 1 or args.workers < 1 or (args.limit is not None and args.limit < 1):
        raise ValueError("--step, --limit and --workers: expected 1 or more")
    if args.out.is_dir():
        raise ValueError(f"--out: {args.out} is a folder, expected a file name such as h36m.h5")


if __name__ == "__main__":
    sys.exit(main())

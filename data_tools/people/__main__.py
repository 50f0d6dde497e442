"""``python -m data_tools people SOURCE... --out STORE.h5``: build report 2's data set."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data_tools.arguments import Defaults, path, seed
from data_tools.people.build import Rules, build
from data_tools.people.sources import KINDS, Places, name_apart, open_source
from minipose.datasets.people import SPLIT_SEED
from minipose.errors import Parser, line_of


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(
        prog="python -m data_tools people",
        formatter_class=Defaults,
        description="Build one HDF5 store of single people from pictures, their joints (OpenPose "
        "BODY_25 files, else the source's own) and masks, paired by name; the shorter side "
        "becomes 128 px. Ends with a table of what was kept and why the rest was not.",
        epilog="A SOURCE is a folder of LSP, LSP-Extended (joints.mat), MPII (.mat, or HRNet's "
        ".json), ATR (humanparsing/), COCO persons (annotations.json), or any folder with images/, "
        "keypoints/ and masks/, or with NAME.jpg, NAME_keypoints.json and NAME_mask.png side by "
        "side. Clothing Co-Parsing has photos/ and annotations/pixel-level/. LSP annotates 13 "
        "joints of BODY_25, MPII 14, COCO 17, with feet 23: --min-joints auto asks for 22 of 25 in "
        "that proportion (11, 12, 15, 20). A table split.csv (name, split) in a SOURCE is kept.",
    )
    parser.add_argument("sources", type=Path, nargs="+", metavar="SOURCE")
    parser.add_argument("--out", type=path, required=True, help="the store to write (.h5)")
    parser.add_argument("--kind", choices=("auto", *KINDS), default="auto", help="of all sources")
    parser.add_argument(
        "--keypoints",
        type=Path,
        nargs="+",
        default=[],
        help="more folders of OpenPose files, or AlphaPose results .json",
    )
    parser.add_argument(
        "--masks", type=Path, nargs="+", default=[], help="more mask folders, or COCO results .json"
    )
    parser.add_argument("--split", type=Path, help="a table with the columns name and split")
    parser.add_argument(
        "--min-joints",
        default="auto",
        metavar="N",
        help="of the 25; auto: 22, and in proportion where the source annotates fewer",
    )
    parser.add_argument(
        "--max-people", type=int, default=Rules.max_people, help="of several, the clearest is kept"
    )
    parser.add_argument("--side", type=int, default=Rules.side, help="px of the shorter side")
    parser.add_argument("--limit", type=int, help="keep at most this many, drawn at random")
    parser.add_argument("--seed", type=seed, default=SPLIT_SEED, help="of that draw")
    parser.add_argument("--workers", type=int, default=2, help="threads")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and build. Returns the exit status."""
    args = build_parser().parse_args(argv)
    try:
        _check(args)
        places = Places(args.keypoints, args.masks, args.split)
        kind = None if args.kind == "auto" else args.kind
        sources = [open_source(path, places, kind) for path in args.sources]
        name_apart(sources)
        for source in sources:
            print(f"{source.path}: {source.kind}, {len(source.candidates)} pictures")
            for remark in source.remarks:
                print(f"  {remark}")
        candidates = [candidate for source in sources for candidate in source.candidates]
        rules = Rules(args.min_joints, args.max_people, args.side)
        tally = build(candidates, args.out, rules, args.limit, args.seed, args.workers)
    except (ValueError, OSError) as error:
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        return 130
    print(tally.table())
    if not tally.written:
        print(f"error: {args.out}: not written, no picture was kept", file=sys.stderr)
        return 1
    print(f"{args.out}: {tally.written} people written")
    return 0


def _check(args: argparse.Namespace) -> None:
    for name in ("max_people", "side", "workers", "limit"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')}: expected 1 or more, got {value}")
    if args.min_joints == "auto":
        args.min_joints = None
    elif args.min_joints.isdecimal() and int(args.min_joints) <= 25:
        args.min_joints = int(args.min_joints)
    else:
        raise ValueError(f"--min-joints: expected auto or 0 to 25, got {args.min_joints}")
    if args.out.is_dir():
        raise ValueError(f"--out: {args.out} is a folder, expected a file name such as people.h5")


if __name__ == "__main__":
    sys.exit(main())

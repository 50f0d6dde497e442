"""``python -m data_tools twin h36m --out DIR``: write a synthetic stand-in for a data set."""

from __future__ import annotations

import argparse
import sys
import time

from tqdm import tqdm

from data_tools.arguments import Defaults, path, seed
from minipose.errors import Parser, line_of
from minipose.storage import expect_folder


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and write. Returns the exit status."""
    parser = Parser(
        prog="python -m data_tools twin",
        description="Write drawn people in the same files as the real data sets.",
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    h36m = kinds.add_parser(
        "h36m",
        help="people who walk, eat, greet, ... as Human3.6M's raw files",
        formatter_class=Defaults,
    )
    h36m.add_argument("--out", type=path, required=True, help="folder to write below")
    h36m.add_argument("--subjects", type=int, nargs="+", default=[1, 5, 6, 7, 8, 9, 11])
    h36m.add_argument(
        "--actions", nargs="+", default=["Walking"],
        help="of Walking, Discussion, Eating, Greeting, TakingPhoto, WalkingDog",
    )  # fmt: skip
    h36m.add_argument("--frames", type=int, default=240, help="frames a take and camera")
    h36m.add_argument(
        "--takes", type=int, default=2,
        help="takes of each subject; of more than 2, those trained on show somebody else each",
    )  # fmt: skip
    h36m.add_argument(
        "--train-frames",
        type=int,
        help="frames of the takes with somebody else, if other than --frames",
    )
    h36m.add_argument("--step", type=int, default=5, help="draw one 50 Hz frame in this many")
    h36m.add_argument("--frame-hold", type=int, default=1, help="frames that share an image")
    h36m.add_argument("--seed", type=seed, default=0)
    h36m.add_argument("--workers", type=int, default=2, help="processes")
    people = kinds.add_parser(
        "people",
        help="single people in rooms, streets and parks, with BODY_25 files and masks",
        formatter_class=Defaults,
    )
    people.add_argument("--out", type=path, required=True, help="folder to write below")
    people.add_argument("--count", type=int, default=1000, help="pictures")
    people.add_argument("--seed", type=seed, default=0)
    people.add_argument("--workers", type=int, default=2, help="processes")
    poses = kinds.add_parser(
        "poses",
        help="such people cut out as Human3.6M's crops with their poses: a finished store",
        formatter_class=Defaults,
    )
    poses.add_argument("--out", type=path, required=True, help="store to write (.h5)")
    poses.add_argument("--count", type=int, default=20000, help="people")
    poses.add_argument("--seed", type=seed, default=0)
    poses.add_argument(
        "--reclining", type=float, default=0.0, help="fraction who sit or lie on the floor"
    )
    poses.add_argument("--workers", type=int, default=2, help="processes")
    pasted = kinds.add_parser(
        "pasted",
        help="people of photographs before drawn surroundings: a store of both",
        formatter_class=Defaults,
    )
    pasted.add_argument("store", type=path, help="store of photographs (.h5, by data_tools people)")
    pasted.add_argument("--out", type=path, required=True, help="store to write (.h5)")
    pasted.add_argument(
        "--times", type=int, default=1, help="pictures of everybody who is trained on"
    )
    pasted.add_argument("--seed", type=seed, default=0)
    pasted.add_argument("--workers", type=int, default=2, help="processes")
    args = parser.parse_args(argv)
    try:
        if args.kind in ("poses", "pasted"):
            return write_poses(args) if args.kind == "poses" else write_pasted(args)
        expect_folder(args.out)
        return write_people(args) if args.kind == "people" else write_h36m(args)
    except (ValueError, OSError) as error:
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        store = args.kind in ("poses", "pasted")
        kept = "nothing was written" if store else "finished files are kept; run it again"
        print(f"interrupted: {kept}", file=sys.stderr)
        return 130


def write_h36m(args: argparse.Namespace) -> int:
    """The ``h36m`` command."""
    from data_tools.h36m.tree import ALIASES
    from data_tools.twin import h36m
    from data_tools.twin.takes import DRAWN

    unknown = sorted(set(args.subjects) - set(h36m.SUBJECTS))
    if unknown:
        raise ValueError(f"--subjects: expected some of {list(h36m.SUBJECTS)}, got {unknown}")
    actions = tuple(dict.fromkeys(ALIASES.get(name, name) for name in args.actions))
    unknown = [name for name in actions if name not in DRAWN]
    if unknown:
        raise ValueError(f"--actions: expected some of {', '.join(DRAWN)}, got {unknown[0]}")
    if args.takes < 2:
        raise ValueError(f"--takes: expected 2 or more, got {args.takes}")
    if args.train_frames is not None and (args.takes == 2 or args.train_frames < 1):
        raise ValueError("--train-frames: expected 1 or more, and --takes of 3 or more")
    for name in ("frames", "step", "frame_hold", "workers"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')}: expected 1 or more")
    start = time.perf_counter()
    bar = tqdm(unit="take", disable=not sys.stderr.isatty())

    def report(plan: h36m.Plan, camera: str, done: int, total: int) -> None:
        bar.total = total
        bar.update()
        if bar.disable and (done % 8 == 0 or done == total):
            print(f"S{plan.subject} {plan.name}.{camera} written ({done} of {total})")

    frames = h36m.write(
        args.out,
        tuple(args.subjects),
        args.frames,
        args.step,
        args.frame_hold,
        args.seed,
        args.workers,
        report,
        args.takes,
        args.train_frames,
        tuple(action for action in DRAWN if action in actions),
    )
    bar.close()
    seconds = time.perf_counter() - start
    rate = f", {frames / seconds:.0f} frames/s" if frames else ""
    print(f"{args.out}: {frames} frames written in {seconds:.1f} s{rate}")
    return 0


def write_people(args: argparse.Namespace) -> int:
    """The ``people`` command."""
    from data_tools.twin import people

    for name in ("count", "workers"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name}: expected 1 or more")
    start = time.perf_counter()
    with tqdm(unit="picture", disable=not sys.stderr.isatty()) as bar:

        def report(total: int) -> None:
            bar.total = total
            bar.update()

        written = people.write(args.out, args.count, args.seed, args.workers, report)
    seconds = time.perf_counter() - start
    rate = f", {written / seconds:.0f} pictures/s" if written else ""
    print(f"{args.out}: {written} pictures written in {seconds:.1f} s{rate}")
    return 0


def write_poses(args: argparse.Namespace) -> int:
    """The ``poses`` command."""
    from data_tools.twin import poses

    if args.count < len(poses.TAKES):
        raise ValueError(f"--count: expected {len(poses.TAKES)} or more, got {args.count}")
    if args.workers < 1:
        raise ValueError("--workers: expected 1 or more")
    if not 0 <= args.reclining <= 1:
        raise ValueError(f"--reclining: expected 0 to 1, got {args.reclining}")
    if args.out.suffix != ".h5":
        raise ValueError(f"--out: expected a store .h5, got {args.out}")
    start = time.perf_counter()
    with tqdm(total=args.count, unit="person", disable=not sys.stderr.isatty()) as bar:
        poses.write(args.out, args.count, args.seed, args.workers, bar.update, args.reclining)
    seconds = time.perf_counter() - start
    print(
        f"{args.out}: {args.count} people written in {seconds:.1f} s, "
        f"{args.count / seconds:.0f} people/s"
    )
    return 0


def write_pasted(args: argparse.Namespace) -> int:
    """The ``pasted`` command."""
    from data_tools.twin import pasted

    for name in ("times", "workers"):
        if getattr(args, name) < 1:
            raise ValueError(f"--{name}: expected 1 or more, got {getattr(args, name)}")
    if args.out.suffix != ".h5":
        raise ValueError(f"--out: expected a store .h5, got {args.out}")
    if args.out.exists() and args.store.exists() and args.out.samefile(args.store):
        raise ValueError(f"--out: {args.out} is the store that is read, expected another")
    start = time.perf_counter()
    with tqdm(unit="picture", disable=not sys.stderr.isatty()) as bar:

        def report(total: int) -> None:
            bar.total = total
            bar.update()

        people, added = pasted.write(
            args.store, args.out, args.times, args.seed, args.workers, report
        )
    seconds = time.perf_counter() - start
    print(f"{args.out}: {people} people and {added} pasted pictures written in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

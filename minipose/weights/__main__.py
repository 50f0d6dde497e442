"""``python -m minipose.weights PEOPLE_RUN POSE3D_RUN``: package two finished runs."""

from __future__ import annotations

import sys
from pathlib import Path

from minipose.errors import Parser, line_of, missing_package
from minipose.weights import FOLDER


def main(argv: list[str] | None = None) -> int:
    """Pack both runs. 0 done, 1 failed with one line, 2 wrong usage."""
    parser = Parser(
        prog="python -m minipose.weights",
        description="Turn two finished runs into the weights that come with minipose, with a card.",
    )
    parser.add_argument("people", type=Path, metavar="PEOPLE_RUN", help="run of train people")
    parser.add_argument("pose3d", type=Path, metavar="POSE3D_RUN", help="run of train h36m")
    for name, metavar in (("people", "KIND"), ("pose3d", "KIND")):
        parser.add_argument(
            f"--{name}-data",
            metavar=metavar,
            help="whose data, where the store does not say: 'drawn people', ccp, human3.6m, ...",
        )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the files")
    args = parser.parse_args(argv)
    try:
        from minipose.weights.pack import pack, read_run

        people = read_run(args.people, "people", args.people_data)
        pose3d = read_run(args.pose3d, "h36m", args.pose3d_data)
        args.out.mkdir(parents=True, exist_ok=True)
        for path in pack(people, pose3d, args.out):
            print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
        return 0
    except ModuleNotFoundError as error:
        print(f"error: {missing_package(error)}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

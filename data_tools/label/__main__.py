"""``python -m data_tools label PHOTOS --out DIR``: joints and masks for photographs."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from data_tools.label.choose import LABELLERS, open_labellers
from data_tools.label.run import NothingLabelled, label, not_read, photographs
from minipose.errors import Parser, line_of


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = Parser(
        prog="python -m data_tools label",
        description="Label photographs of single people: DIR gets upright images/, keypoints/ "
        "(OpenPose's form, BODY_25), masks/, contact sheets to check by eye, and labels.csv, which "
        "says why a picture was dropped. python -m data_tools people DIR makes a store of it.",
        epilog="mediapipe gives joints and masks, and comes with its models (make label-setup "
        "installs it). openpose is the program openpose.bin, or openpose, on the PATH; it gives "
        "joints. maskrcnn is torchvision's Mask R-CNN and keypoint network, whose weights must lie "
        "in torch's cache or --weights. What is not here is never downloaded.",
    )
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder, or one picture")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--with",
        dest="joints",
        choices=LABELLERS,
        default="mediapipe",
        help="who labels (default: mediapipe)",
    )
    parser.add_argument(
        "--masks-with",
        dest="masks",
        choices=[name for name in LABELLERS if name != "openpose"],
        help="who cuts out the person (default: the same; where that is openpose: maskrcnn or "
        "mediapipe, whichever is here)",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FOLDER", help="of maskrcnn (default: torch's own cache)"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and label. Returns the exit status."""
    args = build_parser().parse_args(argv)
    opened = []
    try:
        pictures = photographs(args.photos)
        opened = open_labellers(args.joints, args.masks, args.weights)
        print(f"{args.photos}: {len(pictures)} pictures; {opened[0].about.plainly()}")
        if remark := not_read(args.photos, pictures):
            print(f"  {remark}")
        tally = label(pictures, args.out, *opened)
    except NothingLabelled as error:
        print(error.tally.table())
        print(f"error: {args.out}: not written, {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"error: {line_of(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        return 130
    finally:
        for labeller in opened:
            labeller.close()
    print(tally.table())
    print(f"{args.out}: {tally.written} pictures labelled; look at {args.out}/contact_sheet_1.png,")
    print(f"then: python -m data_tools people {shlex.quote(str(args.out))} --out people.h5")
    return 0


if __name__ == "__main__":
    sys.exit(main())

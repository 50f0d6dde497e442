"""``python -m data_tools``: the list of tools; ``python -m data_tools h36m …`` runs one."""

from __future__ import annotations

import sys
from importlib import import_module

from minipose.errors import missing_package, print_any_name

TOOLS = {
    "h36m": "import Human3.6M, or its stand-in, into one store for report 1's job",
    "people": "build report 2's store from LSP, MPII, ATR, COCO or a folder of pictures",
    "label": "find joints and masks in photographs: MediaPipe, OpenPose or Mask R-CNN",
    "twin": "write synthetic stand-ins: drawn people in the same files as the real data sets",
}


def main(argv: list[str] | None = None) -> int:
    """Hand over to a tool. Returns its exit status; 2 if there is none of that name."""
    print_any_name()
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in TOOLS:
        try:
            return import_module(f"data_tools.{argv[0]}.__main__").main(argv[1:])
        except ModuleNotFoundError as error:
            print(f"error: {missing_package(error)}", file=sys.stderr)
            return 1
    if argv and argv[0] in ("-h", "--help"):
        lines = [f"  {name:8} {does}" for name, does in TOOLS.items()]
        print("\n".join(["usage: python -m data_tools TOOL … (--help for its flags)", "", *lines]))
        return 0
    given = f"no tool {argv[0]!r}" if argv else "no tool is given"
    expected = f"expected {' or '.join(TOOLS)} (python -m data_tools --help lists all)"
    print(f"error: {given}: {expected}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

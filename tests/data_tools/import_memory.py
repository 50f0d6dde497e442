"""Peak memory of importing and reading: ``python -m tests.data_tools.import_memory RAW STORE``.

Does in one process what the import's workers, its joining and a training's reading do, and prints
the process's peak in MB.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from data_tools.h36m.convert import Options, convert_view
from data_tools.h36m.importing import merge
from data_tools.h36m.tree import SUBJECTS, find_views
from minipose.datasets.h36m import H36MStore, shuffled_pools


def peak_mb() -> float:
    """The kernel's own high-water mark of this process (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(root: Path, out: Path) -> None:
    parts = []
    for k, view in enumerate(find_views(root, SUBJECTS, ("Walking",))):
        parts.append(out.with_name(f"part{k}.h5"))
        assert not convert_view(view, None, Options(), parts[-1]).failure
    frames = merge(parts, out)
    with H36MStore(out) as store:
        rng = np.random.default_rng(0)
        for pool in shuffled_pools(np.arange(len(store)), 16, rng, span=4):
            store.read("images", pool)
    print(frames, peak_mb())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("raw", type=Path, help="folder of Human3.6M")
    parser.add_argument("store", type=Path, help="to write")
    args = parser.parse_args()
    main(args.raw, args.store)

"""``python -m tests.exchange.report``: the networks of the reports in their own sizes, as ONNX.

A table row each: numbers, size of the file, seconds to write it, to open and to run it in
onnxruntime (one thread, a picture of 192 × 128 px), to read it back; the largest difference of the
outputs, relative to the largest output; and whether the weights that come back have the same bits.
With ``--pictures FOLDER`` the differences are those of its first ten pictures instead.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from minipose.datasets.crop import crop_person
from minipose.datasets.picture_files import read_grey, read_rgb
from minipose.datasets.resize import factor_for, resize_bicubic
from minipose.exchange import onnx_file
from minipose.exchange.onnx_graph import Options
from minipose.models import HNet, PoseNet, UNet
from minipose.nn import Module
from tests.exchange.networks import HEADS, emptied, outputs, pictures

NETWORKS: dict[str, Callable[[], Module]] = {
    "PoseNet 5 10 15, regression": lambda: PoseNet((5, 10, 15), "regression"),
    "PoseNet 32 64 64, regression": lambda: PoseNet((32, 64, 64), "regression"),
    "PoseNet 32 64 64, detection": lambda: PoseNet((32, 64, 64)),
    **{f"U-Net 64, {model}": lambda m=model: UNet(HEADS[m]) for model in HEADS},
    "normalised U-Net 64, triple": lambda: UNet(HEADS["triple"], normalise=True),
    "H-Net 32, mask": lambda: HNet(HEADS["mask"]),
}
FOLDING = ("normalised U-Net 64, triple", "H-Net 32, mask")
HEAD = "network numbers MB write_s open_s run_s read_s difference weights".split()


def measure(net: Module, fold: bool, real: list[Path]) -> list[str]:
    """The cells of a row."""
    inputs = [as_input(net, path) for path in real] or [pictures(net, 1, (192, 128))]
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.onnx"
        write, _ = timed(lambda: onnx_file.write(path, net, Options(fold=fold)))
        opened, session = timed(lambda: onnxruntime.InferenceSession(path, settings))
        ran, worst = 0.0, 0.0
        for x in inputs:
            ran, theirs = timed(lambda x=x: session.run(None, {"image": x}))
            for a, b in zip(theirs, outputs(net, x), strict=True):
                worst = max(worst, float(np.abs(a - b).max() / np.abs(b).max()))
        other, size = emptied(net), path.stat().st_size
        read, _ = timed(lambda: onnx_file.read(path, other))
    state, back = net.state_dict(), other.state_dict()
    same = all(array.tobytes() == back[name].tobytes() for name, array in state.items())
    seconds = [f"{s:.2f}" for s in (write, opened, ran, read)]
    numbers = sum(array.size for array in state.values())
    bits = "same bits" if same else "DIFFER"
    return [f"{numbers:,}", f"{size / 1e6:.1f}", *seconds, f"{worst:.1e}", bits]


def as_input(net: Module, path: Path) -> np.ndarray:
    """A picture as the networks see it: a grey crop of 128 × 128 px, or the shorter side 128 px."""
    if isinstance(net, PoseNet):
        grey = read_grey(path)
        crop, _ = crop_person(grey, (0, 0, *grey.shape[::-1]), None)
        return crop[None, None].astype(np.float32) / 255
    image = read_rgb(path)
    small = resize_bicubic(image, factor_for(image.shape[:2]))
    return np.ascontiguousarray(small.transpose(2, 0, 1)[None]).astype(np.float32) / 255


def timed(function: Callable) -> tuple[float, object]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange.report")
    parser.add_argument("--pictures", type=Path, help="a folder of .jpg files")
    parser.add_argument("--only", default="", help="networks whose names hold this")
    args = parser.parse_args()
    real = sorted(args.pictures.glob("*.jpg"))[:10] if args.pictures else []
    print(f"onnxruntime {onnxruntime.__version__}, {len(real) or 'no'} real pictures\n")
    print("| " + " | ".join(HEAD) + " |\n|---|" + "---:|" * (len(HEAD) - 1))
    for name, make in NETWORKS.items():
        for fold in (False, True) if name in FOLDING else (False,):
            if args.only in name:
                cells = measure(make().eval(), fold, real)
                label = name + (", folded" if fold else "")
                print("| " + " | ".join([label, *cells]) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

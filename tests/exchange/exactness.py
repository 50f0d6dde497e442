"""``python -m tests.exchange.exactness CHECKPOINT --pictures FOLDER``: who rounds how much?

A trained U-Net's outputs in float32, by minipose and by onnxruntime, beside those of the same
network in float64, on the first ten pictures. Of each head and computation: the largest difference
of a score, relative to the largest score; that of a probability; and what the softmax adds to it,
beside the softmax in float64 of the same scores.
"""

from __future__ import annotations

import argparse
import copy
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime

from minipose import Tensor, no_grad, ops
from minipose.exchange import onnx_file
from minipose.exchange.commands import load
from minipose.exchange.onnx_graph import Options
from minipose.fast.convolution import use_algorithm
from minipose.nn import Module
from tests.exchange.report import as_input

CLASSES = ("mask", "joints")  # heads whose scores become probabilities


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the channels, in float64 whatever the scores are."""
    e = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def ours(net: Module, head: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a head and their probabilities."""
    with no_grad():
        scores = net(Tensor(x))[head]
        return scores.data, ops.softmax(scores).data


def computations(net: Module, folder: Path) -> Iterator[tuple[str, Callable]]:
    """(head, x) -> scores and probabilities in float32, by name."""
    yield "minipose", lambda head, x: ours(net, head, x)

    def in_columns(head: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with use_algorithm("im2col"):
            return ours(net, head, x)

    yield "minipose without Winograd", in_columns
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    for fold in (False, True):
        sessions = []
        for probabilities in (False, True):
            path = folder / f"{fold}{probabilities}.onnx"
            onnx_file.write(path, net, Options(probabilities=probabilities, fold=fold))
            sessions.append(onnxruntime.InferenceSession(path, settings))

        def by_file(head: str, x: np.ndarray, sessions: list = sessions) -> list[np.ndarray]:
            return [session.run([head], {"image": x})[0] for session in sessions]

        yield "onnxruntime" + (", folded" if fold else ""), by_file


def differences(net: Module, inputs: list[np.ndarray]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Head, who computed it, and the largest over all pictures of what the table shows."""
    wide = copy.deepcopy(net).astype(np.float64)
    heads = [head for head in CLASSES if head in net.heads]
    with tempfile.TemporaryDirectory() as folder:
        computed = list(computations(net, Path(folder)))
        for head in heads:
            exact = [ours(wide, head, x.astype(np.float64)) for x in inputs]
            for name, compute in computed:
                rows = []
                for x, (scores, likely) in zip(inputs, exact, strict=True):
                    s, p = compute(head, x)
                    apart = np.abs(s - scores).max() / np.abs(scores).max()
                    rows.append([apart, np.abs(p - likely).max(), np.abs(p - softmax(s)).max()])
                yield head, name, np.max(rows, axis=0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange.exactness")
    parser.add_argument("checkpoint", type=Path, help="best.npz of a run of people")
    parser.add_argument("--pictures", type=Path, required=True, help="a folder of .jpg files")
    args = parser.parse_args()
    net = load(args.checkpoint)[0].eval()
    inputs = [as_input(net, path) for path in sorted(args.pictures.glob("*.jpg"))[:10]]
    print(f"onnxruntime {onnxruntime.__version__}, {len(inputs)} pictures\n")
    print("| head | in float32 by | score | probability | of it the softmax |")
    print("|---|---|---:|---:|---:|")
    for head, name, found in differences(net, inputs):
        print(f"| {head} | {name} | " + " | ".join(f"{d:.1e}" for d in found) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

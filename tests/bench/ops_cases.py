"""Every op alone, forward and backward, at the sizes that it has in the networks."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

MAP = (1, 64, 192, 128)  # U-Net's largest: 1.6 million numbers
SMALLER = (1, 128, 96, 64)
SCORES = (1, 26, 192, 128)


@dataclass(frozen=True)
class Op:
    """A call of one op.

    Attributes
    ----------
    op : its name in ``minipose.ops``
    shapes : of its inputs, all of which get a gradient
    options : its other arguments
    note : tells rows of the same op apart
    positive : whether inputs are drawn from (0.5, 1.5) instead of a normal distribution
    random : whether values are drawn: then only mean and mean square are compared
    batch_last : minipose's inputs lie in memory as PoseNet's do, else as U-Net's (channels last)
    """

    op: str
    shapes: tuple[tuple[int, ...], ...]
    options: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    positive: bool = False
    random: bool = False
    batch_last: bool = False

    @property
    def name(self) -> str:
        return f"{self.op} {self.note or '×'.join(map(str, self.shapes[0]))}"

    def arrays(self) -> list[np.ndarray]:
        """The inputs."""
        rng = np.random.default_rng(0)
        if self.positive:
            return [rng.random(s, dtype=np.float32) + np.float32(0.5) for s in self.shapes]
        return [rng.standard_normal(s, dtype=np.float32) for s in self.shapes]


def _conv(c: int, o: int, k: int, height: int, width: int) -> Op:
    shapes = ((1, c, height, width), (o, c, k, k), (o,))
    padding = 1 if k == 3 else 0
    return Op("conv2d", shapes, {"padding": padding}, f"{k}×{k}, {c} → {o}, {height}×{width}")


def _doubling(c: int, o: int, height: int, width: int) -> Op:
    shapes = ((1, c, height, width), (o, c, 2, 2), (o,))
    return Op("upsample_conv2d", shapes, note=f"2×2, {c} → {o}, {height}×{width} doubled")


def _block(c: int, o: int, k: int, side: int) -> Op:
    shapes = ((128, c, side, side), (o, c, k, k), (o,))
    note = f"{k}×{k}, {c} → {o}, 128 of {side}×{side}"
    return Op("conv2d_max_pool2d", shapes, {"tanh": True}, note, batch_last=True)


def _linear(inside: int, outside: int) -> Op:
    return Op(
        "linear", ((128, inside), (outside, inside), (outside,)), note=f"{inside} → {outside}"
    )


OPS = [
    *(_conv(c, o, 3, 192 >> level, 128 >> level)
      for c, o, level in ((3, 64, 0), (64, 64, 0), (128, 64, 0), (64, 128, 1), (128, 128, 1),
                          (256, 256, 2), (512, 512, 3), (1024, 1024, 4))),
    *(_doubling(2 * o, o, 96 >> level, 64 >> level)
      for o, level in ((64, 0), (128, 1), (256, 2), (512, 3))),
    _conv(64, 26, 1, 192, 128),
    Op("conv2d_relu", ((1, 64, 96, 64), (64, 64, 3, 3), (64,)), {"padding": 1}, "64 → 64, 96×64"),
    _block(1, 5, 5, 128), _block(5, 10, 5, 62), _block(10, 15, 6, 29),
    _block(1, 32, 5, 128), _block(32, 64, 5, 62), _block(64, 64, 6, 29),
    _linear(2160, 1024), _linear(9216, 1024), _linear(1024, 2048), _linear(2048, 51),
    Op("matmul", ((128, 2160), (2160, 1024))),
    *(Op(name, (MAP,)) for name in ("relu", "tanh", "sigmoid", "log_sigmoid", "softplus")),
    *(Op(name, (MAP,)) for name in ("exp", "negative")),
    *(Op(name, (MAP,), positive=True) for name in ("log", "sqrt")),
    Op("power", (MAP,), {"exponent": 2.0}),
    *(Op(name, (MAP, MAP)) for name in ("add", "subtract", "multiply")),
    Op("divide", (MAP, MAP), positive=True),
    Op("max_pool2d", (MAP,), {"kernel_size": 2}), Op("avg_pool2d", (MAP,), {"kernel_size": 2}),
    Op("upsample_nearest", (SMALLER,), {"scale": 2}),
    Op("upsample_bilinear", (SMALLER,), {"scale": 2}),
    Op("concatenate", (MAP, MAP)),
    Op("pad", (MAP,), {"widths": ((0, 0), (0, 0), (0, 1), (0, 1))}),
    Op("crop", (MAP,), {"widths": ((0, 0), (0, 0), (0, 2), (0, 4))}),
    Op("select", ((1, 2, 192, 128),), {"key": (slice(None), 1)}),
    Op("reshape", (MAP,), {"shape": (1, 64, -1)}), Op("transpose", (MAP,), {"axes": (0, 2, 3, 1)}),
    Op("dropout", (SMALLER,), {"rate": 0.3}, random=True),
    Op("softmax", (SCORES,)), Op("log_softmax", (SCORES,)),
    Op("sum", (MAP,)), Op("mean", (MAP,)),
]  # fmt: skip

QUICK = {"conv2d", "conv2d_max_pool2d", "upsample_conv2d", "linear"}


def build(side: str, variant: str, device: str) -> Any:
    """One side's runner of ops."""
    return importlib.import_module(f"tests.bench.ops_{side}").Side(variant, device)


def run(device: str, quick: bool, seconds: float) -> Iterator[tuple[str, dict]]:
    """Each op's name and row; PyTorch in its two memory formats, the better of them counts."""
    from tests.bench.driver import Worker, compare, pair

    with (
        tempfile.TemporaryDirectory() as folder,
        Worker("ours", "ops", "minipose", device, "ops") as ours,
        Worker("theirs", "ops", "eager", device, "ops") as eager,
        Worker("theirs", "ops", "channels-last", device, "ops") as channels,
    ):
        mine, other = Path(folder) / "ours.npz", Path(folder) / "theirs.npz"
        for k, op in enumerate(OPS):
            if quick and op.op not in QUICK:
                continue
            ours.ask("choose", k)
            ours.ask("check", mine)
            rows = []
            four = len(op.shapes[0]) == 4  # only images have a memory format
            for theirs in (eager, channels) if four else (eager,):
                theirs.ask("choose", k)
                theirs.ask("check", other)
                difference = compare(mine, other)
                rows.append(
                    {**pair(ours, theirs, seconds, rounds=5, turn=0.1), "difference": difference}
                )
            yield op.name, {"name": op.name, **min(rows, key=lambda row: row["ratio"])}

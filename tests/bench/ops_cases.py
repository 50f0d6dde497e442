"""Every op alone, forward and backward, at the sizes that it has in the networks."""

from __future__ import annotations

import contextlib
import importlib.util
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
    memory : the order of minipose's pictures, outermost first; U-Net's (channels last) by default
    """

    op: str
    shapes: tuple[tuple[int, ...], ...]
    options: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    positive: bool = False
    random: bool = False
    memory: str = "NHWC"

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
    return Op("conv2d_max_pool2d", shapes, {"tanh": True}, note, memory="HWCN")


def _linear(inside: int, outside: int) -> Op:
    return Op(
        "linear", ((128, inside), (outside, inside), (outside,)), note=f"{inside} → {outside}"
    )


def _small(c: int, o: int, k: int, side: int, n: int) -> Op:
    """As in a reader's own network: pictures in the order in which they are given."""
    shapes = ((n, c, side, side), (o, c, k, k), (o,))
    note = f"{k}×{k}, {c} → {o}, {n} of {side}×{side}"
    return Op("conv2d", shapes, {"padding": k // 2}, note, memory="NCHW")


def _norm(op: str, n: int, c: int, height: int, width: int, **options: Any) -> Op:
    shapes = ((n, c, height, width), (c,), (c,))
    note = f"and ReLU, {n}×{c}×{height}×{width}"
    return Op(op, shapes, {"relu": True, **options}, note)


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
    _norm("batch_norm", 4, 12, 192, 128), _norm("batch_norm", 8, 24, 96, 64),
    _norm("batch_norm", 8, 48, 48, 32), _norm("batch_norm", 8, 64, 32, 24),
    _norm("batch_norm_inference", 4, 12, 192, 128), _norm("group_norm", 4, 12, 192, 128, groups=4),
    *(Op(name, (MAP,)) for name in ("relu", "leaky_relu", "tanh", "sigmoid", "log_sigmoid")),
    *(Op(name, (MAP,)) for name in ("softplus", "exp", "negative")),
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

# Where plain im2col is hard to beat: few channels, or few pixels, MNIST's and CIFAR's among them.
SMALL = [
    _small(c, o, k, side, n)
    for c, o, side in ((1, 8, 28), (8, 16, 28), (3, 16, 32), (3, 64, 32), (16, 16, 32),
                       (64, 64, 32), (6, 16, 14), (16, 32, 14), (32, 32, 14), (16, 32, 7),
                       (64, 64, 7))
    for k in (1, 3, 5)
    for n in (8, 32, 128)
]  # fmt: skip

QUICK = {"conv2d", "conv2d_max_pool2d", "upsample_conv2d", "linear"}


def build(side: str, variant: str, device: str) -> Any:
    """One side's runner of ops."""
    return importlib.import_module(f"tests.bench.ops_{side}").Side(variant, device)


def small(device: str, seconds: float) -> Iterator[tuple[str, dict]]:
    """Each small convolution beside plain im2col and, where it is installed, PyTorch."""
    from tests.bench.driver import Worker, pair

    torch = importlib.util.find_spec("torch") is not None
    others = [("ours", "plain"), *[("theirs", v) for v in ("eager", "channels-last") if torch]]
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(Worker("ours", "ops", "minipose", device, "ops"))
        workers = [stack.enter_context(Worker(*s, device, "ops")) for s in _about(others)]
        for k, op in enumerate(SMALL, start=len(OPS)):
            for worker in (ours, *workers):
                worker.ask("choose", k)
            rows = [pair(ours, other, seconds, rounds=5, turn=0.05) for other in workers]
            best = min(rows[1:], key=lambda row: row["ratio"], default=None)
            yield op.name, {"name": op.name, "plain": rows[0], "torch": best}


def _about(sides: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    return [(side, "ops", variant) for side, variant in sides]


def chosen(names: list[str] | None, quick: bool = False) -> list[int]:
    """Which of OPS are named by their op or by how their row begins; all without names."""
    every = [k for k, op in enumerate(OPS) if not quick or op.op in QUICK]
    if names is None:
        return every
    return [k for k in every if OPS[k].op in names or OPS[k].name.startswith(tuple(names))]


def run(
    device: str, quick: bool, seconds: float, names: list[str] | None = None
) -> Iterator[tuple[str, dict]]:
    """Each op's name and row; PyTorch in its two memory formats, the better of them counts."""
    from tests.bench.driver import Worker, compare, pair

    with (
        tempfile.TemporaryDirectory() as folder,
        Worker("ours", "ops", "minipose", device, "ops") as ours,
        Worker("theirs", "ops", "eager", device, "ops") as eager,
        Worker("theirs", "ops", "channels-last", device, "ops") as channels,
    ):
        mine, other = Path(folder) / "ours.npz", Path(folder) / "theirs.npz"
        for k in chosen(names, quick):
            op = OPS[k]
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

"""``python -m tests.oracles.step``: training steps beside PyTorch, from the same weights.

The weights reach PyTorch in a file of ``export --torch``. Then both compute scores, loss,
gradients and updates, in float64, where a difference is an error, and in float32, where it is
rounding. What is printed is the largest difference relative to the largest number of the same
array, over all arrays. Dropout is off, since two libraries draw two kinds of random numbers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minipose import Tensor, losses, ops
from minipose.errors import Parser, missing_package

try:
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"error: {missing_package(error)}")

from minipose.exchange import commands, torch_file
from minipose.exchange.torch_names import OURS, renamed
from minipose.models import HNet, PoseNet, UNet
from minipose.nn import Dropout, MapDropout, Module
from minipose.optim import SGD, Adam
from tests.oracles import torch_ops
from tests.oracles.torch_modules import is_normalised, module_like
from tests.whole import HEADS

STEPS = 3
MOST = 1e-7  # in float64
COLUMNS = ("scores", "loss", "gradients", "updates", "running statistics")
SIZE = (2, 18, 31)  # of pictures, which have to be padded


@dataclass(frozen=True)
class Case:
    """A network with its input, and its loss in both libraries."""

    net: Module
    x: np.ndarray
    ours: Callable[[object], Tensor]
    theirs: Callable[[object], torch.Tensor]

    @property
    def name(self) -> str:
        kind = getattr(self.net, "head", None) or " ".join(self.net.heads)
        return f"{'normalised ' * is_normalised(self.net)}{type(self.net).__name__} ({kind})"


def case_of(net: Module, seed: int = 0) -> Case:
    """Random pictures and targets for a network; its heads decide the loss."""
    rng = np.random.default_rng(seed)
    for module in net.modules():
        if isinstance(module, (Dropout, MapDropout)):
            module.rate = 0.0
    if isinstance(net, PoseNet):
        return _pose_case(net, rng)
    size = SIZE
    mask, heat = (rng.random(size) < 0.4) * 1.0, rng.random((size[0], 1, *size[1:]))
    joints = np.moveaxis(np.eye(26)[rng.integers(0, 26, size)], 3, 1)
    targets = {"mask": mask, "joints": joints, "regression": heat}

    def ours(scores):
        each = {
            "mask": lambda y, t: losses.dice_loss(ops.softmax(y)[:, 1], t),
            "joints": losses.categorical_cross_entropy,
            "regression": losses.mse,
        }
        return sum(each[n](y, targets[n].astype(y.dtype)) for n, y in scores.items())

    def theirs(scores):
        each = {
            "mask": lambda y, t: torch_ops.dice_loss(torch.softmax(y, 1)[:, 1], t),
            "joints": torch_ops.categorical_cross_entropy,
            "regression": torch.nn.functional.mse_loss,
        }
        return sum(each[n](y, torch.from_numpy(targets[n]).to(y)) for n, y in scores.items())

    return Case(net, rng.random((size[0], 3, *size[1:])), ours, theirs)


def _pose_case(net: PoseNet, rng: np.random.Generator) -> Case:
    x = rng.random((2, 1, 128, 128))
    if net.head == "detection":
        name, target = "window_cross_entropy", (rng.random((2, 1700)) < 0.3) * 1.0
    else:
        name, target = "joint_squared_error", rng.standard_normal((2, 51))
    return Case(
        net,
        x,
        lambda y: getattr(losses, name)(y, target.astype(y.dtype)),
        lambda y: getattr(torch_ops, name)(y, torch.from_numpy(target).to(y)),
    )


def own_cases() -> list[Case]:
    """Each network of the reports, small."""
    rng = np.random.default_rng(0)
    regression = PoseNet((2, 3, 2), "regression", output_tanh=True, rng=rng)
    regression.set_output_range(rng.uniform(-1, 1, 51), rng.uniform(0.5, 2, 51))
    nets = [
        PoseNet((2, 3, 2), "detection", rng=rng),
        regression,
        UNet(HEADS, width=2, rng=rng),
        UNet(HEADS, width=2, normalise=True, rng=rng),
        HNet(HEADS, width=2, rng=rng),
    ]
    return [case_of(net) for net in nets]


def compare(case: Case, dtype: type = np.float64, steps: int = STEPS) -> dict[str, float]:
    """The largest relative differences of a few steps: one for each of ``COLUMNS``."""
    net = case.net.astype(np.float32).train()
    start = net.state_dict()
    with tempfile.TemporaryDirectory() as folder:
        torch_file.write(Path(folder) / "start.pt", net)
        state = torch.load(Path(folder) / "start.pt", weights_only=True)
    module = module_like(net)
    module.load_state_dict(state)
    net.astype(dtype)
    module.to(torch.float64 if dtype is np.float64 else torch.float32).train()
    optimizer, their_optimizer = _optimizers(net, module)
    x, worst = case.x.astype(dtype), dict.fromkeys(COLUMNS, 0.0)

    def note(column, ours, theirs):
        worst[column] = max(worst[column], _difference(ours, theirs.detach().numpy()))

    for _ in range(steps):
        before = {name: (p.data.copy(), q.detach().clone()) for name, p, q in _both(net, module)}
        y, their_y = net(Tensor(x)), module(torch.from_numpy(x))
        loss, their_loss = case.ours(y), case.theirs(their_y)
        optimizer.zero_grad()
        their_optimizer.zero_grad()
        loss.backward()
        their_loss.backward()
        optimizer.step()
        their_optimizer.step()
        for name in y if isinstance(y, dict) else [None]:
            note("scores", *((a if name is None else a[name]) for a in (y, their_y)))
        note("loss", loss, their_loss)
        for name, p, q in _both(net, module):
            note("gradients", p.grad, q.grad)
            note("updates", p.data - before[name][0], q - before[name][1])
    moved = dict(net.named_buffers())
    for name, buffer in module.named_buffers():
        note("running statistics", moved[renamed(name, OURS)], buffer)
    net.astype(np.float32).load_state_dict(start)
    return worst


def _optimizers(net: Module, module: torch.nn.Module) -> tuple:
    """Report 1's, with the rate, momentum and decay of its text; report 2's Adam."""
    if isinstance(net, PoseNet):
        options = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 5e-4}
        return SGD(net.parameters(), **options), torch.optim.SGD(module.parameters(), **options)
    return Adam(net.parameters(), 1e-3), torch.optim.Adam(module.parameters(), 1e-3)


def _both(net: Module, module: torch.nn.Module):
    theirs = dict(module.named_parameters())
    return [(name, p, theirs[name]) for name, p in net.named_parameters()]


def _difference(ours: Tensor | np.ndarray, expected: np.ndarray) -> float:
    ours = getattr(ours, "data", ours) if isinstance(ours, Tensor) else ours
    if ours.shape != expected.shape or ours.dtype != expected.dtype:
        raise ValueError(f"{ours.dtype} {ours.shape} beside {expected.dtype} {expected.shape}")
    largest = float(np.abs(expected).max(initial=0)) or 1.0
    return float(np.abs(ours - expected).max(initial=0)) / largest


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if a difference in float64 is more than rounding."""
    parser = Parser(prog="python -m tests.oracles.step", description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", help="a training's, instead of our own")
    parser.add_argument("--steps", type=int, default=STEPS, help="default: %(default)s")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        found = own_cases() if args.checkpoint is None else [case_of(_load(args))]
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{args.steps} training steps beside PyTorch {torch.__version__}, largest differences:\n")
    print("| network | numbers | " + " | ".join(COLUMNS) + " |")
    print("|---|---|" + "---:|" * len(COLUMNS))
    failed = False
    for case in found:
        for dtype in (np.float64, np.float32):
            worst = compare(case, dtype, args.steps)
            cells = [f"{worst[column]:.1e}" for column in COLUMNS]
            print(f"| {case.name} | {dtype.__name__} | " + " | ".join(cells) + " |", flush=True)
            failed |= dtype is np.float64 and not max(worst.values()) <= MOST
    print(f"\n{'NOT the same' if failed else 'The same'}: {MOST:.0e} is allowed in float64.")
    print("Adam's first updates have the size of its rate however small a gradient is: where it is")
    print("rounding alone, as float32 has it, so is the direction of the update.")
    return int(failed)


def _load(args: argparse.Namespace) -> Module:
    return commands.load(args.checkpoint)[0]


if __name__ == "__main__":
    sys.exit(main())

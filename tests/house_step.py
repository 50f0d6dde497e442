"""``python -m tests.house_step NETWORK [plain]``: the files that one training step enters, as JSON.

A process of its own, so that nothing is remembered from steps before. Functions count, on whichever
thread they run; what is run once to load a module does not.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np

import minipose as mp
from minipose.kernels.faster import plain_only
from minipose.losses import categorical_cross_entropy, dice_loss, joint_squared_error

HOME = str(Path(mp.__file__).parent)


def posenet() -> Callable[[], None]:
    """Report 1's network and optimizer, at its width, with a batch of 8."""
    rng = np.random.default_rng(0)
    net = mp.models.PoseNet((5, 10, 15), "regression")
    optimizer = mp.optim.SGD(net.parameters(), lr=1e-5)
    x = rng.random((8, 1, 128, 128), np.float32)
    target = rng.random((8, 51), np.float32)

    def step() -> None:
        optimizer.zero_grad()
        joint_squared_error(net(mp.Tensor(x)), target).backward()
        optimizer.step()

    return step


def people(network: Callable[..., mp.nn.Module], width: int) -> Callable[[], None]:
    """Report 2's mask + softmax with Adam, one picture of a quarter of the size."""
    rng = np.random.default_rng(0)
    net = network({"mask": 2, "joints": 26}, width=width)
    optimizer = mp.optim.Adam(net.parameters())
    x = rng.random((1, 3, 96, 64), np.float32)
    mask = rng.integers(0, 2, (1, 96, 64)).astype(np.float32)
    joints = np.eye(26, dtype=np.float32)[rng.integers(0, 26, (1, 96, 64))].transpose(0, 3, 1, 2)

    def step() -> None:
        optimizer.zero_grad()
        outputs = net(mp.Tensor(x))
        loss = dice_loss(mp.ops.softmax(outputs["mask"])[:, 1], mask)
        (loss + categorical_cross_entropy(outputs["joints"], joints)).backward()
        optimizer.step()

    return step


STEPS = {
    "PoseNet": posenet,
    "U-Net": lambda: people(mp.models.UNet, 64),
    "H-Net": lambda: people(mp.models.HNet, 32),
}


def main(network: str, plain: bool) -> int:
    """Run one step and print what it entered."""
    entered: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(HOME):
            entered.add(code.co_filename)

    with plain_only() if plain else contextlib.nullcontext():
        step = STEPS[network]()
        mp.ops.conv2d(mp.Tensor(np.ones((1, 1, 1, 1))), mp.Tensor(np.ones((1, 1, 1, 1))))  # load
        threading.setprofile(note)
        sys.setprofile(note)
        step()
        sys.setprofile(None)
    print(json.dumps(sorted(entered)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:] == ["plain"]))

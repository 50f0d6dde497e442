"""What is timed: whole networks in training and inference, and every op alone at their sizes.

A case says nothing about a library; ``ours`` and ``theirs`` build it from the same arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLASSES = {"mask": 2, "joints": 26}


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes
    ----------
    name : on the command line
    title : in the table
    network : "posenet", "lenet", "unet", "hnet" or "frames"
    kernels : channels of PoseNet's convolutions
    width : channels of U-Net at full size
    normalise : whether it has batch normalisation
    frames : in a store, where reading it is measured
    batch, size : of the images, (height, width) in px
    training : a whole step, or the forward pass alone
    goal : how many times as fast as the best of PyTorch's variants it should be
    eager_goal : the same against plain eager
    """

    name: str
    title: str
    network: str
    training: bool
    batch: int
    size: tuple[int, int]
    kernels: tuple[int, int, int] = (5, 10, 15)
    width: int = 64
    normalise: bool = False
    frames: int = 0
    goal: float = 1.0
    eager_goal: float = 1.0


def _pair(
    name: str, title: str, goals: tuple[float, float] = (1.0, 1.0), **settings: object
) -> list[Case]:
    train, infer = goals
    return [
        Case(f"{name}-train", f"{title}, training step", training=True, goal=train, **settings),
        Case(f"{name}-infer", f"{title}, inference", training=False, goal=infer, **settings),
    ]


POSENET = {"network": "posenet", "batch": 128, "size": (128, 128)}
UNET = {"network": "unet", "size": (192, 128), "goals": (1.4, 1.3), "eager_goal": 1.5}

CASES = [
    *_pair("posenet-small", "PoseNet [5 10 15], 128 × 1×128×128", kernels=(5, 10, 15),
           goals=(1.5, 1.5), eager_goal=3.0, **POSENET),
    *_pair("posenet-large", "PoseNet [32 64 64], 128 × 1×128×128", kernels=(32, 64, 64),
           goals=(1.6, 1.25), eager_goal=1.7, **POSENET),
    *_pair("lenet", "LeNet, 128 × 1×28×28", network="lenet", batch=128, size=(28, 28)),
    *_pair("unet", "U-Net 64-1024, 1 × 3×192×128", batch=1, **UNET),
    *_pair("unet-8", "U-Net 64-1024, 8 × 3×192×128", batch=8, **UNET),
    *_pair("unet-16", "U-Net 16-256 with normalisation, 8 × 3×96×64", network="unet", batch=8,
           size=(96, 64), width=16, normalise=True, goals=(1.5, 1.5), eager_goal=1.5),
]  # fmt: skip

# The library that report 2 used takes about 7 of PyTorch's U-Net steps for one H-Net step, so the
# peer of H-Net is PyTorch's U-Net on the same picture: 8/7 of its speed is 8 times the library's.
LIBRARY_STEPS = 7
CASES += _pair(
    "hnet", "H-Net 32+32 to 512+512 beside PyTorch's U-Net, 1 × 3×192×128", network="hnet", batch=1,
    size=(192, 128), goals=(8 / LIBRARY_STEPS, 8 / LIBRARY_STEPS), eager_goal=8 / LIBRARY_STEPS,
)  # fmt: skip

QUICK = {"posenet-small-train", "posenet-small-infer", "unet-train", "unet-infer"}


def named(name: str) -> Case:
    """The case of that name."""
    for case in CASES:
        if case.name == name:
            return case
    raise ValueError(f"bench: expected one of {[c.name for c in CASES]}, got {name!r}")


def data(case: Case) -> dict[str, np.ndarray]:
    """Images and targets: random, and the same for both sides."""
    rng = np.random.default_rng(1)
    channels = 1 if case.network in ("posenet", "lenet") else 3
    arrays = {"x": rng.random((case.batch, channels, *case.size), dtype=np.float32)}
    if case.network == "posenet":
        arrays["target"] = rng.standard_normal((case.batch, 51), dtype=np.float32)
        return arrays
    if case.network == "lenet":
        arrays["classes"] = rng.integers(0, 10, case.batch)
        return arrays
    pixels = (case.batch, *case.size)
    arrays["mask"] = (rng.random(pixels) < 0.5).astype(np.float32)
    arrays["classes"] = rng.integers(0, CLASSES["joints"], pixels)
    return arrays


def weights(case: Case) -> dict[str, np.ndarray]:
    """minipose's own initial weights, by name (for H-Net those of its peer, the U-Net)."""
    from minipose.models import PoseNet, UNet
    from tests.bench.lenet import LeNet

    if case.network == "posenet":
        return PoseNet(case.kernels, "regression").state_dict()
    if case.network == "lenet":
        return LeNet().state_dict()
    net = UNet(CLASSES, width=case.width, normalise=case.normalise)
    return {name: parameter.data for name, parameter in net.named_parameters()}


def arithmetic(case: Case) -> float:
    """Floating-point operations as the convolutions are written (for H-Net those of its peer); a
    training step has three times those of the forward pass (forward, dL/dx, dL/dw)."""
    once = {"posenet": _posenet, "lenet": _lenet}.get(case.network, _unet)(case)
    return 2 * once * case.batch * (3 if case.training else 1)


def _posenet(case: Case) -> int:
    k1, k2, k3 = case.kernels
    convolutions = 124**2 * 25 * k1 + 58**2 * 25 * k1 * k2 + 24**2 * 36 * k2 * k3
    return convolutions + k3 * 144 * 1024 + 1024 * 2048 + 2048 * 51


def _lenet(case: Case) -> int:
    return 28**2 * 25 * 6 + 10**2 * 25 * 6 * 16 + 400 * 120 + 120 * 84 + 84 * 10


def _unet(case: Case) -> int:
    pixels, total = case.size[0] * case.size[1], 0
    channels = [case.width * 2**level for level in range(5)]
    for level, (inside, outside) in enumerate(zip([3, *channels], channels, strict=False)):
        total += pixels // 4**level * 9 * (inside * outside + outside * outside)
    for level, outside in enumerate(channels[:4]):
        doubling = 4 * 2 * outside * outside
        total += pixels // 4**level * (doubling + 9 * 3 * outside * outside)
    return total + pixels * case.width * sum(CLASSES.values())

"""PyTorch's side of a case, in three variants; the fastest of them counts.

- ``eager``: as one writes it first.
- ``channels-last``: images and kernels in that memory format, and the fused optimizer.
- ``compiled``: the same through ``torch.compile``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as f

from tests.bench.cases import CLASSES, Case, data

VARIANTS = ("eager", "channels-last", "compiled")


class PoseNet(nn.Module):
    """As ``minipose.models.PoseNet``; tanh after the pool, which helps PyTorch as well."""

    def __init__(self, kernels: tuple[int, int, int]) -> None:
        super().__init__()
        k1, k2, k3 = kernels
        self.conv1 = nn.Conv2d(1, k1, 5)
        self.conv2 = nn.Conv2d(k1, k2, 5)
        self.conv3 = nn.Conv2d(k2, k3, 6)
        self.fc1 = nn.Linear(k3 * 144, 1024)
        self.fc2 = nn.Linear(1024, 2048)
        self.out = nn.Linear(2048, 51)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in (self.conv1, self.conv2, self.conv3):
            x = torch.tanh(f.max_pool2d(conv(x), 2))
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.out(torch.tanh(self.fc2(x)))


class LeNet(nn.Module):
    """As ``tests.bench.lenet.LeNet``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.out = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in (self.conv1, self.conv2):
            x = f.max_pool2d(f.relu(conv(x)), 2)
        x = f.relu(self.fc1(x.flatten(1)))
        return self.out(f.relu(self.fc2(x)))


class Normalised(nn.Module):
    """A convolution, batch normalisation; the names are minipose's."""

    def __init__(self, convolution: nn.Module, channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([convolution, nn.BatchNorm2d(channels)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers[1](self.layers[0](x))


class Two(nn.Module):
    """Two 3×3 convolutions with ReLU."""

    def __init__(self, inside: int, outside: int, normalise: bool) -> None:
        super().__init__()
        for name, c in (("first", inside), ("second", outside)):
            layer = nn.Conv2d(c, outside, 3, padding=1, bias=not normalise)
            setattr(self, name, Normalised(layer, outside) if normalise else layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return f.relu(self.second(f.relu(self.first(x))))


class Doubling(nn.Module):
    """Nearest upsampling, then a 2×2 convolution."""

    def __init__(self, inside: int, outside: int, bias: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inside, outside, 2, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(f.pad(f.interpolate(x, scale_factor=2.0), (0, 1, 0, 1)))


def _doubling(inside: int, outside: int, normalise: bool) -> nn.Module:
    double = Doubling(inside, outside, bias=not normalise)
    return Normalised(double, outside) if normalise else double


class UNet(nn.Module):
    """As ``minipose.models.UNet``, for sizes that are multiples of 16."""

    def __init__(self, width: int, dropout: float, normalise: bool) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(5)]
        downwards = zip([3, *channels], channels, strict=False)
        self.down = nn.ModuleList(Two(a, b, normalise) for a, b in downwards)
        upwards = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.double = nn.ModuleList(_doubling(a, b, normalise) for a, b in upwards)
        self.up = nn.ModuleList(Two(2 * b, b, normalise) for _, b in upwards)
        self.heads = nn.ModuleDict({n: nn.Conv2d(width, c, 1) for n, c in CLASSES.items()})
        self.rate = dropout

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        skips = []
        for level, convolutions in enumerate(self.down):
            x = skip = convolutions(x if level == 0 else f.max_pool2d(x, 2))
            if level > 0:
                x = f.dropout(x, self.rate, self.training)
            skips.append(x if level == 3 else skip)
        skips.pop()
        double = self._modules["double"]  # ``self.double`` is PyTorch's change to float64
        for step in range(4):
            x = self.up[step](torch.cat([skips.pop(), f.relu(double[step](x))], 1))
            if step < 3:
                x = f.dropout(x, self.rate, self.training)
        return {name: head(x) for name, head in self.heads.items()}


class Side:
    """A case, ready to run."""

    def __init__(self, case: Case, variant: str, device: str, state: dict) -> None:
        self.case, self.device = case, device
        self.arrays = {k: torch.from_numpy(v).to(device) for k, v in data(case).items()}
        self.x = self.arrays.pop("x")
        if case.network == "lenet":
            net = LeNet()
        elif case.network == "posenet":
            net = PoseNet(case.kernels)
        else:
            net = UNet(case.width, 0.3, case.normalise)
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                parameter.copy_(torch.from_numpy(state[name]))
        self.parameters = dict(net.to(device).named_parameters())
        if variant != "eager":
            net = net.to(memory_format=torch.channels_last)
            self.x = self.x.to(memory_format=torch.channels_last)
        fused = None if variant == "eager" else True
        if case.network == "posenet":
            settings = {"lr": 1e-5, "momentum": 0.9, "weight_decay": 5e-4, "fused": fused}
            self.optimizer = torch.optim.SGD(net.parameters(), **settings)
        else:
            self.optimizer = torch.optim.Adam(net.parameters(), lr=2e-5, fused=fused)
        self.net = torch.compile(net) if variant == "compiled" else net

    def check(self) -> dict[str, np.ndarray]:
        """Outputs and, for a training case, gradients, without dropout."""
        self.net.eval()
        if not self.case.training:
            with torch.inference_mode():
                return {"output": self._first(self.net(self.x)).cpu().numpy()}
        outputs = self.net(self.x)
        loss = self._loss(outputs)
        loss.backward()
        found = {name: p.grad.cpu().numpy() for name, p in self.parameters.items()}
        self.optimizer.zero_grad()
        output = self._first(outputs).detach().cpu().numpy()
        return {"output": output, "loss": loss.detach().cpu().numpy(), **found}

    def step(self) -> Callable[[], None]:
        """What is timed."""
        if not self.case.training:
            self.net.eval()
            return self._infer
        self.net.train()
        return self._train

    def wait(self) -> None:
        """Until everything asked for is done."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def device_memory(self) -> int:
        """Bytes that the library holds on the device."""
        return torch.cuda.max_memory_reserved() if self.device == "cuda" else 0

    def _train(self) -> None:
        self._loss(self.net(self.x)).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def _infer(self) -> None:
        with torch.inference_mode():
            self.net(self.x)

    def _loss(self, outputs: object) -> torch.Tensor:
        if self.case.network == "posenet":
            return 0.5 / self.case.batch * ((outputs - self.arrays["target"]) ** 2).sum()
        if self.case.network == "lenet":
            return f.cross_entropy(outputs, self.arrays["classes"])
        foreground, mask = torch.softmax(outputs["mask"], 1)[:, 1], self.arrays["mask"]
        overlap = 2 * (foreground * mask).sum((1, 2)) + 1e-6
        dice = 1 - (overlap / (foreground.sum((1, 2)) + mask.sum((1, 2)) + 1e-6)).mean()
        return dice + f.cross_entropy(outputs["joints"], self.arrays["classes"])

    def _first(self, outputs: object) -> torch.Tensor:
        return outputs["joints"] if isinstance(outputs, dict) else outputs

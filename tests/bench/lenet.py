"""LeNet-5 as people write it today, in minipose."""

from __future__ import annotations

import numpy as np

from minipose import Tensor, nn, ops


class LeNet(nn.Module):
    """x (N, 1, 28, 28) -> scores of ten classes (N, 10)."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.conv1 = nn.Conv2d(1, 6, 5, rng, padding=2, activation="relu")
        self.conv2 = nn.Conv2d(6, 16, 5, rng, activation="relu")
        self.fc1 = nn.Linear(400, 120, rng)
        self.fc2 = nn.Linear(120, 84, rng)
        self.out = nn.Linear(84, 10, rng)

    def forward(self, x: Tensor) -> Tensor:
        x = ops.max_pool2d(self.conv1(x), 2)
        x = ops.max_pool2d(self.conv2(x), 2)
        x = ops.relu(self.fc1(ops.reshape(x, (x.shape[0], -1))))
        return self.out(ops.relu(self.fc2(x)))

"""PoseNet: three convolutions shared by a joint detector and a pose regressor (report 1)."""

from __future__ import annotations

import numpy as np

from minipose import ops
from minipose.backend import array_module
from minipose.nn import BatchNorm2d, Conv2dMaxPool2d, Dropout, Linear, Module
from minipose.tensor import Tensor

JOINTS = 17
WINDOWS = 100  # per joint, a 10 × 10 grid
SIDE = 128  # px
OUTPUTS = {"detection": JOINTS * WINDOWS, "regression": JOINTS * 3}


class PoseNet(Module):
    """x (N, 1, 128, 128) in [0, 1] -> window logits (N, 1700) or joints (N, 51) in mm.

    Layers: convolutions 5×5, 5×5, 6×6 ('valid'), each followed by a 2×2 max-pool, bias and tanh;
    fully connected 1024 and 2048 with tanh; a linear output.
    Sides: 128 → 124 → 62 → 58 → 29 → 24 → 12, so ``kernels[2]``·12·12 features (2160 for
    (5, 10, 15), 9216 for (32, 64, 64)). The node counts in the report's figure 4(b) do not follow
    from its own text.

    Bias and tanh come after the pool: both keep the order of values, so the maximum passes through
    them and the function is the same, at a quarter of the tanh calls.

    Parameters
    ----------
    kernels : three int
        Channels of the three convolutions: (5, 10, 15) or (32, 64, 64) in the report.
    head : "detection" or "regression"
    dropout : float
        Fraction of the fully connected units switched off in training (0 in the report's runs).
    output_tanh : bool
        Regression only: squash the output into the range of the joints, centre + half range · tanh
        (the abstract's "non-linear activation at the last regression layer").
    rng : numpy Generator, optional
        For the initial weights: Glorot uniform, biases 0.
    hidden : two int
        Units of the fully connected layers: (1024, 2048) in the report.
    normalise : bool
        Batch normalisation before every tanh (not in the report); those layers have no bias then.

    Attributes
    ----------
    output_centre, output_scale : arrays (51,), mm
        Regression only: joints = centre + scale · output; see ``set_output_range``.

    Source: report 1, sections 4.1-4.3, figures 3 and 4; order of pool, bias and tanh from its code.
    """

    def __init__(
        self,
        kernels: tuple[int, int, int] = (5, 10, 15),
        head: str = "detection",
        dropout: float = 0.0,
        output_tanh: bool = False,
        rng: np.random.Generator | None = None,
        hidden: tuple[int, int] = (1024, 2048),
        normalise: bool = False,
    ) -> None:
        if head not in OUTPUTS:
            raise ValueError(f"PoseNet: expected head 'detection' or 'regression', got {head!r}")
        if len(kernels) != 3 or min(kernels) < 1:
            raise ValueError(f"PoseNet: expected three positive kernel counts, got {kernels}")
        if len(hidden) != 2 or min(hidden) < 1:
            raise ValueError(f"PoseNet: expected two positive numbers of units, got {hidden}")
        rng = np.random.default_rng(0) if rng is None else rng
        k1, k2, k3 = kernels
        self.head, self.output_tanh = head, output_tanh
        own = {"bias": False, "activation": None} if normalise else {}
        self.conv1 = Conv2dMaxPool2d(1, k1, 5, rng, **own)
        self.conv2 = Conv2dMaxPool2d(k1, k2, 5, rng, **own)
        self.conv3 = Conv2dMaxPool2d(k2, k3, 6, rng, **own)
        self.fc1 = Linear(k3 * 12 * 12, hidden[0], rng, bias=not normalise)
        self.fc2 = Linear(*hidden, rng, bias=not normalise)
        self.out = Linear(hidden[1], OUTPUTS[head], rng)
        norms = [BatchNorm2d(n) if normalise else None for n in (*kernels, *hidden)]
        self.norm1, self.norm2, self.norm3, self.norm4, self.norm5 = norms
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        if head == "regression":
            self.register_buffer("output_centre", np.zeros(OUTPUTS[head], dtype=np.float32))
            self.register_buffer("output_scale", np.ones(OUTPUTS[head], dtype=np.float32))

    def set_output_range(self, centre: np.ndarray, scale: np.ndarray) -> None:
        """Say where joints lie, in mm: centre and scale of each of the 51 coordinates."""
        for buffer, values in ((self.output_centre, centre), (self.output_scale, scale)):
            if np.shape(values) != buffer.shape:
                raise ValueError(
                    f"PoseNet: expected an output range of {buffer.shape}, got {np.shape(values)}"
                )
            buffer[...] = array_module(buffer).asarray(values, dtype=buffer.dtype)

    def features(self, x: Tensor) -> Tensor:
        """The shared part: (N, 1, 128, 128) -> (N, kernels[2]·144)."""
        for convolution, norm in self.stages():
            x = convolution(x)
            x = x if norm is None else _tanh(x, norm)
        return ops.flatten(x)

    def stages(self) -> list[tuple[Conv2dMaxPool2d, BatchNorm2d | None]]:
        """The shared layers: each convolution and what normalises it."""
        return [(self.conv1, self.norm1), (self.conv2, self.norm2), (self.conv3, self.norm3)]

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1:] != (1, SIDE, SIDE):
            raise ValueError(f"PoseNet: expected x (N, 1, {SIDE}, {SIDE}), got {x.shape}")
        hidden = self.dropout1(_tanh(self.fc1(self.features(x)), self.norm4))
        hidden = self.dropout2(_tanh(self.fc2(hidden), self.norm5))
        y = self.out(hidden)
        if self.head == "detection":
            return y
        if self.output_tanh:
            y = ops.tanh(y)
        return y * Tensor(self.output_scale) + Tensor(self.output_centre)

    def transfer(self, detector: PoseNet) -> None:
        """Take the weights of conv1-conv3 from a trained detector (report 1, section 4.3)."""
        for own, others in zip(self.stages(), detector.stages(), strict=True):
            for layer, trained in zip(own, others, strict=True):
                if layer is not None:
                    layer.load_state_dict(trained.state_dict())

    def shared_parameters(self) -> list:
        """The parameters of conv1-conv3, which ``transfer`` copies and which may be frozen."""
        layers = [layer for stage in self.stages() for layer in stage if layer is not None]
        return [p for layer in layers for p in layer.parameters()]


def _tanh(x: Tensor, norm: BatchNorm2d | None) -> Tensor:
    return ops.tanh(x if norm is None else norm(x))

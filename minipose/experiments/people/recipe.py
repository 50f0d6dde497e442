"""What a run of report 2's job does: its five models, and every choice with the report's own."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from minipose.targets.heatmaps import CHANNELS


@dataclass(frozen=True)
class Outputs:
    """What a model predicts beside the mask.

    Attributes
    ----------
    joints : "" (nothing), "classes" (1 in the channel of the joint) or "confidences" (the blurred
        value there): 26 channels, softmax, cross entropy
    regression : whether one linear channel predicts the heatmap: mean squared error
    """

    joints: str = ""
    regression: bool = False

    @property
    def heads(self) -> dict[str, int]:
        """Channels of the network's heads."""
        heads = {"mask": 2}
        if self.joints:
            heads["joints"] = CHANNELS
        if self.regression:
            heads["regression"] = 1
        return heads


# Report 2, sections II-D 1 and 3 a, b, c, d.
MODELS = {
    "mask": Outputs(),
    "mask+regression": Outputs(regression=True),
    "mask+softmax": Outputs("classes"),
    "mask+regression-softmax": Outputs("confidences"),
    "triple": Outputs("classes", regression=True),
}
NETWORKS = ("unet", "hnet")


@dataclass(frozen=True)
class Recipe:
    """The choices of one run. ``RECIPES`` names whole sets; flags and files change single ones.

    Attributes
    ----------
    model : one of ``MODELS``
    network : "unet", or "hnet" with harmonic convolutions
    width : maps at full size; 64 (U-Net) and 32 (H-Net) in the report
    dropout : share of units switched off in training
    batch : pictures a step; those of one batch have one size (after padding to multiples of 16)
    parts : of a batch, each computed by a process of its own (on a CPU)
    epochs : passes over the training pictures
    lr : Adam's learning rate
    lr_decay : the learning rate falls along half a cosine to this share of its start; 1 is constant
    warmup : steps over which the learning rate rises from 0 at first: Adam's first steps have its
        full size whatever the gradient, and a mask that they empty gives the dice loss no way back
    held : so many epochs pass before the rate begins to fall
    validated : validation pictures that are looked at after each epoch; 0 for all of them
    mask_weight, joint_weight, regression_weight : of the dice loss, the cross entropy and the mean
        squared error in the sum that is minimised
    peak : highest value of the regression target: 100, or 1 to see it collapse
    background_weight : of the background's share of the cross entropy in training; below 1 the few
        pixels of joints count for more
    quarter_epochs, half_epochs : so many epochs at first see the pictures at a quarter, the next at
        half of their size, which takes a tenth and a quarter of the time
    flip : also show mirrored pictures (with left and right joints exchanged)
    turn : pictures are turned by up to this many degrees to either side
    zoom : and made up to this share larger or smaller
    jitter : brightness and colours are multiplied by 1 ± up to this
    """

    model: str = "mask+softmax"
    network: str = "unet"
    width: int = 64
    dropout: float = 0.3
    batch: int = 1
    parts: int = 1
    epochs: int = 100
    lr: float = 2e-5
    lr_decay: float = 1.0
    warmup: int = 0
    held: int = 0
    validated: int = 0
    mask_weight: float = 1.0
    joint_weight: float = 1.0
    regression_weight: float = 1.0
    peak: float = 100.0
    background_weight: float = 1.0
    quarter_epochs: int = 0
    half_epochs: int = 0
    flip: bool = False
    turn: float = 0.0
    zoom: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        _one_of("model", self.model, tuple(MODELS))
        _one_of("network", self.network, NETWORKS)
        for name in ("width", "batch", "parts", "epochs", "lr", "peak"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        for name in ("dropout", "zoom", "jitter"):
            if not 0 <= getattr(self, name) < 1:
                given = getattr(self, name)
                raise ValueError(f"{name}: expected at least 0 and below 1, got {given}")
        weights = ("mask_weight", "joint_weight", "regression_weight", "background_weight")
        for name in (
            *weights,
            "warmup",
            "held",
            "validated",
            "quarter_epochs",
            "half_epochs",
            "turn",
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")

    @property
    def outputs(self) -> Outputs:
        """What the chosen model predicts."""
        return MODELS[self.model]

    def halvings(self, epoch: int) -> int:
        """How often the pictures of an epoch (from 0) are halved: 2, 1 or 0 times."""
        small = epoch < self.quarter_epochs + self.half_epochs
        return int(small) + int(epoch < self.quarter_epochs)

    def changed(self, **choices: object) -> Recipe:
        """A copy with the given choices; those that are None are left as they are."""
        known = {f.name for f in fields(self)}
        return replace(self, **{k: v for k, v in choices.items() if k in known and v is not None})


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}: expected {' or '.join(allowed)}, got {value!r}")


RECIPES = {
    # Report 2 to the letter: section II-D.
    "report": Recipe(),
    # What fits in a few minutes on two cores.
    "quick": Recipe(
        width=12, dropout=0.0, batch=8, parts=2, epochs=11, quarter_epochs=4, half_epochs=5,
        lr=0.001, lr_decay=0.02, warmup=100, held=8, validated=50, joint_weight=3.0,
        background_weight=0.1, flip=True, jitter=0.2,
    ),
    # An hour or two on two cores.
    "full": Recipe(
        width=16, dropout=0.0, batch=8, parts=2, epochs=26, quarter_epochs=8, half_epochs=10,
        lr=0.001, lr_decay=0.01, warmup=100, held=16, validated=400, joint_weight=3.0,
        background_weight=0.1, flip=True, turn=15.0, zoom=0.15, jitter=0.2,
    ),
    # One of several trainings that are compared. At twice the rate the dice loss alone can end in
    # empty masks, from which it has no way back.
    "compare": Recipe(
        width=8, dropout=0.0, batch=4, parts=2, epochs=8, quarter_epochs=3, half_epochs=4,
        lr=0.00025, lr_decay=0.02, warmup=100, held=4, validated=50, background_weight=0.1,
        flip=True, jitter=0.2,
    ),
}  # fmt: skip

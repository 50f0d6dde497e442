"""What a run of report 1's job does: every choice, with the report's own as one of the recipes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Recipe:
    """The choices of one run. ``RECIPES`` names whole sets; flags and files change single ones.

    Attributes
    ----------
    kernels : maps of conv1-conv3, (5, 10, 15) or (32, 64, 64)
    batch : images per step
    optimizer : "sgd" (eq. 7-8) or "adam"
    lr : learning rate of the regression
    detection_lr : learning rate of the detection
    lr_decay : the learning rate falls along half a cosine to this share of its start; 1 is constant
    momentum, weight_decay : of eq. 7
    detection_epochs, epochs : passes over the training images for either network
    pretrain : train the detector first and take over conv1-conv3
    shared : "finetune" or "freeze" the layers taken over
    loss : "squared" (eq. 2 and 6) or "distance" (the mean distance, as the report's code has it)
    output_tanh : tanh on the last layer of the regression, scaled to the range of the joints
    dropout : share of fully connected units switched off in training
    flip : also show mirrored images (with left and right joints exchanged)
    jitter : brightness of each training image is multiplied by a factor from [1 − j, 1 + j]
    unit_mm : unit of the outputs and of the squared loss, mm
    """

    kernels: tuple[int, int, int] = (5, 10, 15)
    batch: int = 128
    optimizer: str = "sgd"
    lr: float = 0.001
    detection_lr: float = 0.001
    lr_decay: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 0.0005
    detection_epochs: int = 50
    epochs: int = 100
    pretrain: bool = True
    shared: str = "finetune"
    loss: str = "squared"
    output_tanh: bool = False
    dropout: float = 0.0
    flip: bool = False
    jitter: float = 0.0
    unit_mm: float = 100.0

    def __post_init__(self) -> None:
        _one_of("optimizer", self.optimizer, ("sgd", "adam"))
        _one_of("shared", self.shared, ("finetune", "freeze"))
        _one_of("loss", self.loss, ("squared", "distance"))
        for name in ("batch", "epochs", "lr", "detection_lr", "unit_mm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        for name in ("dropout", "jitter"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 0 to below 1, got {getattr(self, name)}")
        if len(self.kernels) != 3 or min(self.kernels) < 1:
            raise ValueError(f"kernels: expected three positive numbers, got {self.kernels}")

    def changed(self, **choices: object) -> Recipe:
        """A copy with the given choices; those that are None are left as they are."""
        known = {f.name for f in fields(self)}
        return replace(self, **{k: v for k, v in choices.items() if k in known and v is not None})


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}: expected {' or '.join(allowed)}, got {value!r}")


RECIPES = {
    # Report 1 to the letter, as far as it is written: section 4.4 and figure 4.
    "report": Recipe(),
    # What fits in a few minutes on two cores.
    "quick": Recipe(
        optimizer="adam", lr=0.001, detection_lr=0.001, lr_decay=0.02,
        detection_epochs=2, epochs=8, loss="distance", flip=True, jitter=0.3,
    ),
    # What fits in about an hour.
    "full": Recipe(
        optimizer="adam", lr=0.001, detection_lr=0.001, lr_decay=0.01,
        detection_epochs=4, epochs=26, loss="distance", flip=True, jitter=0.4, dropout=0.2,
    ),
}  # fmt: skip

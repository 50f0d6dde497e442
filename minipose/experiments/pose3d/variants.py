"""The rows of the ablation: what each of them changes in report 1's own recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIZES = {"kernels", "batch"}  # may be given: they hold for every row that has none of its own


@dataclass(frozen=True)
class Variant:
    """One row.

    Attributes
    ----------
    choices : what differs from the base
    budget : the fraction of the base's budget that the row has; rows are compared where they have
        seen as many images
    longer : the training goes on to this multiple of the budget, to show what comes after it
    """

    choices: Mapping[str, Any] = field(default_factory=dict)
    budget: float = 1.0
    longer: int = 1

    def epochs(self, base: Any) -> int:
        """The number of epochs of regression after which the row is compared with others.

        One that is not pre-trained has the detector's, too: every row has seen as many images.
        """
        pretrain = self.choices.get("pretrain", base.pretrain)
        whole = base.epochs + (0 if pretrain else base.detection_epochs)
        return max(1, round(whole * self.budget))

    def recipe(self, base: Any) -> Any:
        """The recipe of its trainings."""
        return base.changed(**self.choices, epochs=self.longer * self.epochs(base))


REPORT = "report: pre-trained, momentum, decay"
ALONE = "no pre-training"
FROZEN = "pre-trained, conv1-conv3 frozen"
NO_MOMENTUM = "no momentum"
NO_DECAY = "no weight decay"
NEITHER = "neither momentum nor decay"
DROPOUT = "dropout 0.2"
TANH = "tanh on the last layer"
TANH_SCALED = "tanh on the last layer, loss in units of 500 mm"
DISTANCE = "mean distance as loss"
CODE = "published code's update rule"
DISTANCE_CODE = "published code's loss and update rule"
FIRST = "first session: no pre-training, plain descent, batch 1"
SECOND = "the same with batch 128"
WIDE = "no pre-training, kernels [32 64 64]"
ADAM = "Adam"

_PLAIN = {"momentum": 0.0, "weight_decay": 0.0}

# Rows whose images cost many times as much have a smaller budget, and are compared with the others
# where those had seen no more images.
VARIANTS: dict[str, Variant] = {
    REPORT: Variant(longer=2),
    ALONE: Variant({"pretrain": False}),
    FROZEN: Variant({"shared": "freeze"}),
    NO_MOMENTUM: Variant({"momentum": 0.0}),
    NO_DECAY: Variant({"weight_decay": 0.0}),
    NEITHER: Variant(_PLAIN, longer=2),
    DROPOUT: Variant({"dropout": 0.2}),
    TANH: Variant({"output_tanh": True}),
    TANH_SCALED: Variant({"output_tanh": True, "unit_mm": 500.0}),
    DISTANCE: Variant({"loss": "distance"}),
    CODE: Variant({"optimizer": "code"}),
    DISTANCE_CODE: Variant({"loss": "distance", "optimizer": "code"}),
    FIRST: Variant({"pretrain": False, "batch": 1, **_PLAIN}, budget=1 / 12),
    SECOND: Variant({"pretrain": False, **_PLAIN}),
    WIDE: Variant({"pretrain": False, "kernels": (32, 64, 64)}, budget=1 / 6),
    ADAM: Variant({"optimizer": "adam"}),
}


def varied() -> set[str]:
    """The choices that rows set, so that nobody else can."""
    return {name for variant in VARIANTS.values() for name in variant.choices} - SIZES

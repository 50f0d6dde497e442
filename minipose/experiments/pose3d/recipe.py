"""The choices of report 1's job, with the report's own as one of the recipes."""

from __future__ import annotations

from dataclasses import dataclass

from minipose.experiments.checks import YES_OR_NO, number, one_of, several, whole
from minipose.experiments.settings import Choices, RunSettings, choice


@dataclass(frozen=True)
class Recipe(Choices):
    """The choices of one run. ``RECIPES`` names whole sets; flags and files change single ones."""

    kernels: tuple[int, int, int] = choice(
        (5, 10, 15), "channels of conv1-conv3; also tried: 32 64 64", several(3, whole(1))
    )
    hidden: tuple[int, int] = choice(
        (1024, 2048), "units of the two fully connected layers", several(2, whole(1))
    )
    normalise: bool = choice(False, "batch normalisation before every tanh", YES_OR_NO)
    batch: int = choice(128, "images a step", whole(1))
    optimizer: str = choice("sgd", "sgd is report 1's eq. 7-8", one_of("sgd", "adam"))
    lr: float = choice(0.001, "learning rate of the regression", number(above=0))
    detection_lr: float = choice(0.001, "learning rate of the detection", number(above=0))
    lr_decay: float = choice(
        1.0, "the rate falls along half a cosine to this fraction; 1: it stays",
        number(least=0, most=1),
    )  # fmt: skip
    momentum: float = choice(0.9, "of eq. 7", number(least=0, below=1))
    weight_decay: float = choice(0.0005, "of eq. 7", number(least=0))
    detection_epochs: int = choice(50, "passes over the images by the detection", whole(0))
    epochs: int = choice(100, "passes over the images by the regression", whole(1))
    pretrain: bool = choice(
        True, "train a detector first and transfer its conv1-conv3", YES_OR_NO
    )  # fmt: skip
    shared: str = choice("finetune", "what happens to the transferred layers",
                         one_of("finetune", "freeze"))  # fmt: skip
    loss: str = choice("squared", "eq. 2 and 6, or the mean distance, as the report's code has it",
                       one_of("squared", "distance"))  # fmt: skip
    output_tanh: bool = choice(
        False, "tanh on the last layer, scaled to the range of the joints", YES_OR_NO
    )
    dropout: float = choice(
        0.0, "fraction of fully connected units off in training", number(least=0, below=1)
    )
    flip: bool = choice(False, "mirrored images too, left and right joints exchanged", YES_OR_NO)
    jitter: float = choice(
        0.0, "brightness of training images times 1 ± up to this", number(least=0, below=1)
    )
    unit_mm: float = choice(
        100.0, "unit of the outputs and of the squared loss, mm", number(above=0)
    )


ABOUT = {
    "report": "report 1 to the letter, as far as it is written: section 4.4 and figure 4",
    "quick": "a few minutes on two cores",
    "full": "about an hour on two cores",
}
RECIPES = {
    "report": Recipe(),
    "quick": Recipe(
        optimizer="adam", lr=0.001, detection_lr=0.001, lr_decay=0.02,
        detection_epochs=2, epochs=8, loss="distance", flip=True, jitter=0.3,
    ),
    "full": Recipe(
        optimizer="adam", lr=0.001, detection_lr=0.001, lr_decay=0.01,
        detection_epochs=4, epochs=26, loss="distance", flip=True, jitter=0.4, dropout=0.2,
    ),
}  # fmt: skip


def default_out(recipe: Recipe) -> str:
    """The run folder where none is given."""
    return "runs/h36m"


@dataclass(frozen=True)
class Settings(RunSettings):
    """What a run of this job has beside its recipe."""

    recipe: str = choice("quick", "a set of choices, see below", one_of(*RECIPES))
    compare: str | None = choice(
        None, "ablation: train with and without each choice at one budget", one_of("ablation"),
        flags={"--ablate": "ablation"},
    )  # fmt: skip

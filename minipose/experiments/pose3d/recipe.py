"""The choices of report 1's job, with the report's own as one of the recipes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minipose.errors import UserError
from minipose.experiments.checks import PATH, YES_OR_NO, number, one_of, several, whole
from minipose.experiments.pose3d.variants import varied
from minipose.experiments.settings import (
    Choices,
    RunSettings,
    changed_from,
    choice,
    expect_comparison,
    expect_free,
)


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
    optimizer: str = choice(
        "sgd", "sgd: report 1's eq. 7-8; code: the rule of its published code, v ← m·v + (1 − m)·g "
        "and w ← w − ε·v",
        one_of("sgd", "code", "adam"),
    )  # fmt: skip
    lr: float = choice(0.001, "learning rate of the regression", number(above=0))
    detection_lr: float = choice(0.001, "learning rate of the detection", number(above=0))
    lr_decay: float = choice(
        1.0, "the rate falls along half a cosine to this fraction; 1: it stays",
        number(least=0, most=1),
    )  # fmt: skip
    momentum: float = choice(0.9, "of eq. 7", number(least=0, below=1))
    weight_decay: float = choice(0.0005, "of eq. 7", number(least=0))
    detection_epochs: int = choice(50, "passes over the images by the detection", whole(0))
    detection_patience: int = choice(
        0, "the detection ends after this many epochs without a smaller validation cross entropy; "
        "0: after all of them",
        whole(0),
    )  # fmt: skip
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
    "ablation": "report 1's own with fewer epochs: what --ablate begins with",
}
RECIPES = {
    "report": Recipe(),
    "quick": Recipe(
        hidden=(512, 512), normalise=True, batch=32, optimizer="adam", lr=0.002, detection_lr=0.002,
        lr_decay=0.02, detection_epochs=1, epochs=6, loss="distance", flip=True, jitter=0.3,
    ),
    "full": Recipe(
        hidden=(512, 512), normalise=True, batch=32, optimizer="adam", lr=0.002, detection_lr=0.002,
        lr_decay=0.01, detection_epochs=1, epochs=24, loss="distance", flip=True, jitter=0.4,
    ),
    "ablation": Recipe(detection_epochs=4, epochs=8),  # a third is the detector's, as of 50 + 100
}  # fmt: skip


@dataclass(frozen=True)
class Settings(RunSettings):
    """What a run of this job has beside its recipe."""

    recipe: str = choice("quick", "a set of choices, see below", one_of(*RECIPES))
    limit: int | None = choice(None, "at most this many images of each split", whole(1))
    compare: str | None = choice(
        None, "ablation: train with and without each choice at one budget, with --seeds seeds",
        one_of("ablation"), flags={"--ablate": "ablation"},
        shorthands={"ablation": {"compare": "ablation", "recipe": "ablation"}},
    )  # fmt: skip
    seeds: int = choice(
        3, "in a comparison, the number of trainings of each row, from --seed on", whole(1),
        affects_numbers=False,
    )  # fmt: skip
    at_once: int = choice(
        0, "in a comparison, trainings at the same time; 0: as many as there are processors",
        whole(0), affects_numbers=False,
    )  # fmt: skip
    detector: Path | None = choice(  # noqa: RUF009
        None, "detection-last.npz of another run, to be transferred instead of training one", PATH
    )

    def expect_use(self, recipe: Recipe) -> None:
        """Refuse what would have no effect."""
        given = changed_from(RECIPES[self.recipe], recipe)
        if self.compare:
            expect_free(given, varied(), "the ablation")
        else:
            expect_comparison(self, "--ablate")
        if self.detector is None:
            if recipe.pretrain and not recipe.detection_epochs:
                raise UserError(
                    "detection_epochs: expected 1 or more with pretrain, got 0 (--no-pretrain: the "
                    "regression begins afresh)"
                )
            return
        if not recipe.pretrain:
            raise UserError(f"detector: nothing is transferred without pretrain ({self.detector})")
        for name in sorted(n for n in given if n.startswith("detection_")):
            raise UserError(
                f"{name}: no detector is trained with --detector {self.detector}, so it cannot be "
                f"given (it was {getattr(recipe, name)})"
            )


def default_out(settings: Settings, recipe: Recipe) -> str:
    """The run folder where none is given: named by the recipe, its kernels if others, the seed."""
    own = RECIPES[settings.recipe].kernels
    kernels = "" if recipe.kernels == own else "".join(f"-{k}" for k in recipe.kernels)
    seed = f"-seed-{settings.seed}" if settings.seed else ""
    return f"runs/h36m-{settings.recipe}{kernels}{seed}"

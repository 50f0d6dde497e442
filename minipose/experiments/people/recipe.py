"""The five models and the choices of report 2's job, with the report's own among the recipes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from minipose.errors import UserError
from minipose.experiments.checks import PATH, YES_OR_NO, number, one_of, whole
from minipose.experiments.people.reference import read_curves
from minipose.experiments.settings import (
    Choices,
    RunSettings,
    changed_from,
    checked,
    choice,
    expect_comparison,
    expect_free,
)
from minipose.skeletons import BODY_25


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
            heads["joints"] = 1 + len(BODY_25)  # the background comes first
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
U_NET, H_NET = {"width": 64, "dropout": 0.3}, {"width": 32, "dropout": 0.1}  # in the report
MULTIPLE = 16  # px: they halve a picture four times


@dataclass(frozen=True)
class Recipe(Choices):
    """The choices of one run. ``RECIPES`` names whole sets; flags and files change single ones."""

    model: str = choice(
        "mask+softmax", "what is predicted; hnet: the mask, by the harmonic network",
        one_of(*MODELS),
        shorthands={"hnet": {"network": "hnet", "model": "mask"}},  # the report's only harmonic one
    )  # fmt: skip
    network: str = choice("unet", "convolutions: plain or harmonic", one_of(*NETWORKS))
    width: int = choice(64, "channels at full size", whole(1))
    normalise: bool = choice(
        False, "batch normalisation before every ReLU of the U-Net; the H-Net has its own",
        YES_OR_NO,
    )  # fmt: skip
    dropout: float = choice(0.3, "fraction of units off in training", number(least=0, below=1))
    batch: int = choice(1, "pictures a step, all of one size, padded to multiples of 16", whole(1))
    parts: int = choice(1, "of a batch, each computed by its own process (on a CPU)", whole(1))
    epochs: int = choice(100, "passes over the training pictures", whole(1))
    optimizer: str = choice(
        "adam", "muon: for the matrices inside the network, with Adam for the rest",
        one_of("adam", "muon"),
    )  # fmt: skip
    lr: float = choice(2e-5, "the optimizer's learning rate", number(above=0))
    lr_decay: float = choice(
        1.0, "the rate falls along half a cosine to this fraction; 1: it stays",
        number(least=0, most=1),
    )  # fmt: skip
    # Adam's first steps have its full size whatever the gradient, and a mask that they empty gives
    # the dice loss no way back.
    warmup: int = choice(0, "steps over which the rate rises from 0 at first", whole(0))
    held: int = choice(0, "the number of epochs before the rate begins to fall", whole(0))
    patience: int = choice(
        0, "after this many epochs without a smaller validation loss the rate is divided by 5, the "
        "third time the training ends; 0: it goes on for all epochs",
        whole(0),
    )  # fmt: skip
    validated: int = choice(
        0, "validation pictures measured after each epoch; 0: all of them", whole(0)
    )
    mask_weight: float = choice(1.0, "of the dice loss in the total", number(least=0))
    joint_weight: float = choice(1.0, "of the cross entropy in the total", number(least=0))
    regression_weight: float = choice(
        1.0, "of the mean squared error in the total", number(least=0)
    )
    peak: float = choice(
        100.0, "highest value of the regression target; in the report, 1 collapsed", number(above=0)
    )
    background_weight: float = choice(
        1.0, "of the background in the cross entropy; below 1 joints count for more",
        number(least=0),
    )  # fmt: skip
    quarter_epochs: int = choice(
        0, "the number of first epochs with pictures at a quarter of their size", whole(0)
    )
    half_epochs: int = choice(
        0, "the number of next epochs with pictures at half of their size", whole(0)
    )
    halved: int = choice(
        0, "how often a picture is halved before the network sees it; what is found is enlarged",
        whole(0, 2),
    )  # fmt: skip
    patch: int = choice(
        1, "blocks of so many pixels each way are what the U-Net sees as its pixels; it scores the "
        "mask of every pixel and the joints of every block",
        whole(1, 4),
    )  # fmt: skip
    blur: float = choice(
        0.0, "joint channels are blurred by this many px before the highest pixel is taken",
        number(least=0),
    )  # fmt: skip
    flip: bool = choice(False, "mirrored pictures too, left and right joints exchanged", YES_OR_NO)
    turn: float = choice(0.0, "pictures are rotated by up to ± this many degrees", number(least=0))
    zoom: float = choice(
        0.0, "pictures are enlarged or reduced by up to this fraction", number(least=0, below=1)
    )
    cut: float = choice(
        0.0, "this fraction of the pictures is cut down to a part, so that some joints are missing",
        number(least=0, most=1),
    )  # fmt: skip
    jitter: float = choice(
        0.0, "brightness and colours are multiplied by 1 ± up to this", number(least=0, below=1)
    )

    @property
    def outputs(self) -> Outputs:
        """What the chosen model predicts."""
        return MODELS[self.model]

    def changed(self, **choices: Any) -> Self:
        """A copy with the given choices. A U-Net's recipe that becomes an H-Net's has the H-Net's
        width, dropout and rate, and smaller pictures in place of blocks, unless others are given.
        """
        given = checked(choices, (type(self),))
        own: dict[str, Any] = {}
        if given.get("network") == "hnet" and self.network == "unet":
            own = {name: H_NET[name] for name in H_NET if getattr(self, name) == U_NET[name]}
            if self.optimizer == "muon":  # which was never tried on harmonic weights
                own |= {"optimizer": "adam", "lr": 0.001}
            if self.patch > 1:
                own |= {"patch": 1, "halved": self.halved + self.patch.bit_length() - 1}
        return replace(self, **own | given)

    def halvings(self, epoch: int) -> int:
        """How often the training pictures of an epoch (from 0) are halved: 2, 1 or 0 times."""
        small = epoch < self.quarter_epochs + self.half_epochs
        return max(int(small) + int(epoch < self.quarter_epochs), self.halved)


ABOUT = {
    "report": "report 2 to the letter: section II-D",
    "quick": "a few minutes on two cores",
    "halved": "as quick, on halved pictures: so were the weights trained that come with minipose",
    "full": "an hour and a half on two cores",
    "compare": "one of several trainings that are compared",
}
QUICK = Recipe(
    width=12, normalise=True, dropout=0.0, batch=8, parts=2, epochs=8, optimizer="muon",
    lr=0.03, lr_decay=0.02, warmup=100, held=3, validated=30, joint_weight=2.3,
    background_weight=0.1, patch=2, blur=2.5, flip=True, jitter=0.2,
)  # fmt: skip
RECIPES = {
    "report": Recipe(),
    "quick": QUICK,
    "halved": QUICK.changed(patch=1, halved=1, joint_weight=3.0, validated=50),
    "full": Recipe(
        width=16, normalise=True, dropout=0.0, batch=8, parts=2, epochs=22, optimizer="muon",
        lr=0.03, lr_decay=0.01, warmup=100, held=9, validated=100, joint_weight=4.0,
        background_weight=0.1, patch=2, blur=2.5, flip=True, turn=15.0, zoom=0.15, jitter=0.2,
    ),
    # Each row is trained until its own validation loss no longer falls.
    "compare": Recipe(
        width=8, normalise=True, dropout=0.0, batch=8, parts=2, epochs=40, patience=2,
        optimizer="muon", lr=0.03, warmup=100, background_weight=0.1, halved=1, blur=1.5,
        flip=True, jitter=0.2,
    ),
}  # fmt: skip


VARIED = {  # what each comparison sets itself
    "models": {"model", "peak"},
    "networks": {"model", "network"},
    "weights": {"model", "mask_weight", "joint_weight"},
    "starts": set(),
}


@dataclass(frozen=True)
class Settings(RunSettings):
    """What a run of this job has beside its recipe."""

    recipe: str = choice("quick", "a set of choices, see below", one_of(*RECIPES))
    compare: str | None = choice(
        None, "models: all five and the 0-1 regression; networks: U-Net and H-Net; starts: new "
        "weights and those of --start, on ever more pictures; weights: of the joints beside the "
        "mask; each trained with --seeds seeds",
        one_of(*VARIED),
    )  # fmt: skip
    start: Path | None = choice(  # noqa: RUF009
        None, "checkpoint to begin with, of the same network and width; its heads may be others",
        PATH,
    )  # fmt: skip
    seeds: int = choice(
        3, "in a comparison, the number of trainings of each row, from --seed on", whole(1),
        affects_numbers=False,
    )  # fmt: skip
    at_once: int = choice(
        0, "in a comparison, trainings at the same time; 0: as many as there are processors",
        whole(0), affects_numbers=False,
    )  # fmt: skip
    limit: int | None = choice(None, "at most this many pictures in all", whole(1))
    reference: Path | None = choice(  # noqa: RUF009
        None, "the report's own learning curves (CSV), drawn beside ours", PATH,
        affects_numbers=False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.compare == "starts" and self.start is None:
            raise UserError("--compare starts: expected --start CHECKPOINT, the weights given")
        if self.compare == "networks" and self.start is not None:
            raise UserError(f"start: networks of several widths begin anew, got {self.start}")

    def expect_use(self, recipe: Recipe) -> None:
        """Refuse what would have no effect, and files that would be missed in the end only."""
        if self.compare:
            given = changed_from(RECIPES[self.recipe], recipe)
            expect_free(given, VARIED[self.compare], f"--compare {self.compare}")
        else:
            expect_comparison(self, "--compare")
        if recipe.patch > 1 and (recipe.network == "hnet" or self.compare == "networks"):
            also = " (--recipe compare does)" if self.compare == "networks" else ""
            raise UserError(
                f"patch: an H-Net sees single pixels{also}, expected 1, got {recipe.patch}"
            )
        if self.reference is not None:
            if self.compare not in (None, "models"):
                raise UserError(f"reference: --compare {self.compare} draws no learning curves")
            read_curves(self.reference)


def default_out(settings: Settings, recipe: Recipe) -> str:
    """The run folder where none is given."""
    return f"runs/people-{recipe.network}-{recipe.model}"

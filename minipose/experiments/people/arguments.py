"""Flags of report 2's job. A choice that is not given comes from the recipe."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from minipose.experiments.people.recipe import MODELS, NETWORKS, RECIPES, Recipe

REFERENCE = Path("../shared/reference/report2_learning_curves.csv")
SETTINGS = {*(f.name for f in fields(Recipe)), "data", "out", "recipe", "device", "seed", "limit"}


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to the parser of ``train people``."""
    parser.add_argument("--data", type=Path, help="store made by data_tools.people (.h5)")
    parser.add_argument("--recipe", choices=tuple(RECIPES), help="a set of choices (quick)")
    parser.add_argument(
        "--model", choices=(*MODELS, "hnet"), help="what is predicted; hnet: masks by the H-Net"
    )
    parser.add_argument("--network", choices=NETWORKS, help="convolutions: plain or harmonic")
    parser.add_argument("--width", type=int, help="maps at full size")
    parser.add_argument("--dropout", type=float, help="share of units off in training")
    parser.add_argument("--batch", type=int, help="pictures a step, all of one size")
    parser.add_argument("--parts", type=int, help="of a batch, at the same time (on a CPU)")
    parser.add_argument("--epochs", type=int)
    parser.add_argument(
        "--quarter-epochs", type=int, help="the first so many at a quarter of the size"
    )
    parser.add_argument("--half-epochs", type=int, help="the next so many at half the size")
    parser.add_argument("--lr", type=float, help="Adam's learning rate")
    parser.add_argument("--lr-decay", type=float, help="share of the rate left at the end")
    parser.add_argument("--warmup", type=int, help="steps over which the rate rises at first")
    parser.add_argument("--held", type=int, help="epochs before the rate begins to fall")
    parser.add_argument("--validated", type=int, help="pictures measured after an epoch; 0: all")
    parser.add_argument("--mask-weight", type=float, help="of the dice loss")
    parser.add_argument("--joint-weight", type=float, help="of the cross entropy")
    parser.add_argument("--regression-weight", type=float, help="of the mean squared error")
    parser.add_argument(
        "--background-weight", type=float, help="of the background in the cross entropy"
    )
    parser.add_argument("--peak", type=float, help="highest value of the regression target")
    parser.add_argument("--flip", action=argparse.BooleanOptionalAction, help="mirrored too")
    parser.add_argument("--turn", type=float, help="turned by up to ± this many degrees")
    parser.add_argument("--zoom", type=float, help="enlarged or reduced by up to this share")
    parser.add_argument("--jitter", type=float, help="brightness and colours ± this share")
    parser.add_argument(
        "--compare", choices=("models", "networks"),
        help="all five models and the 0-1 regression, or U-Net and H-Net, at one budget",
    )  # fmt: skip
    parser.add_argument(
        "--reference", type=Path, default=REFERENCE, help="curves drawn beside ours, where present"
    )

"""Flags of report 1's job. A choice that is not given comes from the recipe."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from minipose.experiments.pose3d.recipe import RECIPES, Recipe

SETTINGS = {*(f.name for f in fields(Recipe)), "data", "out", "recipe", "device", "seed", "limit"}


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to the parser of ``train h36m``."""
    parser.add_argument("--data", type=Path, help="store made by data_tools.h36m (.h5)")
    parser.add_argument(
        "--recipe", choices=tuple(RECIPES), default="quick", help="a set of choices"
    )
    parser.add_argument("--kernels", type=int, nargs=3, help="maps of conv1-conv3")
    parser.add_argument("--batch", type=int, help="images a step")
    parser.add_argument("--optimizer", choices=("sgd", "adam"), help="sgd is report 1's eq. 7-8")
    parser.add_argument("--lr", type=float, help="learning rate of the regression")
    parser.add_argument("--detection-lr", type=float, help="learning rate of the detection")
    parser.add_argument("--lr-decay", type=float, help="share of the rate left at the end")
    parser.add_argument("--momentum", type=float, help="of eq. 7")
    parser.add_argument("--weight-decay", type=float, help="of eq. 7")
    parser.add_argument("--detection-epochs", type=int)
    parser.add_argument("--epochs", type=int, help="of the regression")
    parser.add_argument(
        "--pretrain", action=argparse.BooleanOptionalAction, help="train a detector"
    )
    parser.add_argument("--shared", choices=("finetune", "freeze"), help="conv1-conv3 taken over")
    parser.add_argument("--loss", choices=("squared", "distance"), help="eq. 2, or the distance")
    parser.add_argument("--output-tanh", action=argparse.BooleanOptionalAction)
    parser.add_argument("--dropout", type=float, help="share of fully connected units")
    parser.add_argument("--flip", action=argparse.BooleanOptionalAction, help="mirrored images too")
    parser.add_argument("--jitter", type=float, help="brightness factors up to 1 +- this")
    parser.add_argument("--unit-mm", type=float, help="unit of the outputs, mm")
    parser.add_argument("--ablate", action="store_true", help="compare choices at one budget")

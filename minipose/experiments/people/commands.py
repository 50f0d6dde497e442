"""What ``python -m minipose train people`` and its sisters do."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from minipose.backend import resolve_device
from minipose.datasets.people import PeopleStore
from minipose.errors import UserError
from minipose.experiments.people import pictures
from minipose.experiments.people.arguments import SETTINGS
from minipose.experiments.people.evaluation import baselines, measure
from minipose.experiments.people.prediction import load_net, predict_picture, write_prediction
from minipose.experiments.people.recipe import RECIPES, Recipe
from minipose.experiments.people.tables import summary
from minipose.experiments.people.training import train as train_net
from minipose.experiments.run_folder import claim, settings_of
from minipose.nn import Module
from minipose.report import write_report
from minipose.training import checkpoint
from minipose.training.log import read_log

TITLE = "Mask and joints of a person (report 2)"
DEFAULTS = {"device": "cpu", "seed": 0, "limit": None, "recipe": "quick"}
MEASURED_TRAINING = 400  # training pictures that are measured after training


def train(args: argparse.Namespace) -> int:
    """Training, evaluation and people in one run folder; or a comparison of several."""
    settings = settings_of(args, SETTINGS, DEFAULTS)
    if settings.get("model") == "hnet":  # the report's only harmonic model
        settings |= {"network": "hnet", "model": "mask"}
    if settings.get("data") is None:
        raise UserError("--data: expected a store (.h5); data_tools.people makes one")
    recipe = RECIPES[settings["recipe"]].changed(**settings)
    folder = Path(settings.get("out") or f"runs/people-{recipe.network}-{recipe.model}")
    device, line = resolve_device(settings["device"])
    print(line)
    with PeopleStore(settings["data"]) as store:
        split = store.split(limit=settings["limit"])
        print(", ".join(f"{name} {len(samples)} pictures" for name, samples in split.items()))
        seed = settings["seed"]
        config = {**settings, **asdict(recipe), "out": str(folder)}
        claim(folder, config, SETTINGS, args.resume)
        if args.compare == "models":
            from minipose.experiments.people.comparison import compare_models

            compare_models(store, split, recipe, seed, folder, device, args.reference, args.resume)
            return 0
        if args.compare == "networks":
            from minipose.experiments.people.turning import compare_networks

            compare_networks(store, split, recipe, seed, folder, device, args.resume)
            return 0
        result, net = train_and_measure(store, split, recipe, seed, folder, device, args.resume)
        drawn = pictures.draw_curves(folder, recipe, args.reference)
        drawn |= pictures.draw_predictions(folder, net, store, split["validation"])
        drawn |= pictures.draw_data(folder, store, split["train"])
    text = summary(result)
    write_report(folder, TITLE, text, drawn, result)
    print(text)
    print(f"{folder}: report.md, report.json, log.csv, best.npz and {len(drawn)} pictures")
    return 0


def train_and_measure(
    store: PeopleStore,
    split: dict[str, np.ndarray],
    recipe: Recipe,
    seed: int,
    folder: Path,
    device: str,
    resume: bool = False,
) -> tuple[dict[str, Any], Module]:
    """Train, take the best checkpoint, measure it. Returns the people and the network."""
    net = train_net(store, split, recipe, seed, folder, device, resume)
    checkpoint.load(folder / "best.npz", net)
    parts = {"train": split["train"][:MEASURED_TRAINING], "validation": split["validation"]}
    result = {
        "model": recipe.model,
        "network": recipe.network,
        "seed": seed,
        # of all sessions, where it was interrupted
        "training_seconds": read_log(folder / "log.csv")[-1]["elapsed_s"],
        "splits": {name: measure(net, store, part, recipe) for name, part in parts.items()},
        "baselines": baselines(store, split, recipe),
    }
    return result, net


def evaluate(args: argparse.Namespace) -> int:
    """Measure a checkpoint on a store."""
    net, meta = load_net(args.checkpoint)
    recipe = Recipe(**meta["recipe"])
    with PeopleStore(args.data) as store:
        split = store.split(limit=args.limit)
        parts = {"train": split["train"][:MEASURED_TRAINING], "validation": split["validation"]}
        result = {
            "model": recipe.model,
            "network": recipe.network,
            "seed": meta["seed"],
            "training_seconds": meta["progress"]["seconds"],
            "splits": {name: measure(net, store, part, recipe) for name, part in parts.items()},
            "baselines": baselines(store, split, recipe),
        }
    text = summary(result)
    print(text)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        write_report(args.out, TITLE, text, {}, result)
        print(f"{args.out}: report.md and report.json")
    return 0


def predict(args: argparse.Namespace) -> int:
    """Mask and joints of the person in each picture, as JSON and as pictures."""
    if args.mask is not None:
        raise UserError("--mask: this network finds the mask itself; leave the flag out")
    net, _ = load_net(args.checkpoint)
    out = args.out or Path(".")
    box = tuple(args.box) if args.box else None
    for picture in args.images:
        for path in write_prediction(picture, predict_picture(net, picture, box), out):
            print(path)
    return 0


def show(args: argparse.Namespace) -> int:
    """Draw what a store holds: pictures, masks, joints and their targets."""
    out = args.out or Path("runs/show")
    out.mkdir(parents=True, exist_ok=True)
    with PeopleStore(args.source) as store:
        split = store.split(limit=args.limit)
        for name, samples in split.items():
            print(f"{name}: {len(samples)} pictures")
        for name in pictures.draw_data(out, store, split["train"]):
            print(out / name)
    return 0

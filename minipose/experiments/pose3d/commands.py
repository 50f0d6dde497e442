"""What ``python -m minipose train h36m`` and its sisters do."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minipose.backend import resolve_device
from minipose.datasets.h36m import H36MStore
from minipose.errors import UserError
from minipose.experiments.pose3d import pictures
from minipose.experiments.pose3d.ablation import ablate
from minipose.experiments.pose3d.arguments import SETTINGS
from minipose.experiments.pose3d.evaluation import evaluate as evaluate_net
from minipose.experiments.pose3d.evaluation import summary
from minipose.experiments.pose3d.prediction import load_net, predict_image, write_prediction
from minipose.experiments.pose3d.recipe import RECIPES
from minipose.experiments.pose3d.stages import train_detector, train_regressor
from minipose.experiments.run_folder import claim, settings_of
from minipose.report import write_report
from minipose.training import checkpoint

DEFAULTS = {"device": "cpu", "seed": 0, "limit": None, "recipe": "quick"}


def train(args: argparse.Namespace) -> int:
    """Both trainings, the evaluation and the pictures, in one run folder."""
    settings = settings_of(args, SETTINGS, DEFAULTS)
    if settings.get("kernels") is not None:
        settings["kernels"] = tuple(settings["kernels"])
    if settings.get("data") is None:
        raise UserError("--data: expected a store (.h5); data_tools.h36m makes one")
    recipe = RECIPES[settings["recipe"]].changed(**settings)
    folder = Path(settings.get("out") or "runs/h36m")
    device, line = resolve_device(settings["device"])
    print(line)
    with H36MStore(settings["data"]) as store:
        split = store.split(settings["limit"])
        print(", ".join(f"{name} {len(frames)} images" for name, frames in split.items()))
        if args.ablate:
            ablate(store, split, recipe, settings["seed"], folder, device, args.resume)
            return 0
        config = {**settings, **asdict(recipe), "out": str(folder)}
        claim(folder, config, SETTINGS, args.resume)
        start = time.perf_counter()
        detector = None
        if recipe.pretrain:
            detector = train_detector(
                store, split, recipe, settings["seed"], folder, device, args.resume
            )
        net = train_regressor(
            store, split, recipe, settings["seed"], folder, device, detector, args.resume
        )
        checkpoint.load(folder / "best.npz", net)
        seconds = time.perf_counter() - start
        about = {"seed": settings["seed"], "seconds": seconds}
        _report(folder, store, split, net, detector, recipe.loss, about)
    return 0


def _report(folder: Path, store, split, net, detector, loss: str, about: dict[str, Any]) -> None:
    result = {**about, **evaluate_net(net, store, split)}
    drawn = pictures.draw_data(folder, store, split["train"])
    drawn |= pictures.draw_curves(folder, loss)
    if detector is not None:
        drawn |= pictures.draw_detections(folder, detector, store, split["test"])
    drawn |= pictures.draw_poses(folder, net, store, split["test"])
    text = summary(result)
    write_report(folder, "3D pose from one image (report 1)", text, drawn, result)
    print(text)
    print(f"{folder}: report.md, report.json, log.csv, best.npz and {len(drawn)} pictures")


def evaluate(args: argparse.Namespace) -> int:
    """Measure a checkpoint on a store."""
    net, meta = _regressor(args.checkpoint)
    with H36MStore(args.data) as store:
        result = evaluate_net(net, store, store.split(args.limit))
    text = summary(result)
    print(text)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        title = "3D pose from one image (report 1)"
        write_report(args.out, title, text, {}, {"seed": meta["seed"], **result})
        print(f"{args.out}: report.md and report.json")
    return 0


def predict(args: argparse.Namespace) -> int:
    """Joints of the person in each picture, as JSON and as a picture."""
    net, _ = _regressor(args.checkpoint)
    out = args.out or Path(".")
    box = tuple(args.box) if args.box else None
    for picture in args.images:
        joints, crop = predict_image(net, picture, box, args.mask)
        for path in write_prediction(picture, joints, crop, out):
            print(path)
    return 0


def show(args: argparse.Namespace) -> int:
    """Draw what a store holds: crops with joints, and windows."""
    out = args.out or Path("runs/show")
    out.mkdir(parents=True, exist_ok=True)
    with H36MStore(args.source) as store:
        split = store.split(args.limit)
        for name, frames in split.items():
            print(f"{name}: {len(frames)} images")
        for name in pictures.draw_data(out, store, split["train"]):
            print(out / name)
    return 0


def _regressor(path: Path) -> tuple[Any, dict[str, Any]]:
    net, meta = load_net(path)
    if meta["head"] != "regression":
        raise UserError(f"{path}: a {meta['head']} checkpoint, expected a regression (best.npz)")
    return net, meta

"""``python -m tests.photographs``: how good masks, joints and poses are on real photographs.

Against true joints of Human3.6M's frames (``--h36m``: annotations.npz and images/), by MPJPE over
17 joints; and against masks, joints and a detector's landmarks of Clothing Co-Parsing's people
(``--ccp``: images/, masks/, keypoints/, labels.csv, world_landmarks.npz), over 14 joints, once each
pose was rotated, scaled and shifted onto its target (PA-MPJPE). Beside it what the mean pose gives:
of the training poses, and of the targets themselves, which no method may know. And against masks
alone (``--boxed``: images/, masks/), where the box around the people of a picture is given.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import zoom

from minipose.datasets.crop import box_of
from minipose.datasets.guard import read_json
from minipose.datasets.h36m import H36MStore
from minipose.datasets.picture_files import read_grey, read_rgb
from minipose.datasets.resize import SIDE
from minipose.experiments.pose3d.measure import mean_pose
from minipose.experiments.settings import read_toml
from minipose.metrics import dice_coefficient, joint_errors, procrustes
from minipose.predict.networks import Networks, load_networks
from minipose.predict.person import Result, predict_pictures, with_room

FOURTEEN = [0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16]  # of H36M_17: no spine, no head
# MediaPipe's landmarks of the same joints; two of them: their middle.
LANDMARKS = ((24, 23), 24, 26, 28, 23, 25, 27, (12, 11), 11, 13, 15, 12, 14, 16)
TOGETHER = 8
AGREEMENTS = (0.0, 0.25, 0.5, 0.75, 1.01)  # bounds of the rows of a table


def main(argv: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.photographs", description=__doc__)
    parser.add_argument("--h36m", type=Path, nargs="*", default=[], help="folders of frames")
    parser.add_argument("--masks", type=Path, help="silhouettes of these frames, NAME.png")
    parser.add_argument("--ccp", type=Path, help="Clothing Co-Parsing's folder")
    parser.add_argument("--boxed", type=Path, help="a folder of photographs with masks")
    parser.add_argument("--limit", type=int, default=204, help="pictures of it (default: 204)")
    parser.add_argument("--checkpoint", type=Path, help="best.npz of a run of people")
    parser.add_argument("--pose3d", type=Path, help="best.npz of a run of h36m")
    args = parser.parse_args(argv)
    networks = with_mean_pose(load_networks(args.checkpoint, args.pose3d))
    print("\n".join(networks.lines()))
    if args.h36m:
        frames(networks, args.h36m, args.masks)
    if args.ccp:
        names = validation(args.ccp)[: args.limit]
        masks_and_joints(networks, args.ccp, names)
        for given in (True, False):
            photographs(networks, args.ccp, names, given)
    if args.boxed:
        boxed(networks, args.boxed)
    return 0


def with_mean_pose(networks: Networks) -> Networks:
    """The mean of the poses of the training; of a run from its store, which its folder names."""
    network = networks.pose3d
    if network.mean_pose is not None:
        return networks
    config = read_toml(network.path.parent / "config.toml")
    with H36MStore(Path(config["data"])) as store:
        mean = mean_pose(store, store.split(limit=config.get("limit"))["train"])
    return replace(networks, pose3d=replace(network, mean_pose=mean))


def frames(networks: Networks, folders: list[Path], masks: Path | None) -> None:
    """Human3.6M's frames, one a row."""
    how = "given" if masks else "found"
    print(f"\n| frame (masks: {how}) | MPJPE, mm | mean pose, mm | ratio |")
    print("|---|---|---|---|")
    for frame in (frame for folder in folders for frame in frames_of(folder)):
        mask = read_grey(masks / f"{frame.path.stem}.png") > 127 if masks else None
        error, constant = frame_errors(networks, frame, mask)
        print(f"| {frame.path.stem} | {error:.1f} | {constant:.1f} | {error / constant:.2f} |")


class Frame(NamedTuple):
    """A frame of Human3.6M: its picture, joints (17, 3) in mm about the pelvis, (17, 2) in px."""

    path: Path
    pose: np.ndarray
    places: np.ndarray


def frames_of(folder: Path) -> Iterator[Frame]:
    """The frames with true joints in a folder."""
    with np.load(folder / "annotations.npz", allow_pickle=False) as known:
        names, poses = known["imgname"], 1000 * known["joints_3d_cam_m"][..., :3]
        places = known["joints_2d_px"][..., :2]
    for name, pose, place in zip(names, poses, places, strict=True):
        yield Frame(folder / "images" / str(name), pose - pose[0], place)


def frame_errors(
    networks: Networks,
    frame: Frame,
    mask: np.ndarray | None = None,
    view: tuple[int, int, int, int] | None = None,
) -> tuple[float, float]:
    """MPJPE of what is found in a frame, and of the mean pose of the training, mm."""
    (found,) = predict_pictures(networks, [read_rgb(frame.path)], masks=[mask], views=[view])
    both = np.stack([_pose(found, networks), networks.pose3d.mean_pose])
    error, constant = joint_errors(both, np.stack([frame.pose] * 2)).mean(axis=1)
    return float(error), float(constant)


def validation(folder: Path) -> list[str]:
    """The names of Clothing Co-Parsing's validation pictures."""
    with open(folder / "labels.csv", newline="") as file:
        return [row["name"] for row in csv.DictReader(file) if row["split"] == "val"]


def masks_and_joints(networks: Networks, folder: Path, names: list[str]) -> None:
    """Masks and joints in the picture, as they are found and in the mirror image as well."""
    flat = replace(networks, pose3d=None)
    print("\n| masks and joints | dice | within 5 px | within 10 px | found | of |")
    print("|---|---|---|---|---|---|")
    for mirror_too in (False, True):
        dice, errors, found = [], [], []
        for chosen in _together(names):
            images = [read_rgb(folder / "images" / f"{name}.jpg") for name in chosen]
            results = predict_pictures(flat, images, mirror_too=mirror_too)
            for name, result in zip(chosen, results, strict=True):
                truth = read_grey(folder / "masks" / f"{name}.png") > 127
                dice.append(dice_coefficient(result.silhouette * 1.0, truth * 1.0))
                joints = read_json(folder / "keypoints" / f"{name}_keypoints.json")
                known = np.reshape(joints["people"][0]["pose_keypoints_2d"], (25, 3))
                there = known[:, 2] > 0
                if result.keypoints is None:
                    errors.append(np.full(there.sum(), np.inf))
                    continue
                off = np.linalg.norm(result.keypoints[there, :2] - known[there, :2], axis=1)
                errors.append(off * SIDE / min(truth.shape))
                found.append(result.present[there].mean())
        off, where = np.concatenate(errors), "picture and mirror image" if mirror_too else "picture"
        print(
            f"| {where} | {np.mean(dice):.3f} | {(off <= 5).mean():.3f} | {(off <= 10).mean():.3f} "
            f"| {np.mean(found):.3f} | {len(off)} joints |"
        )


def boxed(networks: Networks, folder: Path) -> None:
    """The mask where the box around all people of a picture is given, with a margin or itself.

    With a margin, nobody says where in it the people end; by the box itself, they end there.
    Constants beside each: all of what is given, and the mean mask of the other pictures in it.
    """
    flat, names = replace(networks, pose3d=None), sorted((folder / "masks").glob("*.png"))
    print(f"\n{len(names)} photographs, boxes given, dice:\n")
    print("| given | network | its median | all of it | mean mask of the others |")
    print("|---|---|---|---|---|")
    for exact in (False, True):
        found, truths = [], []
        for path in names:
            truth = read_grey(path) > 127
            box = box_of(truth) if exact else with_room(box_of(truth), truth.shape)
            picture = read_rgb(folder / "images" / f"{path.stem}.jpg")
            given = {"boxes": [box]} if exact else {"views": [box]}
            result = predict_pictures(flat, [picture], **given)[0]
            found.append(dice_coefficient((result.mask > 0.5) * 1.0, truth * 1.0))
            truths.append(truth[box[1] : box[3], box[0] : box[2]] * 1.0)
        numbers = (np.mean(found), np.median(found), *_constants(truths))
        how = "box" if exact else "with a margin"
        print(f"| {how} | " + " | ".join(f"{number:.3f}" for number in numbers) + " |")


def _constants(truths: list[np.ndarray]) -> tuple[float, float]:
    """Mean dice of masks (h, w): all is person, and the mean of the others, stretched."""
    squares = [zoom(t, (64 / t.shape[0], 64 / t.shape[1]), order=1) for t in truths]
    everything = [dice_coefficient(np.ones_like(t), t) for t in squares]
    others = [(sum(squares) - t) / max(1, len(squares) - 1) > 0.5 for t in squares]
    mean = [dice_coefficient(m * 1.0, t) for m, t in zip(others, squares, strict=True)]
    return float(np.mean(everything)), float(np.mean(mean))


def _together(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), TOGETHER):
        yield names[start : start + TOGETHER]


def photographs(networks: Networks, folder: Path, names: list[str], given: bool) -> None:
    """Poses of Clothing Co-Parsing's people, and how far agreement tells good from bad."""
    target = landmarks(folder, names)
    results = []
    for chosen in _together(names):
        images = [read_rgb(folder / "images" / f"{name}.jpg") for name in chosen]
        masks = None
        if given:
            masks = [read_grey(folder / "masks" / f"{name}.png") > 127 for name in chosen]
        results += predict_pictures(networks, images, masks=masks)
    poses = np.stack([_pose(result, networks) for result in results])[:, FOURTEEN]
    errors = aligned_errors(poses, target)
    constant = aligned_errors(
        networks.pose3d.mean_pose[FOURTEEN][None].repeat(len(names), 0), target
    )
    own = aligned_errors(mean_of(target)[None].repeat(len(names), 0), target)
    how = "given" if given else "found"
    print(f"\n{len(names)} photographs, masks {how}: PA-MPJPE over 14 joints")
    print("\n| network, mm | mean pose of the training, mm | ratio | mean of these targets, mm |")
    print("|---|---|---|---|")
    ratio = errors.mean() / constant.mean()
    print(f"| {errors.mean():.1f} | {constant.mean():.1f} | {ratio:.3f} | {own.mean():.1f} |")
    agreement = np.array([r.fit.confidence if r.fit else 0.0 for r in results])
    print(
        f"\nAgreement of pose and joints against that error: rank correlation "
        f"{rank_correlation(agreement, errors):.2f}\n\n| agreement | pictures | mm |\n|---|---|---|"
    )
    for low, high in pairwise(AGREEMENTS):
        within = (agreement >= low) & (agreement < high)
        if within.any():
            print(
                f"| {low:.2f}-{min(high, 1):.2f} | {within.sum()} | {errors[within].mean():.1f} |"
            )


def landmarks(folder: Path, names: list[str]) -> np.ndarray:
    """A detector's 14 joints of these people, (N, 14, 3) in mm, camera frame."""
    with np.load(folder / "world_landmarks.npz", allow_pickle=False) as known:
        where = {str(name): n for n, name in enumerate(known["name"])}
        world = known["world_mm"][[where[name] for name in names]].astype(np.float64)
    return np.stack([world[:, list(np.atleast_1d(k))].mean(axis=1) for k in LANDMARKS], axis=1)


def _pose(result: Result, networks: Networks) -> np.ndarray:
    """What was found; where nobody was, the mean pose."""
    return networks.pose3d.mean_pose if result.joints_3d is None else result.joints_3d


def aligned_errors(poses: np.ndarray, target: np.ndarray) -> np.ndarray:
    """PA-MPJPE of each pose (N, J, 3): (N,)."""
    return np.linalg.norm(procrustes(poses, target) - target, axis=2).mean(axis=1)


def mean_of(poses: np.ndarray, rounds: int = 5) -> np.ndarray:
    """The pose that the others come closest to when they are aligned with it, (J, 3)."""
    mean = poses[0]
    for _ in range(rounds):
        mean = procrustes(poses, mean[None].repeat(len(poses), 0)).mean(axis=0)
    return mean


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's, without ties."""
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


if __name__ == "__main__":
    sys.exit(main())

"""Every kind of file that minipose reads: how a sound one is made, and what reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data_tools.h36m.importing import _read_outcome
from data_tools.h36m.report1 import import_report1
from data_tools.h36m.video import Video
from data_tools.people.build import build
from data_tools.people.given_split import read_split
from data_tools.people.sources import Places, open_source
from data_tools.twin.claim import claim
from minipose.datasets.h36m import H36MStore
from minipose.datasets.people import PeopleStore
from minipose.datasets.picture_files import read_rgb
from minipose.experiments.settings import read_toml
from minipose.locks import claimed
from minipose.models import UNet
from minipose.predict.frames import opened
from minipose.predict.movie import movie
from minipose.predict.sources import VIDEO, Source
from minipose.training import checkpoint
from minipose.training.log import read_log
from tests.data_tools import raw_tree
from tests.data_tools.h36m.test_report1 import matrices, save
from tests.data_tools.people_trees import person, picture, save_sample
from tests.data_tools.test_damaged_files import CASES
from tests.datasets.test_h36m import rows, write


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    file : its name; what is written beside it is not damaged
    write : makes it in the folder of the path that is given
    read : reads it, or what it is part of; gives what it found
    exact : what it finds has to be what a sound file gives: the format has checksums
    nan : what it finds may hold NaN, which whoever uses it drops
    share : of the files, beside the others' 1
    """

    file: str
    write: Callable[[Path], Any]
    read: Callable[[Path], Any]
    exact: bool = False
    nan: bool = False
    share: float = 1.0


def _read_people(path: Path) -> list:
    with PeopleStore(path) as store:
        return [[p.image, p.mask, p.keypoints, p.name, p.source, p.split]
                for p in (store[i] for i in range(len(store)))] + [store.groups]  # fmt: skip


def _write_walk(path: Path) -> None:
    labels = {"subject": 1, "action": 0, "subaction": 1, "camera": 54138969}
    write(path, rows(5, **labels), rows(2, 1, **labels))


def _read_walk(path: Path) -> list:
    with H36MStore(path) as store:
        every = np.arange(len(store))
        fields = ("images", "joints_3d", "keypoints_2d", "crop")
        return [*(store.read(name, every) for name in fields), store.labels, store.actions]


def _write_checkpoint(path: Path) -> None:
    from minipose.nn import Linear
    from minipose.optim import Adam

    net = Linear(4, 3, np.random.default_rng(0))
    checkpoint.save(path, net, Adam(net.parameters(), 0.1), {"job": "people", "seed": 3})


def _read_claim(path: Path) -> list:
    with claim(path.parent, {"seed": 0, "frames": 3}):
        return [1]


def _write_claim(path: Path) -> None:
    path.write_text(json.dumps({"seed": 0, "frames": 3}))


def _read_lock(path: Path) -> list:
    with claimed(path.parent, folder=True):
        return [1]


def _write_report1(path: Path) -> None:
    save(path.parent, 1, **matrices(8))


def _read_report1(path: Path) -> list:
    out = path.parent / "out" / "s.h5"
    import_report1(path.parent, out, (1,))
    return _read_walk(out)


def _write_tree(path: Path) -> None:
    for number in range(2):
        save_sample(path.parents[1], f"p{number}", [person(seed=number)])
    save_sample(path.parents[1], path.stem.removesuffix("_keypoints"), [person(seed=5)])


def _build(path: Path) -> list:
    """A damaged file costs its own picture at most."""
    root = path.parents[1]
    out = root.with_name("built") / "people.h5"
    source = open_source(root, Places([], [], None), None)
    kept = build(source.candidates, out, workers=1).written
    assert kept >= 2, f"only {kept} of the 2 sound pictures were kept"
    return _read_people(out)


def _write_heic(path: Path) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    picture((64, 64)).save(path)


def _read_video(path: Path) -> list:
    video = Video(path)
    return [np.asarray(p) for _, p in video.read(range(12)) if isinstance(p, np.ndarray)]


def _write_phone(path: Path) -> None:
    """H.264, which is decoded by several threads."""
    with movie(path, 25.0) as made:
        for i in range(12):
            made.add(raw_tree.frame(i))


def _read_clip(path: Path) -> list:
    """As ``predict`` reads a video."""
    with opened(Source(path, Path(path.name), VIDEO)) as video:
        return [frame.image for frame in video.frames(12)]


def _write_onnx(path: Path) -> None:
    from minipose.exchange import onnx_file
    from minipose.exchange.onnx_graph import Options

    onnx_file.write(path, _network(), Options())


def _read_onnx(path: Path) -> list:
    from minipose.exchange import onnx_file

    net = _network()
    onnx_file.read(path, net)
    return list(net.state_dict().values())


def _write_tensors(path: Path) -> None:
    from minipose.exchange import torch_file

    torch_file.write(path, _network())


def _read_tensors(path: Path) -> list:
    from minipose.exchange import torch_file

    net = _network()
    torch_file.read(path, net)
    return list(net.state_dict().values())


def _network() -> UNet:
    return UNet({"mask": 2}, width=1)


def _write_outcome(path: Path) -> None:
    path.write_text(json.dumps({"view": "S1", "kept": 3, "dropped": {"NaN": 1}, "remarks": []}))


KINDS = {
    **{
        name: Kind(name, make, read, nan=name == "pose.cdf",
                   share={"mpii_human_pose.mat": 0.02}.get(name, 1.0))
        for name, (make, read) in CASES.items() if name != "people.h5"
    },
    "people.h5": Kind("people.h5", CASES["people.h5"][0], _read_people, exact=True, share=3),
    "walk.h5": Kind("walk.h5", _write_walk, _read_walk, exact=True, share=3),
    "last.npz": Kind("last.npz", _write_checkpoint, lambda p: list(checkpoint.read(p)), exact=True,
                     share=3),
    "config.toml": Kind("config.toml", lambda p: p.write_text('lr = 0.5\nseed = 3\nx = "y"\n'),
                        read_toml, nan=True),
    "log.csv": Kind("log.csv", lambda p: p.write_text("epoch,loss\n1,0.5\n2,0.25\n"), read_log),
    "twin.json": Kind("twin.json", _write_claim, _read_claim),
    ".lock": Kind(".lock", lambda p: p.write_text('{"process": 1, "host": "a"}'), _read_lock),
    "outcome.json": Kind("outcome.json", _write_outcome, lambda p: [str(_read_outcome(p))]),
    "train.txt": Kind("train.txt", lambda p: p.write_text("a\nb\n"),
                      lambda p: [str(read_split(p.parent))]),
    "data_36MS1.mat": Kind("data_36MS1.mat", _write_report1, _read_report1, share=0.3),
    "pose_3DS1.mat": Kind("pose_3DS1.mat", _write_report1, _read_report1, share=0.3),
    "video.mp4": Kind(
        "video.mp4",
        lambda p: raw_tree.write_video(p, [raw_tree.frame(i) for i in range(6)]),
        _read_video,
    ),
    "clip.mp4": Kind(
        "clip.mp4",
        lambda p: raw_tree.write_video(p, [raw_tree.frame(i) for i in range(6)]),
        _read_clip,
    ),
    "phone.mp4": Kind("phone.mp4", _write_phone, _read_clip),
    "a.onnx": Kind("a.onnx", _write_onnx, _read_onnx),
    "a.pt": Kind("a.pt", _write_tensors, _read_tensors),
    "a.heic": Kind("a.heic", _write_heic, read_rgb),
    "a.bmp": Kind("a.bmp", lambda p: picture().save(p), read_rgb),
    "palette.gif": Kind("palette.gif", lambda p: picture().convert("P").save(p), read_rgb),
    "cmyk.jpg": Kind("cmyk.jpg", lambda p: picture().convert("CMYK").save(p), read_rgb),
    "cut.png": Kind("cut.png", lambda p: Image.fromarray(
        np.dstack([np.asarray(picture()), np.full((60, 40), 200, np.uint8)])).save(p), read_rgb),
    "built/images/p7.jpg": Kind("images/p7.jpg", _write_tree, _build, share=0.3),
    "built/masks/p7.png": Kind("masks/p7.png", _write_tree, _build, share=0.3),
    "built/keypoints": Kind("keypoints/p7_keypoints.json", _write_tree, _build, share=0.3),
}  # fmt: skip


def possible(kind: Kind) -> str | None:
    """Why a kind cannot be made here, as the package that is missing; None if it can."""
    import importlib.util

    needs = {
        "a.heic": "pillow_heif",
        "pose.cdf": "cdflib",
        "video.mp4": "av",
        "clip.mp4": "av",
        "phone.mp4": "av",
        "a.onnx": "onnx",
        "a.pt": "torch",
    }.get(kind.file)
    return needs if needs and importlib.util.find_spec(needs) is None else None

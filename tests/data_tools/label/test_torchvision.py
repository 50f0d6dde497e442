"""Mask R-CNN and the keypoint network as a labeller, with stand-ins for torch and torchvision."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from data_tools.label.with_torchvision import JOINTS, MASKS, Torchvision, overlap, to_joints
from minipose.errors import UserError
from minipose.skeletons import BODY_25, COCO_17


class Array(np.ndarray):
    """What stands for a torch.Tensor."""

    def numpy(self):
        return np.asarray(self)

    def float(self):
        return self.astype(np.float32)


def tensor(values, kind=np.float32):
    return np.array(values, kind).view(Array)


LARGE, SMALL, BICYCLE, UNSURE = [10, 10, 40, 90], [60, 20, 80, 70], [0, 0, 99, 99], [82, 80, 98, 98]
NEARLY = [12, 10, 42, 90]  # as LARGE, but surely not another person


def cut_out(picture):
    assert picture.shape == (3, 100, 100) and 0 <= picture.min() <= picture.max() <= 1
    boxes = [LARGE, SMALL, BICYCLE, UNSURE]
    masks = np.zeros((4, 1, 100, 100))
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        mask[0, y0:y1, x0:x1] = 0.9
    return {
        "boxes": tensor(boxes), "masks": tensor(masks),
        "labels": tensor([1, 1, 2, 1], int), "scores": tensor([0.9, 0.8, 0.99, 0.3]),
    }  # fmt: skip


def find_joints(picture):
    """In another order than the masks; the last one is not sure."""
    boxes = [SMALL, LARGE, NEARLY, BICYCLE, UNSURE, SMALL]
    points = np.zeros((6, 17, 3))
    points[..., 0] = np.array([70, 25, 26, 50, 90, 70])[:, None]
    points[..., 1] = np.arange(17)
    points[..., 2] = 1
    scores = np.full((6, 17), 2.0)
    scores[1, 0] = -1.0  # somebody's nose is not seen
    return {
        "boxes": tensor(boxes), "keypoints": tensor(points), "keypoints_scores": tensor(scores),
        "labels": tensor([1] * 6, int), "scores": tensor([0.9, 0.9, 0.8, 0.9, 0.9, 0.2]),
    }  # fmt: skip


class Network:
    def __init__(self, answer):
        self.answer, self.state = answer, None

    def load_state_dict(self, state):
        self.state = state

    def eval(self):
        assert self.state == "weights"
        return self

    def __call__(self, pictures):
        return [self.answer(pictures[0])]


@pytest.fixture
def torch(tmp_path, monkeypatch):
    """Stand-ins, and a cache with weights that were fetched long ago."""

    def make(answer):
        def constructor(weights, weights_backbone):
            assert weights is None and weights_backbone is None  # else they would be downloaded
            return Network(answer)

        return constructor

    detection = ModuleType("torchvision.models.detection")
    for name, answer in {
        **dict.fromkeys(MASKS, cut_out),
        **dict.fromkeys(JOINTS, find_joints),
    }.items():
        setattr(detection, name, make(answer))
    models = ModuleType("torchvision.models")
    models.detection = detection
    torch = ModuleType("torch")
    torch.hub = SimpleNamespace(get_dir=lambda: str(tmp_path))
    torch.load = lambda path, map_location, weights_only: path.read_text() * weights_only
    torch.from_numpy = lambda array: array.view(Array)
    torch.no_grad = nullcontext
    modules = {
        "torch": torch,
        "torchvision": ModuleType("torchvision"),
        "torchvision.models": models,
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    cache = tmp_path / "checkpoints"
    cache.mkdir()
    for pattern in (*MASKS.values(), *JOINTS.values()):
        (cache / pattern.replace("*", "0a1b2c3d")).write_text("weights")
    return cache


def test_a_mask_belongs_to_the_joints_of_the_same_box(torch):
    image = np.zeros((100, 100, 3), np.uint8)
    large, small = Torchvision().people("a", image)
    assert large.mask.sum() == 30 * 80 and small.mask.sum() == 20 * 50
    assert set(large.joints[large.joints[:, 2] > 0, 0]) == {25}
    assert set(small.joints[small.joints[:, 2] > 0, 0]) == {70}
    assert not large.joints[BODY_25.index("nose")].any() and small.joints[0, 2] > 0.8


def test_joints_keep_their_names_and_the_middles_are_derived():
    points = np.column_stack([np.arange(17), np.arange(17) + 50, np.ones(17)])
    joints = to_joints(points, np.full(17, 3.0))
    for name in COCO_17:
        assert joints[BODY_25.index(name), 0] == COCO_17.index(name)
    hips = [COCO_17.index(f"{side} hip") for side in ("left", "right")]
    assert joints[BODY_25.index("mid hip"), 0] == np.mean(hips)
    given = {name for name, joint in zip(BODY_25, joints, strict=True) if joint[2] > 0}
    assert given == set(BODY_25) - set(Torchvision.about.absent)
    assert len(given) == 19


def test_overlap_of_boxes():
    box = np.array([0.0, 0, 10, 10])
    assert overlap(box, box) == 1 and overlap(box, box + 20) == 0
    assert overlap(box, box + [5, 0, 5, 0]) == pytest.approx(1 / 3)


@pytest.mark.parametrize("pattern", [*JOINTS.values()])
def test_weights_that_are_not_here_are_one_line_and_not_downloaded(pattern, torch):
    next(torch.glob(pattern)).unlink()
    with pytest.raises(UserError, match=r"^maskrcnn: no weights in .*: expected keypointrcnn_"):
        Torchvision()


def test_weights_elsewhere(torch, tmp_path):
    with pytest.raises(UserError, match=r"^maskrcnn: no weights in .*: expected maskrcnn_"):
        Torchvision(tmp_path / "elsewhere")
    torch.rename(tmp_path / "elsewhere")
    Torchvision(tmp_path / "elsewhere")


def test_a_missing_package_is_one_line(nothing_installed):
    with pytest.raises(UserError, match=r"^maskrcnn: torch is not installed: python -m pip"):
        Torchvision()


@pytest.mark.parametrize("error", [RuntimeError("no archive"), EOFError("Ran out of input")])
def test_weights_that_were_fetched_in_part_are_one_line(torch, monkeypatch, error):
    def load(path, **_):
        raise error

    monkeypatch.setattr(sys.modules["torch"], "load", load)
    with pytest.raises(UserError, match=r"0a1b2c3d\.pth: maskrcnn: no readable weights of "):
        Torchvision()

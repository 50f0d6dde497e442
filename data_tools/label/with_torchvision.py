"""torchvision's Mask R-CNN and keypoint network as a labeller, with weights that are here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data_tools.label.labeller import MIDDLE_OF, About, Found
from data_tools.people.joints import complete, to_body_25
from minipose.datasets.guard import reading
from minipose.errors import UserError
from minipose.skeletons import BODY_25, COCO_17

# A network's constructor in torchvision.models.detection, and how its published weights are called.
MASKS = {
    "maskrcnn_resnet50_fpn_v2": "maskrcnn_resnet50_fpn_v2_coco-*.pth",
    "maskrcnn_resnet50_fpn": "maskrcnn_resnet50_fpn_coco-*.pth",
}
JOINTS = {"keypointrcnn_resnet50_fpn": "keypointrcnn_resnet50_fpn_coco-*.pth"}
PERSON = 1  # COCO's number
SURE = 0.5  # a detection's score, and a mask's pixel
SEEN = 0.0  # a joint's score, a logit, above which it counts


class Torchvision:
    """Joints of COCO's skeleton and a mask of everybody in a picture.

    Raises
    ------
    UserError
        If torch, torchvision or a network's weights are not here.
    """

    about = About(
        "torchvision's Mask R-CNN and keypoint R-CNN",
        absent=tuple(n for n in BODY_25 if n not in COCO_17 and n not in MIDDLE_OF),
        derived=dict(MIDDLE_OF),
    )

    def __init__(self, weights: Path | None = None) -> None:
        try:
            import torch
            from torchvision.models import detection
        except ModuleNotFoundError as error:
            raise UserError(
                f"maskrcnn: {error.name} is not installed: python -m pip install torch torchvision"
            ) from None
        self.torch = torch
        folder = weights or Path(torch.hub.get_dir()) / "checkpoints"
        self.masks = self._load(detection, folder, MASKS)
        self.joints = self._load(detection, folder, JOINTS)

    def _load(self, detection: object, folder: Path, networks: dict[str, str]) -> object:
        for constructor, pattern in networks.items():
            for path in sorted(folder.glob(pattern)):
                network = getattr(detection, constructor)(weights=None, weights_backbone=None)
                with reading(path, f"maskrcnn: no readable weights of {constructor}"):
                    state = self.torch.load(path, map_location="cpu", weights_only=True)
                    network.load_state_dict(state)
                return network.eval()
        expected = " or ".join(networks.values())
        raise UserError(f"maskrcnn: no weights in {folder}: expected {expected}, from torchvision")

    def begin(self, pictures: dict[str, Path]) -> None:
        """Nothing to prepare."""

    def people(self, name: str, image: np.ndarray) -> list[Found]:
        """Everybody that both networks find, the largest first; a mask belongs to the nearest."""
        picture = self.torch.from_numpy(image.transpose(2, 0, 1).copy()).float() / 255
        with self.torch.no_grad():
            masks, joints = self.masks([picture])[0], self.joints([picture])[0]
        boxes, cut = self._sure(masks, "boxes", "masks")
        places, points, scores = self._sure(joints, "boxes", "keypoints", "keypoints_scores")
        people, free = [], list(range(len(boxes)))
        for box, point, score in zip(places, points, scores, strict=True):
            nearest = max(free, key=lambda k: overlap(boxes[k], box), default=None)
            if nearest is None or overlap(boxes[nearest], box) < 0.5:
                continue
            free.remove(nearest)
            people.append(Found(to_joints(point, score), cut[nearest][0] > SURE))
        return sorted(people, key=lambda found: int(found.mask.sum()), reverse=True)

    def _sure(self, found: dict, *fields: str) -> list[np.ndarray]:
        """Fields of the people whose score is high enough."""
        labels, scores = found["labels"].numpy(), found["scores"].numpy()
        keep = (labels == PERSON) & (scores > SURE)
        return [found[field].numpy()[keep] for field in fields]

    def close(self) -> None:
        """Nothing to give back."""


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes (x0, y0, x1, y1)."""
    size = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(size, 0)))
    return both / max(1e-9, float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - both)


def to_joints(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """COCO's 17 joints (17, 3) and their scores -> BODY_25 (25, 3), with neck and mid hip.

    Confidence is the score's sigmoid.
    """
    sure = 1 / (1 + np.exp(-np.clip(scores, -50, 50)))
    found = np.column_stack([points[:, :2], np.where(scores > SEEN, sure, 0)])
    return complete(to_body_25(found.astype(np.float64), COCO_17), COCO_17)

"""MediaPipe Pose as a labeller: 33 landmarks become BODY_25, several passes become one mask.

Its detector looks at the whole picture, reduced to 224 px, so a person who is small in it, or cut
off by its edge, is missed or badly cut out. So each person is seen four times: in the whole picture
and in the box around what was found there, each also mirrored. The landmarks are the median of the
passes, the mask their mean. Where the passes disagree the mask is poor: then smaller parts of the
picture are looked at, and where these disagree as well, the picture is left out. MediaPipe tells of
one person only; a second look, at the picture without that person, finds another one.

The limits below were measured on 27 photographs with hand-made masks (docs/photographs.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.label.labeller import MIDDLE_OF, About, Found
from data_tools.label.mediapipe_client import Server
from data_tools.label.pieces import grown
from data_tools.people.candidate import Dropped
from data_tools.people.joints import complete
from minipose.datasets.crop import box_of, largest_piece
from minipose.errors import UserError
from minipose.skeletons import BODY_25

LANDMARKS = (
    "nose", "left eye inner", "left eye", "left eye outer",
    "right eye inner", "right eye", "right eye outer", "left ear", "right ear",
    "mouth left", "mouth right", "left shoulder", "right shoulder", "left elbow", "right elbow",
    "left wrist", "right wrist", "left pinky", "right pinky", "left index", "right index",
    "left thumb", "right thumb", "left hip", "right hip", "left knee", "right knee",
    "left ankle", "right ankle", "left heel", "right heel", "left big toe", "right big toe",
)  # fmt: skip
GIVEN = [name in LANDMARKS for name in BODY_25]
ORDER = [LANDMARKS.index(name) for name in BODY_25 if name in LANDMARKS]
ABSENT = ("left small toe", "right small toe")
VISIBLE = 0.5  # from this visibility on a landmark counts
LEAST, LEAST_NEAR = 0.5, 0.2  # confidence of the detector: anywhere; where somebody was found
AROUND = 0.1  # of the person's longer side: how much the box for the second look is wider
PERSON = 0.6  # of the passes' mean, from which on a pixel is the person
AGREE = 0.8  # dice of each pass with the mask that all make; below, the mask is poor
LARGEST = 1280  # px of a picture's longer side; MediaPipe itself reduces what it finds to 256
OTHER = 0.5  # of the person's height: a smaller person in the background does not count
HIDDEN = 0.03  # of the picture's longer side, by which the first person is covered more widely
PARTS = (1.0, 0.7, 0.5)  # of the shorter side: squares to look at where the whole says nothing

Box = tuple[int, int, int, int]  # x0, y0, x1, y1


@dataclass(frozen=True)
class Seen:
    """What one pass saw: landmarks (33, 3) in px of the picture, soft mask float32 (H, W)."""

    landmarks: np.ndarray
    mask: np.ndarray


class MediaPipe:
    """Joints and mask of one person a picture.

    Raises
    ------
    UserError
        If MediaPipe is not installed.
    """

    about = About(
        "mediapipe 0.10.14",
        absent=ABSENT,
        derived=dict(MIDDLE_OF),
    )

    def __init__(self, server: Server | None = None) -> None:
        self.server: Server | None = server or Server()

    def begin(self, pictures: dict[str, Path]) -> None:
        """Nothing to prepare."""

    def people(self, name: str, image: np.ndarray) -> list[Found]:
        """The person in a picture, or nobody.

        Raises
        ------
        UserError
            If the passes disagree, or MediaPipe breaks off on this picture.
        """
        small, factor = reduced(image)
        try:
            people = self._people(small)
        except Dropped:
            raise
        except UserError:
            self.server = None  # the next picture begins with a new one
            raise
        return [enlarged(found, factor, image.shape[:2]) for found in people]

    def _people(self, image: np.ndarray) -> list[Found]:
        passes, agreement = self._look(image)
        if not passes:
            return []
        if agreement < AGREE:
            raise Dropped("mask is poor", f"the passes agree to {agreement:.2f} only")
        others = self._others(image, together(passes))
        return [found_in(passes), *([found_in(others)] if others else [])]

    def _look(self, image: np.ndarray) -> tuple[list[Seen], float]:
        """The passes over the picture, or over a part of it where these disagree."""
        height, width = image.shape[:2]
        passes = self._closer(image, self._twice(image, (0, 0, width, height), LEAST))
        agreement = agreement_of(passes)
        if agreement >= AGREE:
            return passes, agreement
        others = [(self._twice(image, box, LEAST), box) for box in parts_of(height, width)]
        # A person that is seen in a part, mirrored too, and alike.
        good = [seen for seen, _ in others if len(seen) == 2 and agreement_of(seen) >= AGREE]
        if good:
            largest = max(good, key=lambda seen: together(seen).sum())
            closer = self._closer(image, largest)
            if agreement_of(closer) >= AGREE:
                return closer, agreement_of(closer)
        return passes, agreement

    def _others(self, image: np.ndarray, mask: np.ndarray) -> list[Seen]:
        """Two passes that see one more person, at least half as tall, beside that of the mask."""
        covered = grown(mask, round(HIDDEN * max(mask.shape)))
        if covered.all():
            return []
        without = image.copy()
        without[covered] = image[~covered].mean(axis=0).astype(np.uint8)
        passes = self._twice(without, (0, 0, mask.shape[1], mask.shape[0]), LEAST)
        if len(passes) < 2 or agreement_of(passes) < AGREE:
            return []
        other = together(passes)
        heights = [np.ptp(np.flatnonzero(one.any(axis=1))) for one in (other, mask)]
        beside = (other & covered).sum() < 0.1 * other.sum()
        return passes if beside and heights[0] >= OTHER * heights[1] else []

    def _closer(self, image: np.ndarray, passes: list[Seen]) -> list[Seen]:
        """The same passes, and those over the box around what they found."""
        box = box_around(passes, image.shape[:2]) if passes else None
        return [*passes, *self._twice(image, box, LEAST_NEAR)] if box else passes

    def _twice(self, image: np.ndarray, box: Box, least: float) -> list[Seen]:
        """A box of the picture as it is, and mirrored; passes that find nobody are left out."""
        if self.server is None:
            self.server = Server()
        x0, y0, x1, y1 = box
        part, passes = image[y0:y1, x0:x1], []
        for mirrored in (False, True):
            found = self.server.find(part[:, ::-1] if mirrored else part, least)
            if found is None:
                continue
            landmarks, soft = found
            if mirrored:
                landmarks, soft = mirror(landmarks, x1 - x0), soft[:, ::-1]
            mask = np.zeros(image.shape[:2], np.float32)
            mask[y0:y1, x0:x1] = soft / np.float32(255)
            passes.append(Seen(landmarks + (x0, y0, 0), mask))
        return passes

    def close(self) -> None:
        """End MediaPipe's process."""
        if self.server is not None:
            self.server.close()


def reduced(image: np.ndarray) -> tuple[np.ndarray, float]:
    """A picture (H, W, 3) of at most ``LARGEST`` px, and by what it was multiplied."""
    factor = min(1.0, LARGEST / max(image.shape[:2]))
    if factor == 1:
        return image, factor
    size = [max(1, round(factor * n)) for n in image.shape[1::-1]]
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)), factor


def enlarged(found: Found, factor: float, size: tuple[int, int]) -> Found:
    """What was found in the reduced picture, in px of the picture of ``size`` (H, W)."""
    if factor == 1:
        return found
    joints = found.joints.copy()
    there = joints[:, 2] > 0
    joints[there, :2] = (joints[there, :2] + 0.5) / factor - 0.5
    mask = Image.fromarray(found.mask.astype(np.uint8) * np.uint8(255))
    whole = mask.resize(size[::-1], Image.Resampling.BILINEAR)
    return Found(joints, np.asarray(whole) > 127)


def mirror(landmarks: np.ndarray, width: int) -> np.ndarray:
    """Landmarks of a mirrored picture -> of the picture: x turned over, left and right swapped."""
    swap = {"left": "right", "right": "left"}
    names = [" ".join(swap.get(word, word) for word in name.split()) for name in LANDMARKS]
    turned = landmarks[[LANDMARKS.index(name) for name in names]]
    return np.concatenate([width - 1 - turned[:, :1], turned[:, 1:]], axis=1)


def found_in(passes: list[Seen]) -> Found:
    """The person that the passes saw: the median of the landmarks, the mean of the masks."""
    mask = together(passes)
    landmarks = np.median([seen.landmarks for seen in passes], axis=0)
    return Found(to_joints(landmarks, mask.shape), mask)


def together(passes: list[Seen]) -> np.ndarray:
    """The mask bool (H, W) that all passes make: the largest piece of their mean."""
    return largest_piece(np.mean([seen.mask for seen in passes], axis=0) > PERSON)


def agreement_of(passes: list[Seen]) -> float:
    """The least dice of a pass with the mask that all make, 0 if there is none."""
    if not passes:
        return 0.0
    mask = together(passes)
    return min(_dice(seen.mask > 0.5, mask) for seen in passes)


def _dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


def box_around(passes: list[Seen], size: tuple[int, int]) -> Box | None:
    """The box of what was found, and some room around it; None if nothing is in the picture."""
    mask = together(passes)
    landmarks = np.median([seen.landmarks for seen in passes], axis=0)
    corners = [landmarks[landmarks[:, 2] > VISIBLE, :2]]
    if (box := box_of(mask)) is not None:
        corners.append(np.array(box, dtype=float).reshape(2, 2))
    corners = np.clip(np.concatenate(corners), 0, (size[1], size[0]))
    if len(corners) < 2:
        return None
    low, high = corners.min(axis=0), corners.max(axis=0)
    room = AROUND * (high - low).max()
    x0, y0 = np.maximum(0, low - room).astype(int)
    x1, y1 = np.minimum((size[1], size[0]), high + room + 1).astype(int)
    return (int(x0), int(y0), int(x1), int(y1)) if min(x1 - x0, y1 - y0) > 1 else None


def parts_of(height: int, width: int) -> list[Box]:
    """Squares that overlap by half and cover the picture, from large to small."""
    boxes = []
    for part in PARTS:
        side = int(part * min(height, width))
        for y in _starts(height, side):
            boxes += [(x, y, x + side, y + side) for x in _starts(width, side)]
    return boxes


def _starts(length: int, side: int) -> list[int]:
    count = 1 + int(np.ceil((length - side) / (side / 2)))
    return [round(k * (length - side) / max(1, count - 1)) for k in range(count)]


def to_joints(landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Landmarks (33, 3) -> BODY_25 (25, 3); what is not visible or lies outside is 0, 0, 0."""
    joints = np.zeros((25, 3))
    joints[GIVEN] = landmarks[ORDER]
    x, y, visible = joints.T
    height, width = size
    inside = (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
    joints[~inside | (visible < VISIBLE)] = 0
    return complete(joints, [name for name, given in zip(BODY_25, GIVEN, strict=True) if given])

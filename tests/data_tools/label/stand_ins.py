"""Stand-ins for the labellers: packages and a program that find bright people in dark pictures."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.label.with_mediapipe import LANDMARKS

SIDES = {"left": 0.75, "right": 0.25}

# MediaPipe, as far as data_tools/label/mediapipe_server.py knows it. Who is white is a person; what
# is all blue breaks it off, what is all green it thinks about for ever.
POSE = """
import os, time
from types import SimpleNamespace as made
import numpy as np

print("what a library prints")


class Pose:
    def __init__(self, static_image_mode, model_complexity, enable_segmentation,
                 min_detection_confidence):
        assert static_image_mode and enable_segmentation and model_complexity == 1

    def process(self, image):
        assert image.flags["C_CONTIGUOUS"] and image.dtype == np.uint8
        colour = image.reshape(-1, 3).mean(axis=0)
        if colour[2] > 200 and colour[0] < 50:
            print("its last words", flush=True)
            os._exit(3)
        if colour[1] > 200 and colour[0] < 50:
            time.sleep(60)
        person = (image > 200).all(axis=2)
        if not person.any():
            return made(pose_landmarks=None, segmentation_mask=None)
        y, x = np.nonzero(person)
        height, width = person.shape
        marks = [made(x=(x.min() + 0.5 + f * np.ptp(x)) / width,
                      y=(y.min() + 0.5 + g * np.ptp(y)) / height, visibility=v)
                 for f, g, v in PLACES]
        return made(pose_landmarks=made(landmark=marks),
                    segmentation_mask=person.astype(np.float32))
"""


def places() -> list[tuple[float, float, float]]:
    """Where each landmark is in the person's box, from 0 to 1, and its visibility.

    Those of the person's left are at the right of the picture; the two of a pair are at one height.
    """
    parts = [" ".join(word for word in n.split() if word not in SIDES) for n in LANDMARKS]
    heights = list(dict.fromkeys(parts))
    rows = []
    for name, part in zip(LANDMARKS, parts, strict=True):
        across = next((SIDES[word] for word in name.split() if word in SIDES), 0.5)
        rows.append((across, heights.index(part) / len(heights), 0.9))
    return rows


def package(folder: Path) -> Path:
    """A package mediapipe in a folder, which goes on the path."""
    solutions = folder / "mediapipe/python/solutions"
    solutions.mkdir(parents=True)
    for place in (solutions, solutions.parent, solutions.parent.parent):
        (place / "__init__.py").touch()
    (solutions / "pose.py").write_text(POSE + f"\n\nPLACES = {places()!r}\n")
    return folder


def program(folder: Path, body: str = "") -> Path:
    """A program openpose.bin, which writes a file for each picture; ``body`` comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "openpose.bin"
    path.write_text(f"""#!{sys.executable}
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image

{body}
flags = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert flags["--keypoint_scale"] == flags["--display"] == flags["--render_pose"] == "0", flags
for path in sorted(Path(flags["--image_dir"]).iterdir()):
    person = (np.asarray(Image.open(path).convert("RGB")) > 200).all(axis=2)
    people = []
    if person.any():
        y, x = np.nonzero(person)
        middle = [float(x.mean()), float(y.mean()), 0.9]
        people = [{{"pose_keypoints_2d": middle * 25}}]
    out = Path(flags["--write_json"]) / (path.stem + "_keypoints.json")
    out.write_text(json.dumps({{"version": 1.3, "people": people}}))
""")
    path.chmod(0o755)
    return path


def photograph(
    path: Path,
    people: tuple[tuple[int, int, int, int], ...] = ((30, 20, 61, 81),),
    size: tuple[int, int] = (100, 100),
    colour: tuple[int, int, int] = (20, 20, 20),
    **options: object,
) -> Path:
    """White people, boxes (x0, y0, x1, y1), on a picture (H, W) of one colour."""
    pixels = np.full((*size, 3), colour, np.uint8)
    for x0, y0, x1, y1 in people:
        pixels[y0:y1, x0:x1] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def joints_in(folder: Path, name: str) -> list[np.ndarray]:
    """Everybody's joints (25, 3) in a labelled folder's file."""
    content = json.loads((folder / "keypoints" / f"{name}_keypoints.json").read_text())
    return [np.array(one["pose_keypoints_2d"]).reshape(25, 3) for one in content["people"]]

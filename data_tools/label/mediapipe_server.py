"""MediaPipe in a process of its own: a picture comes in, 33 landmarks and a soft mask go out.

It is run by the Python that has MediaPipe, which need not be minipose's: that release asks for
older packages than minipose's environment holds. So this file imports nothing of minipose. A
request is a line of JSON, {"shape": [H, W, 3], "at_least": confidence}, and the picture's bytes;
an answer is {"landmarks": [[x, y, visibility], ...]} in px, or null, {"mask": [H, W]}, and the
mask's bytes, 0-255. It ends with its input.

The models are those of MediaPipe's own wheel; nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import sys
import types
from contextlib import suppress

import numpy as np


def load_pose() -> type:
    """MediaPipe's Pose, without the packages that it only draws with.

    OpenCV needs a graphics library, which bare machines lack, and Matplotlib takes a second.
    """
    for name in ("cv2", "matplotlib", "matplotlib.pyplot"):
        sys.modules.setdefault(name, types.ModuleType(name))
    from mediapipe.python.solutions import pose

    return pose.Pose


def answer(poses: dict[float, object], pose: type, request: dict, image: np.ndarray) -> tuple:
    """The landmarks (33, 3) as lists and the mask uint8 (H, W), or None twice.

    Parameters
    ----------
    poses : the networks so far, by the confidence that they ask for
    """
    least = float(request["at_least"])
    if least not in poses:
        poses[least] = pose(
            static_image_mode=True,
            model_complexity=1,
            enable_segmentation=True,
            min_detection_confidence=least,
        )
    found = poses[least].process(image)
    if found.pose_landmarks is None or found.segmentation_mask is None:
        return None, None
    height, width = image.shape[:2]
    landmarks = [
        [mark.x * width - 0.5, mark.y * height - 0.5, mark.visibility]
        for mark in found.pose_landmarks.landmark
    ]
    mask = np.clip(np.asarray(found.segmentation_mask) * 255, 0, 255).round().astype(np.uint8)
    return landmarks, mask


def main() -> int:
    """Answer until the input ends. Returns the exit status."""
    sys.stdout.flush()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    pose, poses = load_pose(), {}
    replies.write(b'{"ready": true}\n')
    replies.flush()
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        shape = tuple(request["shape"])
        pixels = sys.stdin.buffer.read(int(np.prod(shape)))
        image = np.frombuffer(pixels, np.uint8).reshape(shape)
        landmarks, mask = answer(poses, pose, request, image)
        head = {"landmarks": landmarks, "mask": None if mask is None else list(mask.shape)}
        replies.write(json.dumps(head).encode() + b"\n" + (b"" if mask is None else mask.tobytes()))
        replies.flush()
    return 0


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        sys.exit(main())

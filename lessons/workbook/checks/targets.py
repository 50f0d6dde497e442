"""Lesson 28: report 2's targets."""

import numpy as np

from lessons.workbook.judge import ask, same
from minipose.targets import heatmaps as package

SIZE = (24, 30)
PLACES = [[8.7, 9.2], [10.1, 9.9], [20.0, 15.5], [9.2, 12.6], [21.9, 17.3]]
JOINTS = np.array(PLACES)  # x, y; none near the border
KEYPOINTS = np.zeros((25, 3))
KEYPOINTS[:5] = np.column_stack([JOINTS, np.ones(5)])
SIZES = {24: "rows", 30: "columns"}


def _spots(joints, factor=1 / (2 * np.pi), power=2.0, combine=np.sum, root=False):
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    squared = np.array([(columns - x) ** 2 + (rows - y) ** 2 for x, y in joints])
    return factor * combine(np.exp(-(np.sqrt(squared) if root else squared) / power), axis=0)


def blur(mine):
    whole = np.floor(JOINTS)
    known = {
        "if x and y are exchanged: a row is y": _spots(whole[:, ::-1]),
        "if joints stand at their own places: in the pixel of the integer part": _spots(JOINTS),
        "if joints are rounded: the integer part": _spots(np.round(JOINTS)),
        "without 1/2π": _spots(whole, 1.0),
        "of exp(−d²): exp(−d²/2)": _spots(whole, power=1.0),
        "of exp(−d/2): the distance is squared": _spots(whole, root=True),
        "of the largest of the spots: their sum": _spots(whole, combine=np.max),
        "with 1/√2π: in the plane it is 1/2π": _spots(whole, 1 / np.sqrt(2 * np.pi)),
    }
    expected = package.joint_blur(KEYPOINTS, SIZE)
    same("blur", ask(mine.blur, JOINTS, SIZE), expected, SIZES, known, rtol=1e-3, atol=2e-4)


def heatmap(mine):
    right, raw = package.heatmap(KEYPOINTS, SIZE), _spots(np.floor(JOINTS))
    known = {
        "with 1 at the top, not 100": right / 100,
        "if the blur is not scaled to its highest": 100 * raw,
        "if it adds up to 100": 100 * raw / raw.sum(),
    }
    same("heatmap", ask(mine.heatmap, JOINTS, SIZE), right, SIZES, known, rtol=1e-3, atol=0.1)


def class_map(mine):
    right = package.class_map(KEYPOINTS, SIZE).astype(float)
    scaled = package.heatmap(KEYPOINTS, SIZE) > 0.01
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    nearest = np.argmin([(columns - x) ** 2 + (rows - y) ** 2 for x, y in np.floor(JOINTS)], axis=0)
    known = {
        "if joints count from 0: 0 is the background": np.where(right > 0, right - 1, 0),
        "without the threshold: far from all joints is background": nearest + 1,
        "if the threshold is held against the heatmap: against the blur": np.where(
            scaled, nearest + 1, 0
        ),
        "if it only says where a joint is: which one": (right > 0) * 1.0,
    }
    same("class_map", ask(mine.class_map, JOINTS, SIZE), right, SIZES, known)


heatmap.needs = class_map.needs = (blur,)
PARTS = (blur, heatmap, class_map)

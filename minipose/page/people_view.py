"""Report 2's job in the viewer: mask, heat and joints over the picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from minipose.datasets.people import PeopleStore
from minipose.experiments.people.confidence import SURE
from minipose.experiments.people.outputs import Group, Outputs, Prediction, map_groups
from minipose.experiments.people.recipe import Recipe
from minipose.metrics import dice_coefficient, visible_joints
from minipose.nn import Module
from minipose.page.overlays import HEAT, PREDICTION, TRUTH, layer, outline, picture
from minipose.skeletons import BODY_25, BODY_25_LIMBS

SKELETON = {"names": list(BODY_25), "limbs": [list(limb) for limb in BODY_25_LIMBS]}
WITHIN = 5.0  # px: a joint that close to the true place is found


def samples(store: PeopleStore, rows: np.ndarray) -> list[dict[str, Any]]:
    """Of each picture: its name and size, the picture, the true mask and joints."""
    return [_sample(store, int(row)) for row in rows]


def _sample(store: PeopleStore, row: int) -> dict[str, Any]:
    person = store[row]
    height, width = person.mask.shape
    visible = visible_joints(person.keypoints[None], np.array([[height, width]]))[0]
    return {
        "name": f"{person.name} ({person.source})" if person.source else person.name,
        "size": [width, height],
        "picture": picture(person.image),
        "mask": outline(person.mask, TRUTH),
        "joints": joints(person.keypoints[:, :2], visible),
    }


def found(
    net: Module, store: PeopleStore, rows: np.ndarray, recipe: Recipe
) -> list[dict[str, Any]]:
    """What the network finds in each picture, and how far it is off."""
    answers: dict[int, dict[str, Any]] = {}

    def look(group: Group) -> None:
        for row, person, p in zip(group.samples, group.people, group.predictions, strict=True):
            answer = layers(p)
            dice = dice_coefficient((p.mask > 0.5) * 1.0, person.mask)
            answer |= {"note": f"dice {dice:.3f}", "error": 1 - float(dice)}
            if p.joints is not None:
                answer["note"] += f", {_counted(p, person.keypoints, person.mask.shape)}"
            answers[int(row)] = answer

    map_groups(look, net, store, rows, recipe, Outputs())
    return [answers[int(row)] for row in rows]


def layers(p: Prediction) -> dict[str, Any]:
    """A prediction as layers over its picture."""
    made: dict[str, Any] = {"mask": layer(p.mask, PREDICTION)}
    if p.regression is not None:
        made["heat"] = layer(p.regression / max(float(p.regression.max()), 1e-3), HEAT)
    if p.joints is not None:
        places, _ = p.joint_places()
        made["joints"] = joints(places, p.confidence >= SURE, p.confidence)
        made.setdefault("heat", layer(p.joint_pictures()[1:].max(axis=0), HEAT))
    return made


def joints(
    places: np.ndarray, present: np.ndarray, confidence: np.ndarray | None = None
) -> list[list[float] | None]:
    """[x, y] or [x, y, confidence] in px of each joint; None where there is none."""
    rows = places if confidence is None else np.column_stack([places, confidence])
    return [
        [round(float(v), 2) for v in row] if there else None
        for row, there in zip(rows, present, strict=True)
    ]


def _counted(p: Prediction, keypoints: np.ndarray, size: tuple[int, int]) -> str:
    visible = visible_joints(keypoints[None], np.array([size]))[0]
    distance = np.linalg.norm(p.joint_places()[0] - keypoints[:, :2], axis=1)
    near = int((distance[visible] <= WITHIN).sum())
    return f"{near} of {int(visible.sum())} joints within {WITHIN:.0f} px"

"""OpenPose's joints on a drawn body, and what of them a detector finds."""

import numpy as np
import pytest

from data_tools.twin.body.body25 import _segment_distance, body_25, detect, hidden
from data_tools.twin.body.clothes import draw_outfit, dress
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.kinematics import Bones
from data_tools.twin.body.stances import Stance
from minipose.skeletons import BODY_25, BODY_25_LIMBS

AT = {name: i for i, name in enumerate(BODY_25)}


def test_points_are_where_their_names_say():
    points = body_25(stand_up(Bones(), Stance()))
    x, y, z = points.T
    for k, name in enumerate(BODY_25):
        if "right" in name:
            assert y[k] < 0 and y[k] == pytest.approx(-y[AT[name.replace("right", "left")]], abs=1)
    assert x[AT["nose"]] > x[AT["right eye"]] > x[AT["right ear"]]
    assert z[AT["right eye"]] > z[AT["nose"]] > z[AT["neck"]] > z[AT["mid hip"]]
    assert x[AT["left big toe"]] > x[AT["left small toe"]] > x[AT["left heel"]]
    assert abs(y[AT["left big toe"]]) < abs(y[AT["left small toe"]])
    assert np.allclose(points[AT["neck"]], (points[2] + points[5]) / 2)
    assert len(BODY_25_LIMBS) == 24


def seen_from(azimuth: float):
    """A standing person's hidden joints for a camera 4 m away in a direction (deg, 90 = left)."""
    bones = Bones()
    posed = stand_up(bones, Stance({"elbow_right": 5.0, "elbow_left": 5.0}))
    parts = dress(posed, bones, draw_outfit(np.random.default_rng(1)))
    turn = np.deg2rad(azimuth)

    class Eye:
        centre = np.array([4000 * np.cos(turn), 4000 * np.sin(turn), 1300.0])

    unseen = hidden(body_25(posed), posed, parts, Eye)
    return {name for name, k in AT.items() if unseen[k]}


def test_what_the_body_hides():
    face = {"nose", "right eye", "left eye"}
    front, back, left = seen_from(0), seen_from(180), seen_from(90)
    assert not front & (face | {"right wrist", "left wrist", "left knee", "right ankle"})
    assert face <= back and not back & {"left knee", "right elbow", "left ear"}
    assert {"right ear", "right eye", "right shoulder", "right hip"} <= left
    assert not left & {"left ear", "left shoulder", "left elbow"}


def test_a_detector_misses_what_is_hidden_more_often():
    pixels = np.full((25, 2), 60.0)
    pixels[0] = (-3, 60)
    unseen = np.zeros(25, dtype=bool)
    unseen[[AT["right knee"], AT["left ear"]]] = True
    rng = np.random.default_rng(0)
    found = np.stack([detect(pixels, unseen, (128, 128), rng) for _ in range(300)])
    missed = (found[:, :, 2] == 0).mean(axis=0)
    assert not found[found[:, :, 2] == 0].any()
    assert missed[0] == 1  # outside the picture
    assert missed[AT["left ear"]] > 0.85 and 0.05 < missed[AT["right knee"]] < 0.2
    assert missed[AT["left knee"]] < 0.03
    right, left = (found[:, AT[n]][found[:, AT[n], 2] > 0] for n in ("right knee", "left knee"))
    assert right[:, 2].mean() < 0.6 < left[:, 2].mean()
    assert right[:, 0].std() > 2 * left[:, 0].std()


def test_distance_of_segments_against_a_search():
    rng = np.random.default_rng(2)
    p, q, a, b = rng.normal(0, 1, (4, 30, 3))
    t = np.linspace(0, 1, 201)[:, None]
    for k in range(30):
        one, two = p[k] + t * (q[k] - p[k]), a[k] + t * (b[k] - a[k])
        searched = np.linalg.norm(one[:, None] - two[None], axis=2).min()
        got = _segment_distance(p[k : k + 1, None], q[k : k + 1, None], a[k : k + 1], b[k : k + 1])
        assert searched - 0.02 < got[0, 0] < searched + 1e-9

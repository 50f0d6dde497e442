"""Single poses: on the floor, of all kinds, and mirrored."""

import numpy as np
import pytest

from data_tools.twin.body.body25 import body_25
from data_tools.twin.body.footing import stand_up
from data_tools.twin.body.kinematics import Bones
from data_tools.twin.body.stances import KINDS, _mirrored, draw_stance
from data_tools.twin.people import draw_bones
from minipose.skeletons import BODY_25, mirrored


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_every_kind_stands_on_the_floor_or_flies(kind):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        stance = kind(rng)
        joints = stand_up(draw_bones(rng), stance).joints[0]
        assert np.isfinite(joints).all()
        soles = min((joints[[3, 8], 2] - 85).min(), (joints[[4, 9], 2] - 25).min())
        assert stance.lift - 1e-6 <= soles < stance.lift + 250
        assert joints[:, 2].min() > -1
        for name, value in stance.angles.items():
            if name.startswith(("knee", "elbow")):
                assert -5 <= value <= 150, name


def test_mirroring_swaps_the_sides():
    stance = draw_stance(np.random.default_rng(8))
    points, other = (body_25(stand_up(Bones(), s)) for s in (stance, _mirrored(stance)))
    assert np.allclose(other[mirrored(BODY_25)] * [1, -1, 1], points, atol=1e-6)


def test_stances_differ():
    joints = [stand_up(Bones(), draw_stance(np.random.default_rng(n))).joints[0] for n in range(60)]
    height = np.array([np.ptp(j[:, 2]) for j in joints])
    hands = np.array([j[[19, 27], 2].max() - j[13, 2] for j in joints])  # above the neck
    assert height.min() < 1300 and height.max() > 1750
    assert (hands > 100).mean() > 0.1 and (hands < -300).mean() > 0.2

"""Poses of a video through a filter: in order, as if all frames were known, never across a gap."""

from types import SimpleNamespace

import numpy as np
import pytest

from minipose.cli import main
from minipose.experiments.pose3d.filters import FILTERS, WINDOWED
from minipose.predict import smoothing
from minipose.predict.person import Result
from minipose.predict.smoothing import smoothed_results

NOTHING = np.zeros((0, 0))


def results(poses):
    for number, pose in enumerate(poses):
        frame = SimpleNamespace(number=number)
        yield (
            frame,
            Result(NOTHING, pose is not None, (0, 0, 1, 1), NOTHING, NOTHING, joints_3d=pose),
        )


@pytest.fixture(autouse=True)
def unfitted(monkeypatch):
    monkeypatch.setattr(smoothing, "lay_on_picture", lambda joints, *_: joints)


@pytest.mark.parametrize("name", WINDOWED)
def test_a_stream_gives_what_the_whole_sequence_would(name):
    poses = np.random.default_rng(0).normal(0, 50, (40, 17, 3)).cumsum(axis=0)
    found = list(smoothed_results(results(poses), name, 0.1))
    assert [frame.number for frame, _ in found] == list(range(40))
    ours = np.stack([result.joints_3d for _, result in found])
    whole = FILTERS[name](poses, 0.1)
    np.testing.assert_allclose(ours[3:-3], whole[3:-3], rtol=1e-6, atol=1e-3)
    assert all(result.fit is result.joints_3d for _, result in found)


@pytest.mark.parametrize("name", WINDOWED)
def test_nothing_is_filtered_across_a_frame_without_anybody(name):
    poses = [*np.full((6, 17, 3), 100.0), None, *np.full((6, 17, 3), 900.0)]
    found = [result.joints_3d for _, result in smoothed_results(results(poses), name, 0.1)]
    assert found[6] is None
    for pose, ours in zip(poses, found, strict=True):
        assert pose is None or np.allclose(pose, ours)


@pytest.mark.parametrize("flag", ["--smooth median", "--frames 3", "--animation gif"])
def test_what_is_for_videos_is_refused_with_pictures_alone(flag, tmp_path, capsys):
    (tmp_path / "x.png").touch()
    assert main(["predict", str(tmp_path / "x.png"), *flag.split()]) == 1
    name = flag.split()[0]
    assert capsys.readouterr().err == f"error: {name}: is for videos, got only pictures\n"

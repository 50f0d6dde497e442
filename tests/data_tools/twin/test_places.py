"""Places to stand in."""

import numpy as np

from data_tools.twin.scene.places import draw_place


def test_nothing_stands_between_camera_and_person():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        turn = rng.uniform(0, 2 * np.pi)
        centre = np.array([4500 * np.cos(turn), 4500 * np.sin(turn), 1400.0])
        scene = draw_place(rng, centre)
        on_sight = np.linspace(0.0, 0.9, 40)[:, None] * centre[:2]
        for box in scene.boxes:
            inside = (on_sight > box.low[:2]) & (on_sight < box.high[:2])
            assert not inside.all(axis=1).any()
        for blob in scene.blobs:
            away = (on_sight - blob.centre[:2]) / blob.radii[:2]
            low = blob.centre[2] - blob.radii[2] < 1700
            assert not (low and ((away**2).sum(axis=1) < 0.8).any())

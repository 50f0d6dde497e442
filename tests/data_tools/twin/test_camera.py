"""How the stand-in is seen: framed, drawn where geometry puts it, nearer before farther."""

import numpy as np
import pytest

from data_tools.twin.body.clothes import Cloth, Parts, draw_outfit, dress
from data_tools.twin.body.gait import draw_walker, walk
from data_tools.twin.camera.placement import cameras_for, frame, frame_size
from data_tools.twin.camera.render_body import draw
from data_tools.twin.camera.render_scene import look
from data_tools.twin.h36m import BONES, Plan
from data_tools.twin.scene.capture_room import background
from data_tools.twin.scene.world import Box, Lamp, Scene, Sky
from minipose.datasets.cameras import Camera


@pytest.mark.parametrize("subject", [1, 6, 11])
def test_everybody_is_always_within_the_frame(subject):
    for take in (1, 2):
        posed, _ = Plan(subject, take, 150, 10, 1, seed=0).walk()
        for name, camera in cameras_for(subject).items():
            points = camera.to_camera(posed.joints)
            pixels, radius = camera.project(points), 110 * camera.focal[0] / points[..., 2]
            height, width = frame_size(name)
            assert (pixels - radius[..., None]).min() > 0  # 110 mm of flesh and cloth around
            assert ((width, height) - (pixels + radius[..., None])).min() > 0
            tall = np.ptp(pixels[..., 1], axis=1)
            assert 100 < tall.min() and tall.max() < 230 and 125 < np.median(tall) < 160


def test_the_silhouette_is_exactly_what_was_drawn():
    rng = np.random.default_rng(0)
    posed = walk(BONES[1], draw_walker(rng, rng), 3)
    camera = cameras_for(1)["55011271"]
    empty = background(camera, frame_size("55011271"), 0)
    image = empty.copy()
    mask = draw(image, dress(posed, BONES[1], draw_outfit(rng)).at(1), camera, Lamp())
    changed = (image != empty).any(axis=2)
    assert not changed[~mask].any()  # nothing outside of it is touched
    assert changed[mask].mean() > 0.97  # inside, a colour may happen to be the background's
    keypoints = camera.project(camera.to_camera(posed.joints[1]))
    inside = mask[keypoints[:, 1].round().astype(int), keypoints[:, 0].round().astype(int)]
    assert inside.mean() > 0.85


def test_a_capsule_is_drawn_where_geometry_puts_it():
    """The silhouette of a ball and of a rod cut flat: their sizes by hand, in px."""
    middle, none = np.full(2, 100.0), np.zeros(3)
    forward = Camera(np.eye(3), none, np.full(2, 400.0), middle, none, np.zeros(2))
    grey = (Cloth((0.5, 0.5, 0.5)),)

    def mask(a, b, radius, flat):
        parts = Parts(
            np.array([[a]], float), np.array([[b]], float), np.array([radius]), np.array([radius]),
            grey, np.array([flat]),
        )  # fmt: skip
        return draw(np.zeros((200, 200, 3), np.uint8), parts, forward, Lamp())

    ball = mask((0, 0, 4000), (0, 0, 4000), 250.0, False)  # radius 250 · 400/4000 = 25 px
    assert abs(ball.sum() - np.pi * 25**2) < 60
    rows, columns = np.nonzero(ball)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (75, 125, 75, 125)
    rod = mask((0, 0, 4000), (500, 0, 4000), 100.0, True)  # rows 90-110; its end at 100 + 50
    assert np.nonzero(rod)[1].max() == 149 and rod[:, 149].sum() == 21
    assert np.nonzero(mask((0, 0, 4000), (500, 0, 4000), 100.0, False))[1].max() == 160


def test_nearer_parts_cover_farther_ones():
    camera = cameras_for(1)["54138969"]
    forward = camera.rotation[2]
    near, far = camera.centre + 3000 * forward, camera.centre + 4000 * forward
    red, blue = Cloth((1, 0, 0)), Cloth((0, 0, 1))
    for order in ((0, 1), (1, 0)):
        points = np.stack([np.stack([near, far])[list(order)]])
        cloths = tuple((red, blue)[i] for i in order)
        parts = Parts(points, points, np.full(2, 150.0), np.full(2, 150.0), cloths)
        image = np.zeros((401, 400, 3), np.uint8)
        mask = draw(image, parts, camera, Lamp())
        middle = np.argwhere(mask).mean(axis=0).astype(int)
        assert image[tuple(middle)][0] > 0 and image[tuple(middle)][2] == 0


def test_boxes_cover_the_pixels_whose_rays_meet_them():
    white, black = (lambda u, v, n, f, c=c: np.full((len(u), 3), c, np.float32) for c in (1.0, 0.0))
    size = (48, 36)
    camera = frame(np.array([[0, -300, 0], [0, 300, 1700.0]]), size, np.random.default_rng(3))
    box = Box((-400.0, -250.0, 200.0), (100.0, 350.0, 900.0), white)
    lamp = Lamp(((0.0, 0.0, 1.0),), (0.0,), 1.0)
    scene = Scene(black, Sky((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0), lamp, [box])
    image = look(scene, camera, size)
    for row, column in np.ndindex(*size):
        ray = camera.rays(np.array([float(column), float(row)])) @ camera.rotation
        points = camera.centre + np.linspace(0, 16000, 4001)[:, None] * ray
        inside = ((points > box.low) & (points < box.high)).all(axis=1).sum()
        if inside == 0:
            assert image[row, column, 0] in (0.0, 1.0)
        elif inside > 2:
            assert image[row, column, 0] == 1.0
    assert 0.05 < image[..., 0].mean() < 0.9

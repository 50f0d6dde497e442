"""The box by the mask, joints by the box, the pose by the mask; and drawn people are found."""

import numpy as np
import pytest

from data_tools.twin.people import make_sample
from minipose.datasets.resize import resize_bicubic, scale_points
from minipose.errors import UserError
from minipose.experiments.people.augmentation import MIRRORED
from minipose.experiments.people.predict import Found, shrunk
from minipose.metrics import dice_coefficient
from minipose.predict import person
from minipose.predict.networks import load_networks
from minipose.predict.person import predict_picture, predict_pictures
from tests.predict.networks import people_checkpoint, pose3d_checkpoint


@pytest.fixture(scope="module")
def packaged():
    return load_networks()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A network that takes all for a person, and one that always finds the same pose."""
    folder = tmp_path_factory.mktemp("networks")
    people = people_checkpoint(folder / "people.npz", model="triple")
    return load_networks(people, pose3d_checkpoint(folder / "pose.npz"))


def picture(height=90, width=60, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3)).astype(np.uint8)


def test_the_weights_that_come_along_find_drawn_people(packaged):
    """People that were never trained on (seed 0 was), small in a larger picture, too."""
    whole, small = [], []
    for number in range(3):
        sample = make_sample(5, number)
        image = np.ascontiguousarray(sample.image)
        whole.append(dice_coefficient(predict_picture(packaged, image).mask > 0.5, sample.mask))
        scene = np.full((2 * image.shape[0], 3 * image.shape[1], 3), image[:4].mean(), np.uint8)
        inside = np.s_[30 : 30 + image.shape[0], 50 : 50 + image.shape[1]]
        scene[inside] = image
        found = predict_picture(packaged, scene)
        small.append(dice_coefficient(found.mask[inside] > 0.5, sample.mask))
        assert found.joints_3d.shape == (17, 3)
    assert np.median(whole) > 0.85 and np.median(small) > 0.85


def test_every_field_is_in_px_of_the_picture(plain):
    image = picture()
    found = predict_picture(plain, image)
    assert found.person and found.box == (0, 0, 60, 90)
    assert found.mask.shape == found.heatmap.shape == (90, 60)
    assert found.keypoints.shape == (25, 3) and found.present.shape == (25,)
    assert ((found.keypoints[:, :2] >= -0.5) & (found.keypoints[:, :2] < (60, 90))).all()
    assert found.crop.shape == (128, 128)
    expected = np.arange(17)[:, None] * np.array((10.0, 20.0, 30.0))
    mirrored = expected[[0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13]] * (-1, 1, 1)
    np.testing.assert_allclose(found.joints_3d, (expected + mirrored) / 2, atol=1e-3)


def test_a_view_is_looked_at_alone(plain):
    image, view = picture(), (10, 20, 40, 80)
    (found,) = predict_pictures(plain, [image], views=[view])
    assert found.box == view and not found.mask[:20].any() and found.mask[20:80, 10:40].all()
    alone = predict_picture(plain, image[20:80, 10:40])
    np.testing.assert_array_equal(found.mask[20:80, 10:40], alone.mask)
    np.testing.assert_allclose(found.keypoints, alone.keypoints + (10, 20, 0))


def test_a_box_is_looked_at_with_a_margin_and_holds_all_of_the_person(plain):
    image, box = picture(), (20, 30, 40, 70)
    found = predict_picture(plain, image, box)
    (seen,) = predict_pictures(plain, [image], views=[person.with_room(box, image.shape)])
    assert found.box == box and seen.box == (10, 20, 50, 80)
    np.testing.assert_array_equal(found.keypoints, seen.keypoints)
    inside = np.zeros((90, 60), bool)
    inside[30:70, 20:40] = True
    np.testing.assert_array_equal(found.mask, np.where(inside, seen.mask, 0))


def test_a_given_mask_is_kept(plain):
    mask = np.zeros((90, 60), bool)
    mask[30:70, 20:35] = True
    found = predict_picture(plain, picture(), mask=mask)
    np.testing.assert_array_equal(found.mask, mask)
    assert found.box == (20, 30, 35, 70)


class Looks:
    """A network that sees somebody at a place: surely from near, or surely from far."""

    def __init__(self, near: bool, size=(384, 256)):
        self.truth, self.near, self.boxes = np.zeros(size, np.float32), near, []
        self.truth[120:200, 80:120] = 1
        self.truth[10:16, 10:16] = 1  # something else

    def __call__(self, net, recipe, parts, mirror_too=False):
        found = []
        for part in parts:
            whole = part.shape[:2] == self.truth.shape
            y, x = np.argwhere((self.picture == part[0, 0]).all(axis=2))[0]
            here = self.truth[y : y + part.shape[0], x : x + part.shape[1]]
            self.boxes.append((x, y, x + part.shape[1], y + part.shape[0]))
            sure = 0.4 if self.near != whole else 0.2
            found.append(Found(0.5 + (2 * here - 1) * sure, np.full((25, 3), 1.0), None))
        return found


@pytest.mark.parametrize("near", [True, False])
def test_the_second_look_goes_where_the_first_found_somebody(plain, monkeypatch, near):
    looks = Looks(near)
    rows, columns = np.indices((384, 256))  # each pixel has a colour of its own
    looks.picture = np.stack([rows // 2, columns, rows % 2], axis=-1).astype(np.uint8)
    monkeypatch.setattr(person, "find", looks)
    found = predict_picture(plain, looks.picture)
    room = int(0.25 * 80)
    closer = (80 - room, 120 - room, 120 + room, 200 + room)
    surer = closer if near else (0, 0, 256, 384)
    assert looks.boxes == [(0, 0, 256, 384), closer, surer]  # the last one in a mirror, too
    assert found.box == (80, 120, 120, 200)
    assert found.mask[150, 100] == pytest.approx(0.9)
    assert found.keypoints[0].tolist() == ([81 - room, 121 - room, 1] if near else [1, 1, 1])


def test_a_mirror_image_counts_as_much_as_the_picture(packaged):
    """So what is found in the mirrored picture is mirrored: right and left change places."""
    image = np.ascontiguousarray(make_sample(5, 1).image)
    box = (0, 0, image.shape[1], image.shape[0])
    plain, mirrored = (predict_picture(packaged, i, box) for i in (image, image[:, ::-1].copy()))
    np.testing.assert_allclose(plain.mask, mirrored.mask[:, ::-1], atol=0.02)
    moved = mirrored.keypoints[MIRRORED]
    moved[:, 0] = image.shape[1] - 1 - moved[:, 0]
    assert np.median(np.abs(moved - plain.keypoints)) < 1
    assert abs(np.median((moved - plain.keypoints)[:, 0])) < 0.5  # no joint is moved to one side


def test_nobody(tmp_path):
    networks = load_networks(people_checkpoint(tmp_path / "p.npz", everywhere=-4.0), "none")
    found = predict_picture(networks, picture())
    assert not found.person and found.keypoints is None and found.joints_3d is None


def test_pictures_together_are_as_alone(plain):
    images = [picture(90, 60, 1), picture(50, 80, 2), picture(91, 61, 3)]
    for found, image in zip(predict_pictures(plain, images), images, strict=True):
        alone = predict_picture(plain, image)
        np.testing.assert_allclose(found.mask, alone.mask, atol=1e-6)
        np.testing.assert_allclose(found.keypoints, alone.keypoints, atol=1e-4)


def test_the_threshold_moves_joints_out_of_the_picture(plain):
    confidence = predict_picture(plain, picture()).keypoints[:, 2]
    cut = float(np.median(confidence))
    found = predict_picture(plain, picture(), threshold=cut)
    np.testing.assert_array_equal(found.present, confidence >= cut)


def test_large_pictures_are_reduced_by_means(plain):
    """Fine stripes are grey, not the one or the other that a kernel of four pixels would meet."""
    stripes = np.zeros((2048, 2048, 3), np.uint8)
    stripes[::2] = 200
    small = shrunk(stripes, 128 / 2048)
    assert small.shape == (128, 128, 3) and np.abs(small.astype(int) - 100).max() <= 2
    little = picture(150, 200)
    np.testing.assert_array_equal(shrunk(little, 0.9), resize_bicubic(little, 0.9))


def test_a_large_picture_of_an_odd_size_keeps_its_places():
    """4,009 px are no whole number of the squares of 15 px that become one; 0.3 px are 9 there."""
    factor, middle = 128 / 4009, 3949
    spot = np.zeros((4009, 4009, 3), np.uint8)
    spot[middle - 50 : middle + 51, middle - 50 : middle + 51] = 255
    small = shrunk(spot, factor)[..., 0].astype(float)
    place = small.sum(axis=0) @ np.arange(128) / small.sum()
    assert place == pytest.approx(scale_points(np.array(middle), factor), abs=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"box": (0, 0, 10, 500)}, r"the box \(0, 0, 10, 500\) is not inside 60 × 90 px"),
        ({"box": (0, 0, 2, 90)}, "2 × 90 px is too narrow, expected at most 20 to 1"),
        ({"mask": np.ones((9, 6), bool)}, "60 × 90 px, but the mask has 6 × 9"),
        ({"mask": np.zeros((90, 60), bool)}, "no pixel of the mask is bright"),
    ],
)
def test_what_cannot_be_looked_at(plain, options, message):
    with pytest.raises(UserError, match=message):
        predict_picture(plain, picture(), **options)
    with pytest.raises(UserError, match="expected a picture uint8"):
        predict_picture(plain, picture()[..., 0])

"""Pictures seen anew keep their joints on the same parts of the person."""

import numpy as np
import pytest

from minipose.datasets.people import PeopleStore, Person
from minipose.experiments.people.augmentation import (
    Change,
    augmented,
    changed,
    halved,
    mirror,
    warp,
)
from minipose.experiments.people.data import training_batches
from minipose.experiments.people.recipe import RECIPES, Recipe
from minipose.skeletons import BODY_25
from tests.experiments.people import stick_person, write_store


def dotted() -> Person:
    """A smooth picture with a bright spot at each joint, all of them well inside."""
    rng = np.random.default_rng(3)
    size = (192, 128)
    keypoints = np.ones((25, 3), np.float32)
    across, down = np.meshgrid(np.linspace(28, 100, 5), np.linspace(50, 142, 5))
    keypoints[:, :2] = np.stack([across.ravel(), down.ravel()], axis=1)
    keypoints[7] = 0
    rows, columns = np.mgrid[: size[0], : size[1]]
    image = np.zeros((*size, 3))
    for x, y, seen in keypoints:
        image += seen * 200 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 4.5)[..., None]
    mask = np.zeros(size, np.uint8)
    mask[40:152, 22:106] = 1
    image[:, :, 1] += 40 * rng.random()
    return Person(image.clip(0, 255).astype(np.uint8), mask, keypoints)


def spots(person: Person) -> np.ndarray:
    """For each joint, where the light around it has its middle, (25, 2) x, y; nan if undetected."""
    out = np.full((25, 2), np.nan)
    for k, (x, y, seen) in enumerate(person.keypoints):
        if seen:
            r, c = round(float(y)), round(float(x))
            rows, columns = np.mgrid[r - 3 : r + 4, c - 3 : c + 4]
            light = person.image[r - 3 : r + 4, c - 3 : c + 4, 0].astype(float)
            out[k] = (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()
    return out


@pytest.mark.parametrize(("degrees", "zoom"), [(0, 1.0), (20, 1.0), (-25, 0.8), (8, 1.1)])
def test_joints_move_with_the_picture(degrees, zoom):
    person = dotted()
    there = warp(person, degrees, zoom)
    assert there.image.shape == person.image.shape and there.mask.dtype == np.uint8
    seen = person.keypoints[:, 2] > 0
    np.testing.assert_allclose(spots(there)[seen], there.keypoints[seen, :2], atol=0.45)
    assert not there.keypoints[7].any()
    # Areas grow with the square of the zoom.
    assert there.mask.sum() == pytest.approx(person.mask.sum() * zoom**2, rel=0.05)
    if (degrees, zoom) == (0, 1.0):
        np.testing.assert_array_equal(there.image, person.image)


def test_a_halved_picture_is_changed_as_the_whole_one_is():
    person = dotted()
    change = Change(mirrored=True, warped=(20.0, 1.1), gains=np.full(3, 0.9))
    small = changed(person, change, halvings=1)
    there = halved(changed(person, change))
    seen = there.keypoints[:, 2] > 0
    np.testing.assert_allclose(small.keypoints[seen], there.keypoints[seen], atol=1e-3)
    np.testing.assert_allclose(spots(small)[seen], small.keypoints[seen, :2], atol=0.45)
    assert (small.mask != there.mask).mean() < 0.01
    assert small.image.mean() == pytest.approx(there.image.mean(), rel=0.01)


def test_clockwise_is_clockwise():
    """What was above the middle comes to lie on the right of it."""
    person = dotted()
    person.keypoints[0] = (63.5, 75.5, 1)
    moved = warp(person, 90, 1.0).keypoints[0]
    np.testing.assert_allclose(moved, (63.5 + 20, 95.5, 1), atol=1e-4)


def test_half_the_size():
    person = dotted()
    half = halved(person)
    assert half.image.shape == (96, 64, 3)
    np.testing.assert_array_equal(half.mask, person.mask[::2, ::2])
    seen = person.keypoints[:, 2] > 0
    np.testing.assert_allclose(spots(half)[seen], half.keypoints[seen, :2], atol=0.3)
    assert not half.keypoints[7].any()
    blocks = person.image.reshape(96, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(half.image - blocks).max() <= 0.5
    odd = halved(Person(person.image[:191, :127], person.mask[:191, :127], person.keypoints))
    np.testing.assert_array_equal(odd.image, half.image[:95, :63])


def test_a_mirrored_person_has_the_other_hand_at_the_mirrored_place():
    person = stick_person(np.random.default_rng(1))
    there = mirror(person)
    left, right = BODY_25.index("left wrist"), BODY_25.index("right wrist")
    assert there.keypoints[left, 0] == 23 - person.keypoints[right, 0]
    np.testing.assert_array_equal(there.image, person.image[:, ::-1])
    again = mirror(there)
    np.testing.assert_allclose(again.keypoints, person.keypoints, atol=1e-5)
    undetected = person.keypoints[:, 2] == 0
    assert undetected.any() and (again.keypoints[undetected] == 0).all()


def test_nothing_asked_nothing_changed():
    person = dotted()
    assert augmented(person, Recipe(), np.random.default_rng(0)) is person
    recipe = Recipe(flip=True, turn=15, zoom=0.2, jitter=0.2)
    ones = [augmented(person, recipe, np.random.default_rng(n)) for n in (1, 1, 2)]
    np.testing.assert_array_equal(ones[0].image, ones[1].image)
    assert not np.array_equal(ones[0].image, ones[2].image)


def test_first_epochs_are_half_the_size_and_cover_the_same_pictures(tmp_path):
    recipe = RECIPES["quick"].changed(batch=3, quarter_epochs=0, half_epochs=1, patch=1)
    with PeopleStore(write_store(tmp_path / "people.h5")) as store:
        batches = training_batches(store, np.arange(8), recipe, 5, "cpu")
        first, second = list(batches(0)), list(batches(1))
    assert len(first) == len(second)
    # 40 × 24 and 32 × 33 px become 20 × 12 and 16 × 16, then all are padded to multiples of 16
    assert {b.images.shape[2:] for b in first} == {(32, 16), (16, 16)}
    assert {b.images.shape[2:] for b in second} == {(48, 32), (32, 48)}
    grown = Recipe(quarter_epochs=2, half_epochs=1)
    assert [grown.halvings(epoch) for epoch in range(5)] == [2, 2, 1, 0, 0]
    always = grown.changed(halved=1)
    assert [always.halvings(epoch) for epoch in range(5)] == [2, 2, 1, 1, 1]
    assert sum(len(b.images) for b in first) == sum(len(b.images) for b in second) == 8

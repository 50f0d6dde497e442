"""What a network says about pictures: masks and joints in their px."""

import numpy as np
import pytest

from minipose.datasets.people import PeopleStore, Person
from minipose.experiments.people import measure as measuring
from minipose.experiments.people.augmentation import as_seen, halved, mirror
from minipose.experiments.people.confidence import evidence
from minipose.experiments.people.joint_errors import measure_joints
from minipose.experiments.people.measure import measure, measure_part, predictions
from minipose.experiments.people.outputs import Prediction, enlarged, predict_array
from minipose.experiments.people.predict import in_whole
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.train import build
from minipose.metrics import dice_coefficient
from minipose.targets.heatmaps import expand, joint_targets
from minipose.tensor import Tensor
from tests.experiments.people import stick_person, write_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with PeopleStore(write_store(tmp_path_factory.mktemp("people") / "people.h5")) as opened:
        yield opened


def test_perfect_channels_give_the_joints_back_to_within_a_pixel(store):
    person = store[0]
    channels = expand(*joint_targets(person.keypoints, person.mask.shape))
    places, confidence = Prediction(person.mask * 1.0, channels).joint_places()
    result = measure_joints(places[None], person.keypoints[None], store.sizes[:1])
    assert result["within_5_px"] == 1.0 and result["joint_error_px"] < 0.75
    assert result["visible_joints"] == (person.keypoints[:, 2] > 0).sum()
    assert (confidence[person.keypoints[:, 2] == 0] == 0).all()


def test_joints_of_a_halved_picture_are_given_in_px_of_the_whole():
    """Drawn targets of the halved picture, taken for what a network says about it."""
    person = stick_person(np.random.default_rng(0), (160, 96))
    small = halved(person)
    channels = expand(*joint_targets(small.keypoints, small.mask.shape))
    mask = enlarged(small.mask * 1.0, person.mask.shape, 0.5)
    found = Prediction(mask, channels, reduced=2, blur=1.0)
    places, sizes = found.joint_places()[0][None], np.array([person.mask.shape])
    result = measure_joints(places, person.keypoints[None], sizes)
    assert result["joint_error_median_px"] < 1.5 and result["within_5_px"] > 0.9
    assert dice_coefficient((found.mask > 0.5) * 1.0, person.mask) > 0.9
    assert found.joint_pictures().shape == (26, *person.mask.shape)


def test_what_is_enlarged_keeps_its_places():
    plane = np.arange(6, dtype=np.float32)[None].repeat(4, axis=0)  # its value is its column
    large = enlarged(plane, (9, 13), 0.5)
    inside = (np.arange(13) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(large, np.clip(inside, 0, 5)[None].repeat(9, axis=0), atol=1e-6)


def test_a_blurred_channel_is_highest_in_the_middle_of_a_spot():
    joints = np.zeros((26, 9, 9), np.float32)
    joints[1, 2:7, 2:7] = 0.5  # the middle is (4, 4)
    joints[1, 2, 6], joints[1, 8, 0] = 0.51, 0.9
    mask = np.zeros((9, 9), np.float32)
    as_it_is, _ = Prediction(mask, joints).joint_places()
    blurred, confidence = Prediction(mask, joints, blur=1.5).joint_places()
    np.testing.assert_allclose(as_it_is[0], (0.5, 8.5))
    np.testing.assert_allclose(blurred[0], (4.5, 4.5))
    assert confidence[0] == pytest.approx(0.9)


def test_a_network_that_sees_halved_pictures(store):
    recipe = Recipe(width=1, halved=1, blur=1.0)
    net = build(recipe, 0)
    part = measure_part(net, store, np.arange(2), recipe)
    assert 0 < part["dice"] < 1 and np.isfinite(part["joint_error_px"])
    found = predictions(net, store, np.array([3, 1]), recipe)
    alone = predict_array(net, store[3].image, recipe)
    assert alone.joints.shape == (26, 16, 16) and alone.mask.shape == store[3].mask.shape
    np.testing.assert_allclose(found["keypoints"][0, :, :2], alone.joint_places()[0], atol=1e-4)


def test_found_joints_are_in_px_of_the_given_picture():
    mask = np.zeros((128, 192), np.float32)
    mask[32:96, 48:144] = 1
    joints = np.zeros((26, 128, 192), np.float32)
    joints[1, 60, 90] = 1
    prediction = Prediction(mask, joints, evidence=evidence(joints, Recipe()))
    found = in_whole(prediction, (256, 384), 0.5, Recipe())
    np.testing.assert_allclose(found.keypoints[0, :2], (2 * 91 - 0.5, 2 * 61 - 0.5))
    truth = np.zeros((256, 384))
    truth[64:192, 96:288] = 1
    assert dice_coefficient((found.mask > 0.5) * 1.0, truth) > 0.99


@pytest.mark.parametrize("model", ["mask+softmax", "mask+regression-softmax"])
@pytest.mark.parametrize("weight", [1.0, 0.1])
def test_evidence_is_the_probability_that_a_joint_is_there(model, weight):
    """Whatever it is spread over, and though training has counted the background w times."""
    recipe = Recipe(model=model, background_weight=weight)
    alone = np.zeros((25, 3), np.float32)
    alone[3] = (20, 30, 1)
    classes, values = joint_targets(alone, (64, 48))
    target = expand(classes, values if model == "mask+regression-softmax" else None)
    for sure, spread in ((1.0, 0), (0.4, 0), (0.4, 9), (0.0, 0)):
        truth = np.zeros((26, 64, 48))
        truth[4] = sure * sum(np.roll(target[4], n, axis=1) for n in range(spread + 1))
        truth[4] /= spread + 1
        truth[0] = 1 - truth[4]
        weighed = truth.copy()
        weighed[0] *= weight
        found = evidence(weighed / weighed.sum(axis=0), recipe)
        assert found[3] == pytest.approx(sure, abs=1e-6) and not np.delete(found, 3).any()


def test_a_picture_is_judged_alone_as_in_a_batch(store):
    net = build(Recipe(width=2), 0)
    person = store[1]
    alone = predict_array(net, person.image)
    assert alone.mask.shape == person.mask.shape and alone.joints.shape == (26, 32, 33)
    np.testing.assert_allclose(alone.joints.sum(axis=0), 1, atol=1e-5)


def test_a_picture_and_its_mirror_image():
    """A network that finds the same things in a mirror: the mean is what it finds."""
    person = stick_person(np.random.default_rng(1), (160, 96))
    person.keypoints[4, 0] += 60  # an arm is stretched out to one side

    def told(person):
        channels = expand(*joint_targets(person.keypoints, person.mask.shape))
        return Prediction(person.mask * 1.0, channels, person.mask * 2.0)

    there, mirrored = told(person), told(mirror(person))
    both = there.mean_with(mirrored)
    np.testing.assert_array_equal(both.mask, there.mask)
    np.testing.assert_array_equal(both.regression, there.regression)
    present = person.keypoints[:, 2] > 0
    moved = np.abs(both.joint_places()[0] - there.joint_places()[0])[present]
    assert moved.max() <= 1  # targets are drawn at the integer part of a place
    assert np.abs(mirrored.joint_places()[0] - there.joint_places()[0])[present].max() > 5


@pytest.mark.parametrize("halvings", [0, 1, 2])
@pytest.mark.parametrize("width", [96, 97, 98, 99])
def test_joints_of_both_lie_where_they_do_in_one(halvings, width):
    """A mirror turns the integer part of a place round, and what is left out when it is halved."""
    away = []
    for k, x in enumerate(np.arange(30, 60, 0.1)):
        nose = np.zeros((25, 3), np.float32)
        nose[0] = (x, 70, 1)
        mask = np.ones((160, width), np.uint8)
        person = Person(np.zeros((160, width, 3), np.uint8), mask, nose)
        both = []
        for n, one in enumerate((person, mirror(person))):
            seen = as_seen(one, Recipe(halved=halvings))
            channels = expand(*joint_targets(seen.keypoints, seen.mask.shape))
            channels *= 0.9 if n == k % 2 else 1.0  # the network is surer now here, now there
            both.append(Prediction(mask * 1.0, channels, reduced=2**halvings, blur=1.5))
        away.append(both[0].mean_with(both[1]).joint_places()[0][0] - (x, 70))
    np.testing.assert_allclose(np.mean(away, axis=0)[0], 0, atol=0.1 * 2**halvings)
    assert np.abs(away).max() <= 2**halvings


def test_the_mean_is_measured_apart(store):
    net = build(Recipe(width=1), 0)
    result = measure(net, store, store.split(), Recipe(width=1))
    once, twice = result["splits"]["validation"], result["mirrored"]
    alone = measure_part(net, store, store.split()["validation"], Recipe(width=1))
    assert {**once, "seconds": 0} == {**alone, "seconds": 0}
    assert once["joint_error_px"] != twice["joint_error_px"]
    dice = []
    for person in (store[i] for i in store.split()["validation"]):
        first, second = (predict_array(net, each.image) for each in (person, mirror(person)))
        dice.append(dice_coefficient(first.mean_with(second).mask, person.mask))
    assert twice["dice"] == pytest.approx(np.mean(dice), rel=1e-5)


def test_an_interruption_while_pictures_are_measured_leaves_recording_on(store, monkeypatch):
    """Its traceback, which notebooks keep, holds all frames that it went through."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "dice_coefficient", interrupted)
    net = build(Recipe(width=1), seed=0)
    with pytest.raises(KeyboardInterrupt) as kept:
        measure_part(net, store, np.arange(2), Recipe(width=1))
    assert (2 * Tensor(np.ones(1), requires_grad=True)).requires_grad, kept

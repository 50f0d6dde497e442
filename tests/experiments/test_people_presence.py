"""A joint that is not in the picture is not found: confidences, and how they are judged."""

import numpy as np
import pytest

from minipose.datasets.people import PeopleStore
from minipose.experiments.people.augmentation import augmented, part_of
from minipose.experiments.people.confidence import (
    HALF,
    SURE,
    UNTOLD,
    Calibration,
    calibrate,
    calibration_of,
    evidence,
    log_odds,
)
from minipose.experiments.people.outputs import Prediction
from minipose.experiments.people.presence import (
    fitted,
    in_parts_of_pictures,
    measure_presence,
    ranked,
)
from minipose.experiments.people.recipe import RECIPES, Recipe
from minipose.experiments.people.tables import _presence
from minipose.experiments.people.train import build
from minipose.metrics import visible_joints
from minipose.training import checkpoint
from tests.experiments.people import write_store
from tests.experiments.test_people_augmentation import dotted, spots


def test_a_part_shows_some_of_the_joints_where_the_pixels_are():
    person, gone = dotted(), 0
    for seed in range(8):
        there = part_of(person, np.random.default_rng(seed))
        assert there.image.shape == person.image.shape
        inside = visible_joints(there.keypoints[None], np.array([there.mask.shape]))[0]
        assert 1 <= inside.sum() < 25 and not inside[7]  # 7 was never detected
        gone += 24 - inside.sum()
        x, y = there.keypoints[:, :2].T
        well = inside & (x > 8) & (y > 8) & (x < 119) & (y < 183)
        moved = there.image.copy()
        shown = spots(type(there)(moved, there.mask, np.where(well[:, None], there.keypoints, 0)))
        np.testing.assert_allclose(shown[well], there.keypoints[well, :2], atol=0.9)
    assert gone > 24


def test_a_recipe_cuts_its_share_and_the_same_numbers_come_without():
    person = dotted()
    never = Recipe(flip=True, jitter=0.2)
    a, b = (augmented(person, r, np.random.default_rng(5)) for r in (never, never.changed(cut=0)))
    np.testing.assert_array_equal(a.image, b.image)
    rng = np.random.default_rng(0)
    cut = [augmented(person, Recipe(cut=0.3), rng) is not person for _ in range(300)]
    assert 0.2 < np.mean(cut) < 0.4


def test_calibration_finds_the_logistic_curve_that_drew_the_labels():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.001, 0.999, 20_000)
    true = Calibration(0.7, -1.2)
    found = calibrate(p, rng.random(len(p)) < true(p))
    assert found.slope == pytest.approx(0.7, abs=0.05)
    assert found.offset == pytest.approx(-1.2, abs=0.08)
    by_hand = 1 / (1 + (0.2 / 0.8) ** -0.7 * np.exp(1.2))
    assert true(np.array(0.2)) == pytest.approx(by_hand)


def test_calibration_of_kinds_that_never_mix_is_finite():
    p = np.array([0.9, 0.8, 0.95, 0.1, 0.2])
    found = calibrate(p, p > 0.5)
    assert np.isfinite([found.slope, found.offset]).all() and found.slope > 0
    np.testing.assert_array_equal(found(p) >= SURE, p > 0.5)
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


def test_without_a_calibration_a_quarter_is_one_half():
    assert UNTOLD(np.array(HALF)) == pytest.approx(0.5)
    joints = np.zeros((26, 32, 32), np.float32)
    joints[0] = 1
    joints[3, 10:20, 10:20], joints[0, 10:20, 10:20] = 0.3, 0.7  # 30 of a spot's 21 pixels
    found = Prediction(joints[0], joints, evidence=evidence(joints, Recipe())).confidence
    assert found.shape == (25,) and found[2] > 0.99 and (np.delete(found, 2) < 0.01).all()


def test_ranked_is_the_share_of_pairs_in_order():
    values, present = np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False])
    assert ranked(values, present) == pytest.approx((2 + 1.5) / 4)
    assert ranked(values, np.ones(4, bool)) is None
    numbers = {"joints": 4, "present": 1.0, "precision": 1.0, "recall": 0.5, "ranked": None}
    assert _presence(numbers).endswith("recall 50.0%.")


def test_precision_and_recall_of_what_is_found(tmp_path, monkeypatch):
    recipe = RECIPES["quick"].changed(width=2, patch=1)
    net = build(recipe, 0)
    with PeopleStore(write_store(tmp_path / "people.h5")) as store:
        samples = np.arange(6)
        there, present, joint = in_parts_of_pictures(net, store, samples, recipe)
        again = in_parts_of_pictures(net, store, samples, recipe)
        assert (
            len(there)
            == len(present)
            == len(joint)
            == visible_joints(store.keypoints[samples], store.sizes[samples]).sum()
        )
        np.testing.assert_array_equal(there, again[0])
        assert 0 < present.mean() < 1
        middle = float(np.median(there))
        net.calibration = Calibration(1.0, float(-log_odds(np.array(middle))))
        numbers = measure_presence(net, store, samples, recipe)
    found = there >= middle
    assert numbers["precision"] == pytest.approx((found & present).sum() / found.sum())
    assert numbers["recall"] == pytest.approx((found & present).sum() / present.sum())
    assert numbers["present"] == pytest.approx(present.mean())


def test_a_checkpoint_brings_its_calibration(tmp_path):
    from minipose.experiments.people.job import JOB

    recipe = RECIPES["quick"].changed(width=2)
    net = build(recipe, 0)
    path = checkpoint.save(tmp_path / "best.npz", net, None, {"seed": 0, "epoch": 3})
    assert calibration_of(JOB.build(recipe, checkpoint.read(path)[1])) == UNTOLD
    checkpoint.annotate(path, calibration={"slope": 2.0, "offset": 1.0})
    arrays, meta = checkpoint.read(path)
    assert meta["epoch"] == 3 and calibration_of(JOB.build(recipe, meta)) == Calibration(2.0, 1.0)
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(arrays[f"model/{name}"], array)


def test_nothing_is_said_of_joints_that_nobody_annotated(tmp_path):
    recipe = Recipe(width=1)
    net = build(recipe, seed=0)
    path = write_store(tmp_path / "masks.h5", count=2, joints=False)
    with PeopleStore(path) as store:
        assert measure_presence(net, store, np.arange(2), recipe) == {}
        assert fitted(net, store, np.arange(2), recipe) == UNTOLD

"""Who is in which take of the stand-in: strangers to learn from, the same people to measure on."""

from dataclasses import fields

import numpy as np
import pytest

from data_tools.h36m.metadata import read_take_numbers
from data_tools.twin.body.bodies import BONES, MEASURED, draw_bones
from data_tools.twin.raw_files import write_metadata
from data_tools.twin.takes import SUBJECTS, plans
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.h36m import FIELDS, H36MStore, H36MWriter


def takes_of(subject, takes, frames=3, train_frames=None):
    return plans(subject, frames, 7, 1, 0, takes, train_frames)


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """The plans of all takes of four a subject, and which part of the store's split they are in."""
    path = tmp_path_factory.mktemp("store") / "s.h5"
    order = [plan for subject in SUBJECTS for plan in takes_of(subject, 4)]
    with H36MWriter(path, ["Walking"]) as writer:
        for subject in SUBJECTS:
            for number, _ in enumerate(takes_of(subject, 4), start=1):
                row = {n: np.zeros((1, *shape), kind) for n, (shape, kind) in FIELDS.items()}
                labels = {"subject": subject, "subaction": number, "camera": int(CAMERA_NAMES[0])}
                writer.append(**row | {n: np.array([v], FIELDS[n][1]) for n, v in labels.items()})
    with H36MStore(path) as store:
        return {part: [order[i] for i in rows] for part, rows in store.split().items()}


def test_strangers_are_trained_on_and_nobody_else(split):
    assert all(plan.stranger for plan in split["train"])
    assert not any(plan.stranger for part in ("validation", "test") for plan in split[part])
    assert [len(split[part]) for part in ("train", "validation", "test")] == [6 * 4 - 2, 2, 2]


def test_who_is_measured_does_not_change_with_the_number_of_takes(split):
    """The same bodies, clothes, poses and seeds as where everybody is one person in two takes."""
    for part in ("validation", "test"):
        for plan in split[part]:
            with_two = {p.take: p for p in takes_of(plan.subject, 2)}[plan.take]
            assert plan.outfit() == with_two.outfit()
            (posed, bones), (expected, same) = plan.walk(), with_two.walk()
            assert bones == same == BONES[plan.subject]
            np.testing.assert_array_equal(posed.joints, expected.joints)
            assert (plan.name, plan.frames) == (with_two.name, with_two.frames)


def test_every_take_that_is_trained_on_shows_somebody_else(split):
    bodies = {plan.bones() for plan in split["train"]} | set(BONES.values())
    assert len(bodies) == len(split["train"]) + len(BONES)
    assert len({repr(plan.outfit()) for plan in split["train"]}) > 0.9 * len(split["train"])


def test_two_takes_are_one_person_each():
    for subject in SUBJECTS:
        first, second = takes_of(subject, 2, train_frames=None)
        assert first.bones() == second.bones() and first.outfit() == second.outfit()


def test_strangers_are_built_like_those_measured():
    """Means within 0.2, deviations within a fifth of theirs, and tall people have long legs."""
    drawn = [draw_bones(np.random.default_rng(seed)) for seed in range(600)]
    for field in fields(BONES[1]):
        known = np.array([getattr(BONES[s], field.name) for s in MEASURED])
        found = np.array([getattr(bones, field.name) for bones in drawn])
        assert abs(found.mean() - known.mean()) <= 0.2 * known.std(ddof=1)
        assert found.std() == pytest.approx(known.std(ddof=1), rel=0.2)
    thighs, arms = ([getattr(b, name) for b in drawn] for name in ("thigh", "upper_arm"))
    assert 0.2 < np.corrcoef(thighs, arms)[0, 1] < 0.5  # 0.36 where nothing is cut off


def test_takes_are_numbered_in_their_order(tmp_path):
    """Through metadata.xml, as the importer reads it: S7's have numbers only."""
    write_metadata(tmp_path / "metadata.xml", 5, takes=4)
    numbers = read_take_numbers(tmp_path)
    for subject in SUBJECTS:
        names = [plan.name for plan in takes_of(subject, 4)]
        assert [numbers[subject, name] for name in names] == list(range(1, len(names) + 1))
    assert [plan.name for plan in takes_of(7, 4)][-1] == "Walking 4"
    assert [plan.name for plan in takes_of(1, 4)] == [f"Walking {n}" for n in (1, 2, 3)] + [
        "Walking"
    ]
    assert [plan.name for plan in takes_of(11, 4)] == ["Walking 1", "Walking"]


def test_takes_with_strangers_have_frames_of_their_own():
    assert [plan.frames for plan in takes_of(5, 3, 9, 2)] == [2, 2, 9]
    assert [plan.frames for plan in takes_of(11, 3, 9, 2)] == [9, 9]
    assert [plan.frames for plan in takes_of(1, 3, 9)] == [9, 9, 9]

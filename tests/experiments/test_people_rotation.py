"""U-Net against H-Net: pictures rotated, and the table of both."""

import json

import numpy as np
import pytest

from minipose.datasets.people import PeopleStore
from minipose.experiments.job import Run
from minipose.experiments.people import compare_networks as comparison
from minipose.experiments.people import equivariance
from minipose.experiments.people.augmentation import rotated
from minipose.experiments.people.compare_networks import compare_networks
from minipose.experiments.people.job import JOB
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.train import build
from tests.experiments.people import stick_person, write_store


def test_turning_by_right_angles_is_exact():
    person = stick_person(np.random.default_rng(2), (32, 32))
    for degrees, expected in ((0, person.image), (180, person.image[::-1, ::-1])):
        np.testing.assert_array_equal(rotated(person, degrees).image, expected)
    quarter = rotated(person, 90).image
    assert any(np.array_equal(quarter, np.rot90(person.image, k)) for k in (1, 3))
    assert rotated(stick_person(np.random.default_rng(3)), 30).mask.shape == (48, 48)


@pytest.mark.parametrize("halved", [0, 1])
def test_a_harmonic_network_does_as_well_at_every_right_angle(halved):
    people = [stick_person(np.random.default_rng(seed), (40, 26)) for seed in range(3)]
    recipe = Recipe(network="hnet", model="mask", width=2, halved=halved)
    net = build(recipe, 0)
    upright, *others = (comparison._dice_rotated(net, people, a, recipe) for a in (0, 90, 180, 270))
    np.testing.assert_allclose(others, upright, rtol=1e-5)


def test_findings_about_rotated_pictures():
    def row(upright, turned):
        return [
            {"splits": {"validation": {"dice": u}}, "dice_by_angle": {"0": u, "90": t}}
            for u, t in zip(upright, turned, strict=True)
        ]

    rows = {
        comparison.WIDE: row((0.90, 0.91, 0.92), (0.75, 0.76, 0.77)),
        comparison.ROTATED_TOO: row((0.85, 0.86, 0.87), (0.85, 0.86, 0.87)),
        comparison.HARMONIC: row((0.80, 0.81, 0.82), (0.80, 0.81, 0.82)),
    }
    answers = [line.split('": ')[1].split(":")[0] for line in comparison.findings(rows)]
    assert answers == ["yes", "yes", "no"]
    del rows[comparison.ROTATED_TOO]
    assert "undecided, a training of it diverged" in comparison.findings(rows)[2]


def test_all_networks_at_one_budget(tmp_path, monkeypatch, unpainted):
    angles = (0, 45, 90, 180)
    monkeypatch.setattr(comparison, "ANGLES", angles)
    monkeypatch.setattr(equivariance, "ANGLES", angles)
    monkeypatch.setattr(comparison, "ROTATED", 2)
    monkeypatch.setattr(comparison, "TIMED_STEPS", 1)
    recipe = Recipe(width=1, epochs=1, batch=4, lr=0.001, dropout=0.1)
    with PeopleStore(write_store(tmp_path / "people.h5")) as store:
        split = store.split(limit=5)
        rows = compare_networks(JOB, Run(store, split, recipe, 0, tmp_path / "out"))
    rows = {label: row for label, (row,) in rows.items()}  # one seed
    assert [row["width"] for row in rows.values()] == [1, 2, 2, 1]
    for row in rows.values():
        assert list(row["dice_by_angle"]) == [str(angle) for angle in angles]
        assert all(0 <= value <= 1 for value in row["dice_by_angle"].values())
        assert row["seconds_a_step"] > 0 and row["parameters"] > 0
    # What a harmonic network says of a picture rotated by right angles is rotated with it.
    upright, upside_down = (rows["H-Net"]["dice_by_angle"][a] for a in ("0", "180"))
    assert abs(upright - upside_down) < 1e-3
    text = (tmp_path / "out" / "report.md").read_text()
    assert f"to 1 epochs of {len(split['train'])} pictures" in text
    assert "Rotated: the first 1 validation pictures" in text
    assert text.count(": undecided: by") == 3  # one seed says nothing
    assert "(0.9192)" in text and "(0.911)" in text and "rotated 90°" in text
    for name in ("angles.png", "rotated.png", "report.json"):
        assert (tmp_path / "out" / name).exists()
    saved = json.loads((tmp_path / "out" / "report.json").read_text())
    assert saved["networks"]["H-Net"][0]["network"] == "hnet"

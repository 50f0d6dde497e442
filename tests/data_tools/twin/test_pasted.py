"""Pasted people: joints and mask go along, old surroundings stay behind, splits stay."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from data_tools.twin.__main__ import main
from data_tools.twin.pasted import draw_surroundings, make_sample, paste
from minipose.datasets.people import PeopleStore, PeopleWriter, Person

GREEN, BLUE, RED = (0, 255, 0), (0, 0, 255), (255, 0, 0)
SIZE = (180, 120)


def somebody(number: int = 0, split: str = "") -> Person:
    """A blue rectangle before pure green, with a red square at each of nine joints."""
    image = np.full((*SIZE, 3), GREEN, np.uint8)
    mask = np.zeros(SIZE, np.uint8)
    mask[20 + number : 165, 35:85] = 1
    image[mask == 1] = BLUE
    keypoints = np.zeros((25, 3), np.float32)
    places = [(x, y) for y in (40, 90, 150) for x in (45, 60, 75)]
    for joint, (x, y) in enumerate(places):
        image[y - 4 : y + 5, x - 4 : x + 5] = RED
        keypoints[joint] = x, y, 0.9
    return Person(image, mask, keypoints, f"somebody_{number}", "a test", split)


def pasted(count: int) -> list[Person]:
    return [paste(somebody(), np.random.default_rng(seed)) for seed in range(count)]


def test_joints_and_mask_go_where_the_pixels_go():
    seen = 0
    for person in pasted(30):
        height, width = person.mask.shape
        found = person.keypoints[:, 2] > 0
        assert found.sum() == 9 and not person.keypoints[~found].any()
        for x, y, confidence in person.keypoints[found]:
            assert confidence == np.float32(0.9)
            column, row = round(float(x)), round(float(y))
            if 0 <= row < height and 0 <= column < width:
                red, green, blue = person.image[row, column].astype(int)
                assert red > 150 and max(green, blue) < 40 and person.mask[row, column]
                seen += 1
        inside = person.image[person.mask == 1].astype(int)
        assert (np.maximum(inside[:, 0], inside[:, 2]) > inside[:, 1]).mean() > 0.9
    assert seen > 150


def test_a_place_is_exact_to_a_fraction_of_a_pixel():
    """The middle of the red around a joint is the joint."""
    off, reach = [], 6  # px: the next joint's square begins beyond it at any size
    for person in pasted(30):
        red = (person.image[..., 0] > 120) & (person.image[..., 1:] < 90).all(axis=-1)
        for x, y, _ in person.keypoints[:9]:
            top, left = round(float(y)) - reach, round(float(x)) - reach
            part = red[max(top, 0) : top + 2 * reach + 1, max(left, 0) : left + 2 * reach + 1]
            if part.shape == (2 * reach + 1, 2 * reach + 1) and 20 < part.sum() < 120:
                off.append(np.argwhere(part).mean(axis=0) + (top, left) - (y, x))
    assert len(off) > 50
    assert np.abs(np.mean(off, axis=0)).max() < 0.15


def test_old_surroundings_stay_behind():
    for person in pasted(30):
        away = ~binary_dilation(person.mask, iterations=3)
        red, green, blue = np.moveaxis(person.image[away].astype(int), -1, 0)
        assert not ((green > 230) & (red < 40) & (blue < 40)).any()


def test_whole_people_and_parts_in_pictures_that_stand_and_lie():
    people = pasted(60)
    assert all(p.mask.mean() >= 0.03 for p in people)
    shapes = {p.mask.shape for p in people}
    assert SIZE in shapes and any(width > height for height, width in shapes)
    whole = [not any(edge.any() for edge in edges(p.mask)) for p in people]
    assert 0.25 < np.mean(whole) < 0.75
    assert len({p.image.tobytes() for p in people}) == 60


def edges(mask):
    return mask[0], mask[-1], mask[:, 0], mask[:, -1]


def test_somebody_wide_is_whole_as_often():
    """As wide as the photograph: at the side of a picture they would be cut."""
    wide = somebody()
    wide.mask[20:60] = 1
    people = [paste(wide, np.random.default_rng(seed)) for seed in range(60)]
    assert np.mean([not any(edge.any() for edge in edges(p.mask)) for p in people]) > 0.4


def test_no_dark_line_where_the_photograph_cuts_somebody(monkeypatch):
    """Somebody grey before the same grey is brighter or darker by their own light alone."""

    def grey(size, rng):
        return np.full((*size, 3), 200, np.uint8)

    monkeypatch.setattr("data_tools.twin.pasted.draw_surroundings", grey)
    mask = np.zeros(SIZE, np.uint8)
    mask[40:, 30:90] = 1  # to the lower edge
    person = Person(grey(SIZE, None), mask, np.zeros((25, 3), np.float32))
    for seed in range(20):
        pasted = paste(person, np.random.default_rng(seed))
        assert pasted.image.min() >= min(200, np.median(pasted.image[pasted.mask == 1])) - 1


def test_surroundings_differ_and_nobody_is_drawn(monkeypatch):
    monkeypatch.setattr("data_tools.twin.camera.photo.draw", None)
    views = [draw_surroundings((96, 64), np.random.default_rng(seed)) for seed in range(8)]
    assert {v.shape for v in views} == {(96, 64, 3)} and {v.dtype for v in views} == {
        np.dtype("u1")
    }
    assert np.ptp([v.mean() for v in views]) > 10


def test_who_is_too_thin_to_be_seen_is_left_out():
    line = np.zeros(SIZE, np.uint8)
    line[np.arange(120), np.arange(120)] = 1
    thin = Person(np.zeros((*SIZE, 3), np.uint8), line, np.zeros((25, 3), np.float32))
    assert paste(thin, np.random.default_rng(0)) is None
    nobody = Person(thin.image, np.zeros(SIZE, np.uint8), thin.keypoints)
    assert paste(nobody, np.random.default_rng(0)) is None


def write(path, splits):
    with PeopleWriter(path) as writer:
        for number, split in enumerate(splits):
            person = somebody(number, split)
            colours = np.random.default_rng(number).integers(0, 256, (6, 4, 3), np.uint8)
            around = np.kron(colours, np.ones((30, 30, 1), np.uint8))  # no near duplicates
            person.image[person.mask == 0] = around[person.mask == 0]
            writer.append(person)
    return PeopleStore(path)


@pytest.mark.parametrize("given", [["train", "validation", "train", "test"], [""] * 10])
def test_nobody_who_validates_is_pasted(tmp_path, given, capsys):
    before = write(tmp_path / "photographs.h5", given)
    out = tmp_path / "pasted.h5"
    command = ["pasted", str(before.path), "--out", str(out), "--times", "2", "--workers", "1"]
    assert main(command) == 0
    after, parts = PeopleStore(out), before.split()
    trained = len(parts["train"])
    assert f"{len(before)} people and {2 * trained} pasted pictures" in capsys.readouterr().out
    assert len(after) == len(before) + 2 * trained
    for i in range(len(before)):
        assert np.array_equal(after[i].image, before[i].image) and after[i].name == before[i].name
    now = after.split()
    for part in parts.keys() - {"train"}:
        assert sorted(now[part]) == sorted(parts[part])
    assert sorted(now["train"]) == sorted([*parts["train"], *range(len(before), len(after))])
    names = {name for name in after.names if name.startswith("pasted")}
    assert names == {f"pasted0_{i:06d}_{turn}" for i in parts["train"] for turn in (0, 1)}
    assert set(after.sources) == {"a test"}
    first = int(sorted(parts["train"])[0])
    again = make_sample(before.path, first, 0, 1)
    row = list(after.names).index(again.name)
    assert np.array_equal(after[row].image, again.image)
    assert np.array_equal(after[row].mask, again.mask)


@pytest.mark.parametrize(
    "command, said",
    [
        (["nowhere.h5", "--out", "out.h5"], "nowhere.h5"),
        (["photographs.h5", "--out", "photographs.h5"], "is the store that is read"),
        (["photographs.h5", "--out", "out"], "--out: expected a store .h5, got out"),
        (["photographs.h5", "--out", "out.h5", "--times", "0"], "--times: expected 1 or more"),
        (["photographs.h5", "--out", "folder.h5"], "folder.h5: a folder, expected a file name"),
        (["pasted.h5", "--out", "out.h5"], "pasted.h5: holds pasted pictures"),
        (["one.h5", "--out", "out.h5"], "1 samples cannot be split"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(tmp_path, monkeypatch, capsys, command, said):
    monkeypatch.chdir(tmp_path)
    write("photographs.h5", ["train", "validation"])
    write("one.h5", [""])
    (tmp_path / "folder.h5").mkdir()
    assert main(["pasted", "photographs.h5", "--out", "pasted.h5", "--workers", "1"]) == 0
    capsys.readouterr()
    held = sorted(path.name for path in tmp_path.iterdir())
    assert main(["pasted", *command]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and said in error
    assert sorted(path.name for path in tmp_path.iterdir()) == held

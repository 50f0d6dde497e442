"""Masks in four containers, well-formed and not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from data_tools.people.candidate import Dropped
from data_tools.people.masks import MaskPlaces, fit, read_mask
from data_tools.people.rle import decode, decode_string, fill_polygons
from tests.data_tools.people_trees import mask, save_mask


def encode(pixels: np.ndarray) -> list[int]:
    """Run lengths down the columns, zeros first, counted one by one."""
    runs, current = [0], False
    for value in pixels.T.ravel():
        if value != current:
            runs.append(0)
            current = value
        runs[-1] += 1
    return runs


def compress(runs: list[int]) -> str:
    """The string form, by its definition: 5 bits a character, signed, differences from the 4th."""
    text = ""
    for k, run in enumerate(runs):
        value = run - runs[k - 2] if k > 2 else run
        while True:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            text += chr(48 + bits + 32 * more)
            if not more:
                break
    return text


@pytest.mark.parametrize("seed", range(4))
def test_runs_both_ways(seed):
    rng = np.random.default_rng(seed)
    pixels = rng.random((37, 53)) < [0.02, 0.5, 0.98, 0.0][seed]
    pixels[5:30, 10:40] |= seed == 0
    runs = encode(pixels)
    assert decode_string(compress(runs)) == runs
    for counts in (runs, compress(runs)):
        assert np.array_equal(decode({"size": [37, 53], "counts": counts}), pixels)


@pytest.mark.parametrize(
    "segmentation",
    [
        {"size": [4, 4], "counts": [3, 4]},
        {"size": [4, 4], "counts": [20, -4]},
        {"size": [4, 4], "counts": "P"},
        {"size": [4, 4], "counts": "\x10"},
        {"size": [4, 4], "counts": "é"},
        {"size": [4], "counts": [16]},
        {"counts": [16]},
    ],
)
def test_broken_runs(segmentation):
    with pytest.raises(Dropped, match="mask unreadable"):
        decode(segmentation)


def test_polygons_cover_what_they_enclose():
    got = fill_polygons([[2, 3, 12, 3, 12, 9, 2, 9], [20, 1, 26, 1, 26, 5, 20, 5]], (12, 30))
    expected = np.zeros((12, 30), dtype=bool)
    expected[3:9, 2:12] = expected[1:5, 20:26] = True
    assert np.array_equal(got, expected)
    slanted = fill_polygons([[0.0, 0.0, 10.0, 0.0, 0.0, 10.0]], (12, 12))
    assert [int(row.sum()) for row in slanted] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    with pytest.raises(Dropped):
        fill_polygons([[1, 2, 3, 4]], (5, 5))


def test_pictures_as_masks(tmp_path):
    save_mask(tmp_path / "a.jpg", mask())
    assert np.array_equal(read_mask(tmp_path / "a.jpg"), mask())
    for high in (1, 255):
        save_mask(tmp_path / "a.png", mask(), high)
        assert np.array_equal(read_mask(tmp_path / "a.png"), mask())
    for mode in ("1", "RGB", "RGBA"):
        Image.fromarray(mask()).convert("RGB").convert(mode).save(tmp_path / "a.png")
        assert np.array_equal(read_mask(tmp_path / "a.png"), mask())
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(Dropped, match="mask unreadable"):
        read_mask(tmp_path / "a.png")


def test_label_maps_are_read_as_numbers(tmp_path):
    labels = np.where(mask(), 4, 0).astype(np.uint8)
    labels[12:15] *= 3
    indexed = Image.fromarray(labels).convert("P")
    indexed.putpalette([v for i in range(256) for v in (255 - i, i, 90)])  # background is bright
    indexed.save(tmp_path / "p.png")
    Image.fromarray(labels).save(tmp_path / "l.png")
    Image.fromarray(np.repeat(labels[..., None], 3, 2)).save(tmp_path / "rgb.png")
    for name in ("p", "l", "rgb"):
        assert np.array_equal(read_mask(tmp_path / f"{name}.png", labels=True), mask())
    indexed.convert("RGB").save(tmp_path / "coloured.png")
    with pytest.raises(Dropped, match="label map is coloured"):
        read_mask(tmp_path / "coloured.png", labels=True)
    for name in ("p", "l"):
        with pytest.raises(Dropped, match="not black and white"):
            read_mask(tmp_path / f"{name}.png")


def save_detections(path, masks, classes, scores):
    stack = np.stack(masks, axis=2) if masks else np.zeros((*mask().shape, 0), bool)
    np.savez(path, masks=stack, class_ids=np.array(classes, int), scores=np.array(scores))


def test_matterport_takes_the_surest_person(tmp_path):
    other = np.roll(mask(), 5, axis=1)
    save_detections(tmp_path / "a.npz", [other, mask(), other], [1, 1, 7], [0.8, 0.9, 0.99])
    assert np.array_equal(read_mask(tmp_path / "a.npz"), mask())
    save_detections(tmp_path / "a.npz", [other], [7], [0.9])
    with pytest.raises(Dropped, match="no person in the mask file"):
        read_mask(tmp_path / "a.npz")
    save_detections(tmp_path / "a.npz", [], [], [])
    with pytest.raises(Dropped, match="no person in the mask file"):
        read_mask(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", masks=mask(), class_ids=[1])
    with pytest.raises(Dropped, match="mask unreadable"):
        read_mask(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", other=mask())
    with pytest.raises(Dropped, match="mask unreadable"):
        read_mask(tmp_path / "a.npz")


def test_results_list_by_number_and_score(tmp_path):
    other = np.roll(mask(), 5, axis=1)
    size = list(mask().shape)
    entries = [
        {"image_id": 17, "category_id": c, "score": s, "segmentation": {"size": size, "counts": n}}
        for c, s, n in (
            (1, 0.5, encode(other)),
            (1, 0.9, compress(encode(mask()))),
            (3, 1.0, encode(other)),
        )
    ]
    (tmp_path / "results.json").write_text(json.dumps(entries))
    places = MaskPlaces([tmp_path / "results.json"])
    assert np.array_equal(places.read("000000000017"), mask())
    assert places.read("000000000018") is None
    for text in ("[", "{}", "[1]"):
        (tmp_path / "results.json").write_text(text)
        with pytest.raises(ValueError, match=r"results\.json: (expected a list|not a readable)"):
            MaskPlaces([tmp_path / "results.json"])


def test_one_pixel_off_is_mended_and_two_are_not():
    for size in ((59, 40), (61, 40), (60, 39), (61, 41), (59, 41)):
        got, off = fit(mask(size), (60, 40))
        assert off and got.shape == (60, 40)
        assert np.array_equal(got[:50], mask()[:50])
    assert not fit(mask(), (60, 40))[1]
    with pytest.raises(Dropped, match="differ in size"):
        fit(mask((62, 40)), (60, 40))
    with pytest.raises(Dropped, match="mask is empty"):
        fit(mask() & False, (60, 40))

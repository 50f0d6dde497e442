"""Masks as tools leave them (cut-outs, arrays, 16 bits), and what no picture has: refused."""

from __future__ import annotations

import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from data_tools.people.candidate import Dropped
from data_tools.people.masks import MaskPlaces, read_mask
from data_tools.people.rle import read_segmentation
from tests.data_tools.people_trees import mask
from tests.datasets.test_picture_files import declared


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_of_a_cut_out_the_opaque_part_is_the_person(tmp_path, mode):
    """Its colours are those of the photograph: dark and bright on the person and beside."""
    rng = np.random.default_rng(3)
    if mode == "P":
        indices = np.where(mask(), rng.integers(1, 256, mask().shape), 0).astype(np.uint8)
        image = Image.fromarray(indices).convert("P")
        image.putpalette(rng.integers(0, 256, 768, dtype=np.uint8).tolist())
        image.save(tmp_path / "a.png", transparency=0)
    else:
        colours = rng.integers(0, 256, (*mask().shape, 3), dtype=np.uint8)
        image = Image.fromarray(colours).convert(mode[:-1])
        image.putalpha(Image.fromarray(mask()).convert("L"))
        image.save(tmp_path / "a.png")
    assert np.array_equal(read_mask(tmp_path / "a.png"), mask())


@pytest.mark.parametrize("alpha", [0, 255])
def test_an_alpha_that_is_the_same_everywhere_says_nothing(tmp_path, alpha):
    image = Image.fromarray(mask()).convert("RGB")
    image.putalpha(alpha)
    image.save(tmp_path / "a.png")
    assert np.array_equal(read_mask(tmp_path / "a.png"), mask())


@pytest.mark.parametrize("high", [1, 255, 4095, 65535])
def test_masks_of_16_bits(tmp_path, high):
    Image.fromarray(np.where(mask(), high, 0).astype(np.uint16)).save(tmp_path / "a.png")
    assert np.array_equal(read_mask(tmp_path / "a.png"), mask())


@pytest.mark.parametrize("kind", [bool, np.uint8, np.float32, np.int64])
@pytest.mark.parametrize("high", [1, 255])
def test_masks_as_arrays(tmp_path, kind, high):
    np.save(tmp_path / "a.npy", (mask() * high).astype(kind))
    assert np.array_equal(read_mask(tmp_path / "a.npy"), mask())
    assert np.array_equal(MaskPlaces([tmp_path]).read("a"), mask())


@pytest.mark.parametrize("kind", [np.uint8, np.float64])
def test_label_maps_of_clothing_co_parsing(tmp_path, kind):
    savemat(tmp_path / "0001.mat", {"groundtruth": np.where(mask(), 41, 0).astype(kind)})
    assert np.array_equal(read_mask(tmp_path / "0001.mat"), mask())
    savemat(tmp_path / "0001.mat", {"tags": [[1], [4]]})  # what its image-level files hold
    with pytest.raises(Dropped, match="no readable variable 'groundtruth'"):
        read_mask(tmp_path / "0001.mat")


def test_a_mask_in_a_gif(tmp_path):
    Image.fromarray(mask()).convert("L").save(tmp_path / "a.gif")
    assert np.array_equal(read_mask(tmp_path / "a.gif"), mask())


@pytest.mark.parametrize(
    "counts",
    [
        [4611686018427387904] * 4 + [2400],  # their sum in 64 bits is 2400, the picture's pixels
        [10**10],
        [2400 - 10**30, 10**30],
        [1e400, 2400],
        [float("nan")],
        ["x"],
        [[2400]],
        None,
        {"a": 1},
        "o" * 1000,
        "b'",
        "b'\\xff'",
        'b""+1',
    ],
)
def test_runs_that_no_picture_has(counts):
    with pytest.raises(Dropped, match="mask unreadable"):
        read_segmentation({"size": [60, 40], "counts": counts}, (60, 40))


@pytest.mark.parametrize(
    "size", [[2**31, 2**31], [2**62, 4], [-60, -40], [0, 0], ["a", 3], [1e999, 1], None, [10**9, 9]]
)
def test_masks_of_sizes_that_no_picture_has(size):
    with pytest.raises(Dropped, match="mask unreadable"):
        read_segmentation({"size": size, "counts": [1]}, (60, 40))


@pytest.mark.parametrize(
    "polygons",
    [[[float("nan")] * 6], [[1e999, 1, 2, 3, 4, 5]], [["x"] * 6], [5], [None],
     [[1.0, 2.0, 3.0, 4.0] * 100_000]],
)  # fmt: skip
def test_polygons_that_are_none(polygons):
    with pytest.raises(Dropped, match="mask unreadable"):
        read_segmentation(polygons, (60, 40))


def test_polygons_far_outside_are_cut():
    far = [[-1e18, -1e18, 1e18, -1e18, 1e18, 1e18, -1e18, 1e18]]
    assert read_segmentation(far, (60, 40)).all()


def header(shape: str, kind: str = "|u1") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "content",
    [header("(200000, 200000)"), header("(9223372036854775807, 4)"), header("(-1, -1)"),
     header("(60, 40)", "|O"), header("(60, 40)"), header("(60, 40, 3)") + bytes(7200), b"",
     header("__import__('os')"), b"\x93NUMPY\x09\x00"],
)  # fmt: skip
def test_arrays_that_declare_too_much_or_hold_too_little(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        for name in ("masks", "class_ids", "scores"):
            archive.writestr(f"{name}.npy", content)
    tracemalloc.start()
    for name in ("a.npy", "b.npz"):
        with pytest.raises(Dropped, match="mask unreadable"):
            read_mask(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_mask_picture_of_too_many_pixels(tmp_path):
    declared(tmp_path / "a.png", 13300, 13300)
    with pytest.raises(Dropped, match=r"mask unreadable: .*13300 × 13300 px, expected at most"):
        read_mask(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_mask_is_upright_as_exif_says(tmp_path, name):
    """An editor may keep the photograph's own EXIF in the mask that was drawn over it."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    pixels = np.where(mask(), np.uint8(255), np.uint8(0))
    Image.fromarray(np.ascontiguousarray(np.rot90(pixels))).save(tmp_path / name, exif=exif)
    assert (read_mask(tmp_path / name) == mask()).mean() > 0.98

"""Every kind of picture file becomes upright RGB, or upright grey."""

from __future__ import annotations

import struct
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from minipose.datasets import picture_files
from minipose.datasets.picture_files import read_grey, read_rgb
from minipose.errors import UserError


def test_exif_rotation_is_undone(tmp_path):
    picture = np.zeros((40, 60, 3), dtype=np.uint8)
    picture[:20] = 255  # bright upper half
    image = Image.fromarray(picture).rotate(90, expand=True)  # as a rotated camera stores it
    exif = Image.Exif()
    exif[274] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    got = read_rgb(tmp_path / "a.jpg")
    assert got.shape == (40, 60, 3)
    assert got[5:15].min() > 240 and got[25:35].max() < 15


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "1", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    grey = Image.fromarray(np.full((8, 9), 255, dtype=np.uint8))
    name = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    grey.convert("RGB").convert(mode).save(name)
    got = read_rgb(name)
    assert got.shape == (8, 9, 3) and got.dtype == np.uint8 and got.min() > 250


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    deep = (np.arange(48, dtype=np.uint16).reshape(6, 8) * 1394).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    got = read_rgb(tmp_path / "a.png")
    assert np.abs(got[..., 0].astype(float) - deep / 257).max() <= 0.6


@pytest.mark.parametrize("read", [read_rgb, read_grey])
def test_missing_and_broken_files(read, tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        read(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(ValueError, match="not a readable picture"):
        read(tmp_path / "text.png")
    Image.fromarray(np.zeros((50, 50), np.uint8)).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:40])
    with pytest.raises(ValueError, match="not a readable picture"):
        read(tmp_path / "cut.png")


def test_pictures_are_read_grey_and_upright(tmp_path):
    picture = np.zeros((4, 8, 3), np.uint8)
    picture[:, :4, 0] = 255
    rotated = Image.fromarray(picture)
    exif = rotated.getexif()
    exif[0x0112] = 6  # to be rotated by 90° clockwise
    rotated.save(tmp_path / "rotated.png", exif=exif)
    grey = read_grey(tmp_path / "rotated.png")
    assert grey.shape == (8, 4) and grey[0, 0] == 76 and grey[7, 0] == 0  # 0.299 · 255
    Image.fromarray(picture).convert("CMYK").save(tmp_path / "print.jpg")
    assert read_grey(tmp_path / "print.jpg").shape == (4, 8)


def declared(path, width: int, height: int, depth: int = 8, colour: int = 0) -> None:
    """A PNG whose header alone tells of a huge picture; on disk it has some hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("read", [read_rgb, read_grey])
@pytest.mark.parametrize("size", [(20000, 10000), (10000, 10000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_takes_memory(read, size, tmp_path):
    declared(tmp_path / "bomb.png", *size)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"bomb\.png: .*(expected at most|exceeds limit|readable)"):
        read(tmp_path / "bomb.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_sixteen_bit_grey_is_scaled_when_read_grey(tmp_path, mode):
    deep = (np.arange(48, dtype=np.uint16).reshape(6, 8) * 1394).astype(np.uint16)
    values = deep if mode == "I;16" else deep.astype(np.int32)
    ending = "png" if mode == "I;16" else "tif"
    Image.fromarray(values).save(tmp_path / f"a.{ending}")
    got = read_grey(tmp_path / f"a.{ending}")
    assert got.dtype == np.uint8 and np.abs(got - deep / 257).max() <= 0.6
    assert np.array_equal(got, read_rgb(tmp_path / f"a.{ending}")[..., 0])


def test_eight_bit_values_in_a_deep_file_stay_as_they_are(tmp_path):
    values = np.arange(48, dtype=np.int32).reshape(6, 8) * 5
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert np.array_equal(read_grey(tmp_path / "a.tif"), values)


def test_floats_are_scaled_and_must_be_finite(tmp_path):
    values = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert np.abs(read_grey(tmp_path / "a.tif") - 255 * values).max() <= 0.51
    values[2, 3] = np.nan
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match="a grey value is not a finite number"):
        read_grey(tmp_path / "a.tif")


def test_an_animation_gives_its_first_picture(tmp_path):
    frames = [Image.fromarray(np.full((8, 9), v, np.uint8)) for v in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (read_rgb(tmp_path / "a.gif") == 10).all() and (
        read_grey(tmp_path / "a.gif") == 10
    ).all()


def test_a_missing_reader_of_heic_is_one_line_that_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    picture_files._learn_heic.cache_clear()  # another test may have met its reader
    (tmp_path / "a.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(UserError, match=r"pillow_heif is not installed: .*\.\[heic\]'"):
        read_rgb(tmp_path / "a.HEIC")


def test_heic_is_read(tmp_path):
    heif = pytest.importorskip("pillow_heif", reason="needs the extra minipose[heic]")
    values = np.repeat(np.repeat(np.uint8([[[200, 30, 40], [20, 160, 90]]]), 32, 0), 32, 1)
    heif.from_pillow(Image.fromarray(values)).save(tmp_path / "a.heic", quality=95)
    got = read_rgb(tmp_path / "a.heic").astype(int)
    assert got.shape == values.shape and np.abs(got[:, 8:24] - values[:, 8:24]).max() < 12


@pytest.mark.parametrize("content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
                                     b"\x89HDF\r\n\x1a\n" + bytes(100)])  # fmt: skip
def test_what_holds_no_pixels_is_no_picture(tmp_path, content):
    """Pillow would hand the first to another program, and knows the second by name only."""
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.jpg: not a readable picture \(a file of "):
        read_rgb(tmp_path / "a.jpg")

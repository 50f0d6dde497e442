"""Every kind of picture file becomes upright RGB, or upright grey."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from minipose.datasets.picture_files import read_grey, read_rgb


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

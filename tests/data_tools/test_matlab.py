"""MATLAB's files as scipy writes them, and as it cannot read them: damaged."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from data_tools.matlab import load_matlab
from minipose.errors import UserError


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "kind", ["f8", "f4", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", ">f8", "?"]
)
def test_numbers_of_every_type_and_shape(tmp_path, kind, compressed):
    rng = np.random.default_rng(1)
    arrays = {
        "short": (rng.random((1, 3)) * 100).astype(kind),
        "name_longer_than_eight": (rng.random((4, 3)) * 100).astype(kind),
        "cube": (rng.random((3, 14, 5)) * 100).astype(kind),
        "empty": np.zeros((0, 4), kind),
        "whole": np.arange(12.0).reshape(3, 4).astype(kind),
    }
    others = {"text": "abc", "cell": np.array([[1], "a"], dtype=object), "struct": {"a": 1}}
    savemat(tmp_path / "a.mat", others | arrays, do_compression=compressed)
    for name, wanted in arrays.items():
        got = load_matlab(tmp_path / "a.mat", name)
        assert got.shape == wanted.shape and np.array_equal(got, wanted), name
        assert got.dtype == (np.uint8 if kind == "?" else np.dtype(kind).newbyteorder("="))


def test_what_is_no_matrix_of_real_numbers(tmp_path):
    savemat(tmp_path / "a.mat", {"text": "abc", "cell": np.array([1, "a"], dtype=object),
                                 "struct": {"a": 1}, "complex": np.array([1j])})  # fmt: skip
    for name in ("text", "cell", "struct", "complex"):
        with pytest.raises(UserError, match="it is no matrix of real numbers"):
            load_matlab(tmp_path / "a.mat", name)
    with pytest.raises(UserError, match=r"no readable variable 'x' \(it holds text, cell, "):
        load_matlab(tmp_path / "a.mat", "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "not a MATLAB file"), (b"\x89HDF\r\n\x1a\n" + bytes(200), "version 7.3"),
     (b"MATLAB 7.3 MAT-file" + bytes(107) + b"IM" + bytes(500), "version 7.3"),
     (bytes(126) + b"IM" + b"\x0e\0\0\0\xff\xff\xff\x7f", "it ends within an element")],
)  # fmt: skip
def test_files_of_another_kind(tmp_path, content, message):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(UserError, match=message):
        load_matlab(tmp_path / "a.mat", "x")


@pytest.mark.parametrize("compressed", [False, True])
def test_more_than_the_limit_is_not_read(tmp_path, compressed):
    savemat(tmp_path / "a.mat", {"x": np.zeros((2000, 1000))}, do_compression=compressed)
    assert load_matlab(tmp_path / "a.mat", "x").nbytes == 16_000_000
    with pytest.raises(UserError, match=r"a\.mat: "):
        load_matlab(tmp_path / "a.mat", "x", limit=2**20)

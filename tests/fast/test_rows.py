"""Arithmetic on rows where they lie: the same numbers, and NumPy's buffer is as it was."""

import numpy as np
import pytest

from minipose.fast.rows import BUFFER, in_place


def test_the_buffer_is_put_back_after_an_error_too():
    before = np.getbufsize()
    with pytest.raises(KeyError), in_place():
        assert np.getbufsize() == BUFFER
        raise KeyError
    assert np.getbufsize() == before


@pytest.mark.parametrize("width", [3, 100, 640, 5000])
def test_the_same_numbers(width):
    rng = np.random.default_rng(width)
    wide, x = rng.standard_normal((7, 2 * width)), rng.standard_normal((7, width))
    expected = wide[:, :width] + x
    with in_place():
        wide[:, :width] += x
    np.testing.assert_array_equal(wide[:, :width], expected)

"""Clipping: the norm of all, the direction kept, nothing changed that is short enough."""

import contextlib

import numpy as np
import pytest

import minipose as mp
from minipose.backend import array_module, to_host
from minipose.optim import clip_gradient_values, clip_gradients


def with_gradients(xp, *gradients, dtype=np.float32):
    found = []
    for gradient in gradients:
        found.append(mp.Parameter(xp.asarray(np.zeros(np.shape(gradient), dtype))))
        found[-1].grad = xp.asarray(np.asarray(gradient, dtype))
    return found


def no_wait(xp):
    return getattr(xp, "no_sync", contextlib.nullcontext)()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_long_gradient_becomes_as_long_as_allowed(xp, dtype):
    parameters = with_gradients(xp, [[3.0, 0.0]], 4.0, [12.0], dtype=dtype)  # norm 13
    before = [p.grad for p in parameters]
    with no_wait(xp):
        norm = clip_gradients(parameters, 6.5)
    assert float(norm) == pytest.approx(13)
    for p, expected, old in zip(parameters, ([[1.5, 0.0]], 2.0, [6.0]), before, strict=True):
        assert (
            array_module(p.grad) is xp and isinstance(p.grad, xp.ndarray) and p.grad.dtype == dtype
        )
        np.testing.assert_allclose(to_host(p.grad), expected, rtol=1e-6)
        assert p.grad is not old  # others may hold the old one
        np.testing.assert_allclose(to_host(old), np.multiply(expected, 2), rtol=1e-6)


def test_a_short_gradient_stays_to_the_bit(xp):
    values = np.random.default_rng(0).standard_normal(7, dtype=np.float32)
    (p,) = with_gradients(xp, values)
    norm = clip_gradients([p], np.sqrt((values.astype(float) ** 2).sum()) * (1 + 1e-12))
    np.testing.assert_array_equal(to_host(p.grad), values)
    assert float(norm) == pytest.approx(np.linalg.norm(values.astype(float)), rel=1e-12)


def test_zeros_missing_and_huge_gradients(xp):
    zero, huge = with_gradients(xp, [0.0, 0.0], [3e30, 4e30])
    missing = mp.Parameter(xp.asarray(np.ones(2)))
    assert float(clip_gradients([zero, missing], 1.0)) == 0
    np.testing.assert_array_equal(to_host(zero.grad), 0)
    assert missing.grad is None
    assert float(clip_gradients([missing], 1.0)) == 0 == float(clip_gradients([], 1.0))
    assert float(clip_gradients(iter([zero, huge]), 1.0)) == pytest.approx(5e30)  # squares: 1e61
    np.testing.assert_allclose(to_host(huge.grad), [0.6, 0.8], rtol=1e-6)


def test_values_are_clipped_one_by_one(xp):
    a, b = with_gradients(xp, [-3.0, 0.5, 3.0], 9.0)
    missing = mp.Parameter(xp.asarray(np.ones(2)))
    before = a.grad
    with no_wait(xp):
        clip_gradient_values([a, missing, b], 2.0)
    np.testing.assert_array_equal(to_host(a.grad), [-2, 0.5, 2])
    np.testing.assert_array_equal(to_host(before), [-3, 0.5, 3])
    assert isinstance(b.grad, xp.ndarray) and float(b.grad) == 2 and missing.grad is None
    assert a.grad.dtype == np.float32


def test_a_parameter_that_is_given_twice_is_clipped_once():
    (p,) = with_gradients(np, [3.0, 4.0])
    assert float(clip_gradients([p, p], 1.0)) == pytest.approx(5)
    np.testing.assert_allclose(p.grad, [0.6, 0.8], rtol=1e-6)


def test_limits_have_to_be_above_0():
    for wrong in (0, -1, np.nan, np.inf, "a", None):
        with pytest.raises(ValueError, match=r"clip_gradients: expected max_norm above 0, got"):
            clip_gradients([], wrong)
        with pytest.raises(ValueError, match=r"clip_gradient_values: expected limit above 0, got"):
            clip_gradient_values([], wrong)


@pytest.mark.parametrize("clip", [clip_gradients, clip_gradient_values])
def test_a_single_parameter_is_no_list(clip):
    """Its rows would be taken for parameters, and nothing clipped."""
    p = mp.Parameter([3.0, 4.0])
    p.grad = np.ones(2, np.float32)
    with pytest.raises(TypeError, match=f"^{clip.__name__}: expected a list of parameters, got a "):
        clip(p, 1.0)
    with pytest.raises(TypeError, match=r"expected a list of parameters, got Linear; write \.para"):
        clip(mp.nn.Linear(2, 2, np.random.default_rng(0)), 1.0)

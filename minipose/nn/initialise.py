"""How weights begin: spread so that signals neither fade nor grow from layer to layer."""

from __future__ import annotations

import math

import numpy as np

_source = np.random.SeedSequence(0)


def next_generator() -> np.random.Generator:
    """A generator for a layer that draws random numbers: the n-th made in this process.

    All come from one seeded source, and no two are alike.
    """
    return np.random.default_rng(_source.spawn(1)[0])


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator, pool: int = 1) -> np.ndarray:
    """U(−a, a) with a = √(6 / (fan_in + fan_out)), float32.

    Parameters
    ----------
    shape : (out, in) of a linear layer or (out, in, kh, kw) of a convolution
    rng : numpy Generator
    pool : int
        Elements of the max-pool that follows a convolution: its fan_out is divided by it, since one
        output in ``pool`` passes a gradient on.

    Source: report 1's code (Glorot & Bengio 2010, equation 16).
    """
    taps = math.prod(shape[2:])
    limit = math.sqrt(6 / (shape[1] * taps + shape[0] * taps / pool))
    return rng.uniform(-limit, limit, shape).astype(np.float32)


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """N(0, 2 / fan_in) cut at two standard deviations, float32: keeps the variance through ReLU.

    The cut shrinks the deviation by 0.87962566103423978, for which the width makes up.

    Source: report 2's framework (He et al. 2015, equation 10).
    """
    deviation = math.sqrt(2 / math.prod(shape[1:])) / 0.87962566103423978
    values = rng.standard_normal(shape)
    outside = np.abs(values) > 2
    while outside.any():
        values[outside] = rng.standard_normal(int(outside.sum()))
        outside = np.abs(values) > 2
    return (deviation * values).astype(np.float32)

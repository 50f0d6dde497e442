"""Updates in pieces: the same numbers as in one go, and with any number of threads."""

import numpy as np
import pytest

import minipose as mp
from minipose.kernels.faster import plain_only
from minipose.optim import SGD, Adam


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize("order", ["C", "F"])
def test_pieces_make_the_step(make, order):
    """Bit for bit, since each element is computed by itself; also where an array is transposed."""
    rng = np.random.default_rng(0)
    value, gradient = rng.standard_normal((2, 700, 900), dtype=np.float32)
    results = []
    for plain in (False, True):
        w = mp.Parameter(value.copy(order=order))
        optimizer = make([w], lr=0.1)
        for _ in range(3):
            w.grad = gradient
            if plain:
                with plain_only():
                    optimizer.step()
            else:
                optimizer.step()
        results.append([w.data, *(optimizer.state[n][0] for n in optimizer.state_names)])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, expected)


class Normalised(SGD):
    """w ← w − ε·g/‖g‖: not element by element."""

    elementwise = False

    def formula(self, w, g, t, options, v):
        w -= options.lr * g / np.sqrt((g * g).sum())


def test_a_formula_that_looks_at_the_whole_parameter_gets_it():
    w = mp.Parameter(np.zeros((1000, 1000)))
    w.grad = np.ones(w.shape)
    Normalised([w], lr=1.0).step()
    assert np.sqrt((w.data**2).sum()) == pytest.approx(1)


def test_the_numbers_do_not_depend_on_the_threads(monkeypatch):
    gradient = np.random.default_rng(0).standard_normal((1200, 1100), dtype=np.float32)
    results = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        w = mp.Parameter(np.ones(gradient.shape, np.float32))
        optimizer = Adam([w], lr=0.1)
        for _ in range(2):
            w.grad = gradient
            optimizer.step()
        results.append(w.data)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])

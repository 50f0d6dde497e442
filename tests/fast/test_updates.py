"""Updates in pieces: chosen by where the parameters are, the same numbers as in one go."""

from contextlib import nullcontext

import numpy as np
import pytest

import minipose as mp
from minipose import Parameter, optim
from minipose.backend import to_host
from minipose.fast import updates
from minipose.fast.device import updates as device_updates
from minipose.kernels.faster import choose, plain_only
from minipose.optim import SGD, Adam, Muon
from tests.strict import strict


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize("order", ["C", "F"])
def test_pieces_make_the_step(make, order):
    """Bit for bit, since each element is computed by itself; also where an array is transposed."""
    rng = np.random.default_rng(0)
    value, gradient = rng.standard_normal((2, 700, 900), dtype=np.float32)
    results = []
    for plain in (False, True):
        w = mp.Parameter(value)
        w.data = value.copy(order=order)  # a parameter's own copy would be in C order
        optimizer = make([w], lr=0.1)
        for _ in range(3):
            w.grad = gradient
            with plain_only() if plain else nullcontext():
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


def test_an_array_that_replaces_a_view_is_moved():
    """On a GPU parameters are views of one array: until somebody gives one of them another."""
    gradient = np.array([1.0, -1.0])
    results = []
    for library in (np, strict):
        w = [mp.Parameter(library.asarray(np.ones(2))) for _ in range(2)]
        optimizer = Adam(w, lr=0.1)
        for step in range(4):
            if step == 2:
                w[1].data = library.asarray(np.full(2, 5.0))
            for p in w:
                p.grad = library.asarray(gradient * (step + 1))
            optimizer.step()
        results.append([to_host(p.data) for p in w])
    np.testing.assert_allclose(*results, rtol=1e-12)


def by_threads(monkeypatch, make, shapes):
    """The parameters after two steps, computed by one, two and three threads."""
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(s, dtype=np.float32) for s in shapes]
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("MINIPOSE_THREADS", threads)
        parameters = [mp.Parameter(np.ones(s, np.float32)) for s in shapes]
        optimizer = make(parameters, lr=0.1)
        for _ in range(2):
            for p, gradient in zip(parameters, gradients, strict=True):
                p.grad = gradient
            optimizer.step()
        yield [p.data for p in parameters]


@pytest.mark.parametrize(
    ("make", "shapes"),
    [(Adam, [(1200, 1100)]), (Muon, [(40, 30, 3, 3), (500, 400), (30, 40, 3, 3), (3, 5)])],
)
def test_the_numbers_do_not_depend_on_the_threads(monkeypatch, make, shapes):
    first, *others = by_threads(monkeypatch, make, shapes)
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_each_parameter_moves_with_its_own_state_and_options():
    """Whatever the order in which the threads take them."""
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (9, 8), (5, 2, 2, 2), (1, 6)]
    values = [rng.standard_normal(s) for s in shapes]
    gradients = [rng.standard_normal(s) for s in shapes]
    results = []
    for plain in (False, True):
        w = [mp.Parameter(v) for v in values]
        groups = [{"parameters": w[:2], "lr": 0.3}, {"parameters": w[2:], "momentum": 0.5}]
        optimizer = Muon(groups)
        for step in range(3):
            for i, (p, gradient) in enumerate(zip(w, gradients, strict=True)):
                p.grad = None if i == step else gradient
            with plain_only() if plain else nullcontext():
                optimizer.step()
        assert optimizer.step_counts == [2, 2, 2, 3]
        results.append([p.data for p in w] + optimizer.state["mean"])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_updates_are_chosen_by_where_the_parameters_are(make):
    def chosen(arrays, moved):
        return choose(optim.update, make([Parameter(a) for a in arrays], 0.1), moved)

    host, device = np.ones(3), strict.ones((3,))
    assert chosen([host, host], [0, 1]) is chosen([host, host], [1]) is updates.in_pieces
    assert chosen([device, device], [0, 1]) is device_updates.at_once
    assert chosen([device, device], [1]) is chosen([host, device], [0, 1]) is optim.update
    narrow = strict.asarray(np.ones(3, np.float32))
    assert chosen([device, narrow], [0, 1]) is optim.update  # of two precisions


def test_updates_of_whole_parameters_are_chosen_by_where_they_are():
    def chosen(*arrays):
        return choose(optim.update, optim.Muon([Parameter(a) for a in arrays]), [0])

    host, device = np.ones((2, 3)), strict.ones((2, 3))
    assert chosen(host, host) is updates.one_by_one
    assert chosen(device, device) is chosen(host, device) is optim.update

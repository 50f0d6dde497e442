"""Half precision: how far products are off, and a loss scaled until no gradient overflows."""

from contextlib import nullcontext

import numpy as np
import pytest

import minipose as mp
from minipose.backend import half_products, product, to_host
from minipose.training import checkpoint
from minipose.training.loop import fit
from minipose.training.scaling import LEAST, MOST, LossScale, ScaledParts
from tests.training.toy import Toy, make_task

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # infinities are meant
RNG = np.random.default_rng(0)
EPSILON = 2.0**-11  # by which rounding to 11 binary places is off at most, relatively


def array(xp, *shape):
    return xp.asarray(RNG.standard_normal(shape).astype(np.float32))


def test_a_product_is_rounded_three_times(xp):
    a, b = array(xp, 5, 70), array(xp, 70, 3)
    with half_products():
        y, into = product(a, b), xp.empty((5, 3), dtype=np.float32)
        assert product(a, b, out=into) is into
    exact = to_host(a).astype(np.float64) @ to_host(b)
    most = 2.5 * EPSILON * (abs(to_host(a)) @ abs(to_host(b))) + EPSILON * abs(exact)
    error = abs(to_host(y) - exact)
    assert y.dtype == np.float32 and (error <= most).all() and error.max() > 1e-5
    np.testing.assert_array_equal(to_host(y), to_host(y).astype(np.float16))
    np.testing.assert_array_equal(to_host(into), to_host(y))
    np.testing.assert_array_equal(to_host(product(a, b)), to_host(a @ b))


def test_large_and_small_numbers_are_lost(xp):
    with half_products():
        y = product(xp.asarray([[300.0], [1e-5]], dtype=np.float32),
                    xp.asarray([[300.0, 1e-4]], dtype=np.float32))  # fmt: skip
    np.testing.assert_array_equal(to_host(y) > 0, [[True, True], [True, False]])
    assert np.isinf(to_host(y)[0, 0])


OPS = {
    "conv2d": (lambda x, w: mp.ops.conv2d(x, w, padding=1), [(2, 3, 6, 5), (4, 3, 3, 3)]),
    "conv2d_relu": (lambda x, w: mp.ops.conv2d_relu(x, w), [(2, 3, 6, 5), (4, 3, 3, 3)]),
    "conv2d_max_pool2d": (
        lambda x, w, b: mp.ops.conv2d_max_pool2d(x, w, b, tanh=True),
        [(2, 3, 7, 7), (4, 3, 2, 2), (4,)],
    ),
    "upsample_conv2d": (lambda x, w: mp.ops.upsample_conv2d(x, w), [(1, 2, 3, 3), (4, 2, 2, 2)]),
    "linear": (lambda x, w: mp.ops.linear(x, w), [(4, 30), (5, 30)]),
    "matmul": (lambda a, b: a @ b, [(4, 30), (30, 5)]),
    "normalised_gate": (
        lambda x, w, b: mp.ops.normalised_gate(x, w, b, (2, 1)),
        [(2, 6, 4, 4), (3, 3), (3,)],
    ),
}


@pytest.mark.parametrize("name", OPS)
def test_gradients_are_nearly_those_of_full_precision(name, xp):
    op, shapes = OPS[name]
    inputs = [array(xp, *shape) for shape in shapes]

    def gradients(half):
        tensors = [mp.Tensor(x, requires_grad=True) for x in inputs]
        with half_products() if half else nullcontext():
            y = op(*tensors)
            y.backward(xp.ones_like(y.data))
        return [to_host(y.data)] + [to_host(t.grad) for t in tensors]

    differences = []
    for exact, got in zip(gradients(False), gradients(True), strict=True):
        differences.append(np.linalg.norm(got - exact) / np.linalg.norm(exact))
        assert got.dtype == np.float32
    assert 1e-6 < max(differences) < 0.02


def begun(xp, **options):
    net = Toy().eval()
    if xp is not np:
        net._convert(xp.asarray)
    like = net.parameters()[0].data
    return net, mp.optim.Adam(net.parameters(), 0.01), LossScale(like, **options), array(xp, 8, 4)


def quiet(xp):
    """Nothing waits for a GPU there."""
    fast = getattr(mp, "fast", None)
    return xp.no_sync() if fast and hasattr(xp, "no_sync") else nullcontext()


def test_a_scale_keeps_small_gradients(xp):
    def tiny(net, x):
        return mp.ops.sum(net(mp.Tensor(x))) * 1e-7

    lost = {}
    for first in (1.0, 2.0**16):
        net, optimizer, scaling, x = begun(xp, first=first)
        loss = ScaledParts(net, tiny, 1, scaling).backward(x, 0)
        assert loss.item() == pytest.approx(tiny(net, x).item(), rel=0.03)  # half precision
        finite = scaling.unscale(optimizer.parameters)
        assert to_host(finite).tolist() == [True]
        lost[first] = float((to_host(net.first.weight.grad) == 0).mean())
    assert lost[2.0**16] < lost[1.0]


def test_a_step_that_overflows_is_left_out(xp):
    net, optimizer, scaling, x = begun(xp, first=2.0**10, patience=2)
    before = [to_host(p.data).copy() for p in net.parameters()]

    def step(factor):
        with quiet(xp):
            loss = mp.ops.mean(net(mp.Tensor(x))) * factor
            loss.backward()
            scaling.step(optimizer, scaling.unscale(optimizer.parameters))
            optimizer.zero_grad()
        return scaling.state()

    assert step(float("inf")) == {"scale": 2.0**9, "good": 0}
    for p, old in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(to_host(p.data), old)
    assert all(not to_host(m).any() for m in optimizer.state["mean"])
    assert step(1.0) == {"scale": 2.0**9, "good": 1}
    assert not np.array_equal(to_host(net.first.weight.data), before[0])
    assert step(1.0) == {"scale": 2.0**10, "good": 0}


@pytest.mark.parametrize(("first", "factor"), [(MOST, 1.0), (LEAST, float("nan"))])
def test_a_scale_stays_within_its_limits(first, factor, xp):
    net, optimizer, scaling, x = begun(xp, first=first, patience=1)
    (mp.ops.mean(net(mp.Tensor(x))) * factor).backward()
    scaling.step(optimizer, scaling.unscale(optimizer.parameters))
    assert scaling.state()["scale"] == first


def test_every_library_takes_the_same_steps(xp):
    results = []
    for library in (np, xp):
        global RNG
        RNG = np.random.default_rng(3)
        net, _, scaling, x = begun(library, first=2.0**8)
        optimizer = mp.optim.SGD(net.parameters(), 0.01)  # Adam's would count the step left out
        for factor in (1.0, float("nan"), 2.0):
            (mp.ops.mean(net(mp.Tensor(x))) * factor).backward()
            scaling.step(optimizer, scaling.unscale(optimizer.parameters))
            optimizer.zero_grad()
        results.append(to_host(net.first.weight.data))
    np.testing.assert_allclose(*results, rtol=1e-5)


def fp16_task(folder, net, **options):
    task = make_task(folder, **options)
    task.scaling = LossScale(net.first.weight.data, patience=5)
    return task


def test_a_training_is_resumed_with_its_scale(tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    for folder in (whole, halves):
        folder.mkdir()
    net = Toy()
    rows = fit(fp16_task(whole, net), net, mp.optim.Adam(net.parameters(), 0.01))
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    net = Toy()
    task = fp16_task(halves, net)
    task.adapt = lambda history: 1.0 if len(history) < 2 else None
    fit(task, net, mp.optim.Adam(net.parameters(), 0.01))
    net = Toy()
    fit(fp16_task(halves, net), net, mp.optim.Adam(net.parameters(), 0.01), resume=True)
    a, b = (checkpoint.read(folder / "last.npz") for folder in (whole, halves))
    assert a[1]["progress"]["scaling"] == b[1]["progress"]["scaling"] != {}
    for name, value in a[0].items():
        np.testing.assert_array_equal(b[0][name], value, err_msg=name)

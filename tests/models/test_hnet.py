"""The harmonic U-Net: report 2's size, any picture size, and rotating with the picture."""

from contextlib import nullcontext

import numpy as np
import pytest

import minipose as mp
from minipose.gradcheck import check_direction
from minipose.kernels import circular_harmonics as harmonic
from minipose.kernels.faster import plain_only
from minipose.models import HNet
from minipose.nn import harmonic as layers
from tests.ops.case import LAYOUTS

HEADS = {"mask": 2, "joints": 26, "regression": 1}

either_form = pytest.mark.parametrize("form", [nullcontext, plain_only])


@pytest.mark.parametrize(
    ("heads", "parameters"), [({"mask": 2}, 13_430_240), ({"regression": 1}, 13_430_080)]
)
def test_parameter_counts_of_the_report(heads, parameters):
    assert sum(p.size for p in HNet(heads).parameters()) == parameters


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (1, 1), (48, 33)])
def test_any_size_comes_back_cropped_from_the_padded_image(size):
    rng = np.random.default_rng(0)
    net = HNet(HEADS, width=2, rng=rng).eval()
    x = rng.random((2, 3, *size), dtype=np.float32)
    scores = net(mp.Tensor(x))
    assert {n: y.shape for n, y in scores.items()} == {n: (2, c, *size) for n, c in HEADS.items()}
    bottom, right = -size[0] % 16, -size[1] % 16
    padded = net(mp.Tensor(np.pad(x, ((0, 0), (0, 0), (0, bottom), (0, right)))))
    for name, y in scores.items():
        assert np.isfinite(y.data).all()
        np.testing.assert_array_equal(y.data, padded[name].data[:, :, : size[0], : size[1]])


def rotate(x, quarters):
    """The picture or the scores, rotated anticlockwise."""
    return np.ascontiguousarray(np.rot90(x, quarters, axes=(2, 3)))


def rotation_error(net, x, quarters):
    """Largest difference of f(rotated x) and rotated f(x), relative to the largest score."""
    straight = net(mp.Tensor(x))["mask"].data
    rotated = net(mp.Tensor(rotate(x, quarters)))["mask"].data
    return float(np.abs(rotated - rotate(straight, quarters)).max() / np.abs(straight).max())


@either_form
@pytest.mark.parametrize(("dtype", "most"), [(np.float64, 1e-12), (np.float32, 3e-5)])
@pytest.mark.parametrize("size", [(64, 64), (64, 96)])
def test_quarter_turns_are_exact(size, dtype, most, form):
    rng = np.random.default_rng(2)
    net = HNet({"mask": 2}, width=4, rng=rng).astype(dtype).eval()
    x = rng.random((1, 3, *size)).astype(dtype)
    with form():
        for quarters in (1, 2, 3):
            assert rotation_error(net, x, quarters) <= most


@either_form
def test_dropout_keeps_quarter_turns_exact(form):
    """One mask for both parts of a channel, the same in two runs from one seed."""
    rng = np.random.default_rng(3)
    net = HNet({"mask": 2}, width=4, dropout=0.3, rng=rng).astype(np.float64).train()
    x = rng.random((1, 3, 32, 32))
    with form():
        net.reseed(5)
        straight = net(mp.Tensor(x))["mask"].data
        net.reseed(5)
        rotated = net(mp.Tensor(rotate(x, 1)))["mask"].data
    np.testing.assert_allclose(rotated, rotate(straight, 1), rtol=0, atol=1e-12)
    assert not np.allclose(straight, net.eval()(mp.Tensor(x))["mask"].data)


@pytest.mark.parametrize("mistake", ["sign", "parts", "centre"])
def test_a_mistake_in_the_filters_shows_at_90_degrees(mistake, monkeypatch):
    """The wrong sign of ν, re and im of order 1 exchanged, a centre where there must be none.

    The wrong sign is right at 180°, where i² = (−i)²: a test of half turns alone would pass.
    """
    right = harmonic.ring_basis

    def basis(kernel_size, number):
        found = right(kernel_size, abs(number) if mistake == "sign" else number)
        if mistake == "centre" and number:
            found = found + 0.1 * (np.arange(9).reshape(3, 3) == 4)
        return found

    def convolve(x, kernel, padding):
        if mistake == "parts" and x.shape[1] > 3:
            n = x.shape[1] // 4
            re_0, im_0, re_1, im_1 = (x[:, k * n : k * n + n] for k in range(4))
            x = mp.ops.concatenate([re_0, im_0, im_1, re_1])
        return mp.ops.conv2d(x, kernel, padding=padding)

    monkeypatch.setattr("minipose.ops.harmonic.ring_basis", basis)
    monkeypatch.setattr("minipose.ops.harmonic.conv2d", convolve)
    rng = np.random.default_rng(2)
    net = HNet({"mask": 2}, width=2, rng=rng).astype(np.float64).eval()
    x = rng.random((1, 3, 32, 32))
    with plain_only():
        assert rotation_error(net, x, 1) > 1e-3
        if mistake == "sign":
            assert rotation_error(net, x, 2) < 1e-12


class _Op(mp.nn.Module):
    """An op as a layer."""

    def __init__(self, function):
        self.function = function

    def forward(self, x):
        return self.function(x)


def _layers(rng):
    """Every layer from streams (2, 3) to streams (4, 1), or to the same ones."""
    of, into = (2, 3), (4, 1)
    relu = layers.ComplexReLU(of)
    relu.bias.assign_(rng.uniform(-0.5, 0.5, 5).astype(np.float32))
    return {
        "convolution": (layers.HarmonicConv2d(of, into, rng), into),
        "convolution 5x5": (layers.HarmonicConv2d(of, into, rng, kernel_size=5), into),
        "doubling": (layers.HarmonicConv2d(of, into, rng, scale=2), into),
        "norm": (layers.ComplexBatchNorm(of), of),
        "gate": (layers.MagnitudeGate(of, rng), of),
        "norm and gate": (layers.NormalisedGate(of, rng), of),
        "relu": (relu, of),
        "pool": (mp.nn.AvgPool2d(2), of),
        "upsampling": (_Op(lambda x: mp.ops.upsample_bilinear(x, 2)), of),
        "concatenation": (
            _Op(lambda x: mp.ops.concatenate_streams([x, 2 * x], [of, of])[0]),
            tuple(2 * n for n in of),
        ),
    }, of


@either_form
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", list(_layers(np.random.default_rng(0))[0]))
def test_each_layer_rotates_channels_of_order_n_by_i_to_the_n(name, layout, form):
    """f(rotate(z) · iⁿ) = rotate(f(z)) · iⁿ, and the magnitudes just rotate."""
    rng = np.random.default_rng(4)
    table, of = _layers(rng)
    layer, into = table[name]
    layer.astype(np.float64)
    z = rng.standard_normal((2, 2 * sum(of), 4, 6))
    with form():
        straight = layer(mp.Tensor(LAYOUTS[layout](np, z))).data
        rotations = [
            layer(mp.Tensor(LAYOUTS[layout](np, _rotate_streams(z, of, quarters)))).data
            for quarters in (1, 2, 3)
        ]
    for quarters, rotated in enumerate(rotations, start=1):
        np.testing.assert_allclose(rotated, _rotate_streams(straight, into, quarters), atol=1e-12)
        wrong = _rotate_streams(straight, into, quarters, sign=-1)
        assert (quarters == 2) == np.allclose(rotated, wrong, atol=1e-3)


def _rotate_streams(x, streams, quarters, sign=1):
    from tests.harmonic_reference import pack, unpack

    orders = [rotate(z, quarters) for z in unpack(x, streams)]
    return pack([z * 1j ** (sign * n * quarters) for n, z in enumerate(orders)])


def test_a_head_rotates_the_picture_and_nothing_else():
    """Real parts of order 0: i⁰ = 1, so they are scores at every quarter turn."""
    rng = np.random.default_rng(5)
    head = layers.HarmonicConv2d((2, 3), (4,), rng, real_output=True).astype(np.float64)
    z = rng.standard_normal((2, 10, 4, 6))
    straight = head(mp.Tensor(z)).data
    assert straight.shape == (2, 4, 4, 6)
    for quarters in (1, 2, 3):
        rotated = head(mp.Tensor(_rotate_streams(z, (2, 3), quarters))).data
        np.testing.assert_allclose(rotated, rotate(straight, quarters), atol=1e-12)


def test_the_library_of_the_report_breaks_it_by_two_masks():
    """Re and im dropped each by itself: what is left of an order-1 channel points elsewhere."""
    rng = np.random.default_rng(6)
    z = rng.standard_normal((1, 4, 4, 4))
    masks = rng.random((1, 4, 1, 1)) < 0.5
    masks[0, 2] = not masks[0, 3]  # of the order-1 channel one part stays
    rotated = _rotate_streams(z, (1, 1), 1) * masks
    assert not np.allclose(rotated, _rotate_streams(z * masks, (1, 1), 1))


def test_the_whole_networks_gradient():
    rng = np.random.default_rng(1)
    net = HNet({"mask": 2, "regression": 1}, width=1, rng=rng).astype(np.float64).eval()
    parameters = dict(net.named_parameters())
    owners = {}
    for place, module in net.named_modules():
        owners |= {f"{place}.{n}": (module, n) for n in vars(module)}
    chosen = [
        n for n in parameters if n.startswith(("down.0", "down.2", "double.1", "up.3", "heads"))
    ]
    x = rng.random((1, 3, 32, 48))

    def function(*values):
        for name, value in zip(chosen, values, strict=True):
            module, attribute = owners[name]
            vars(module)[attribute] = value
        scores = net(mp.Tensor(x))
        return mp.ops.concatenate([scores["mask"], scores["regression"]], axis=1)

    check_direction(function, [parameters[n].data for n in chosen], step=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: HNet({}), "expected heads"),
        (lambda: HNet({"mask": 2}, width=0), "expected a width of 1 or more, got 0"),
        (
            lambda: HNet({"mask": 2}, width=1)(mp.Tensor(np.zeros((1, 1, 16, 16), np.float32))),
            r"expected x \(N, 3, H, W\), got \(1, 1, 16, 16\)",
        ),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

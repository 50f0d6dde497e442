"""U-Net: report 2's sizes, any image size, and PyTorch's numbers with the same weights."""

import numpy as np
import pytest

import minipose as mp
from minipose.gradcheck import check_direction
from minipose.losses import categorical_cross_entropy, dice_loss, mse
from minipose.models import UNet
from minipose.models.unet import ScoresOfPixels

HEADS = {"mask": 2, "joints": 26, "regression": 1}


@pytest.mark.parametrize(
    ("heads", "parameters"),
    [
        ({"mask": 2}, 31_031_810),
        ({"regression": 1}, 31_031_745),
        ({"mask": 2, "regression": 1}, 31_031_875),
        ({"mask": 2, "joints": 26}, 31_033_500),
        ({"mask": 2, "joints": 26, "regression": 1}, 31_033_565),
    ],
)
def test_parameter_counts_of_the_report(heads, parameters, monkeypatch):
    # The numbers in the weights do not matter here, and drawing 31 million takes a while.
    monkeypatch.setattr("minipose.nn.layers.he_normal", lambda shape, rng: np.empty(shape, "f4"))
    assert sum(p.size for p in UNet(heads).parameters()) == parameters


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (1, 1), (48, 33)])
def test_any_size_comes_back_cropped_from_the_padded_image(size):
    rng = np.random.default_rng(0)
    net = UNet(HEADS, width=2, rng=rng).eval()
    x = rng.random((2, 3, *size), dtype=np.float32)
    scores = net(mp.Tensor(x))
    assert {n: y.shape for n, y in scores.items()} == {n: (2, c, *size) for n, c in HEADS.items()}
    bottom, right = -size[0] % 16, -size[1] % 16
    padded = net(mp.Tensor(np.pad(x, ((0, 0), (0, 0), (0, bottom), (0, right)))))
    for name, y in scores.items():
        np.testing.assert_array_equal(y.data, padded[name].data[:, :, : size[0], : size[1]])


def test_width_scales_every_level():
    net = UNet({"mask": 2}, width=3)
    assert [level.second.weight.shape[0] for level in net.down] == [3, 6, 12, 24, 48]
    assert [level.second.weight.shape[0] for level in net.up] == [24, 12, 6, 3]


def test_normalisation_comes_before_every_relu():
    """Their statistics are of the batch in training only; what is normalised needs no bias."""
    net = UNet(HEADS, width=2, normalise=True)
    norms = [m for m in net.modules() if isinstance(m, mp.nn.BatchNorm2d)]
    convolutions = [m for m in net.modules() if isinstance(m, mp.nn.Conv2d)]
    assert len(norms) == 22 and all(norm.activation == "relu" for norm in norms)
    assert [c.bias is None for c in convolutions] == [True] * 22 + [False] * 3
    assert all(c.activation is None for c in convolutions)
    x = np.random.default_rng(0).random((2, 3, 32, 32), dtype=np.float32)
    alone, both = (net.eval()(mp.Tensor(part))["mask"].data[:1] for part in (x[:1], x))
    np.testing.assert_allclose(alone, both, rtol=1e-4, atol=1e-6)
    alone, both = (net.train()(mp.Tensor(part))["mask"].data[:1] for part in (x[:1], x))
    assert np.abs(alone - both).max() > 1e-2


def test_the_whole_networks_gradient():
    rng = np.random.default_rng(1)
    net = UNet({"mask": 2, "regression": 1}, width=1, rng=rng).astype(np.float64).eval()
    for parameter in net.parameters():  # away from the kinks of ReLU and from all-zero channels
        parameter.assign_(np.abs(parameter.data) + 0.05)
    names = ("down.0.first", "down.4.second", "double.1.convolution", "up.3.first", "heads.mask")
    parameters = dict(net.named_parameters())
    x = rng.random((1, 3, 18, 16))

    def function(*weights):
        for name, weight in zip(names, weights, strict=True):
            owner = dict(net.named_modules())[name]
            owner.weight = weight
        scores = net(mp.Tensor(x))
        return mp.ops.concatenate([scores["mask"], scores["regression"]], axis=1)

    check_direction(function, [parameters[f"{n}.weight"].data for n in names], rtol=1e-5)


def test_dropout_follows_the_levels_of_the_report():
    net = UNet({"mask": 2}, width=1, dropout=0.3)
    rates = [m.rate for m in net.modules() if isinstance(m, mp.nn.Dropout)]
    assert rates == [0.3] * 7  # levels 2-5 down, three of the four up
    x = mp.Tensor(np.random.default_rng(0).random((1, 3, 32, 32), dtype=np.float32))
    outputs = []
    for seed in (1, 1, 2):
        net.train().reseed(seed)
        outputs.append(net(x)["mask"].data)
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: UNet({}), "expected heads"),
        (lambda: UNet({"mask": 2}, width=0), "expected a width of 1 or more, got 0"),
        (
            lambda: UNet({"mask": 2}, width=1)(mp.Tensor(np.zeros((1, 1, 16, 16), np.float32))),
            r"expected x \(N, 3, H, W\), got \(1, 1, 16, 16\)",
        ),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_forward_and_gradients_of_the_full_width_are_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing to compare with")
    rng = np.random.default_rng(2)
    net = UNet(HEADS, rng=rng).eval()
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            parameter.assign_(rng.normal(0, 0.1, parameter.shape).astype(np.float32))
    net.astype(np.float64)
    x = rng.random((1, 3, 22, 16))
    mask = (rng.random((1, 22, 16)) < 0.5) * 1.0
    classes = rng.integers(0, 26, (1, 22, 16))
    one_hot = np.eye(26)[classes].transpose(0, 3, 1, 2)
    heat = rng.random((1, 1, 22, 16))

    scores = net(mp.Tensor(x))
    loss = (
        dice_loss(mp.ops.softmax(scores["mask"])[:, 1], mask)
        + categorical_cross_entropy(scores["joints"], one_hot)
        + mse(scores["regression"], heat)
    )
    loss.backward()

    theirs = {n: torch.tensor(p.data, requires_grad=True) for n, p in net.named_parameters()}
    expected = _torch_unet(torch, theirs, torch.tensor(x))
    foreground = torch.softmax(expected["mask"], 1)[:, 1]
    overlap = 2 * (foreground * torch.tensor(mask)).sum() + 1e-6
    their_loss = (
        (1 - overlap / (foreground.sum() + mask.sum() + 1e-6))
        + torch.nn.functional.cross_entropy(expected["joints"], torch.tensor(classes))
        + torch.nn.functional.mse_loss(expected["regression"], torch.tensor(heat))
    )
    their_loss.backward()

    for name, y in expected.items():
        scale = float(y.detach().abs().max())
        np.testing.assert_allclose(scores[name].data, y.detach().numpy(), rtol=0, atol=1e-5 * scale)
    np.testing.assert_allclose(loss.item(), their_loss.item(), rtol=1e-5)
    for name, parameter in net.named_parameters():
        gradient = theirs[name].grad.numpy()
        scale = np.abs(gradient).max()
        assert scale > 0, name
        np.testing.assert_allclose(parameter.grad, gradient, rtol=0, atol=1e-5 * scale)


def _torch_unet(torch, weights, x):
    """The same network from PyTorch's functions, written from the report's description."""
    f = torch.nn.functional

    def conv(x, name, padding):
        return f.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=padding)

    def two(x, name):
        return f.relu(conv(f.relu(conv(x, f"{name}.first", 1)), f"{name}.second", 1))

    h, w = x.shape[2:]
    x = f.pad(x, (0, -w % 16, 0, -h % 16))
    skips = []
    for level in range(4):
        x = two(x, f"down.{level}")
        skips.append(x)
        x = f.max_pool2d(x, 2)
    x = two(x, "down.4")
    for step in range(4):
        x = f.pad(f.interpolate(x, scale_factor=2, mode="nearest"), (0, 1, 0, 1))
        x = f.relu(conv(x, f"double.{step}.convolution", 0))
        x = two(torch.cat([skips.pop(), x], 1), f"up.{step}")
    return {name: conv(x, f"heads.{name}", 0)[:, :, :h, :w] for name in HEADS}


def test_a_network_without_features_says_so():
    with pytest.raises(TypeError, match="Unfinished defines no features"):
        type("Unfinished", (ScoresOfPixels,), {})()(mp.Tensor(np.zeros((1, 3, 16, 16))))


@pytest.mark.parametrize("size", [(64, 64), (49, 66), (7, 40)])
def test_blocks_of_pixels_are_its_pixels_and_the_mask_is_of_every_pixel(size):
    rng = np.random.default_rng(0)
    net = UNet(HEADS, width=2, rng=rng, patch=2).eval()
    x = rng.random((2, 3, *size), dtype=np.float32)
    scores = net(mp.Tensor(x))
    blocks = tuple(n // 2 for n in size)
    assert scores["mask"].shape == (2, 2, *size)
    assert scores["joints"].shape == (2, 26, *blocks)
    assert scores["regression"].shape == (2, 1, *blocks)
    assert net.down[0].first.weight.shape == (2, 12, 3, 3)
    # The same convolutions on 12 channels of blocks, and each block's scores in their places.
    height, width = (n + -n % 32 for n in size)
    padded = np.zeros((2, 3, height, width), np.float32)
    padded[:, :, : size[0], : size[1]] = x
    features = net.features(mp.Tensor(padded))
    assert features.shape == (2, 2, height // 2, width // 2)
    fine = net.heads["mask"].scores(features).data  # 2 · 4 channels
    for a, b in np.ndindex(2, 2):
        expected = fine[:, [2 * a + b, 4 + 2 * a + b]]
        found = scores["mask"].data[:, :, a::2, b::2]
        np.testing.assert_array_equal(found, expected[:, :, : found.shape[2], : found.shape[3]])


def test_a_patch_is_a_whole_number():
    with pytest.raises(ValueError, match=r"UNet: expected a patch of 1 or more, got 1\.5"):
        UNet(HEADS, width=2, patch=1.5)

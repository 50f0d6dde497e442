"""PoseNet: its sizes, its heads, its gradient as a whole."""

import numpy as np
import pytest

import minipose as mp
from minipose.gradcheck import check_direction
from minipose.losses import joint_squared_error, window_cross_entropy
from minipose.models import PoseNet

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("kernels", "features"), [((5, 10, 15), 2160), ((32, 64, 64), 9216)])
def test_sizes_follow_from_the_reports_text(kernels, features):
    net = PoseNet(kernels)
    assert net.fc1.weight.shape == (1024, features)
    assert net.fc2.weight.shape == (2048, 1024)
    assert net.out.weight.shape == (1700, 2048)
    assert PoseNet(kernels, "regression").out.weight.shape == (51, 2048)
    assert net.conv3.weight.shape == (kernels[2], kernels[1], 6, 6)


def test_pooling_before_bias_and_tanh_is_the_same_function():
    net = PoseNet()
    net.conv1.bias.assign_(rng.standard_normal(5).astype(np.float32))
    x = mp.Tensor(rng.random((2, 1, 128, 128), dtype=np.float32))
    late = mp.ops.max_pool2d(
        mp.ops.tanh(mp.ops.conv2d(x, net.conv1.weight, net.conv1.bias)), 2
    ).data
    pooled = mp.ops.conv2d_max_pool2d(x, net.conv1.weight)
    early = mp.ops.tanh(pooled + mp.ops.reshape(net.conv1.bias, (1, -1, 1, 1))).data
    np.testing.assert_allclose(early, late, atol=1e-6)


@pytest.mark.parametrize("head", ["detection", "regression"])
@pytest.mark.parametrize("options", [{}, {"output_tanh": True}, {"normalise": True}])
def test_the_whole_networks_gradient(head, options):
    net = PoseNet((1, 2, 1), head, **options).astype(np.float64)
    if head == "regression":
        net.set_output_range(np.full(51, 3.0), np.full(51, 2.0))
    images = rng.random((2, 1, 128, 128))
    target = (rng.random((2, 1700 if head == "detection" else 51)) < 0.5) * 1.0
    loss = window_cross_entropy if head == "detection" else joint_squared_error

    def function(*weights):
        for layer, weight in zip((net.conv1, net.conv2, net.conv3, net.out), weights, strict=True):
            layer.weight = weight
        return loss(net(mp.Tensor(images)), target)

    weights = [layer.weight.data for layer in (net.conv1, net.conv2, net.conv3, net.out)]
    check_direction(function, weights, rtol=1e-5)


def test_output_tanh_stays_in_its_range():
    net = PoseNet((1, 1, 1), "regression", output_tanh=True)
    net.set_output_range(np.full(51, 100.0), np.full(51, 20.0))
    net.out.bias.assign_(np.full(51, 50.0, np.float32))
    y = net(mp.Tensor(np.zeros((1, 1, 128, 128), np.float32))).data
    np.testing.assert_allclose(y, 120.0)


def test_the_output_range_has_a_number_for_each_coordinate():
    net = PoseNet((1, 1, 1), "regression")
    with pytest.raises(ValueError, match=r"expected an output range of \(51,\), got \(17, 3\)"):
        net.set_output_range(np.zeros(51), np.ones((17, 3)))


def test_transfer_copies_the_shared_layers_and_nothing_else():
    detector = PoseNet(rng=np.random.default_rng(1))
    regressor = PoseNet(head="regression", rng=np.random.default_rng(2))
    before = regressor.fc1.weight.data.copy()
    regressor.transfer(detector)
    for name in ("conv1", "conv2", "conv3"):
        a, b = getattr(detector, name).weight, getattr(regressor, name).weight
        np.testing.assert_array_equal(a.data, b.data)
        assert a.data is not b.data
    np.testing.assert_array_equal(regressor.fc1.weight.data, before)


def test_normalised_layers_are_transferred_with_their_statistics():
    detector = PoseNet((2, 3, 2), rng=np.random.default_rng(1), hidden=(8, 8), normalise=True)
    x = mp.Tensor(rng.random((6, 1, 128, 128), dtype=np.float32))
    detector(x)  # a step in training moves the running statistics
    assert np.abs(detector.norm3.running_mean).min() > 0
    regressor = PoseNet((2, 3, 2), "regression", hidden=(8, 8), normalise=True)
    regressor.transfer(detector)
    np.testing.assert_array_equal(
        regressor.eval().features(x).data, detector.eval().features(x).data
    )
    shared = {id(p) for p in regressor.shared_parameters()}
    names = [name for name, p in regressor.named_parameters() if id(p) in shared]
    stages = [f"{layer}{k}" for k in (1, 2, 3) for layer in ("conv", "norm")]
    assert sorted({name.split(".")[0] for name in names}) == sorted(stages)


def test_normalisation_comes_before_each_tanh():
    """In training every unit before a tanh has mean β and deviation γ over the batch."""
    net = PoseNet((2, 3, 2), "regression", hidden=(4, 5), normalise=True)
    assert not any(layer.bias is not None for layer in (net.conv1, net.conv3, net.fc1, net.fc2))
    for norm in (net.norm1, net.norm2, net.norm3, net.norm4, net.norm5):
        norm.weight.assign_(np.full(norm.channels, 0.5, np.float32))
        norm.bias.assign_(np.full(norm.channels, 0.2, np.float32))
    seen = net.features(mp.Tensor(rng.random((8, 1, 128, 128), dtype=np.float32))).data
    before = np.arctanh(seen.reshape(8, 2, 144).astype(np.float64))
    np.testing.assert_allclose(before.mean(axis=(0, 2)), 0.2, atol=1e-4)
    np.testing.assert_allclose(before.std(axis=(0, 2)), 0.5, atol=1e-3)


def test_dropout_acts_in_training_only_and_follows_its_seed():
    net = PoseNet((1, 1, 1), dropout=0.5)
    x = mp.Tensor(rng.random((1, 1, 128, 128), dtype=np.float32))
    outputs = []
    for seed in (1, 1, 2):
        net.train().reseed(seed, 0, 0)
        outputs.append(net(x).data)
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2])
    net.eval()
    np.testing.assert_array_equal(net(x).data, net(x).data)


def test_state_is_strict():
    net = PoseNet((1, 1, 1), "regression")
    state = net.state_dict()
    assert "output_centre" in state and "conv1.weight" in state
    with pytest.raises(ValueError, match=r"lacks conv1\.bias"):
        net.load_state_dict({k: v for k, v in state.items() if k != "conv1.bias"})
    with pytest.raises(
        ValueError, match=r"conv1\.bias has shape \(2,\) in the state, expected \(1,\)"
    ):
        net.load_state_dict({**state, "conv1.bias": np.zeros(2)})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PoseNet(head="joints"), "expected head 'detection' or 'regression', got 'joints'"),
        (lambda: PoseNet((5, 10)), r"expected three positive kernel counts, got \(5, 10\)"),
        (
            lambda: PoseNet((1, 1, 1))(mp.Tensor(np.zeros((1, 1, 64, 64), np.float32))),
            r"expected x \(N, 1, 128, 128\), got \(1, 1, 64, 64\)",
        ),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_shared_are_the_convolutions():
    net = PoseNet((2, 3, 2))
    names = {id(p): name for name, p in net.named_parameters()}
    shared = [names[id(p)] for p in net.shared_parameters()]
    assert shared == [f"conv{k}.{part}" for k in (1, 2, 3) for part in ("weight", "bias")]


def test_hidden_layers_are_two():
    with pytest.raises(ValueError, match=r"expected two positive numbers of units, got \(8,\)"):
        PoseNet(hidden=(8,))

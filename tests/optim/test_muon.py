"""Muon: the direction is near-orthogonal, the step is the paper's, and a stop changes nothing."""

import contextlib
import math

import numpy as np
import pytest

import minipose as mp
from minipose.backend import to_host
from minipose.nn import Conv2d, Linear, Module, ReLU, Sequential
from minipose.optim import Adam, Muon, Together, muon_with_adam
from minipose.optim.muon import kinds_of_parameters, orthogonal
from minipose.training import checkpoint

BAND = 0.68, 1.21  # of the quintic, for singular values of 0.002 and more of the norm
SHAPES = [(6, 6), (3, 40), (40, 3), (1, 5), (5, 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_singular_values_end_in_the_band_and_vectors_stay(shape, dtype):
    """U S Vᵀ with values from 1 to 1/100 becomes U S' Vᵀ, and S' is all about 1."""
    rng = np.random.default_rng(1)
    u, _, vt = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    s = np.geomspace(1, 0.01, len(vt))
    found = orthogonal(((u * s) @ vt).astype(dtype))
    assert found.dtype == dtype and found.shape == shape
    values = np.diag(u.T @ found @ vt.T)
    assert BAND[0] < values.min() and values.max() < BAND[1]
    np.testing.assert_allclose((u * values) @ vt, found, atol=1e-5 if dtype == np.float32 else 1e-9)


def test_the_band_holds_for_every_singular_value():
    values = np.geomspace(0.002, 1, 20001)
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    assert BAND[0] < values.min() and values.max() < BAND[1]
    assert values.min() < BAND[0] + 0.01 and values.max() > BAND[1] - 0.01


def reference(w, gradients, lr, momentum, decay):
    """Muon by singular values alone: no product of matrices, no transposition."""
    flat = w.reshape(len(w), -1).copy()
    mean = np.zeros_like(flat)
    for gradient in gradients:
        g = gradient.reshape(flat.shape)
        mean = momentum * mean + g  # the original's sum: the same direction as of a mean
        u, s, vt = np.linalg.svd(g + momentum * mean, full_matrices=False)
        s = s / np.sqrt((s**2).sum())
        for _ in range(5):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        rows, columns = flat.shape
        flat -= lr * decay * flat
        flat -= lr * math.sqrt(max(1, rows / columns)) * (u * s) @ vt
    return flat.reshape(w.shape)


@pytest.mark.parametrize(
    "shape", [(4, 7), (7, 4), (3, 2, 3, 3), (9, 2, 2, 1), (5, 1), (1, 5)], ids=str
)
def test_steps_are_those_of_the_singular_values(shape, xp):
    rng = np.random.default_rng(2)
    values, gradients = rng.standard_normal(shape), rng.standard_normal((4, *shape))
    w = mp.Parameter(xp.asarray(values))
    optimizer = Muon([w], lr=0.1, momentum=0.8, weight_decay=0.3)
    for gradient in gradients:
        w.grad = xp.asarray(gradient)
        with getattr(xp, "no_sync", contextlib.nullcontext)():
            optimizer.step()
        np.testing.assert_array_equal(to_host(w.grad), gradient)
    expected = reference(values, gradients, 0.1, 0.8, 0.3)
    np.testing.assert_allclose(to_host(w.data), expected, rtol=1e-9, atol=1e-11)


def test_its_usual_choices():
    """Momentum 0.95, rate 0.02, no decay."""
    rng = np.random.default_rng(3)
    values, gradients = rng.standard_normal((5, 4)), rng.standard_normal((3, 5, 4))
    w = mp.Parameter(values)
    optimizer = Muon([w])
    for gradient in gradients:
        w.grad = gradient
        optimizer.step()
    np.testing.assert_allclose(w.data, reference(values, gradients, 0.02, 0.95, 0), rtol=1e-10)


def test_the_size_of_a_gradient_does_not_matter_and_zero_stays_zero():
    rng = np.random.default_rng(4)
    gradient, moved = rng.standard_normal((4, 4), dtype=np.float32), []
    for scale in (1.0, 1e-5, 1e6):
        w = mp.Parameter(np.zeros((4, 4), np.float32))
        w.grad = gradient * np.float32(scale)
        Muon([w]).step()
        moved.append(w.data)
    np.testing.assert_allclose(moved[1], moved[0], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(moved[2], moved[0], rtol=1e-4, atol=1e-7)
    w = mp.Parameter(np.ones((4, 4), np.float32))
    w.grad = np.zeros((4, 4), np.float32)
    Muon([w]).step()
    np.testing.assert_array_equal(w.data, np.ones((4, 4)))


def test_any_memory_layout_is_moved_in_place():
    rng = np.random.default_rng(5)
    values, gradient = rng.standard_normal((2, 6, 3, 2))
    results = []
    for order in ("C", "F"):
        w = mp.Parameter(values)
        w.data = array = values.copy(order=order)
        w.grad = gradient.copy(order=order)
        Muon([w]).step()
        assert w.data is array
        results.append(w.data)
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_vectors_are_refused():
    weight, bias = mp.Parameter(np.ones((2, 2))), mp.Parameter(np.ones(2))
    with pytest.raises(
        ValueError, match=r"parameter 1 has shape \(2,\); give biases and scales to"
    ):
        Muon([weight, bias])
    with pytest.raises(ValueError, match=r"Muon: expected momentum .* got 1"):
        Muon([weight], momentum=1)


class Net(Module):
    """x (N, 3, 8, 8) -> two heads, 1×1 each."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.first = Conv2d(3, 4, 3, rng)
        self.inside = [Conv2d(4, 5, 3, rng), Conv2d(5, 6, 1, rng)]
        self.heads = {"mask": Conv2d(6, 2, 1, rng), "joints": Conv2d(6, 3, 1, rng)}

    def forward(self, x):
        x = mp.ops.relu(self.first(x))
        for layer in self.inside:
            x = mp.ops.tanh(layer(x))
        return mp.ops.concatenate([head(x) for head in self.heads.values()], axis=1)


def names(network):
    of = {id(p): name for name, p in network.named_parameters()}
    return [[of[id(p)] for p in kind] for kind in kinds_of_parameters(network)]


def test_a_network_is_split_by_what_its_parameters_are():
    inside, ends, vectors = names(Net())
    assert inside == ["inside.0.weight", "inside.1.weight"]
    assert ends == ["first.weight", "heads.mask.weight", "heads.joints.weight"]
    assert len(vectors) == 5 and all(name.endswith("bias") for name in vectors)
    rng = np.random.default_rng(0)
    plain = Sequential(Linear(2, 3, rng), ReLU(), Linear(3, 3, rng), Linear(3, 1, rng))
    assert names(plain)[:2] == [["layers.2.weight"], ["layers.0.weight", "layers.3.weight"]]
    posenet = names(mp.models.PoseNet((1, 2, 1)))
    assert posenet[1] == ["conv1.weight", "out.weight"]
    unet = names(mp.models.UNet({"mask": 2, "joints": 26}, width=1))
    assert unet[1] == ["down.0.first.weight", "heads.mask.weight", "heads.joints.weight"]
    harmonic = mp.models.HNet({"mask": 2}, width=2)
    inside, ends, vectors = names(harmonic)
    assert {name.rpartition(".")[0] for name in ends} == {"down.0.first.convolution", "heads.mask"}
    assert len(inside) + len(ends) + len(vectors) == len(harmonic.parameters())
    with pytest.raises(ValueError, match="muon_with_adam: Linear has no matrix between"):
        muon_with_adam(Linear(2, 2, rng))


def test_weight_decay_acts_on_matrices_of_either_kind():
    net = Net()
    before = net.state_dict()
    optimizer = muon_with_adam(net, lr=0.1, adam_lr=0.2, weight_decay=0.5)
    for p in net.parameters():
        p.grad = np.zeros_like(p.data)
        p.assign_(p.data + 1)
    optimizer.step()
    for name, p in net.named_parameters():
        rate = {"inside": 0.1}.get(name.split(".")[0], 0.2)
        factor = 1 - rate * 0.5 if p.ndim > 1 else 1
        np.testing.assert_allclose(p.data, (before[name] + 1) * factor, rtol=1e-6, err_msg=name)


def loss(net, step):
    x = np.random.default_rng([9, step]).standard_normal((2, 3, 8, 8)).astype(np.float32)
    y = net(mp.Tensor(x))
    return mp.losses.mse(y, np.full(y.shape, x.mean(), np.float32))


def train(net, optimizer, first, last):
    for step in range(first, last):
        optimizer.lr = 0.02 * (1 - step / 10)
        loss(net, step).backward()
        optimizer.step()
        optimizer.zero_grad()


def test_it_learns_and_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path):
    whole = Net()
    optimizer = muon_with_adam(whole)
    before = loss(whole, 0).item()
    train(whole, optimizer, 0, 4)
    checkpoint.save(tmp_path / "c.npz", whole, optimizer, {})
    train(whole, optimizer, 4, 8)
    assert loss(whole, 0).item() < 0.5 * before
    resumed = Net()
    other = muon_with_adam(resumed)
    checkpoint.load(tmp_path / "c.npz", resumed, other)
    assert other.step_counts == [4] * len(resumed.parameters())
    train(resumed, other, 4, 8)
    for name, value in whole.state_dict().items():
        np.testing.assert_array_equal(resumed.state_dict()[name], value, err_msg=name)


def test_a_frozen_layer_stays_and_begins_afresh_when_it_is_thawed():
    net = Net()
    optimizer = muon_with_adam(net)
    frozen = net.inside[0].weight
    before, frozen.requires_grad = frozen.data.copy(), False
    train(net, optimizer, 0, 3)
    np.testing.assert_array_equal(frozen.data, before)
    frozen.requires_grad = True
    train(net, optimizer, 3, 4)
    counts = dict(zip(map(id, optimizer.parameters), optimizer.step_counts, strict=True))
    assert counts[id(frozen)] == 1 and counts[id(net.inside[1].weight)] == 4
    moved = (frozen.data - before).reshape(len(before), -1)
    values = np.linalg.svd(moved, compute_uv=False) / (0.02 * (1 - 3 / 10))
    assert values.max() < BAND[1] + 1e-3  # one step, of one step's length


def together(lr=0.1):
    w = [mp.Parameter(np.ones((2, 2), np.float32)) for _ in range(2)]
    return w, Together(Muon(w[:1], lr=lr), Adam(w[1:], lr=lr / 10))


def test_together_is_one_optimizer():
    w, both = together()
    for p in w:
        p.grad = np.eye(2, dtype=np.float32)
    both.step()
    assert all((p.data != 1).any() for p in w) and both.step_counts == [1, 1]
    both.zero_grad()
    assert all(p.grad is None for p in w)
    both.lr = 0.05
    assert [each.lr for each in both.optimizers] == [0.05, 0.005] and both.lr == 0.05
    assert [options.lr for options in both.options()] == [0.05, 0.005]
    outer = Together(both, Adam([mp.Parameter([1.0])], lr=1.0))
    outer.lr = 0.2
    assert [outer.lr, both.lr, outer.optimizers[1].lr] == [0.2, 0.2, 2.0]
    again = Together(together()[1], Adam([mp.Parameter([1.0])]))
    again.load_state_dict(outer.state_dict())
    assert again.step_counts == [1, 1, 0]


def test_together_has_the_state_of_all():
    _, both = together()
    muon, adam = both.optimizers
    mine = [id(array) for array in both.arrays]
    theirs = [*muon.state["mean"], *adam.state["mean"], *adam.state["square"]]
    assert mine == [id(array) for array in theirs]


def test_together_takes_a_state_whole_or_not_at_all():
    _, both = together()
    state = both.state_dict()
    assert set(state) == {"0.steps", "0.mean.0", "1.steps", "1.mean.0", "1.square.0"}
    state["0.steps"] = np.array([7])
    for wrong in ({"1.mean.0": np.zeros(3)}, {"2.steps": np.zeros(1)}, {"steps": np.zeros(1)}):
        with pytest.raises(ValueError, match="state does not fit at"):
            both.load_state_dict(state | wrong)
        assert both.step_counts == [0, 0]
    both.load_state_dict(state)
    assert both.step_counts == [7, 0]


def test_together_refuses_what_it_cannot_join():
    w = mp.Parameter(np.ones((2, 2)))
    with pytest.raises(ValueError, match="a parameter is in two optimizers"):
        Together(Muon([w]), Adam([w]))
    with pytest.raises(ValueError, match="Together: expected one optimizer or more"):
        Together()
    with pytest.raises(TypeError, match="Together: expected optimizers, got list"):
        Together([Muon([w])])

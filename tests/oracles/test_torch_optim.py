"""PyTorch on optimizers, groups, clipping, schedules and averages, in float64."""

import numpy as np
import pytest

from minipose import Parameter
from minipose.optim import SGD, Adam, Average, Muon, clip_gradient_values, clip_gradients, schedules

torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing to compare with")
torch.set_num_threads(1)

STEPS = 12
SHAPES = [(4, 6), (6, 4), (5, 5), (1, 7), (7, 1)]
RNG = np.random.default_rng(0)
VALUES = [RNG.standard_normal(s) for s in SHAPES]
GRADIENTS = [[RNG.standard_normal(s) for s in SHAPES] for _ in range(STEPS)]


def pairs():
    """Our parameters and theirs, of the same values."""
    return (
        [Parameter(v) for v in VALUES],
        [torch.nn.Parameter(torch.from_numpy(v.copy())) for v in VALUES],
    )


def same_steps(ours, theirs, optimizer, expected, rtol=1e-11):
    """The same gradients for both; the third parameter has none at every other step."""
    for step, gradients in enumerate(GRADIENTS):
        for i, (p, q, g) in enumerate(zip(ours, theirs, gradients, strict=True)):
            missing = i == 2 and step % 2 == 0
            p.grad = None if missing else g.copy()
            q.grad = None if missing else torch.from_numpy(g.copy())
        optimizer.step()
        expected.step()
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=rtol, atol=1e-12)


def test_adam_with_decay_is_adamw():
    ours, theirs = pairs()
    options = {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}
    same_steps(ours, theirs, Adam(ours, **options), torch.optim.AdamW(theirs, **options))


def test_sgd():
    """PyTorch's velocity has no rate in it: the same while the rate stays."""
    ours, theirs = pairs()
    options = {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}
    same_steps(ours, theirs, SGD(ours, **options), torch.optim.SGD(theirs, **options))


def test_groups():
    ours, theirs = pairs()
    own = [{"lr": 0.03, "weight_decay": 0.0}, {"betas": (0.5, 0.9)}]
    cuts = [slice(0, 2), slice(2, 5)]
    common = {"lr": 0.01, "weight_decay": 0.2}
    same_steps(
        ours,
        theirs,
        Adam([{"parameters": ours[c], **o} for c, o in zip(cuts, own, strict=True)], **common),
        torch.optim.AdamW(
            [{"params": theirs[c], **o} for c, o in zip(cuts, own, strict=True)], **common
        ),
    )


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this PyTorch has no Muon")
def test_muon(monkeypatch):
    """Theirs iterates in bfloat16; that conversion left out, the two agree."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda x: x)
    ours, theirs = pairs()
    options = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}
    same_steps(ours, theirs, Muon(ours, **options), torch.optim.Muon(theirs, **options), rtol=1e-9)


@pytest.mark.parametrize("limit", [0.1, 3.0, 1e6])
def test_clipping(limit):
    """Theirs adds 1e-6 to the norm."""
    ours, theirs = pairs()
    for p, q, g in zip(ours, theirs, GRADIENTS[0], strict=True):
        p.grad, q.grad = g.copy(), torch.from_numpy(g.copy())
    norm = clip_gradients(ours, limit)
    assert float(norm) == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, limit)))
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-6)
    clip_gradient_values(ours, 0.05)
    torch.nn.utils.clip_grad_value_(theirs, 0.05)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-6)


def rates(make, steps, lr=1.0, **options):
    """The rates, and momenta, that one of their schedulers sets at steps 0, 1, …"""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    scheduler = make(optimizer, **options)
    found = []
    for _ in range(steps):
        group = optimizer.param_groups[0]
        found.append((group["lr"], group["momentum"]))
        optimizer.step()
        scheduler.step()
    return np.array(found).T


LR = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (schedules.constant(), lambda o: LR.ConstantLR(o, factor=1.0)),
        (schedules.cosine(40, 0.1), lambda o: LR.CosineAnnealingLR(o, T_max=40, eta_min=0.1)),
        (schedules.step_decay(7, 0.3), lambda o: LR.StepLR(o, step_size=7, gamma=0.3)),
        (schedules.exponential(40, 0.01), lambda o: LR.ExponentialLR(o, gamma=0.01 ** (1 / 40))),
        (schedules.warmup(8), lambda o: LR.LinearLR(o, start_factor=1 / 8, total_iters=7)),
    ],
    ids=["constant", "cosine", "step_decay", "exponential", "warmup"],
)
def test_schedules(ours, theirs):
    expected, _ = rates(theirs, 41)
    np.testing.assert_allclose([ours(step) for step in range(41)], expected, rtol=1e-9)


def test_one_cycle():
    """Theirs reaches its ends at the last of ``total_steps`` steps, ours after ``steps``."""
    expected, momenta = rates(
        LR.OneCycleLR, 41, max_lr=1.0, total_steps=41 + 1, pct_start=13.3 / 42, final_div_factor=1e4
    )
    turn = (13.3 - 1) / 41
    rate = schedules.one_cycle(41, peak=turn)
    momentum = schedules.one_cycle_momentum(41, peak=turn)
    np.testing.assert_allclose([rate(step) for step in range(41)], expected, rtol=1e-9)
    np.testing.assert_allclose([momentum(step) for step in range(41)], momenta, rtol=1e-9)


def test_averages():
    ours, theirs = pairs()
    network = torch.nn.ParameterList(theirs)
    model = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.1)
    )
    model.update_parameters(network)  # their first update copies
    average = Average(ours, decay=0.1)  # below what the first updates are limited to
    for gradients in GRADIENTS:
        for p, q, g in zip(ours, theirs, gradients, strict=True):
            p.assign_(g)
            q.data = torch.from_numpy(g.copy())
        average.update()
        model.update_parameters(network)
    with average.applied():
        for p, q in zip(ours, model.module, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-12)

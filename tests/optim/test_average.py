"""The average of weights: its formula, in the network and out again, through a checkpoint."""

import contextlib

import numpy as np
import pytest

import minipose as mp
from minipose.backend import to_host
from minipose.nn import Linear, Module
from minipose.optim import SGD, Average


class Net(Module):
    """A layer, a running mean and a count."""

    def __init__(self, xp=np) -> None:
        self.layer = Linear(2, 3, np.random.default_rng(0))
        for p in self.layer.parameters():
            p.data = xp.asarray(p.data)
        self.register_buffer("running", xp.asarray(np.ones(3, np.float32)))
        self.register_buffer("count", xp.asarray(np.zeros((), np.int64)))


def change(net, step, xp=np):
    rng = np.random.default_rng(step)
    for p in net.layer.parameters():
        p.assign_(xp.asarray(rng.standard_normal(p.shape, dtype=np.float32)))
    net.running[...] = xp.asarray(rng.standard_normal(3, dtype=np.float32))
    net.count += 1


def test_it_follows_its_formula(xp):
    net = Net(xp)
    mean = Average(net, decay=0.3)
    expected = {n: v.astype(np.float64) for n, v in net.state_dict().items()}
    for t in range(1, 6):
        change(net, t, xp)
        with getattr(xp, "no_sync", contextlib.nullcontext)():
            mean.update()
        decay = [2 / 11, 3 / 12, 0.3, 0.3, 0.3][t - 1]
        for name, now in net.state_dict().items():
            kept = 0 if name == "count" else decay
            expected[name] = kept * expected[name] + (1 - kept) * now
    own = net.state_dict()
    with mean.applied():
        within = net.state_dict()
        assert net.layer.weight.dtype == np.float32 and net.count.dtype == np.int64
    for name, value in expected.items():
        np.testing.assert_allclose(within[name], value, rtol=1e-5, atol=1e-7, err_msg=name)
        np.testing.assert_array_equal(net.state_dict()[name], own[name], err_msg=name)


def test_the_usual_decay_is_slow_only_after_a_while():
    w = mp.Parameter(np.zeros(1))
    mean = Average([w])
    w.assign_(np.ones(1))
    left = 1.0
    for t in range(1, 10001):
        mean.update()
        left *= min(0.999, (1 + t) / (10 + t))
        if t in (1, 100, 10000):
            with mean.applied():
                assert 1 - w.data[0] == pytest.approx(left, rel=1e-6, abs=1e-12)


def test_what_does_not_change_is_its_own_average():
    net = Net()
    before = net.state_dict()
    mean = Average(net)
    for _ in range(50):
        mean.update()
    with mean.applied():
        for name, value in net.state_dict().items():
            np.testing.assert_array_equal(value, before[name])


def test_a_parameter_that_is_given_twice_gets_its_own_weights_back():
    w = mp.Parameter([0.0])
    mean = Average([w, w], decay=0.5)
    w.assign_(np.array([11.0]))
    mean.update()
    with mean.applied():
        assert w.item() == 9
    assert w.item() == 11


def test_an_error_inside_the_block_puts_the_weights_back():
    net = Net()
    mean = Average(net)
    change(net, 1)
    mean.update()
    own = net.state_dict()
    with pytest.raises(KeyError), mean.applied():
        raise KeyError("in validation")
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, own[name])
    with mean.applied():  # and it can be applied again
        assert (net.running != own["running"]).any()


def test_training_goes_on_as_if_it_had_never_been_applied():
    results = []
    for look in (False, True):
        w = mp.Parameter(np.ones(4))
        optimizer, mean = SGD([w], lr=0.1), Average([w], 0.9)
        for _ in range(4):
            loss = (w * w * w).sum()
            if look:
                with mean.applied():
                    assert w.size == 4
            loss.backward()  # recorded before, walked after
            optimizer.step()
            optimizer.zero_grad()
            mean.update()
        results += [w.data, mean.state_dict()["mean.0"]]
    np.testing.assert_array_equal(results[0], results[2])
    np.testing.assert_array_equal(results[1], results[3])


def test_a_state_is_carried_over(xp, monkeypatch):
    if xp is not np:
        monkeypatch.setattr("minipose.backend.device_module", lambda name: xp)
    net, other = Net(xp), Net(xp)
    mean, again = Average(net), Average(other)
    for t in range(3):
        change(net, t, xp)
        mean.update()
    state = mean.state_dict()
    assert set(state) == {f"mean.{n}" for n in net.state_dict()} | {"updates"}
    assert all(type(v) is np.ndarray for v in state.values())
    again.load_state_dict(state)
    other.load_state_dict(net.state_dict())
    for n, m in ((net, mean), (other, again)):
        change(n, 9, xp)
        m.update()
    for name, value in mean.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value, err_msg=name)
    before = again.state_dict()
    with pytest.raises(ValueError, match=r"Average: state does not fit at mean\.layer\.bias"):
        again.load_state_dict(state | {"mean.layer.bias": np.zeros(9), "updates": np.array(99)})
    assert again.updates == before["updates"]


def test_the_network_can_keep_the_averages(xp):
    net = Net(xp)
    mean = Average(net, decay=0.5)
    for t in range(3):
        change(net, t, xp)
        mean.update()
    with mean.applied():
        expected = net.state_dict()
    version = net.layer.weight.version
    mean.apply()
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
    assert net.layer.weight.version == version + 1  # a recorded graph notices
    change(net, 9, xp)  # and what is learned from here does not change the averages
    for name, value in mean.state_dict().items():
        if name != "updates":
            np.testing.assert_array_equal(value, expected[name.removeprefix("mean.")])


def test_what_cannot_be_averaged_is_refused():
    with pytest.raises(ValueError, match="expected decay of at least 0 and below 1, got 1"):
        Average([mp.Parameter([1.0])], decay=1)
    with pytest.raises(ValueError, match="Average: no parameters to average"):
        Average([])
    with pytest.raises(TypeError, match="Average: expected a list of parameters, got a Parameter"):
        Average(mp.Parameter([1.0]))
    mean = Average([mp.Parameter([1.0])])
    with mean.applied():
        for use in (mean.update, mean.apply, mean.state_dict, lambda: mean.load_state_dict({})):
            with pytest.raises(RuntimeError, match="the averages are in the network now"):
                use()
        with pytest.raises(RuntimeError, match=r"Average\.applied"), mean.applied():
            pass


def test_to_host_of_an_average_is_a_copy():
    w = mp.Parameter(np.ones(2))
    mean = Average([w], decay=0.0)
    state = mean.state_dict()
    w.assign_(np.zeros(2))
    mean.update()
    np.testing.assert_array_equal(to_host(state["mean.0"]), 1)
    np.testing.assert_array_equal(mean.state_dict()["mean.0"], 0)

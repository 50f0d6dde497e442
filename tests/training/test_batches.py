"""The loader: every sample once, in an order that a seed decides, from whatever holds them."""

from dataclasses import replace

import numpy as np
import pytest

import minipose as mp
from minipose import Tensor
from minipose.backend import to_host
from minipose.training.batches import Batches
from minipose.training.loop import fit
from tests.training.toy import Toy, make_task

X = np.arange(20, dtype=np.float32).reshape(10, 2)
Y = np.arange(10)


def indices(found):
    """The labels of each batch, which are the indices of its samples."""
    return [y.tolist() for _, y in found]


def test_in_order_every_sample_comes_once():
    found = list(mp.batches(X, Y, batch_size=4))
    assert indices(found) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    for x, y in found:
        assert isinstance(x, Tensor) and isinstance(y, np.ndarray) and y.dtype == Y.dtype
        np.testing.assert_array_equal(x.data, X[y])


@pytest.mark.parametrize("samples", [0, 1, 4, 6, 7, 8])
@pytest.mark.parametrize("drop_last", [False, True])
def test_its_length_is_that_of_the_loop(samples, drop_last):
    found = mp.batches(X[:samples], batch_size=4, drop_last=drop_last)
    assert len(found) == len(list(found)) == (samples // 4 if drop_last else -(-samples // 4))
    if drop_last:
        assert all(len(x) == 4 for x in found)


def test_each_epoch_has_an_order_of_its_own_that_the_seed_decides():
    def epochs(shuffle):
        found = mp.batches(X, Y, batch_size=3, shuffle=shuffle)
        return [indices(found) for _ in range(3)]

    first = epochs(5)
    for epoch in range(3):  # what a resumed training, and an old log, rely on
        order = np.random.default_rng([5, epoch]).permutation(10).tolist()
        assert [i for batch in first[epoch] for i in batch] == order
    for epoch in first:
        order = [i for batch in epoch for i in batch]
        assert sorted(order) == list(range(10)) != order
        assert [len(batch) for batch in epoch] == [3, 3, 3, 1]
    assert first[0] != first[1] != first[2] != first[0]
    assert epochs(5) == epochs(np.int64(5)) == first != epochs(6)
    assert epochs(True) == epochs(0) != epochs(False)
    rng = np.random.default_rng(1)
    assert epochs(np.random.default_rng(1)) == epochs(rng) != epochs(rng)


def test_an_epoch_can_be_asked_for_again():
    found = mp.batches(X, Y, batch_size=3, shuffle=2)
    order = [indices(found) for _ in range(4)]
    assert indices(found.of_epoch(2)) == indices(found(2)) == order[2]
    found.epoch = 1
    assert indices(found) == order[1] and found.epoch == 2


def test_what_may_hold_samples(tmp_path):
    h5py = pytest.importorskip("h5py")
    pairs = list(zip(X, Y, strict=True))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"] = X, Y
        sources = {
            "arrays": (X, Y),
            "tensors": (Tensor(X), Y),
            "lists": (X.tolist(), Y.tolist()),
            "lists of tensors": ([Tensor(x) for x in X], list(Y)),
            "pairs": (pairs,),
            "on disk": (file["x"], file["y"]),
        }
        for name, given in sources.items():
            for shuffle in (False, 3):
                found = list(mp.batches(*given, batch_size=3, shuffle=shuffle))
                expected = list(mp.batches(X, Y, batch_size=3, shuffle=shuffle))
                assert indices(found) == indices(expected), name
                for (x, _), (x_, _) in zip(found, expected, strict=True):
                    assert isinstance(x, Tensor) and x.dtype == np.float32
                    np.testing.assert_array_equal(x.data, x_.data)


class Disk:
    """A data set that notes what is read of it."""

    dtype, shape = X.dtype, X.shape

    def __init__(self) -> None:
        self.read = []

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, rows):
        self.read.append(rows)
        return X[rows]


def test_rows_on_disk_are_read_in_increasing_order_and_neighbours_in_one_piece():
    disk = Disk()
    list(mp.batches(disk, batch_size=4))
    assert disk.read == [slice(0, 4), slice(4, 8), slice(8, 10)]
    disk = Disk()
    found = list(mp.batches(disk, Y, batch_size=4, shuffle=1))
    assert [rows.tolist() for rows in disk.read] == [sorted(y.tolist()) for _, y in found]
    for x, y in found:
        np.testing.assert_array_equal(x.data, X[y])


def test_a_function_fetches_rows():
    asked = []

    def fetch(rows):
        asked.append(rows.tolist())
        return X[rows], Y[rows], [f"picture {i}" for i in rows]

    found = list(mp.batches(fetch, count=5, batch_size=2))
    assert asked == [[0, 1], [2, 3], [4]]
    assert found[1][2].tolist() == ["picture 2", "picture 3"]
    assert [len(x) for x in mp.batches(lambda rows: X[rows], count=2, batch_size=1)] == [1, 1]
    (alone,) = mp.batches(lambda rows: X[rows], count=3, batch_size=3)
    np.testing.assert_array_equal(alone.data, X[:3])


def test_what_becomes_a_tensor(xp, monkeypatch):
    """The first, and what has a fraction; on the device, wherever it was."""
    if xp is not np:
        device_module = {"cpu": np, "cuda": xp}.get
        monkeypatch.setattr("minipose.backend.device_module", device_module)
    device = "cpu" if xp is np else "cuda"
    for module in (np, xp):
        pixels, depth = module.asarray(np.arange(4, dtype=np.uint8)), module.asarray(np.ones(4))
        sources = pixels, depth, module.asarray(np.arange(4))
        found = list(mp.batches(*sources, batch_size=2, device=device, shuffle=1))
        assert len(found) == 2
        for x, z, label in found:
            assert (x.dtype, z.dtype, label.dtype) == (np.float32, np.float64, np.int64)
            assert isinstance(z, Tensor) and isinstance(z.data, xp.ndarray)
            assert isinstance(x.data, xp.ndarray) and isinstance(label, xp.ndarray)
            np.testing.assert_array_equal(to_host(x.data), to_host(label))


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        ((X, Y[:4]), {}, r"expected sources of one length, got \[10, 4\]"),
        ((), {}, "expected arrays, got none"),
        ((X,), {"batch_size": 0}, "expected batch_size of 1 or more, got 0"),
        ((X,), {"batch_size": 2.5}, r"expected batch_size of 1 or more, got 2\.5"),
        ((X,), {"batch_size": True}, "expected batch_size of 1 or more, got True"),
        ((X,), {"batch_size": "4"}, "expected batch_size of 1 or more, got '4'"),
        ((len,), {"count": -1}, "expected count of 0 or more, got -1"),
        ((X,), {"shuffle": -1}, "expected shuffle as True, False, a seed .* got -1"),
        ((X,), {"shuffle": "yes"}, "expected shuffle as .* got 'yes'"),
        ((X,), {"prefetch": -1}, "expected prefetch of 0 or more, got -1"),
        ((X,), {"count": 3}, "count is for a function"),
        ((len,), {}, "expected a function alone, with count=, or arrays"),
        ((len, X), {"count": 3}, "expected a function alone"),
        (([[1], [1, 2]],), {}, r"samples of one shape make a batch, got \(1,\), \(2,\)"),
    ],
)
def test_what_does_not_go_together_is_one_line(sources, options, message):
    with pytest.raises(ValueError, match=f"batches: {message}"):
        list(mp.batches(*sources, **{"batch_size": 2, **options}))


class Endless:
    def __getitem__(self, i):
        return i


@pytest.mark.parametrize("source", [{1}, Endless(), 3])
def test_what_holds_no_samples_is_named(source):
    kind = type(source).__name__
    with pytest.raises(TypeError, match=f"expected arrays, sequences or a function, got {kind}"):
        mp.batches(source, batch_size=2)


def test_a_training_takes_them(tmp_path):
    """As the batches of a task: each epoch by its number, so that a resumed run sees the same."""
    x = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)
    found = mp.batches(x, x[:, :1] * x[:, 1:2], batch_size=16, shuffle=3)

    def loss(model, batch):
        return mp.losses.mse(model(batch[0]), batch[1].data)

    task = replace(make_task(tmp_path, epochs=2), batches=found, batch_count=None, loss=loss)
    assert task.batch_count == 4
    net = Toy()
    history = fit(task, net, mp.optim.Adam(net.parameters(), 0.01))
    assert history[1]["train_loss"] < history[0]["train_loss"] and found.epoch == 0


def test_anything_can_be_drawn():
    """The generator is that of (seed, epoch) alone."""
    drawn = Batches(lambda rng, epoch: (rng.integers(100) + 1000 * epoch for _ in range(3)), 3, 8)
    again = np.random.default_rng([8, 1])
    assert list(drawn(1)) == [again.integers(100) + 1000 for _ in range(3)]
    assert len(drawn) == 3


def test_what_has_no_places_is_no_source():
    with pytest.raises(TypeError, match=r"^batches: expected arrays, sequences or .* got dict$"):
        mp.batches({"a": 1}, batch_size=1)

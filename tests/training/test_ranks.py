"""Parts of a batch by rank: the same step on every rank, and that of one process."""

import numpy as np
import pytest

from minipose.errors import UserError
from minipose.nn import Linear
from minipose.optim import Adam
from minipose.training import checkpoint
from minipose.training.buckets import Buckets
from minipose.training.communicator import ALONE, Communicator
from minipose.training.loop import fit
from minipose.training.parts import Parts
from minipose.training.ranks import Division, Ranks, changes, reconcile
from minipose.training.recompute import sparing
from minipose.training.world import expect_the_same, expect_work_for_all
from tests.training.test_parts import Normalised, batch, loss, steps
from tests.training.threads import together
from tests.training.toy import Toy, make_task


def by_ranks(size, parts=1, **options):
    """``steps`` of each rank."""

    def program(ranks):
        return steps(lambda *given: Ranks(*given, ranks), parts, **options)

    return together(size, program)


@pytest.mark.parametrize("network", [Toy, Normalised])
@pytest.mark.parametrize("parts", [1, 2])
def test_two_ranks_are_one_process_with_two_parts_to_the_bit(parts, network):
    """Also where the second rank has nothing to do: a batch of one sample."""
    samples = (8, 7, 1) if network is Toy else (8, 6, 4)
    alone = steps(Parts, 2, samples, network=network)
    for rank in by_ranks(2, parts, samples=samples, network=network):
        for a, b in zip(alone, rank, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("bucket", [1, 1 << 20])
def test_recomputed_layers_give_the_same_bits(bucket, monkeypatch):
    """A gradient goes out once, when it is whole: not while a layer is computed again."""
    monkeypatch.setattr(Buckets.__init__, "__defaults__", (bucket,))
    expected = steps(Parts, 2, (8, 6, 4), network=Normalised)

    def program(ranks):
        return steps(
            lambda net, loss, parts: Ranks(net, sparing(loss), parts, ranks),
            1, (8, 6, 4), network=Normalised,
        )  # fmt: skip

    for rank in together(2, program):
        for a, b in zip(expected, rank, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_parts_decide_what_is_computed_not_the_ranks(size):
    """Dropout and batch statistics are a part's: ranks change nothing but the order of sums."""
    samples, parts = (24, 24), 12
    alone = steps(Parts, parts, samples, network=Normalised)
    first, *others = by_ranks(size, parts, samples=samples, network=Normalised)
    for a, b in zip(alone, first, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    for other in others:
        for a, b in zip(first, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 7, 8, 13])
@pytest.mark.parametrize(("parts", "size"), [(1, 1), (1, 2), (3, 2), (4, 4), (5, 3)])
def test_every_sample_is_in_one_part(count, parts, size):
    divisions = [Division(-(-parts // size) * size, rank, size) for rank in range(size)]
    rows = np.concatenate([np.arange(count)[d.rows(count)] for d in divisions])
    np.testing.assert_array_equal(rows, np.arange(count))
    own = [part for d in divisions for part in d.own(count)]
    assert [k for k, _ in own] == list(range(len(own)))
    assert sum(rows.stop - rows.start for _, rows in own) == count


def test_an_error_of_one_rank_is_raised_on_all_and_the_next_batch_works():
    bad = batch(4)
    bad.x[3, 0] = np.nan

    def program(ranks):
        net = Toy().train()
        computing = Ranks(net, loss, 1, ranks)
        with pytest.raises(FloatingPointError, match="not a number in this part"):
            computing.backward(bad, 0)
        net.zero_grad()
        return computing.backward(batch(4), 0).item()

    expected = Parts(Toy().train(), loss, 2).backward(batch(4), 0).item()
    assert together(2, program) == [expected, expected]


class Unused(Toy):
    """With a layer that no part of the loss needs."""

    def __init__(self):
        super().__init__()
        self.idle = Linear(3, 3, np.random.default_rng(0))


@pytest.mark.parametrize("count", [4, 1])
def test_what_needs_no_gradient_has_none(count):
    """Frozen, or unused; on a rank without samples, too."""

    def program(ranks):
        net = Unused().train()
        net.first.bias.requires_grad = False
        Ranks(net, loss, 1, ranks).backward(batch(count), 0)
        return [name for name, p in net.named_parameters() if p.grad is None]

    names = ["first.bias", "idle.weight", "idle.bias"]
    assert together(2, program) == [names, names]


def test_gradients_from_before_count_once():
    def twice(computing):
        for step in range(2):
            computing.backward(batch(4), step)
        return [p.grad.copy() for p in computing.model.parameters()]

    alone = twice(Parts(Toy().train(), loss, 2))
    for found in together(2, lambda ranks: twice(Ranks(Toy().train(), loss, 1, ranks))):
        for a, b in zip(alone, found, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_sums_begin_while_backward_still_runs():
    """The last layer's go out before the first layer's gradient is there."""
    net, begun = Toy().train(), []

    class Watched(Communicator):
        def start(self, array):
            begun.append((array.size, net.first.weight.grad is None))
            return super().start(array)

    computing = Ranks(net, loss, 1, Watched())
    computing.buckets = Buckets(net.parameters(), Watched(), size=68)
    computing.backward(batch(4), 0)
    layers, message = begun[:-1], begun[-1]
    assert layers == [(17, True), (16, True), (64, False)]  # W₂ and b₂; b₁; W₁
    assert message[0] == 2 + 4  # the loss, whether there was an error, who had a gradient


def test_shared_out_and_collected_in_order():
    def program(ranks):
        own = ranks.share(list(range(7)))
        return len(own), ranks.collect([n * n for n in own]), ranks.any(ranks.rank == 1)

    everything = [n * n for n in range(7)]
    assert together(3, program) == [
        (3, everything, True),
        (2, everything, True),
        (2, everything, True),
    ]
    assert ALONE.collect(ALONE.share([3, 1])) == [3, 1] and not ALONE.any(False)


def test_what_rank_0_finds_or_fails_at_is_everyones():
    def fails():
        raise UserError("no such file")

    def program(ranks):
        with pytest.raises(UserError, match="no such file"):
            ranks.first(fails)
        return ranks.first(lambda: ranks.rank)

    assert together(2, program) == [0, 0]


class OfTwo(UserError):
    """Cannot be made again from its text alone, as a process that receives it would."""

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(f"{given}, expected {expected}")


def test_an_error_of_any_class_reaches_every_rank():
    def fails():
        raise OfTwo("3", "4")

    def program(ranks):
        with pytest.raises(UserError, match=r"^3, expected 4$"):
            ranks.first(fails)
        with pytest.raises(UserError, match=r"^3, expected 4$"):
            ranks.agree(OfTwo("3", "4") if ranks.rank == 1 else None)
        return ranks.rank

    assert together(2, program) == [0, 1]
    with pytest.raises(OfTwo):
        ALONE.agree(OfTwo("3", "4"))


def test_ranks_that_differ_take_the_weights_of_the_first():
    def program(ranks):
        net = Toy()
        net.first.weight.data[0, 0] += ranks.rank
        reconcile(net, ranks)
        return net.first.weight.data[0, 0]

    first, second = together(2, program)
    assert first == second == Toy().first.weight.data[0, 0]


def test_a_training_by_ranks_is_that_of_one_process(tmp_path):
    """Rank 0 alone writes; all end with the same weights; going on with more of them is said."""

    def train(ranks, epochs, folder, parts=1, resume=False):
        net = Toy()
        task = make_task(folder, epochs=epochs)
        task.learning_rate = lambda step, steps: 0.01
        task.communicator, task.parts = ranks, parts
        history = fit(task, net, Adam(net.parameters(), 0.01), resume)
        return net.state_dict(), [row["validation_mse"] for row in history]

    def by_ranks(ranks, epochs, resume=False):
        return train(ranks, epochs, tmp_path / f"rank{ranks.rank}", resume=resume)

    expected, losses = train(ALONE, 2, tmp_path / "alone", parts=2)
    together(2, lambda ranks: by_ranks(ranks, 1))
    for state, history in together(2, lambda ranks: by_ranks(ranks, 2, resume=True)):
        np.testing.assert_allclose(history, losses, rtol=1e-5)  # a log has six digits
        for name, value in expected.items():
            np.testing.assert_array_equal(state[name], value)
    assert not (tmp_path / "rank1").exists()
    assert checkpoint.read(tmp_path / "rank0" / "last.npz")[1]["parts"] == 2


@pytest.mark.parametrize("size", [2, 4])
def test_the_learning_curve_does_not_depend_on_the_number_of_ranks(size, tmp_path):
    """One global batch, nothing that takes statistics of a part: the same to 1e-4."""

    def curve(ranks):
        net = Toy()
        net.dropout.rate = 0.0
        task = make_task(tmp_path / f"{ranks.size}", epochs=4)
        task.communicator = ranks
        rows = fit(task, net, Adam(net.parameters(), 0.01))
        return [[row["train_loss"], row["validation_mse"]] for row in rows]

    alone = curve(ALONE)
    assert np.ptp([loss for _, loss in alone]) > 0.01, "the weights move"
    for found in together(size, curve):
        np.testing.assert_allclose(found, alone, rtol=1e-4)


def test_another_number_of_parts_is_said():
    assert changes(Toy(), 2, 2) == ""
    net = Normalised()
    assert "rounded" in changes(net, 1, 4) and "statistics of parts" in changes(net, 1, 4)
    assert "dropout" in changes(net, 1, 4)
    net.dropout.rate = 0.0
    assert "dropout" not in changes(net, 1, 4)


def test_what_cannot_be_shared_is_one_line():
    ranks = Communicator()
    ranks.size = 4
    with pytest.raises(
        UserError, match=r"^4 processes cannot share a batch of 3: expected --batch"
    ):
        expect_work_for_all(ranks, None, 3)
    with pytest.raises(UserError, match=r"^--compare models is several trainings"):
        expect_work_for_all(ranks, "models", 8)
    expect_work_for_all(ALONE, "models", 1)


def test_ranks_that_begin_with_other_choices_end_with_one_line():
    def program(ranks):
        expect_the_same(ranks, store="ab", epochs=3)
        with pytest.raises(UserError, match=r"^rank 1 has epochs 1, rank 0 0: expected the same"):
            expect_the_same(ranks, store="ab", epochs=ranks.rank)

    together(3, program)
    expect_the_same(ALONE, epochs=1)

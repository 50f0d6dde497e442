"""Smaller rates on a plateau, and the end of a training: from the log alone."""

import pytest

from minipose.optim import Adam
from minipose.training.loop import fit
from minipose.training.plateau import Plateau
from tests.training.toy import Toy, make_task


def test_the_rate_shrinks_and_the_training_ends():
    plateau = Plateau("loss", patience=2, shrink=0.5, times=2)
    losses = [3, 2, 2, 1.9, 1.9, 2, 1.95, 1.8, 1.85, 1.9, 1.7, 1.7, 1.7]
    factors = [plateau([{"loss": x} for x in losses[:n]]) for n in range(len(losses) + 1)]
    assert factors[:6] == [1.0] * 6
    assert factors[6:10] == [0.5] * 4  # 1.9 was not bettered by two epochs
    assert factors[10:13] == [0.25] * 3
    assert factors[13] is None
    with pytest.raises(ValueError, match="patience of 1 epoch"):
        Plateau("loss", 0)


def test_the_loop_follows_it(tmp_path):
    """Half the rate after an epoch, the end after two; resumed there, nothing more is trained."""

    def adapt(history):
        return None if len(history) == 2 else 0.5 ** len(history)

    def run(folder, **options):
        net, task = Toy(), make_task(folder, epochs=4)
        task.adapt = adapt
        return fit(task, net, Adam(net.parameters(), 0.01), **options)

    plain = make_task(tmp_path / "plain", epochs=4)
    net = Toy()
    whole = fit(plain, net, Adam(net.parameters(), 0.01))
    rows = run(tmp_path / "a")
    assert [row["epoch"] for row in rows] == [1, 2] and rows == run(tmp_path / "a", resume=True)
    rates = [row["learning_rate"] for row in rows]
    expected = [whole[0]["learning_rate"], 0.5 * whole[1]["learning_rate"]]
    assert rates == pytest.approx(expected)
    assert rows[0]["train_loss"] == whole[0]["train_loss"]
    assert rows[1]["train_loss"] != whole[1]["train_loss"]

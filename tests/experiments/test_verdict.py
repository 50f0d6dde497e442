"""Claims against the spread of a few trainings."""

import numpy as np
import pytest
from scipy import stats

from minipose.experiments.verdict import above, alike, interval, mean_and_spread


def test_the_interval_is_the_paired_t_tests():
    a, b = np.random.default_rng(0).random((2, 5))
    mean, low, high = interval(a, b)
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert mean == pytest.approx((a - b).mean())
    np.testing.assert_allclose([low, high], [expected.low, expected.high])


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        ([0.9, 0.91, 0.92], [0.8, 0.81, 0.82], "yes"),
        ([0.8, 0.81, 0.83], [0.9, 0.91, 0.92], "no"),
        ([0.9, 0.91, 0.92], [0.89, 0.93, 0.90], "undecided"),
        ([0.9], [0.1], "undecided"),
        ([0.9, 0.9], [0.7, 0.8], "undecided"),  # t is 12.7 with two seeds
    ],
)
def test_above(a, b, answer):
    assert above(a, b).answer == answer


def test_more_is_asked_of_the_best_of_several_and_of_a_margin():
    a, b = [0.92, 0.93, 0.95], [0.90, 0.90, 0.90]
    assert above(a, b).answer == above(a, b, tried=1).answer == "undecided"
    a = [0.92, 0.93, 0.935]
    assert above(a, b).answer == "yes" and above(a, b, tried=5).answer == "undecided"
    expected = stats.ttest_rel(a, b).confidence_interval(0.99)
    np.testing.assert_allclose(interval(a, b, tried=5)[1:], [expected.low, expected.high])
    assert above(a, b, by=0.02).answer == "undecided" and above(a, b, by=0.1).answer == "no"


@pytest.mark.parametrize(
    ("a", "answer"),
    [
        ([0.901, 0.900, 0.902], "yes"),
        ([0.951, 0.950, 0.952], "no"),
        ([0.911, 0.900, 0.902], "undecided"),
        ([0.900], "undecided"),
    ],
)
def test_alike(a, answer):
    assert alike(a, [0.9] * len(a), within=0.01).answer == answer


def test_in_words():
    assert mean_and_spread([100.0, 300.0]) == "200 ± 141"
    assert mean_and_spread([12345.6]) == "12346" and mean_and_spread([9999.7]) == "10000"
    assert mean_and_spread([0.0, 141.2]) == "70.6 ± 100"  # not 1e+02
    assert mean_and_spread([0.5, 0.7]) == "0.6 ± 0.14" and mean_and_spread([0.25]) == "0.25"
    assert str(above([0.9], [0.8])) == "undecided: by 0.1, one seed says nothing of chance"
    with pytest.raises(ValueError, match="as many values"):
        interval([1.0], [])

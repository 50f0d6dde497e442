"""The example at the head of ``minipose.optim``: a training with all that is there."""

import doctest

from minipose import optim


def test_it_learns():
    result = doctest.testmod(optim)
    assert result.attempted > 10 and not result.failed

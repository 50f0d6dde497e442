"""Outputs without gradients: how a network that is no longer trained is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from minipose.kernels.faster import replaceable
from minipose.nn import Module
from minipose.tensor import no_grad


@contextlib.contextmanager
def _plain(model: Module) -> Iterator[Module]:
    model.eval()
    with no_grad():
        yield model


@replaceable
def evaluating(model: Module) -> AbstractContextManager[Module]:
    """Within this block ``model(x)`` gives outputs only: in evaluation mode, without a graph.

    A batch may be computed in parts: of a network in evaluation, what a sample gives depends on
    that sample alone. Weights may change within the block; the next call takes the new ones. The
    mode stays: a training that goes on begins with ``model.train()``.

    >>> import numpy as np
    >>> from minipose import Tensor, nn
    >>> layer = nn.Linear(2, 1, np.random.default_rng(0))
    >>> with evaluating(layer) as network:
    ...     y = network(Tensor(np.zeros((3, 2), np.float32)))
    >>> y.shape, y.requires_grad
    ((3, 1), False)
    """
    return _plain(model)

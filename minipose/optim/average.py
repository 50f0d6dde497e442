"""The average of a network's weights over its last steps: often better than any of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import numpy as np

from minipose.backend import Array, array_module, to_host
from minipose.nn import Module
from minipose.optim.groups import each_once
from minipose.optim.optimizers import check_fits, overwrite
from minipose.tensor import Parameter


class Average:
    """ā ← d·ā + (1 − d)·w after each step, with d = min(decay, (1 + t)/(10 + t)) at the t-th.

    A rate keeps the last weights moving about a good place; their mean lies nearer to it. The
    smaller d of the first steps forgets where training began: after t steps ā looks back over about
    t/9 of them, later over 1/(1 − decay).

    A network's buffers, such as the running statistics of a batch norm, are averaged in the same
    way, since they have to go with the averaged weights; buffers of whole numbers are copied.

    >>> from minipose import Parameter
    >>> w = Parameter([0.0])
    >>> average = Average([w], decay=0.5)
    >>> w.assign_(np.array([11.0]))
    >>> average.update()  # d = 2/11
    >>> with average.applied():
    ...     w.item()
    9.0
    >>> w.item()
    11.0

    Parameters
    ----------
    network : Module, or iterable of Parameter
        On the device where it is trained: the averages are made there.
    decay : float
        At least 0 and below 1; the nearer to 1, the longer the memory.
    """

    def __init__(self, network: Module | Iterable[Parameter], decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"Average: expected decay of at least 0 and below 1, got {decay}")
        self.decay, self.updates = float(decay), 0
        self._network = network if isinstance(network, Module) else None
        if self._network is None:
            self._parameters = {str(i): p for i, p in enumerate(each_once("Average", network))}
        else:
            self._parameters = dict(network.named_parameters())
        if not self._parameters:
            raise ValueError("Average: no parameters to average")
        self._averages = {n: array_module(a).array(a) for n, a in self._arrays().items()}
        self._is_applied = False

    def update(self) -> None:
        """Take the weights as they are now into the average; call it after ``optimizer.step()``."""
        self._refuse_if_applied("update")
        self.updates += 1
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, now in self._arrays().items():
            average = self._averages[name]
            if average.dtype.kind == "f":
                average += weight * (now - average)
            else:
                average[...] = now

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Within this block the network has the averages; afterwards its own weights again."""
        self._refuse_if_applied("applied")
        self._exchange()
        self._is_applied = True
        try:
            yield
        finally:
            self._is_applied = False
            self._exchange()

    def apply(self) -> None:
        """Give the network the averages for good."""
        self._refuse_if_applied("apply")
        for name, p in self._parameters.items():
            p.assign_(self._averages[name])
        for name, buffer in self._buffers().items():
            buffer[...] = self._averages[name]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies on the host: ``mean.<name>``, and ``updates``, how many there were."""
        self._refuse_if_applied("state_dict")
        state = {f"mean.{name}": to_host(a).copy() for name, a in self._averages.items()}
        return {"updates": np.array(self.updates)} | state

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Restore a ``state_dict`` of an average over the same parameters.

        Raises ValueError if names or shapes differ; nothing is changed then.
        """
        self._refuse_if_applied("load_state_dict")
        expected = {f"mean.{name}": tuple(a.shape) for name, a in self._averages.items()}
        check_fits("Average", state, {"updates": ()} | expected)
        self.updates = int(state["updates"])
        for name, array in self._averages.items():
            overwrite(array, state[f"mean.{name}"])

    def _arrays(self) -> dict[str, Array]:
        """What is averaged, as it is now."""
        return {name: p.data for name, p in self._parameters.items()} | self._buffers()

    def _buffers(self) -> dict[str, Array]:
        return {} if self._network is None else dict(self._network.named_buffers())

    def _exchange(self) -> None:
        """Parameters change arrays: a graph that was recorded keeps the one it has seen."""
        averages = self._averages
        for name, p in self._parameters.items():
            p.data, averages[name] = averages[name], p.data
        for name, buffer in self._buffers().items():
            own = array_module(buffer).array(buffer)
            buffer[...] = averages[name]
            averages[name][...] = own

    def _refuse_if_applied(self, what: str) -> None:
        if self._is_applied:
            raise RuntimeError(f"Average.{what}: the averages are in the network now (applied)")

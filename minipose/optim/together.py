"""Several optimizers as one, each for parameters of its own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from minipose.backend import Array
from minipose.optim.optimizers import Optimizer


class Together(Optimizer):
    """One step is a step of each; ``lr`` is the first one's, and the others keep their ratio to it.

    >>> from minipose import Parameter
    >>> from minipose.optim import SGD, Adam, Together
    >>> both = Together(SGD([Parameter([1.0])], lr=0.1), Adam([Parameter([1.0])], lr=0.01))
    >>> both.lr = 0.05
    >>> [optimizer.lr for optimizer in both.optimizers]
    [0.05, 0.005]
    """

    def __init__(self, *optimizers: Optimizer) -> None:
        if not optimizers:
            raise ValueError("Together: expected one optimizer or more, got none")
        for each in optimizers:
            if not isinstance(each, Optimizer):
                raise TypeError(f"Together: expected optimizers, got {type(each).__name__}")
        self.optimizers = optimizers
        self.parameters = [p for each in optimizers for p in each.parameters]
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise ValueError("Together: a parameter is in two optimizers; expected it in one")

    @property
    def lr(self) -> float:
        """The first optimizer's learning rate."""
        return self.optimizers[0].lr

    @lr.setter
    def lr(self, value: float) -> None:
        first, *others = self.optimizers
        first.lr = value
        for each in others:
            each.lr = each.first_lr * (first.lr / first.first_lr)

    @property
    def first_lr(self) -> float:
        """The first optimizer's learning rate when it was made."""
        return self.optimizers[0].first_lr

    @property
    def arrays(self) -> list[Array]:
        """The state of all parameters."""
        return [array for each in self.optimizers for array in each.arrays]

    @property
    def step_counts(self) -> list[int]:
        """How often each parameter was moved."""
        return [count for each in self.optimizers for count in each.step_counts]

    def options(self) -> list[SimpleNamespace]:
        """For each parameter what holds for it now."""
        return [options for each in self.optimizers for options in each.options()]

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for each in self.optimizers:
            each.step()

    def state_dict(self) -> dict[str, np.ndarray]:
        """Each optimizer's state, under ``<its number>.``."""
        return {
            f"{k}.{name}": value
            for k, each in enumerate(self.optimizers)
            for name, value in each.state_dict().items()
        }

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Restore a ``state_dict`` of the same optimizers over the same parameters.

        Raises ValueError if names or shapes differ; nothing is changed then.
        """
        for each, own in zip(self.optimizers, self._of_each(state), strict=True):
            each.load_state_dict(own)

    def fitting(self, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The state, if it is one of ours. Raises ValueError otherwise."""
        self._of_each(state)
        return state

    def _of_each(self, state: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        parts: list[dict[str, np.ndarray]] = [{} for _ in self.optimizers]
        for name, value in state.items():
            number, _, own = name.partition(".")
            if not number.isdigit() or int(number) >= len(parts):
                raise ValueError(
                    f"Together: state does not fit at {name}: expected 0. to {len(parts) - 1}."
                )
            parts[int(number)][own] = value
        return [o.fitting(p) for o, p in zip(self.optimizers, parts, strict=True)]

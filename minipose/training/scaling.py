"""Products in half precision, and a loss that is scaled so that its small gradients survive them.

    L' = S·L,   g' = S·g,   g = g'/S,   w ← step(w, g) if all of g is finite, else w

A number of 16 bits is zero below 6·10⁻⁸ and infinite above 65,504; gradients are often smaller, so
all are multiplied by S while they go through products (``backend.half_products``). Weights, sums
and the optimizer's state keep 32 bits. Where S was too large, some gradient is infinite: that step
is left out and S is halved; after many good steps S is doubled. S is a power of two, so it rounds
nothing.

Source: Micikevicius et al. 2018, "Mixed precision training", sections 3.1-3.3.
"""

from __future__ import annotations

from typing import Any

from minipose.backend import Array, array_module, half_products, to_host
from minipose.kernels.faster import replaceable
from minipose.nn import Module
from minipose.optim import Optimizer
from minipose.tensor import Parameter, Tensor
from minipose.training.parts import Loss, Parts

FIRST = 2.0**16
PATIENCE = 2000  # good steps after which S is doubled
LEAST, MOST = 2.0**-14, 2.0**24


class LossScale:
    """S, and how many steps in a row were good with it.

    Attributes
    ----------
    scale, good : arrays (1,), where the network is; reading them would wait for a GPU
    patience : int
    """

    def __init__(self, like: Array, first: float = FIRST, patience: int = PATIENCE) -> None:
        xp = array_module(like)
        self.scale = xp.asarray([first], dtype=xp.float32)
        self.good = xp.asarray([0], dtype=xp.int32)
        self.patience = patience

    def unscale(self, parameters: list[Parameter]) -> Array:
        """Divide the gradients by S; whether all are finite, as an array (1,)."""
        return unscale(self, parameters)

    def step(self, optimizer: Optimizer, finite: Array) -> None:
        """A step of the optimizer if all gradients were finite, and the next S."""
        step_if(optimizer, finite)
        next_scale(self, finite)

    def state(self) -> dict[str, float]:
        """For a checkpoint (waits for a GPU)."""
        return {"scale": float(to_host(self.scale)[0]), "good": int(to_host(self.good)[0])}

    def restore(self, state: dict[str, float]) -> None:
        """Go on from a checkpoint."""
        self.scale[...], self.good[...] = state["scale"], state["good"]


class ScaledParts(Parts):
    """Gradients of S·L by products in half precision; parts are computed one after another."""

    def __init__(self, model: Module, loss: Loss, parts: int, scaling: LossScale) -> None:
        super().__init__(model, self._scaled, parts)
        self._loss, self._scaling = loss, scaling

    def _scaled(self, model: Module, batch: Any) -> Tensor:
        return self._loss(model, batch) * Tensor(self._scaling.scale.reshape(()))

    def backward(self, batch: Any, *entropy: int) -> Tensor:
        """L itself; the gradients are those of S·L."""
        with half_products():
            loss = super().backward(batch, *entropy)
        return Tensor(loss.data / self._scaling.scale.reshape(()))


@replaceable
def unscale(scaling: LossScale, parameters: list[Parameter]) -> Array:
    """g ← g/S for all of the parameters, and whether all g are finite: an array (1,)."""
    xp = array_module(scaling.scale)
    finite = xp.ones(1, dtype=bool)
    for p in parameters:
        if p.grad is not None:
            p.grad = xp.asarray(p.grad / scaling.scale.reshape(()))
            finite &= xp.isfinite(p.grad).all()
    return finite


@replaceable
def step_if(optimizer: Optimizer, finite: Array) -> None:
    """``optimizer.step()`` if the only element is true."""
    if bool(finite[0]):
        optimizer.step()


@replaceable
def next_scale(scaling: LossScale, finite: Array) -> None:
    """S ← S/2 after a gradient that was not finite, 2·S after ``patience`` good steps in a row."""
    xp, scale, good = array_module(finite), scaling.scale, scaling.good
    good += 1
    good *= finite
    grows = good >= scaling.patience
    factor = xp.where(finite, xp.where(grows, 2.0, 1.0), 0.5)
    scale[...] = xp.clip(scale * factor, LEAST, MOST)
    good *= ~grows

"""How parameters follow their gradients: report 1's eq. 7-8, and Adam."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from minipose.backend import Array, array_module, to_device, to_host
from minipose.kernels.faster import replaceable
from minipose.tensor import Parameter, Tensor


class Optimizer:
    """Parameters, a learning rate and, per parameter, state of the same shape."""

    state_names: tuple[str, ...] = ()
    elementwise = False  # whether ``formula`` treats each number by itself: then pieces do, too

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        self.parameters = _once_each(type(self).__name__, parameters)
        self.lr = lr
        if not self.lr > 0:
            raise ValueError(f"{type(self).__name__}: expected a learning rate above 0, got {lr}")
        self.step_counts = [0] * len(self.parameters)  # how often each was moved
        self.state: dict[str, list[Array]] = {
            name: [array_module(p.data).zeros_like(p.data) for p in self.parameters]
            for name in self.state_names
        }

    @property
    def lr(self) -> float:
        """The learning rate: a Python number, which leaves float32 as it is."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = float(value)

    def zero_grad(self) -> None:
        """Forget the gradients; the next backward starts from nothing."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        moved = [i for i, p in enumerate(self.parameters) if p.grad is not None]
        for i in moved:
            _check_gradient(type(self).__name__, i, self.parameters[i])
            self.step_counts[i] += 1
        update(self, moved)
        for i in moved:
            self.parameters[i].version += 1

    def formula(self, w: Array, g: Array, t: int, *state: Array) -> None:
        """The t-th update of a parameter's values w by its gradient g, in place, with its state."""
        raise TypeError(f"{type(self).__name__} defines no formula")

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of the state on the host: ``steps`` and ``<name>.<parameter index>``."""
        state = {"steps": np.array(self.step_counts)}
        for name, arrays in self.state.items():
            state.update((f"{name}.{i}", to_host(a).copy()) for i, a in enumerate(arrays))
        return state

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Restore a ``state_dict`` of the same optimizer over the same parameters.

        Raises ValueError if names or shapes differ; nothing is changed then.
        """
        count = len(self.parameters)
        if "step" in state:  # of the first version, which had one count for all
            steps = np.full(count, state["step"])
            state = {"steps": steps} | {n: v for n, v in state.items() if n != "step"}
        expected: dict[str, tuple[int, ...]] = {"steps": (count,)}
        for name, arrays in self.state.items():
            expected |= {f"{name}.{i}": tuple(a.shape) for i, a in enumerate(arrays)}
        got = {name: tuple(np.shape(value)) for name, value in state.items()}
        if got != expected:
            wrong = sorted(n for n in expected.keys() | got if expected.get(n) != got.get(n))
            raise ValueError(
                f"{type(self).__name__}: state does not fit at {wrong[0]}: expected shape "
                f"{expected.get(wrong[0])}, got {got.get(wrong[0])}"
            )
        self.step_counts = [int(steps) for steps in state["steps"]]
        for name, arrays in self.state.items():
            for i, array in enumerate(arrays):
                device = "cpu" if isinstance(array, np.ndarray) else "cuda"
                array[...] = to_device(np.asarray(state[f"{name}.{i}"]), device)


@replaceable
def update(optimizer: Optimizer, moved: list[int]) -> None:
    """Apply the optimizer's formula to the parameters of these numbers, one after another."""
    for i in moved:
        parameter = optimizer.parameters[i]
        states = [optimizer.state[name][i] for name in optimizer.state_names]
        optimizer.formula(parameter.data, parameter.grad, optimizer.step_counts[i], *states)


class SGD(Optimizer):
    """v ← m·v − λ·ε·w − ε·∂L/∂w,  w ← w + v.

    Parameters
    ----------
    parameters : iterable of Parameter
    lr : float
        ε, the learning rate.
    momentum : float
        m; 0 is plain gradient descent.
    weight_decay : float
        λ; like the report's, it acts on every parameter, biases too.

    Source: report 1, eq. 7 and 8.
    """

    state_names = ("velocity",)
    elementwise = True

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
    ) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"SGD: expected momentum of at least 0 and below 1, got {momentum}")
        if not weight_decay >= 0:
            raise ValueError(f"SGD: expected weight_decay of 0 or more, got {weight_decay}")
        self.momentum, self.weight_decay = float(momentum), float(weight_decay)

    def formula(self, w: Array, g: Array, t: int, v: Array) -> None:
        v *= self.momentum
        v -= self.lr * g
        if self.weight_decay:
            v -= (self.weight_decay * self.lr) * w
        w += v


class Adam(Optimizer):
    """w ← w − ε·m̂/(√v̂ + eps) with running means m̂ of g and v̂ of g², corrected for their start.

    m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  m̂ = m/(1−β₁ᵗ),  v̂ = v/(1−β₂ᵗ).

    Source: Kingma & Ba 2015, algorithm 1; report 2 uses it with ε = 2e-5.
    """

    state_names = ("mean", "square")
    elementwise = True

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 2e-5,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"Adam: expected two betas of at least 0 and below 1, got {betas}")
        if not eps > 0:
            raise ValueError(f"Adam: expected eps above 0, got {eps}")
        self.betas, self.eps = (float(betas[0]), float(betas[1])), float(eps)

    def formula(self, w: Array, g: Array, t: int, mean: Array, square: Array) -> None:
        beta1, beta2 = self.betas
        mean *= beta1
        mean += (1 - beta1) * g
        square *= beta2
        square += (1 - beta2) * (g * g)
        rate = self.lr / (1 - beta1**t)
        spread = array_module(w).sqrt(square) * (1 / math.sqrt(1 - beta2**t))
        w -= rate * mean / (spread + self.eps)


def _once_each(name: str, parameters: Iterable[Parameter]) -> list[Parameter]:
    """The parameters as a list, each once. Raises for what an optimizer cannot move."""
    if isinstance(parameters, Tensor):
        raise TypeError(f"{name}: expected a list of parameters, got one {parameters!r}")
    found = list({id(p): p for p in parameters}.values())
    if not found:
        raise ValueError(f"{name}: no parameters to optimize")
    for p in found:
        if not isinstance(p, Tensor) or p.node is not None:
            raise TypeError(f"{name}: expected parameters, got {p!r}, which cannot be moved")
    return found


def _check_gradient(name: str, index: int, parameter: Parameter) -> None:
    """A gradient that somebody set by hand may not fit, and would be broadcast or promoted."""
    grad = parameter.grad
    if grad.shape != parameter.shape or grad.dtype != parameter.dtype:
        raise ValueError(
            f"{name}: parameter {index} is {parameter.dtype} {parameter.shape}, "
            f"its gradient {grad.dtype} {grad.shape}"
        )

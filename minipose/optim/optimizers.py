"""How parameters follow their gradients: report 1's eq. 7-8, and Adam."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import SimpleNamespace

import numpy as np

from minipose.backend import Array, array_module, is_array, to_device, to_host
from minipose.kernels.faster import replaceable
from minipose.optim.groups import Group, as_groups, check
from minipose.tensor import Parameter


class Optimizer:
    """Parameters, a learning rate and, per parameter, state of the same shape.

    Parameters
    ----------
    parameters : iterable of Parameter, or of groups
        A group has options of its own: ``{"parameters": [...], "lr": 0.01, ...}``.
    lr : float
        The learning rate ε. A group's own rate keeps its ratio to it: a schedule that sets
        ``optimizer.lr`` step by step moves every group by the same factor.
    options : numbers
        What else the optimizer has; attributes of the same name, which may be set at any time.
    """

    option_names: tuple[str, ...] = ("lr",)
    state_names: tuple[str, ...] = ()
    elementwise = False  # whether ``formula`` treats each number by itself: then pieces do, too

    def __init__(
        self, parameters: Iterable[Parameter] | Iterable[Group], lr: float, **options: object
    ) -> None:
        name = type(self).__name__
        self.groups = as_groups(name, parameters, self.option_names)
        self.parameters: list[Parameter] = [p for g in self.groups for p in g["parameters"]]
        for option, value in {"lr": lr, **options}.items():
            check(name, option, value)
            setattr(self, option, value)
        self.first_lr = self.lr  # what the groups' own rates were given beside
        self.step_counts = [0] * len(self.parameters)  # how often each was moved
        self.state: dict[str, list[Array]] = {
            name: [array_module(p.data).zeros_like(p.data) for p in self.parameters]
            for name in self.state_names
        }

    @property
    def arrays(self) -> list[Array]:
        """The state of all parameters."""
        return [array for arrays in self.state.values() for array in arrays]

    @property
    def lr(self) -> float:
        """The learning rate; a schedule may let it fall to 0."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        check(type(self).__name__, "lr of a step", value)
        self._lr = float(value)

    def options(self) -> list[SimpleNamespace]:
        """For each parameter what holds for it now: its group's own options, else ours."""
        found = []
        for group in self.groups:
            values = {n: _plain(group.get(n, getattr(self, n))) for n in self.option_names}
            if "lr" in group:
                values["lr"] *= self.lr / self.first_lr
            found += [SimpleNamespace(**values)] * len(group["parameters"])
        return found

    def zero_grad(self) -> None:
        """Forget the gradients; the next backward starts from nothing."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        moved = [i for i, p in enumerate(self.parameters) if p.grad is not None]
        for i in moved:
            _check_gradient(type(self).__name__, i, self.parameters[i])
        for i in moved:
            self.step_counts[i] += 1
        update(self, moved)
        for i in moved:
            self.parameters[i].version += 1

    def formula(self, w: Array, g: Array, t: int, options: SimpleNamespace, *state: Array) -> None:
        """The t-th update of a parameter's values w by its gradient g, in place, with its state."""
        raise TypeError(f"{type(self).__name__} defines no formula")

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of the state on the host: ``steps`` and ``<name>.<parameter index>``.

        Parameters are counted through all groups. Rates and other options are not in it: they come
        from whoever makes the optimizer.
        """
        state = {"steps": np.array(self.step_counts)}
        for name, arrays in self.state.items():
            state.update((f"{name}.{i}", to_host(a).copy()) for i, a in enumerate(arrays))
        return state

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Restore a ``state_dict`` of the same optimizer over the same parameters.

        Raises ValueError if names or shapes differ; nothing is changed then.
        """
        state = self.fitting(state)
        self.step_counts = [int(steps) for steps in state["steps"]]
        for name, arrays in self.state.items():
            for i, array in enumerate(arrays):
                overwrite(array, state[f"{name}.{i}"])

    def fitting(self, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The state as it is written today. Raises ValueError if it is not ours."""
        count = len(self.parameters)
        if "step" in state:  # of the first version, which had one count for all
            steps = np.full(count, state["step"])
            state = {"steps": steps} | {n: v for n, v in state.items() if n != "step"}
        expected: dict[str, tuple[int, ...]] = {"steps": (count,)}
        for name, arrays in self.state.items():
            expected |= {f"{name}.{i}": tuple(a.shape) for i, a in enumerate(arrays)}
        check_fits(type(self).__name__, state, expected)
        return state


@replaceable
def update(optimizer: Optimizer, moved: list[int]) -> None:
    """Apply the optimizer's formula to the parameters of these numbers, one after another."""
    options = optimizer.options()
    for i in moved:
        parameter, t = optimizer.parameters[i], optimizer.step_counts[i]
        states = [optimizer.state[name][i] for name in optimizer.state_names]
        optimizer.formula(parameter.data, parameter.grad, t, options[i], *states)


class SGD(Optimizer):
    """v ← m·v − λ·ε·w − ε·∂L/∂w,  w ← w + v.

    Parameters
    ----------
    parameters : iterable of Parameter, or of groups with any of the options below
    lr : float
        ε, the learning rate.
    momentum : float
        m; 0 is plain gradient descent.
    weight_decay : float
        λ; like the report's, it acts on every parameter, biases too, unless a group says otherwise.

    Source: report 1, eq. 7 and 8.
    """

    option_names = ("lr", "momentum", "weight_decay")
    state_names = ("velocity",)
    elementwise = True

    def __init__(
        self,
        parameters: Iterable[Parameter] | Iterable[Group],
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
    ) -> None:
        super().__init__(parameters, lr, momentum=momentum, weight_decay=weight_decay)

    def formula(self, w: Array, g: Array, t: int, options: SimpleNamespace, v: Array) -> None:
        v *= options.momentum
        v -= options.lr * g
        if options.weight_decay:
            v -= (options.weight_decay * options.lr) * w
        w += v


class Adam(Optimizer):
    """w ← w − ε·m̂/(√v̂ + eps) with running means m̂ of g and v̂ of g², corrected for their start.

    m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  m̂ = m/(1−β₁ᵗ),  v̂ = v/(1−β₂ᵗ).

    Parameters
    ----------
    parameters : iterable of Parameter, or of groups with any of the options below
    lr : float
        ε, the learning rate.
    betas : two floats
        β₁, β₂.
    eps : float
    weight_decay : float
        λ: w ← (1 − ε·λ)·w before the step, apart from the gradient (AdamW); 0 is Adam.

    Source: Kingma & Ba 2015, algorithm 1; report 2 uses it with ε = 2e-5. Weight decay: Loshchilov
    & Hutter 2019, algorithm 2.
    """

    option_names = ("lr", "betas", "eps", "weight_decay")
    state_names = ("mean", "square")
    elementwise = True

    def __init__(
        self,
        parameters: Iterable[Parameter] | Iterable[Group],
        lr: float = 2e-5,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def formula(
        self, w: Array, g: Array, t: int, options: SimpleNamespace, mean: Array, square: Array
    ) -> None:
        beta1, beta2 = options.betas
        mean *= beta1
        mean += (1 - beta1) * g
        square *= beta2
        square += (1 - beta2) * (g * g)
        rate = options.lr / (1 - beta1**t)
        spread = array_module(w).sqrt(square) * (1 / math.sqrt(1 - beta2**t))
        if options.weight_decay:
            w *= 1 - options.lr * options.weight_decay
        w -= rate * mean / (spread + options.eps)


def _plain(option: object) -> float | tuple[float, ...]:
    """As Python's own numbers, which leave float32 as it is."""
    return tuple(map(float, option)) if isinstance(option, (tuple, list)) else float(option)


def _check_gradient(name: str, index: int, parameter: Parameter) -> None:
    """A gradient that somebody set by hand may not fit, and would be broadcast or promoted."""
    grad = parameter.grad
    if not is_array(grad):
        kind = type(grad).__name__
        raise TypeError(f"{name}: expected an array as gradient of parameter {index}, got {kind}")
    if grad.shape != parameter.shape or grad.dtype != parameter.dtype:
        raise ValueError(
            f"{name}: parameter {index} is {parameter.dtype} {parameter.shape}, "
            f"its gradient {grad.dtype} {grad.shape}"
        )


def check_fits(
    owner: str, state: Mapping[str, np.ndarray], expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Raises ValueError naming the first entry that is missing, unexpected or of another shape."""
    got = {name: tuple(np.shape(value)) for name, value in state.items()}
    wrong = sorted(n for n in expected.keys() | got if expected.get(n) != got.get(n))
    if wrong:
        raise ValueError(
            f"{owner}: state does not fit at {wrong[0]}: expected shape "
            f"{expected.get(wrong[0])}, got {got.get(wrong[0])}"
        )


def overwrite(array: Array, values: np.ndarray) -> None:
    """Put values from the host into an array, wherever that is."""
    device = "cpu" if isinstance(array, np.ndarray) else "cuda"
    array[...] = to_device(np.asarray(values), device)

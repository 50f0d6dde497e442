"""Muon: the step of a weight matrix, with all its directions made equally long."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import SimpleNamespace

from minipose.backend import Array, array_module
from minipose.kernels.faster import replaceable
from minipose.nn import Module
from minipose.optim.groups import Group
from minipose.optim.optimizers import Adam, Optimizer
from minipose.optim.together import Together
from minipose.tensor import Parameter

QUINTIC = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
SMALLEST_NORM = 1e-7  # a gradient of zeros stays one


class Muon(Optimizer):
    """w ← w − ε·√max(1, rows/columns)·O,  where O ≈ U Vᵀ of the running mean of gradients U S Vᵀ.

    m ← β·m + (1−β)·g; the matrix is (1−β)·g + β·m (Nesterov's look ahead). A few directions make
    up nearly all of a gradient; in O each counts the same. A kernel (O, C, kh, kw) is the matrix
    (O, C·kh·kw) that im2col multiplies by.

    For matrices inside a network. Biases, the first layer and the heads are better moved by Adam:
    see ``muon_with_adam``.

    Parameters
    ----------
    parameters : iterable of Parameter of two or more axes, or of groups with any of the options
    lr : float
        ε, the learning rate: much the same for any network, since every step has the same size.
    momentum : float
        β.
    weight_decay : float
        λ: w ← (1 − ε·λ)·w before the step, as in Adam.

    Source: K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
    """

    option_names = ("lr", "momentum", "weight_decay")
    state_names = ("mean",)

    def __init__(
        self,
        parameters: Iterable[Parameter] | Iterable[Group],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, momentum=momentum, weight_decay=weight_decay)
        for i, p in enumerate(self.parameters):
            if p.ndim < 2:
                raise ValueError(
                    f"Muon: expected matrices or kernels, parameter {i} has shape {p.shape}; "
                    "give biases and scales to Adam"
                )

    def formula(self, w: Array, g: Array, t: int, options: SimpleNamespace, mean: Array) -> None:
        mean *= options.momentum
        mean += (1 - options.momentum) * g
        # (O, C, kh, kw) -> (O, C·kh·kw)
        ahead = (1 - options.momentum) * g + options.momentum * mean
        rows, columns = len(w), math.prod(w.shape[1:])
        direction = orthogonal(ahead.reshape(rows, columns))
        rate = options.lr * math.sqrt(max(1, rows / max(columns, 1)))
        if options.weight_decay:
            w *= 1 - options.lr * options.weight_decay
        w -= rate * direction.reshape(w.shape)


@replaceable
def orthogonal(matrix: Array) -> Array:
    """About U Vᵀ for the matrix U S Vᵀ: five steps of Newton and Schulz's iteration.

    X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X changes no singular vector, and each singular value s into
    a·s + b·s³ + c·s⁵. From X = matrix/‖matrix‖ (Frobenius), values of 0.002 and more end between
    0.68 and 1.21: with these coefficients it is quick for small ones and never settles at 1.
    """
    xp = array_module(matrix)
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix  # XXᵀ is the smaller of the two products
    x = x / xp.maximum(xp.sqrt((x * x).sum()), SMALLEST_NORM)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x


def muon_with_adam(
    network: Module,
    lr: float = 0.02,
    adam_lr: float = 0.004,
    weight_decay: float = 0.0,
    momentum: float = 0.95,
) -> Together:
    """Muon for the matrices inside a network, Adam for its first layer, heads and vectors.

    Weight decay acts on matrices only, by either optimizer. A schedule that sets ``lr`` moves both
    rates by the same factor.
    """
    inside, ends, vectors = kinds_of_parameters(network)
    if not inside:
        name = type(network).__name__
        raise ValueError(f"muon_with_adam: {name} has no matrix between first layer and head")
    decaying, others = {"parameters": ends, "weight_decay": weight_decay}, {"parameters": vectors}
    return Together(
        Muon(inside, lr, momentum, weight_decay),
        Adam([decaying, others], adam_lr),
    )


def kinds_of_parameters(
    network: Module,
) -> tuple[list[Parameter], list[Parameter], list[Parameter]]:
    """The matrices inside a network; those of its first layer and heads; and all vectors.

    Heads are the parts of what is called ``heads``, in a network without that the last matrix.
    Matrices of one module belong together: a harmonic convolution has several.
    """
    named = list(network.named_parameters())
    vectors = [p for _, p in named if p.ndim < 2]
    matrices = {name: p for name, p in named if p.ndim >= 2}
    modules = [name.rpartition(".")[0] for name in matrices]
    at_the_ends = {name for name in modules if "heads" in name.split(".")} or {*modules[-1:]}
    at_the_ends |= {*modules[:1]}
    inside, ends = [], []
    for module, parameter in zip(modules, matrices.values(), strict=True):
        (ends if module in at_the_ends else inside).append(parameter)
    return inside, ends, vectors

"""Lesson 5: broadcasting, the matrix product, the layer, the loss."""

import numpy as np

from lessons.workbook.judge import Wrong, ask, loss, operation, same
from minipose import losses, ops
from tests import loss_reference, reference

SIZES = {4: "examples", 2: "inputs", 3: "outputs"}
rng = np.random.default_rng(5)
X, W, B, TARGET = (rng.standard_normal(s) for s in ((4, 2), (3, 2), (3,), (4, 3)))


def summed_to(mine):
    grad = np.arange(1.0, 13.0).reshape(4, 3)
    mean = "of a mean: each copy hands on what it gets, so it is their sum"
    same(
        "summed_to((3,), a gradient (4, 3))",
        ask(mine.summed_to, (3,), grad),
        grad.sum(axis=0),
        SIZES,
        {mean: grad.mean(axis=0), "if only the first copy counts": grad[0]},
    )
    for shape in ((1, 3), (4, 1), (1, 1), (4, 3), ()):
        axes = tuple(range(2 - len(shape)))
        expected = grad.sum(axis=axes)
        ones = tuple(i for i, n in enumerate(shape) if n == 1)
        expected = expected.sum(axis=ones, keepdims=True)
        same(
            f"summed_to({shape}, a gradient (4, 3))",
            ask(mine.summed_to, shape, grad),
            expected,
            SIZES,
        )
    high = np.arange(24.0).reshape(2, 4, 3)
    same(
        "summed_to((4, 1), a gradient (2, 4, 3))",
        ask(mine.summed_to, (4, 1), high),
        high.sum(axis=(0, 2)).reshape(4, 1),
        {**SIZES, 2: "stacks"},
    )


def matmul(mine):
    def known(g):
        return {
            "if g stands behind: G Bᵀ, not B Gᵀ": W.T @ g.T,
            "if both gradients are exchanged": X.T @ g,
            "if g is forgotten": lambda: np.ones((4, 3)) @ W,
        }

    def known_b(g):
        return {
            "if the product is not transposed: Aᵀ G, not Gᵀ A": g.T @ X,
            "if both gradients are exchanged": g @ W,
        }

    operation(
        "A @ B",
        lambda a, b: a @ b,
        {"A": X, "B": W.T.copy()},
        reference.matmul,
        ops.matmul,
        SIZES,
        known_gradients={"A": known, "B": known_b},
    )


def linear(mine):
    known = {
        "without the bias": X @ W.T,
        "if the bias is subtracted": X @ W.T - B,
    }
    gradients = {
        "weight": lambda g: {
            "if the product is not transposed: Gᵀ X, not Xᵀ G": X.T @ g,
            "of a mean over the examples: they are summed (the loss divides)": g.T @ X / 4,
            "if g is forgotten": np.ones((3, 4)) @ X,
        },
        "bias": lambda g: {
            "of a mean over the examples: each uses the bias, so it is the sum": g.mean(axis=0),
            "if only the number of examples counts, not g": np.full(3, 4.0),
        },
        "x": lambda g: {"if g is forgotten": np.ones((4, 3)) @ W},
    }
    operation(
        "linear",
        mine.linear,
        {"x": X, "weight": W, "bias": B},
        reference.linear,
        ops.linear,
        SIZES,
        known,
        gradients,
        again=[X[:1], W, B],
    )


def mse(mine):
    def known(g):
        return {"if g is forgotten: the rule begins with what has arrived": lambda: (X - goal) / 4}

    goal = np.arange(8.0).reshape(4, 2) / 3
    sizes = {8: "numbers", 4: "examples"}
    loss("mse", mine.mse, {"predicted": X}, goal, loss_reference.mse, losses.mse, sizes, {}, known)


def tensor(mine):
    """What a tensor inherits, and what it receives: exercise 1 and summed_to, together."""
    x, bias = mine.Tensor(X), mine.Tensor(np.array([0.5, -1.0]))
    y = (x + bias).tanh()
    same("(x + bias).tanh()", y.data, np.tanh(X + bias.data))
    for value, grad in zip(y.inputs[0].inputs, y.inputs[0].rule(np.ones((4, 2)))):
        value.receive(grad)
    if np.shape(bias.grad) != (2,):
        raise Wrong(
            f"the gradient of a bias (2,) that was added to (4, 2) is {np.shape(bias.grad)}"
        )
    same("the gradient of a bias that was added to 4 rows", bias.grad, [4.0, 4.0])


tensor.needs = (summed_to,)
PARTS = (summed_to, matmul, linear, mse, tensor)

"""From numbers to arrays: the same engine, a matrix product, a layer, and a loss.

A ``Tensor`` is a value of exercise 1 whose .data is an array. It inherits +, −, · and tanh, whose
rules hold for each element. New are shapes: every gradient has the shape of what it belongs to.
"""

import numpy as np

from mine.engine import Value


def summed_to(shape, grad):
    """Undo broadcasting: the sum of ``grad`` over all copies that were made of an array ``shape``.

    NumPy repeats along axes that the array does not have (they stand in front), and along axes
    where its length is 1. A bias (3,) added to (4, 3): grad is (4, 3), the result (3,).
    """
    # Your turn: .sum(axis=…, keepdims=True) leaves an axis of length 1 where it was.
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return grad.sum(axis=stretched, keepdims=True)


class Tensor(Value):
    """A value that holds an array."""

    def receive(self, grad):
        super().receive(summed_to(np.shape(self.data), np.asarray(grad)))

    def __matmul__(self, other):
        """Y = A B, A (n, k), B (k, m)."""
        a, b = self.data, other.data

        def rule(g):
            # Your turn: two gradients. Which products of g (n, m) with a or b have their shapes?
            return g @ b.T, a.T @ g

        return Tensor(a @ b, (self, other), rule)


def linear(x, weight, bias):
    """y = x Wᵀ + b: x (examples, inputs), weight (outputs, inputs), bias (outputs,)."""

    # Your turn: the result, and a rule with three gradients: of x, of the weight, of the bias.
    def rule(g):
        return g @ weight.data, g.T @ x.data, g.sum(axis=0)

    return Tensor(x.data @ weight.data.T + bias.data, (x, weight, bias), rule)


def mse(predicted, target):
    """L = mean of (predicted − target)²: a tensor and an array of the same shape, to one number."""
    difference = predicted.data - target

    def rule(g):
        # Your turn: what goes on to ``predicted``? (A tuple of one.)
        return (g * 2 * difference / difference.size,)

    return Tensor(np.mean(difference**2), (predicted,), rule)

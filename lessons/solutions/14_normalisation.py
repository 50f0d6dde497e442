"""Numbers of one size: batch norm, and its way back by three ways."""

import numpy as np

from mine.linear_tanh import Tensor


def batch_norm(x, scale, shift, eps=1e-5):
    """y = γ·x̂ + β with x̂ = (x − μ)/σ, σ = √(v + eps): μ and v are mean and variance of a channel.

    x (N, C, H, W): a channel's values are those of all examples and pixels, m of them. scale γ and
    shift β are (C,). With h = γ·g, what arrives at x̂ (means over the channel):

        dL/dx = (h − mean(h) − x̂·mean(h·x̂)) / σ
    """
    axes = (0, 2, 3)
    # Your turn: the result, and a rule with three gradients: of x, of γ, of β.
    # .mean(axis=axes, keepdims=True) and .var(…) keep shapes that fit; γ needs [:, None, None].
    mean = x.data.mean(axis=axes, keepdims=True)
    sigma = np.sqrt(x.data.var(axis=axes, keepdims=True) + eps)
    x_hat = (x.data - mean) / sigma
    gamma = scale.data[:, None, None]

    def rule(g):
        h = gamma * g
        alike, stretch = (v.mean(axis=axes, keepdims=True) for v in (h, h * x_hat))
        grad_x = (h - alike - x_hat * stretch) / sigma
        return grad_x, (g * x_hat).sum(axis=axes), g.sum(axis=axes)

    return Tensor(gamma * x_hat + shift.data[:, None, None], (x, scale, shift), rule)

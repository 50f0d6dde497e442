# Fill in each "your turn", then: make check N=8
"""Two ways downhill: momentum with weight decay (report 1's eq. 7 and 8), and Adam.

``parameters`` is a list of tensors: each has its number in .data, and in .grad what has arrived.
"""

import numpy as np


class SGD:
    """v ← m·v − λ·ε·w − ε·dL/dw,  then  w ← w + v."""

    def __init__(self, parameters, rate, momentum=0.9, decay=5e-4):
        self.parameters, self.rate = list(parameters), rate
        self.momentum, self.decay = momentum, decay
        self.velocity = [np.zeros_like(p.data) for p in self.parameters]

    def step(self):
        """Move every parameter once; keep its velocity in self.velocity for the next time."""
        for k, parameter in enumerate(self.parameters):
            # Your turn: ε is self.rate, m self.momentum, λ self.decay, v self.velocity[k].
            raise NotImplementedError("your turn")


class Adam:
    """w ← w − ε·m̂/(√v̂ + eps): running means m of g = dL/dw, and v of g².

    m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ),
    where t counts the steps: 1 in the first.
    """

    def __init__(self, parameters, rate, beta1=0.9, beta2=0.999, eps=1e-8):
        self.parameters, self.rate = list(parameters), rate
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.mean = [np.zeros_like(p.data) for p in self.parameters]
        self.square = [np.zeros_like(p.data) for p in self.parameters]
        self.t = 0

    def step(self):
        """Move every parameter once."""
        self.t += 1
        for k, parameter in enumerate(self.parameters):
            # Your turn: m is self.mean[k], v is self.square[k].
            raise NotImplementedError("your turn")

# Fill in each "your turn", then: make check N=1
"""A number that remembers how it was made.

Your own engine begins here: the files of all other exercises build on this one. A value knows its
number, the values that it was made from, and a *rule*: a function that is given dL/dy, what has
arrived at the result y, and returns what goes on to each input.
"""

import numpy as np


class Value:
    """A number (later an array), the values it was made from, and the rule that leads back."""

    def __init__(self, data, inputs=(), rule=None):
        self.data, self.inputs, self.rule, self.grad = data, inputs, rule, None

    def __add__(self, other):
        """y = a + b, where a is self and b is other."""

        def rule(g):
            # Your turn: g = dL/dy has arrived. Return a tuple: what goes on to a, and what to b.
            raise NotImplementedError("your turn")

        return type(self)(self.data + other.data, (self, other), rule)

    def __mul__(self, other):
        """y = a · b."""
        a, b = self.data, other.data

        def rule(g):
            # Your turn: dL/da = dL/dy · dy/da, and so for b.
            raise NotImplementedError("your turn")

        return type(self)(a * b, (self, other), rule)

    def __sub__(self, other):
        """y = a − b."""
        # Your turn: like the two above, the result and its rule.
        raise NotImplementedError("your turn")

    def tanh(self):
        """y = tanh(a), and dy/da = 1 − y²."""
        y = np.tanh(self.data)

        def rule(g):
            # Your turn: a tuple of one is written (something,).
            raise NotImplementedError("your turn")

        return type(self)(y, (self,), rule)

    def receive(self, grad):
        """Something has arrived: keep it in self.grad, which is None at first.

        A value that is used twice gets the sum of what arrives. (Later arrays arrive, and others
        may hold the same one: make a new sum, and change nothing that has arrived.)
        """
        # Your turn.
        raise NotImplementedError("your turn")

# Fill in each "your turn", then: make check N=2
"""The chain rule on a graph: along a path derivatives multiply, and paths add.

The functions get values of exercise 1: each has .inputs, and a .rule that takes what has arrived
at it and returns a tuple, one gradient for each input. A value that was given, and not computed,
has no inputs.
"""


def arrivals(value, leaf, grad=1.0):
    """What arrives at ``leaf`` along every single path from ``value``: a list, one number a path.

    ``grad`` has arrived at ``value``. If ``value`` is the leaf, that is the end of a path. If not,
    its rule says what goes on to each input; go on from there. (The same object: use ``is``.)
    """
    # Your turn: a function may call itself.
    raise NotImplementedError("your turn")


def derivative(result, leaf):
    """d(result)/d(leaf): what has arrived along all paths, together; 0 if there is no path."""
    # Your turn.
    raise NotImplementedError("your turn")

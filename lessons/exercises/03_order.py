# Fill in each "your turn", then: make check N=3
"""The walk back, in the right order: no value is asked before all has arrived that it will get.

The functions get values of exercise 1, with .inputs, .rule, .grad and .receive(grad).
"""


def in_order(result):
    """All values that ``result`` depends on, and itself: a list, each after its own inputs.

    So ``result`` comes last. Each value is in the list once, also if it was used several times.
    """
    # Your turn: for instance with a function that calls itself, and a set of what it has seen.
    raise NotImplementedError("your turn")


def backward(result, start=1.0):
    """Leave dL/dv in the .grad of every value v behind ``result``; ``start`` is dL/d(result).

    Begin with result.receive(start). Then ask each value for its rule, last to first, and let its
    inputs receive what the rule returns. A value that was given has the rule None.
    """
    # Your turn.
    raise NotImplementedError("your turn")

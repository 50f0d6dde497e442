"""The walk back, in the right order: no value is asked before all has arrived that it will get.

The functions get values of exercise 1, with .inputs, .rule, .grad and .receive(grad).
"""


def in_order(result):
    """All values that ``result`` depends on, and itself: a list, each after its own inputs.

    So ``result`` comes last. Each value is in the list once, also if it was used several times.
    """
    # Your turn: for instance with a function that calls itself, and a set of what it has seen.
    order, seen = [], set()

    def visit(value):
        if id(value) not in seen:
            seen.add(id(value))
            for before in value.inputs:
                visit(before)
            order.append(value)

    visit(result)
    return order


def backward(result, start=1.0):
    """Leave dL/dv in the .grad of every value v behind ``result``; ``start`` is dL/d(result).

    Begin with result.receive(start). Then ask each value for its rule, last to first, and let its
    inputs receive what the rule returns. A value that was given has the rule None.
    """
    # Your turn.
    result.receive(start)
    for value in reversed(in_order(result)):
        if value.rule is not None:
            for before, grad in zip(value.inputs, value.rule(value.grad)):
                before.receive(grad)

"""Lesson 3: the order of the walk back. The values are made here."""

from lessons.workbook.judge import Wrong, same


class Step:
    """As exercise 1's value, with a name and a factor for each input; notes who asks too early."""

    def __init__(self, name, *inputs):
        self.name, self.grad, self.uses, self.early = name, None, 0, False
        self.received = self.asked = 0
        self.inputs = tuple(before for before, _ in inputs)
        self.factors = [factor for _, factor in inputs]
        self.rule = self._rule if inputs else None
        for before in self.inputs:
            before.uses += 1

    def _rule(self, g):
        if g is None and self.name == "d":
            raise Wrong("nothing arrived at the result: begin with result.receive(start)")
        if g is None:
            raise Wrong(
                f"{self.name} was asked for its rule before anything had arrived: go through "
                "in_order from last to first"
            )
        self.asked += 1
        self.early = self.uses > 0
        return tuple(g * factor for factor in self.factors)

    def receive(self, grad):
        self.received += 1
        self.uses -= 1
        self.grad = grad if self.grad is None else self.grad + grad


def _graph():
    """b = a + a; c = 3 a + 2 b; d = b + 5 c: the second input first, so that order matters."""
    a = Step("a")
    b = Step("b", (a, 1.0), (a, 1.0))
    c = Step("c", (a, 3.0), (b, 2.0))
    d = Step("d", (b, 1.0), (c, 5.0))
    return a, b, c, d


def in_order(mine):
    steps = _graph()
    order = mine.in_order(steps[-1])
    if not isinstance(order, (list, tuple)):
        raise Wrong(f"in_order returns {type(order).__name__}, expected a list of values")
    names = [getattr(step, "name", "?") for step in order]
    shown = (
        f"of d = b + 5 c, c = 3 a + 2 b, b = a + a in_order makes {', '.join(names) or 'nothing'}"
    )
    for step in steps:
        if names.count(step.name) > 1:
            raise Wrong(
                f"{shown}: {step.name} is there {names.count(step.name)} times, expected once"
            )
    for step in steps:
        if step.name not in names:
            raise Wrong(f"{shown}: {step.name} is missing")
    if names == ["d", "c", "b", "a"]:
        raise Wrong(f"{shown}: that is the way back; each comes after its own inputs, d last")
    for step in steps:
        for before in step.inputs:
            if names.index(before.name) > names.index(step.name):
                raise Wrong(f"{shown}: {step.name} stands before its input {before.name}")
    same("the length of in_order", len(names), 4)
    _long(mine.in_order)


def _long(function):
    """Doublings: as many steps as lines, but twice as many paths with each."""
    step = Step("x")
    for _ in range(40):
        step = Step("x", (step, 1.0), (step, 1.0))
    same("the number of values of 40 lines b = a + a", len(function(step)), 41)


def backward(mine):
    a, b, c, d = _graph()
    mine.backward(d, 2.0)
    if d.grad is None:
        raise Wrong("nothing arrived at the result: begin with result.receive(start)")
    if any(step.grad is not None and step.received == 0 for step in (a, b, c, d)):
        raise Wrong(".grad was set from outside: let a value receive, then it adds up")
    known = {"if `start` is not used": 1.0, "if the start is received twice": 4.0}
    same("what arrives at the result", d.grad, 2.0, known=known)
    for step in (c, b, a):
        if step.grad is None:
            raise Wrong(f"nothing arrived at {step.name}, on which the result depends")
    for step in (d, c, b):
        if step.asked > 1:
            raise Wrong(
                f"{step.name} was asked for its rule {step.asked} times: ask each value once, when "
                "all has arrived (one walk for each path doubles with every line of the program)"
            )
    for step in (c, b):
        if step.early:
            raise Wrong(
                f"{step.name} was asked for its rule before all had arrived: what comes later is "
                "not handed on (go through in_order from last to first)"
            )
    for step, expected in ((c, 10.0), (b, 22.0), (a, 74.0)):
        same(f"the gradient of {step.name}", step.grad, expected)
    only = Step("x")
    mine.backward(only)
    same("the gradient of a value that was given", only.grad, 1.0)


backward.needs = (in_order,)
PARTS = (in_order, backward)

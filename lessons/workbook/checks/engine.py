"""Lesson 1: the rules of numbers."""

import math

from lessons.workbook.judge import Wrong, arrived, same, several, tensor

A, B, G = 0.8, -1.7, 0.6


def _rule(mine, name, y, names, expected, known):
    grads = several(f"{name}: what the rule returns", y.rule(G), names)
    for who, grad, right in zip(names, grads, expected):
        same(f"{name}: what goes on to {who}", grad, right, known=known.get(who))


def add(mine):
    y = mine.Value(A) + mine.Value(B)
    forgot = {"if g is forgotten: dL/da = dL/dy · dy/da": 1.0}
    moved = {"of multiplication: a sum has dy/da = 1": G * B}
    _rule(mine, "a + b", y, ("a", "b"), (G, G), {"a": {**forgot, **moved}, "b": forgot})


def multiply(mine):
    y = mine.Value(A) * mine.Value(B)
    swapped = "if a and b are exchanged: y = a·b grows by b for each step of a"
    forgot = "if g is forgotten: dL/da = dL/dy · dy/da"
    known = {"a": {swapped: G * A, forgot: B}, "b": {swapped: G * B, forgot: A}}
    known["a"]["of a sum: here dy/da is b"] = G
    _rule(mine, "a * b", y, ("a", "b"), (G * B, G * A), known)


def subtract(mine):
    a, b = mine.Value(A), mine.Value(B)
    y = a - b
    if not isinstance(y, mine.Value):
        raise Wrong(f"a - b returns a {type(y).__name__}, expected a Value that remembers a and b")
    same("a - b: the number", y.data, A - B, known={"with a and b exchanged": B - A})
    grads = arrived("a - b", tensor("a - b", y), {"a": a, "b": b}, G)
    same("a - b: what goes on to a", grads["a"], G, known={"if g is forgotten": 1.0})
    known = {"of a sum: y falls if b grows": G, "if g is forgotten": -1.0}
    same("a - b: what goes on to b", grads["b"], -G, known=known)


def tanh(mine):
    t = math.tanh(A)
    known = {
        "with the input in place of the output: 1 − y², where y = tanh(a)": G * (1 - A * A),
        "if g is forgotten": 1 - t * t,
        "without the square": G * (1 - t),
        "of tanh itself: the rule wants its derivative": G * t,
        "of the square alone: 1 − y²": G * t * t,
    }
    _rule(mine, "tanh(a)", mine.Value(A).tanh(), ("a",), (G * (1 - t * t),), {"a": known})


def receive(mine):
    value = mine.Value(A)
    value.receive(0.5)
    same("grad, after 0.5 has arrived,", value.grad, 0.5)
    value.receive(0.25)
    known = {
        "if the second arrival replaces the first: add it": 0.25,
        "if the second arrival is lost": 0.5,
        "if they are averaged: they are added": 0.375,
        "if they are multiplied: they are added": 0.125,
    }
    same("grad, after 0.5 and 0.25 have arrived,", value.grad, 0.75, known=known)
    if value.data != A:
        raise Wrong("receive changed .data: only .grad is to change")


PARTS = (add, multiply, subtract, tanh, receive)

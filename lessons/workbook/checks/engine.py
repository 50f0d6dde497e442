"""Lesson 1: the rules of numbers."""

import math

import numpy as np

from lessons.workbook.judge import Wrong, arrived, same, tensor

A, B, G = 0.8, -1.7, 0.6


def _judge(mine, name, compute, number, slopes, known):
    """The result of an operation on values of A and B, and what goes on to each."""
    leaves = {"a": mine.Value(A), "b": mine.Value(B)}
    leaves = dict(list(leaves.items())[: len(slopes)])
    y = tensor(name, compute(*leaves.values()))
    same(f"{name}: the number", y.data, number, known=known.get("number"))
    grads = arrived(name, y, leaves, G)
    for (who, grad), slope in zip(grads.items(), slopes):
        mistakes = {"if g is forgotten: dL/da = dL/dy · dy/da": slope, **known.get(who, {})}
        same(f"{name}: what goes on to {who}", grad, G * slope, known=mistakes)


def add(mine):
    known = {"a": {"of multiplication: a sum has dy/da = 1": G * B}}
    _judge(mine, "a + b", lambda a, b: a + b, A + B, (1.0, 1.0), known)


def multiply(mine):
    swapped = "if a and b are exchanged: y = a·b grows by b for each step of a"
    known = {"a": {swapped: G * A, "of a sum: here dy/da is b": G}, "b": {swapped: G * B}}
    _judge(mine, "a * b", lambda a, b: a * b, A * B, (B, A), known)


def subtract(mine):
    known = {
        "number": {"with a and b exchanged": B - A},
        "b": {"of a sum: y falls if b grows": G},
    }
    _judge(mine, "a - b", lambda a, b: a - b, A - B, (1.0, -1.0), known)


def tanh(mine):
    t = math.tanh(A)
    known = {
        "with the input in place of the output: 1 − y², where y = tanh(a)": G * (1 - A * A),
        "without the square": G * (1 - t),
        "of tanh itself: the rule wants its derivative": G * t,
        "of the square alone: 1 − y²": G * t * t,
    }
    _judge(mine, "tanh(a)", lambda a: a.tanh(), t, (1 - t * t,), {"a": known})


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
    _receive_arrays(mine)


def _receive_arrays(mine):
    """From exercise 5 on arrays arrive; a sum hands one and the same array to both its inputs."""
    value, first = mine.Value(np.zeros(2)), np.array([1.0, 2.0])
    value.receive(first)
    value.receive(np.array([10.0, 20.0]))
    same("grad, after two arrays have arrived,", value.grad, [11.0, 22.0])
    if (first != [1.0, 2.0]).any():
        raise Wrong(
            "receive changed the array that had arrived first (+= does that), and other values may "
            "hold it, too: self.grad + grad makes a new one"
        )


PARTS = (add, multiply, subtract, tanh, receive)

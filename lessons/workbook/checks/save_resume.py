"""Lesson 16: names, saving, going on."""

import re

import numpy as np

from lessons.workbook.judge import Wrong, leaf, same


def _tree(mine):
    """A network with a module below a module, a number and an array that are no parameters."""
    inner, outer = mine.Module(), mine.Module()
    inner.weight, inner.bias = leaf(np.full((2, 3), 1.0)), leaf(np.full(2, 2.0))
    middle = mine.Module()
    middle.layer, middle.rate = inner, 0.1
    outer.scale, outer.first, outer.table = leaf(np.full(1, 3.0)), middle, np.zeros(4)
    return outer


NAMES = ["scale", "first.layer.weight", "first.layer.bias"]


def named_parameters(mine):
    found = _tree(mine).named_parameters()
    if not isinstance(found, dict):
        raise Wrong(f"named_parameters returns a {type(found).__name__}, expected a dictionary")
    text = f"of a network with {', '.join(NAMES)} it finds {', '.join(found) or 'nothing'}"
    if list(found) == ["scale"]:
        raise Wrong(f"{text}: ask the modules below, too")
    if "weight" in found or "layer.weight" in found:
        raise Wrong(f"{text}: hand the way that leads to a module on, as `before`")
    if "first.layer.weight" not in found and any(
        re.sub(r"\W|_", "", name) == "firstlayerweight" for name in found
    ):
        raise Wrong(f"{text}: a dot stands between the names")
    for name in set(found) - set(NAMES):
        raise Wrong(f"{text}: {name} is no parameter")
    if sorted(found) != sorted(NAMES):
        raise Wrong(text)
    if list(found) != NAMES:
        raise Wrong(f"{text}: expected in the order in which attributes were set")
    for name, tensor in found.items():
        if not hasattr(tensor, "rule"):
            raise Wrong(f"{name} is a {type(tensor).__name__}, expected the tensor itself")


def state(mine):
    net = _tree(mine)
    saved = net.state()
    if not isinstance(saved, dict):
        raise Wrong(f"state() returns a {type(saved).__name__}, expected a dictionary")
    if set(saved) != set(NAMES):
        raise Wrong(f"state() holds {', '.join(map(str, saved))}, expected {', '.join(NAMES)}")
    same("state()['first.layer.weight']", saved["first.layer.weight"], np.full((2, 3), 1.0))
    net.scale.data[0] = 99.0
    if saved["scale"][0] == 99.0:
        raise Wrong("what was saved changes when training goes on: save copies")


def load(mine):
    net, other = _tree(mine), _tree(mine)
    for tensor in other.parameters():
        tensor.data = tensor.data + 0.5
    saved = {name: tensor.data.copy() for name, tensor in other.named_parameters().items()}
    kept = net.named_parameters()
    net.load(saved)
    for name, tensor in net.named_parameters().items():
        same(
            f"{name} after load",
            tensor.data,
            saved[name],
            known={"if nothing is put back": saved[name] - 0.5},
        )
        if tensor is not kept[name]:
            raise Wrong("load makes new tensors, of which the optimizer does not know: set .data")
    net.scale.data[0] = 99.0
    if saved["scale"][0] == 99.0:
        raise Wrong("load and the saved state share an array: put in copies")
    _in_another_order(_tree(mine), saved)
    for fault, wrong in {
        "without first.layer.bias": {n: saved[n] for n in NAMES[:2]},
        "with something else besides": {**saved, "last.weight": np.zeros(2)},
        "with a bias (5,) for (2,)": {**saved, "first.layer.bias": np.zeros(5)},
    }.items():
        fresh = _tree(mine)
        before = {n: t.data.copy() for n, t in fresh.named_parameters().items()}
        try:
            fresh.load(wrong)
        except ValueError:
            pass
        except KeyError:
            raise Wrong(f"load of a state {fault} is a KeyError, expected a ValueError") from None
        else:
            raise Wrong(f"load takes a state {fault}: expected a ValueError")
        for name, tensor in fresh.named_parameters().items():
            if np.shape(tensor.data) != before[name].shape or (tensor.data != before[name]).any():
                raise Wrong(f"load of a state {fault} has changed {name} before it found that out")


def _in_another_order(net, saved):
    """A dictionary may come in any order: what counts is the name of an array."""
    text = "a state whose names come in another order"
    try:
        net.load(dict(reversed(saved.items())))
    except ValueError:
        raise Wrong(f"load refuses {text}: only names and shapes count") from None
    for name, tensor in net.named_parameters().items():
        if not np.array_equal(tensor.data, saved[name]):
            raise Wrong(f"{text} is put back wrongly: go by the name of each array")


state.needs = load.needs = (named_parameters,)
PARTS = (named_parameters, state, load)

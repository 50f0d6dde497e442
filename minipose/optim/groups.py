"""Which parameters an optimizer moves, in groups with options of their own, and what those may be.

A group is a dictionary: ``{"parameters": [...], "lr": 0.01, "weight_decay": 0.0}``. What it does
not name is as the optimizer has it. A plain list of parameters is one group without options.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from minipose.tensor import Parameter, Tensor

Group = dict[str, Any]
Check = tuple[str, Callable[[Any], bool]]  # what is expected, in words; whether a value is that

ALLOWED: dict[str, Check] = {
    "lr": ("a learning rate above 0", lambda x: 0 < x < math.inf),
    "lr of a step": ("a learning rate of 0 or more", lambda x: 0 <= x < math.inf),
    "momentum": ("momentum of at least 0 and below 1", lambda x: 0 <= x < 1),
    "weight_decay": ("weight_decay of 0 or more", lambda x: 0 <= x < math.inf),
    "betas": (
        "two betas of at least 0 and below 1",
        lambda betas: len(betas) == 2 and all(0 <= beta < 1 for beta in betas),
    ),
    "eps": ("eps above 0", lambda x: 0 < x < math.inf),
}


def check(where: str, option: str, value: object) -> None:
    """Raises ValueError if the value is out of range, or no number."""
    expected, holds = ALLOWED[option]
    try:
        good = bool(holds(value))
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(f"{where}: expected {expected}, got {value}")


def as_groups(
    name: str, parameters: Iterable[Parameter] | Iterable[Group], options: tuple[str, ...]
) -> list[Group]:
    """The groups of an optimizer: each parameter once, each option checked.

    Parameters
    ----------
    name : of the optimizer, for messages
    options : what a group may name

    Raises
    ------
    TypeError
        For what an optimizer cannot move.
    ValueError
        If there is no parameter, one is in two groups, or an option is unknown or out of range.
    """
    given = as_list(name, parameters)
    if not any(isinstance(each, dict) for each in given):
        groups = [{"parameters": _movable(name, given)}]
    else:
        groups = [_as_group(f"{name}: group {k}", g, options) for k, g in enumerate(given)]
    if not any(group["parameters"] for group in groups):
        raise ValueError(f"{name}: no parameters to optimize")
    _check_apart(name, groups)
    return groups


def as_list(where: str, parameters: Iterable[Parameter] | Iterable[Group]) -> list:
    """Raises TypeError for a module, and for a single tensor, whose rows are no parameters."""
    has_parameters = hasattr(parameters, "parameters")
    if isinstance(parameters, Tensor) or has_parameters or not isinstance(parameters, Iterable):
        hint = "; write .parameters()" if has_parameters else ""
        got = _in_words(parameters)
        raise TypeError(f"{where}: expected a list of parameters, got {got}{hint}")
    return list(parameters)


def each_once(where: str, parameters: Iterable[Parameter]) -> list[Parameter]:
    """``as_list`` of parameters; one that is shared by two layers may be in it twice."""
    return list({id(p): p for p in as_list(where, parameters)}.values())


def _as_group(where: str, group: Group, options: tuple[str, ...]) -> Group:
    if not isinstance(group, dict):
        raise TypeError(f"{where}: expected a dict with 'parameters', got {_in_words(group)}")
    unknown = sorted(set(group) - {"parameters", *options}, key=str)
    if "parameters" not in group or unknown:
        got = ", ".join(map(str, group)) or "nothing"
        raise ValueError(f"{where}: expected parameters and any of {', '.join(options)}, got {got}")
    parameters = group["parameters"]
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    own = {name: value for name, value in group.items() if name != "parameters"}
    for name, value in own.items():
        check(where, name, value)
    return {"parameters": _movable(where, parameters), **own}


def _movable(where: str, parameters: Iterable[Parameter]) -> list[Parameter]:
    found = each_once(where, parameters)
    for p in found:
        if not isinstance(p, Tensor) or p.node is not None:
            got = _in_words(p)
            raise TypeError(f"{where}: expected parameters, got {got}, which cannot be moved")
        if not (p.requires_grad or isinstance(p, Parameter)):  # a frozen Parameter may thaw
            got = _in_words(p)
            raise TypeError(f"{where}: expected parameters, got {got}, which asks for no gradient")
    return found


def _in_words(value: object) -> str:
    """In a line, where the own form of a tensor, or of an array, has one for each row."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    made_by = f" from {value.node.name}" if value.node is not None else ""
    return f"a {type(value).__name__} of shape {value.shape}{made_by}"


def _check_apart(name: str, groups: list[Group]) -> None:
    seen: dict[int, int] = {}
    for k, group in enumerate(groups):
        for parameter in group["parameters"]:
            other = seen.setdefault(id(parameter), k)
            if other != k:
                raise ValueError(
                    f"{name}: a parameter of shape {parameter.shape} is in groups {other} and {k}; "
                    "expected it in one"
                )

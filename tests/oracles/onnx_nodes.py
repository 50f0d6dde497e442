"""ONNX's own cases of single nodes, for every operator that minipose can say.

``OPERATORS`` names for each operator the modules that may hold its cases (some have been renamed),
and its translation.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from onnx.backend.test.case import node as onnx_cases
from onnx.helper import get_attribute_value

from tests.oracles import onnx_arithmetic, onnx_networks, onnx_shapes
from tests.oracles.beyond import need

OPERATORS = {**onnx_arithmetic.OPERATORS, **onnx_shapes.OPERATORS, **onnx_networks.OPERATORS}


@dataclass(frozen=True, eq=False)
class NodeCase:
    """One of ONNX's cases: what goes in, what has to come out."""

    operator: str
    name: str
    attributes: dict
    inputs: list[np.ndarray]
    expected: list[np.ndarray]

    def __str__(self) -> str:
        return self.name


def cases() -> Iterator[NodeCase]:
    """ONNX's cases of one node each, for the operators above."""
    with np.errstate(all="ignore"):
        for modules, _ in OPERATORS.values():
            _note_down(modules.split())
    for case in onnx_cases._NodeTestCases:
        nodes = case.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in OPERATORS and case.data_sets:
            inputs, outputs = case.data_sets[0]
            attributes = {a.name: get_attribute_value(a) for a in nodes[0].attribute}
            # An input that is left out between others has an empty name.
            given = [bool(name) for name in nodes[0].input]
            yield NodeCase(
                nodes[0].op_type,
                case.name,
                attributes,
                _with_gaps([np.asarray(a) for a in inputs], given),
                [np.asarray(a) for a in outputs],
            )


def run(case: NodeCase) -> list[np.ndarray]:
    """What minipose makes of it: the first of the outputs, or more of them."""
    data = case.inputs[1] if case.operator == "Where" else case.inputs[0]
    need(data.dtype in (np.float32, np.float64), "other numbers than floats")
    results = OPERATORS[case.operator][1](case.attributes, *case.inputs)
    return list(results) if isinstance(results, tuple) else [results]


def _note_down(modules: list[str]) -> None:
    """Import the first of these modules that there is: it notes down its cases."""
    for module in modules:
        name = f"{onnx_cases.__name__}.{module}"
        if importlib.util.find_spec(name):
            importlib.import_module(name)
            return
    raise ModuleNotFoundError(f"ONNX has no cases of {modules[0]}")


def _with_gaps(arrays: list[np.ndarray], given: list[bool]) -> list[np.ndarray | None]:
    if sum(given) != len(arrays):
        return arrays
    rest = iter(arrays)
    return [next(rest) if there else None for there in given]

"""ONNX's own node cases, for every operator that minipose has too."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX is not installed, nothing to compare with")

from tests.oracles.onnx_nodes import OPERATORS, Beyond, cases, run


def _results():
    """What minipose makes of each case that it can express."""
    for case in cases():
        try:
            yield case, run(case)
        except Beyond:
            pass


RESULTS = dict(_results())


@pytest.mark.parametrize("case", RESULTS, ids=str)
def test_node(case):
    result = RESULTS[case]
    assert result.dtype == case.expected.dtype
    assert result.shape == case.expected.shape
    np.testing.assert_allclose(result, case.expected, rtol=1e-5, atol=1e-6)


def test_every_operator_has_a_case():
    assert OPERATORS.keys() == {case.operator for case in RESULTS}

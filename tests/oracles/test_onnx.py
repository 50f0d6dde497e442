"""ONNX's own node cases, for every operator that minipose has too."""

from collections import defaultdict

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX is not installed, nothing to compare with")

from tests.oracles.beyond import Beyond, Tally
from tests.oracles.onnx_nodes import OPERATORS, cases, run

CASES = defaultdict(list)
for _case in cases():
    CASES[_case.operator].append(_case)


def judge(operator: str) -> Tally:
    """Compare minipose with ONNX in all cases of an operator."""
    tally = Tally()
    for case in CASES[operator]:
        try:
            results = run(case)
        except Beyond as reason:
            tally.beyond[str(reason)] += 1
            continue
        for result, expected in zip(results, case.expected, strict=False):
            assert result.dtype == expected.dtype, case
            assert result.shape == expected.shape, case
            np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6, err_msg=str(case))
        tally.agree += 1
    return tally


@pytest.mark.parametrize("operator", OPERATORS)
def test_all_cases_of_an_operator(operator, record_property):
    tally = judge(operator)
    assert tally.agree > 0
    record_property(*tally.of_one_test("ONNX", operator))


def test_a_wrong_value_is_found(monkeypatch):
    monkeypatch.setitem(OPERATORS, "Neg", ("neg", lambda attributes, x: -1.001 * x))
    with pytest.raises(AssertionError):
        judge("Neg")

"""Convolutions by each algorithm go through the checks of every op (``tests/ops/checks.py``)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipose import ops
from minipose.fast import convolution
from tests import reference
from tests.ops import checks
from tests.ops.case import Case, calls
from tests.ops.test_conv import convolutions, cubes, one_way, three_by_three, wide_margins


def by(algorithm):
    """conv2d that begins with one algorithm, wherever it can; small shapes would choose im2col."""

    def op(*tensors, **options):
        with convolution.use_algorithm(algorithm):
            return ops.conv2d(*tensors, **options)

    return op


as_many_maps_as_taps = calls([(2, 1, 4, 5), (2, 1, 2, 2), (2,)])  # a cube of sums of products
as_many_taps_as_maps = calls([(2, 1, 4, 5), (4, 1, 2, 2), (4,)])  # dL/dw is a square


cubes_without_bias = calls([(3, 3, 3, 3), (3, 3, 3, 3)], stride=(1, 1), padding=(1, 1))


def row(name, algorithm, calls, linear_in=(0, 1, 2)):
    return Case(f"conv2d/{name}", by(algorithm), calls, reference.conv2d, linear_in=linear_in)


CASES = [
    row("im2col", "im2col", convolutions()),
    row("im2col_cubes_without_bias", "im2col", cubes_without_bias, linear_in=(0, 1)),
    row("strips", "strips", convolutions()),
    row("strips_cubes", "strips", cubes),
    row("strips_wide_margins", "strips", wide_margins),
    row("strips_one_way", "strips", one_way),
    row("strips_square", "strips", as_many_taps_as_maps),
    row("windows", "windows", convolutions()),
    row("windows_cubes", "windows", cubes),
    row("windows_as_many_maps", "windows", as_many_maps_as_taps),
    row("samples", "samples", convolutions()),
    row("samples_cubes", "samples", cubes),
    row("samples_square", "samples", as_many_taps_as_maps),
    row("winograd", "winograd", three_by_three),
    row("winograd_cubes", "winograd", cubes),
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


@every_case
@given(data=st.data())
def test_values(case, data):
    checks.values(case, data.draw(case.calls), np)


@every_case
@given(data=st.data())
def test_adjoint(case, data):
    checks.adjoint(case, data.draw(case.calls), np)


@every_case
@given(data=st.data())
def test_differences(case, data):
    checks.differences(case, data.draw(case.calls), np, data.draw(st.integers(0, 2**32 - 1)))


@every_case
@given(data=st.data())
def test_float32_stays_and_nothing_is_overwritten(case, data):
    checks.float32_stays_and_nothing_is_overwritten(case, data.draw(case.calls), np)

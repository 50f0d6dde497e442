"""What the summary says about other people's tables."""

import pytest

from tests.oracles.beyond import TALLY, Beyond, Tally, lines, need


def test_what_is_needed_and_missing_is_beyond():
    need(True, "nothing")
    with pytest.raises(Beyond, match="groups"):
        need(False, "groups")


def test_a_line_for_each_table():
    one, other, third = Tally(1200), Tally(34), Tally()
    one.beyond["dilation"], other.beyond["dilation"], other.beyond["groups"] = 40, 1, 50
    third.beyond["groups"] = 2
    found = [one.of_one_test("op_db", "add"), other.of_one_test("op_db", "conv2d")]
    found += [
        Tally(3).of_one_test("ONNX", "Add"),
        third.of_one_test("module_db", "Conv2d", "layers"),
    ]
    assert {name for name, _ in found} == {TALLY}
    assert lines([value for _, value in found]) == [
        "ONNX: 3 samples of 1 operators agree",
        "module_db: 0 samples of 0 layers agree, 2 are beyond (groups 2)",
        "op_db: 1,234 samples of 2 operators agree, 91 are beyond (groups 50, dilation 41)",
    ]

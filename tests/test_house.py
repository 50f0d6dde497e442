"""The order of the house: what may import what, and what the plain core does without."""

import pytest

from tests import house


def test_no_file_of_the_core_knows_minipose_fast():
    core = {house.module_of(name) for name in house.core()} - {"minipose"}
    assert {"minipose.tensor", "minipose.ops.conv", "minipose.models.unet"} <= core
    assert not core & set(house.importers_of_fast())


def test_modules_do_not_import_each_other_in_circles():
    assert house.circles() == []


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "as-it-is"])
def test_import_minipose_loads_few_files(plain):
    loaded = house.loaded_files(plain)
    assert "minipose/tensor.py" in loaded
    assert len(loaded) <= house.TARGET_IMPORT


@pytest.mark.parametrize("network", [n for n, most in house.TARGET_STEP.items() if most])
def test_a_plain_step_enters_few_files(network):
    entered = house.entered_files(network, plain=True)
    core = {"minipose/tensor.py", "minipose/ops/conv.py", "minipose/optim/optimizers.py"}
    assert core <= set(entered)
    assert len(entered) <= house.TARGET_STEP[network]


def test_functions_of_the_core_are_short():
    lengths = {where: n for name in house.core() for n, where in house.functions(name)}
    assert len(lengths) > 100
    assert not {where: n for where, n in lengths.items() if n > house.TARGET_FUNCTION}


def test_no_file_is_too_long_for_one_idea():
    names = house.sources()
    assert len(names) > 500
    assert not {name: n for name in names if (n := house.line_count(name)) > house.TARGET_FILE}


def test_hidden_imports_are_found(tmp_path, monkeypatch):
    package = tmp_path / "minipose"
    package.mkdir()
    (package / "__init__.py").write_text("from minipose import a\n")
    (package / "a.py").write_text("def f():\n    from minipose.b import g\n")
    (package / "b.py").write_text("import typing\nif typing.TYPE_CHECKING:\n    from . import a\n")
    monkeypatch.setattr(house, "ROOT", tmp_path)
    assert house.circles() == [["minipose.a", "minipose.b", "minipose.a"]]


def test_code_is_counted_without_docstrings_comments_and_blank_lines(tmp_path, monkeypatch):
    package = tmp_path / "minipose"
    package.mkdir()
    text = '"""About."""\n\n\ndef f(\n    x,\n):\n    """Two\n    lines."""\n    # why\n\n'
    text += "    def g():\n        return '''a\n        b'''\n\n    return g\n"
    (package / "a.py").write_text(text)
    monkeypatch.setattr(house, "ROOT", tmp_path)
    assert [length for length, _ in house.functions("minipose/a.py")] == [7, 3]


def test_the_measure_is_printed(capsys, monkeypatch):
    monkeypatch.setattr(house, "TARGET_STEP", {"PoseNet": 15})
    assert house.main() == 0
    printed = capsys.readouterr().out
    for floor in house.FLOORS:
        assert f"\n| {floor} | " in printed
    assert "| PoseNet | plain |" in printed and "models/posenet" in printed

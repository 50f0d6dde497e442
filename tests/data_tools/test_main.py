"""``python -m data_tools``: each tool by its name, and what a wrong name says."""

import pytest

from data_tools.__main__ import TOOLS, main

KINDS = [f"twin {kind}" for kind in ("h36m", "people", "poses", "pasted")]


@pytest.mark.parametrize("tool", [*TOOLS, *KINDS])
def test_a_tool_is_run_by_its_name(tool, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*tool.split(), "--help"])
    assert stop.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"usage: python -m data_tools {tool} " in said
    assert "default: None" not in said


def test_help_lists_the_tools_and_another_name_is_wrong_usage(capsys):
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {tool} " in listed for tool in TOOLS)
    for given, message in (["h36"], "no tool 'h36': "), ([], "no tool is given: "):
        assert main(given) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"error: {message}") and error.count("\n") == 1
        assert all(tool in error for tool in TOOLS)


def test_a_file_where_a_folder_is_wanted_is_one_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["twin", "people", "--out", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'file'}: a file, expected a folder\n"


def test_an_unknown_flag_names_the_help_that_lists_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        main(["twin", "people", "--out", "x", "--bogus"])
    error = capsys.readouterr().err
    assert error.startswith("error: unrecognized arguments: --bogus (python -m data_tools twin p")


@pytest.mark.parametrize(
    "command", ["twin people", "twin h36m", "people photos", "h36m raw"], ids=lambda c: c.split()[0]
)
def test_an_empty_out_is_no_folder(command, tmp_path, monkeypatch, capsys):
    """T17: it was the current one, which was filled."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "--out", ""])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1
    assert "--out: expected a path, got ''" in error and not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["twin people", "twin h36m", "twin poses", "people photos"])
def test_a_seed_below_0_is_no_seed(command, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "--out", str(tmp_path / "a.h5"), "--seed", "-1"])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count("\n") == 1 and not list(tmp_path.iterdir())
    assert "argument --seed: expected a whole number of 0 or more, got '-1'" in error

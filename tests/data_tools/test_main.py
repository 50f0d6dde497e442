"""``python -m data_tools``: each tool by its name, and what a wrong name says."""

import pytest

from data_tools.__main__ import TOOLS, main


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_run_by_its_name(tool, capsys):
    with pytest.raises(SystemExit) as stop:
        main([tool, "--help"])
    assert stop.value.code == 0
    assert f"usage: python -m data_tools.{tool}" in capsys.readouterr().out


def test_help_lists_the_tools_and_another_name_is_wrong_usage(capsys):
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {tool} " in listed for tool in TOOLS)
    assert main(["h36"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: no tool 'h36'\n") and all(tool in message for tool in TOOLS)

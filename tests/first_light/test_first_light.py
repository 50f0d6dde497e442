"""First light goes on where it was stopped, keeps what was said, and says what failed."""

import subprocess
import sys

import pytest

from minipose import devices
from tests.first_light import __main__ as light
from tests.first_light.__main__ import END, MINUTES, START, TASKS, Task, first_light, put_into

BEFORE = f"# GPU\n\nWords.\n\n{START}\nold\n{END}\n\nMore words.\n"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Commands that do little: ``python -m tries WORD`` fails while there is such a file."""
    (tmp_path / "tries.py").write_text(
        "import pathlib, sys, time\n"
        "word = sys.argv[1]\n"
        "print('running', word); print('| a | b |'); sys.stdout.flush()\n"
        "if word == 'slow': time.sleep(60)\n"
        "pathlib.Path('log').open('a').write(word + '\\n')\n"
        "sys.exit(3 if pathlib.Path(word).exists() else 0)\n"
    )
    (tmp_path / "page.md").write_text(BEFORE)
    monkeypatch.setattr(light, "ROOT", tmp_path)
    return tmp_path


def task(word, minutes=1.0, title="A title"):
    return Task(word, f"{title} of {word}", f"tries {word}", minutes, light.tables_of)


def ran(folder):
    log = folder / "log"
    return log.read_text().split() if log.exists() else []


def go(folder, *words):
    tasks = [task(word, 0.02 if word == "slow" else 1.0) for word in words]
    return first_light("cuda", folder / "the out", folder / "page.md", tasks, "a machine")


def test_it_goes_on_with_what_has_failed(stand_in, capsys):
    (stand_in / "two").touch()
    assert go(stand_in, "one", "two", "three") == 1
    assert ran(stand_in) == ["one", "two", "three"]
    assert "failed: two" in capsys.readouterr().out
    page = (stand_in / "page.md").read_text()
    assert "| `tries two` | 3 |" in page and "| `tries one` | 0 |" in page
    (stand_in / "two").unlink()
    assert go(stand_in, "one", "two", "three") == 0
    assert ran(stand_in) == ["one", "two", "three", "two"]
    assert "all ended well" in capsys.readouterr().out
    assert (stand_in / "page.md").read_text().count("### A title of two") == 1


def test_it_goes_on_after_an_interruption(stand_in, monkeypatch):
    real = subprocess.run

    def interrupted(command, **options):
        if command[-1] == "two":
            raise KeyboardInterrupt
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        go(stand_in, "one", "two")
    assert "not run" in (stand_in / "page.md").read_text()
    monkeypatch.setattr(subprocess, "run", real)
    assert go(stand_in, "one", "two") == 0
    assert ran(stand_in) == ["one", "two"]


def test_another_command_is_run_again(stand_in):
    assert go(stand_in, "one") == 0
    changed = task("one")._replace(command="tries other")
    first_light("cuda", stand_in / "the out", stand_in / "page.md", [changed], "a machine")
    assert ran(stand_in) == ["one", "other"]


def test_what_takes_too_long_is_stopped(stand_in):
    assert go(stand_in, "slow", "one") == 1
    assert ran(stand_in) == ["one"]
    said = (stand_in / "the out/slow.txt").read_text()
    assert "running slow" in said and "stopped after 0.02 minutes" in said


def test_the_page_keeps_what_is_beside_the_markers(stand_in):
    go(stand_in, "one")
    page = (stand_in / "page.md").read_text()
    assert page.startswith("# GPU\n\nWords.\n") and page.endswith("More words.\n")
    assert "old" not in page and "Measured on: a machine." in page and "| a | b |" in page
    with pytest.raises(ValueError, match=r"docs/gpu.md: expected the lines"):
        put_into("no markers", "text")


def test_all_of_it_is_within_the_limit():
    assert sum(task.minutes for task in TASKS) <= MINUTES
    assert len({task.name for task in TASKS}) == len(TASKS)
    wanted = {"doctor", "suite", "gradcheck", "bench", "h36m", "people", "step", "profile"}
    assert wanted <= {task.name for task in TASKS}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_command_is_there(task):
    module = task.command.split(" ")[0]
    assert subprocess.run(
        [sys.executable, "-c", f"import importlib.util as u; assert u.find_spec('{module}')"],
        check=True,
    )


def test_the_suite_itself_is_one_line_without_a_gpu(monkeypatch):
    from tests import conftest

    class Config:
        getoption = staticmethod({"--device": "cuda"}.get)

    monkeypatch.setattr(devices, "gpu_status", lambda: (False, "no driver", "Get one"))
    with pytest.raises(pytest.UsageError, match="device 'cuda' cannot be used: no driver"):
        conftest.pytest_configure(Config())


def test_without_a_gpu_it_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(devices, "gpu_status", lambda: (False, "no driver", "Get one"))
    monkeypatch.setattr(sys, "argv", ["first_light"])
    assert light.main() == 1
    out, err = capsys.readouterr()
    assert out == "" and err == "first light: device 'cuda' cannot be used: no driver. Get one\n"


def test_the_page_does_not_say_where_the_project_lies():
    text = light.block(f"{light.ROOT}/build/first-light/h36m: report.md")
    assert text == "```text\nbuild/first-light/h36m: report.md\n```"

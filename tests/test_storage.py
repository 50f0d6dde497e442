"""Files that are whole or absent: exceptions, kills, and two writers at once."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

from minipose.errors import UserError, line_of
from minipose.refusals import CannotWrite, in_words
from minipose.storage import (
    atomic,
    atomic_folder,
    own_folder,
    partial_path,
    remove_abandoned,
    write_text,
)

ROOT = Path(__file__).resolve().parents[1]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_new_file_takes_the_place_of_the_old(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with atomic(tmp_path / "a.txt") as partial:
        partial.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
        assert partial.parent == tmp_path and partial.suffix == ".txt"
        assert str(os.getpid()) in partial.name
    assert (tmp_path / "a.txt").read_text() == "new" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path, error):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(error), atomic(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise error
    assert (tmp_path / "a.txt").read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_a_disk_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk full")

    write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path):
    """The next run removes what the killed process has left, but nothing of a living one's."""
    write_text(tmp_path / "a.txt", "old")
    code = (
        "import sys, time\nfrom minipose.storage import atomic\n"
        "with atomic(sys.argv[1]) as partial:\n"
        "    partial.write_text('half')\n    print('there', flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.txt")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "there\n"
        remove_abandoned(tmp_path)
        assert len(names(tmp_path)) == 2
        process.kill()
    assert (tmp_path / "a.txt").read_text() == "old" and len(names(tmp_path)) == 2
    remove_abandoned(tmp_path)
    assert names(tmp_path) == ["a.txt"]


def test_two_processes_do_not_write_to_one_partial(tmp_path):
    """Each is whole, whichever comes last."""
    code = (
        "import sys, time\nfrom minipose.storage import atomic\n"
        "for _ in range(50):\n"
        "    with atomic(sys.argv[1]) as partial, open(partial, 'w') as file:\n"
        "        for _ in range(20):\n            file.write(sys.argv[2])\n"
        "            file.flush()\n"
    )
    target = tmp_path / "a.txt"
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(target), letter], cwd=ROOT)
        for letter in "ab"
    ]
    while any(process.poll() is None for process in both):
        if target.exists():
            assert target.read_text() in ("a" * 20, "b" * 20)
        time.sleep(0.001)
    assert [process.returncode for process in both] == [0, 0]
    assert names(tmp_path) == ["a.txt"]


def test_a_planted_link_is_not_followed(tmp_path):
    (tmp_path / "precious.txt").write_text("precious")
    partial_path(tmp_path / "a.txt").symlink_to(tmp_path / "precious.txt")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "precious.txt").read_text() == "precious"


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "Walking 1.5413") as partial:
        (partial / "half").write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path) == []
    with atomic_folder(tmp_path / "Walking 1.5413") as partial:
        (partial / "frame").write_text("whole")
        assert names(tmp_path) == [partial.name]
    assert names(tmp_path) == ["Walking 1.5413"] and names(tmp_path / "Walking 1.5413") == ["frame"]


def test_what_nobody_writes_any_more_is_removed_with_all_that_is_in_it(tmp_path):
    """Also where another process has the number of the one that was killed by now."""
    for process in (99999999, os.getpid(), os.getppid()):
        (tmp_path / f".Walking 1.{process}.partial.5413").mkdir()
        (tmp_path / f".Walking 1.{process}.partial.5413" / "frame").write_text("half")
        (tmp_path / f".other.{process}.partial.txt").write_text("half")
    (tmp_path / "precious.txt").write_text("precious")
    (tmp_path / ".a.7.partial.txt").symlink_to(tmp_path / "precious.txt")
    remove_abandoned(tmp_path, of="other.txt")
    assert len(names(tmp_path)) == 5
    with atomic(tmp_path / "mine.txt") as mine, atomic_folder(tmp_path / "ours") as ours:
        (ours / "frame").write_text("half")
        mine.write_text("half")
        remove_abandoned(tmp_path)
        assert names(tmp_path) == sorted([mine.name, ours.name, "precious.txt"])
    assert names(tmp_path) == ["mine.txt", "ours", "precious.txt"]


def test_what_was_exchanged_meanwhile_is_not_put_in_place(tmp_path):
    """A link that somebody plants after the file was made, too."""
    (tmp_path / "precious.txt").write_text("precious")
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "a.txt") as partial:
        partial.unlink()
        partial.symlink_to(tmp_path / "precious.txt")
    assert names(tmp_path) == ["precious.txt"]


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit of a file's size here")
def test_a_full_disk_is_one_line_with_the_file_and_how_much_was_needed(tmp_path):
    """A limit of the size stands in for the disk."""
    code = (
        "import resource, sys\nfrom minipose.storage import write_text\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n    write_text(sys.argv[1], 'new' * 100_000)\n"
        "except (OSError, ValueError) as error:\n    print(error)\n"
    )
    write_text(tmp_path / "a.txt", "old")
    command = [sys.executable, "-c", code, str(tmp_path / "a.txt")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stderr == "" and said.stdout.count("\n") == 1
    assert said.stdout.startswith(
        f"{tmp_path / 'a.txt'}: file too large; it needs 0.3 MB or more; "
    )
    assert "MB are free on its disk; what stood there before is as it was" in said.stdout
    assert names(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_whatever_a_disk_refuses_is_one_line(tmp_path, monkeypatch, number):
    def refuse(*args):
        raise OSError(number, os.strerror(number))

    write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "fsync", refuse)
    expected = f"a.txt: {os.strerror(number).lower()}; "
    with pytest.raises(CannotWrite, match=re.escape(expected)) as caught:
        write_text(tmp_path / "a.txt", "new")
    assert ("it needs" in str(caught.value)) == (number == errno.ENOSPC)
    assert (tmp_path / "a.txt").read_text() == "old" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_claimed_is_one_line_and_what_is_done_in_it_is_not(
    tmp_path, monkeypatch, number
):
    with pytest.raises(OSError, match="other"), own_folder(tmp_path / "run"):
        raise OSError(number, os.strerror(number), "other")
    refused = OSError(number, os.strerror(number), str(tmp_path / "run/.lock"))
    monkeypatch.setattr(os, "open", mock.Mock(side_effect=refused))
    with pytest.raises(CannotWrite, match=f"run: {os.strerror(number).lower()}; "):
        with own_folder(tmp_path / "run"):
            raise AssertionError("it is not ours")


def test_the_systems_own_errors_name_the_file_first(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "a").read_text()
    assert line_of(missing.value) == f"{tmp_path / 'a'}: no such file or directory"
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "a").rename(tmp_path / "b")
    assert line_of(missing.value).startswith(f"{tmp_path / 'a'} -> {tmp_path / 'b'}: ")
    assert line_of(UserError("said")) == "said" and line_of(OSError("said")) == "said"


def test_an_open_file_that_is_refused_keeps_its_error(tmp_path):
    """It is named by its number."""
    with pytest.raises(PermissionError), in_words(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied", 3)


def test_a_folder_that_has_gone_is_named(tmp_path):
    with pytest.raises(CannotWrite, match=r"gone/a\.txt: no such file or directory; "):
        write_text(tmp_path / "gone" / "a.txt", "new")
    with pytest.raises(FileNotFoundError, match="other"), atomic(tmp_path / "a.txt"):
        (tmp_path / "other").read_text()  # is no fault of a.txt


def test_what_need_not_be_durable_is_not_flushed(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("flushed")

    monkeypatch.setattr(os, "fsync", fail)
    write_text(tmp_path / "a.txt", "small", durable=False)
    assert (tmp_path / "a.txt").read_text() == "small" and names(tmp_path) == ["a.txt"]

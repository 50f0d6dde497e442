"""A source disk that is gone ends a build in a line; nothing is left out because of it."""

from __future__ import annotations

import errno
import shutil
import sys

import pytest

from data_tools.h36m.convert import Options, convert_view
from data_tools.h36m.tree import find_views
from data_tools.people.__main__ import main
from data_tools.people.build import build
from data_tools.people.candidate import Dropped, dropping
from data_tools.people.sources import Places, open_source
from data_tools.source_disk import SourceGone
from minipose.datasets.guard import reading
from minipose.refusals import CannotWrite
from tests.data_tools.people_trees import person, save_sample
from tests.data_tools.raw_tree import CAMERA, frame, write_video, write_view

REFUSED = "/proc/self/mem"  # a file whose beginning Linux refuses as a broken disk does
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
HDF5 = "Can't synchronously read data (file read failed: errno = 5, error message = 'x')"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EIO, "x", "a.jpg"), "a.jpg: input/output error: is its disk still there?"),
        (OSError(errno.ESTALE, "x", "a.jpg"), "a.jpg: stale file handle"),
        (OSError(errno.ENODEV, "x"), "a file of the source: no such device"),
        (OSError(HDF5), "a file of the source: input/output error"),
        (FileNotFoundError(errno.ENOENT, "x", "none/a.jpg"), "none: empty or gone"),
        (CannotWrite("s.h5: no space left on device"), "s.h5: no space left on device"),
    ],
)
def test_a_disks_error_leaves_no_picture_out(tmp_path, monkeypatch, error, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((SourceGone, CannotWrite)) as caught, dropping("unreadable"):
        with dropping("also"):
            raise error
    assert str(caught.value).startswith(said)
    read = (SourceGone, CannotWrite)
    with pytest.raises(read), dropping("unreadable"), reading("b.png", "damaged"):
        raise error


def test_damage_and_a_single_missing_file_do(tmp_path):
    (tmp_path / "b.jpg").touch()
    missing = FileNotFoundError(errno.ENOENT, "x", str(tmp_path / "a.jpg"))
    for error in (missing, ValueError("damaged"), OSError("cannot identify"), EOFError()):
        with pytest.raises(Dropped), dropping("unreadable"), reading("a.jpg", "damaged"):
            raise error


@on_linux
@pytest.mark.parametrize("inner", ["images/p1.jpg", "keypoints/p1_keypoints.json", "masks/p1.png"])
def test_a_store_of_people_is_built_once_the_disk_is_back(tmp_path, capsys, inner):
    source, out = tmp_path / "pics", tmp_path / "out" / "s.h5"
    for number in range(3):
        save_sample(source, f"p{number}", [person(seed=number)])
    file = source / inner
    kept = file.rename(tmp_path / "kept")
    file.symlink_to(REFUSED)
    assert main([str(source), "--out", str(out)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {file}: input/output error: is its disk still there? Nothing")
    assert not out.parent.exists() or not any(out.parent.iterdir())
    file.unlink()
    kept.rename(file)
    assert main([str(source), "--out", str(out)]) == 0
    assert "3 people written" in capsys.readouterr().out


def test_a_source_that_vanishes_ends_the_build(tmp_path):
    source, out = tmp_path / "pics", tmp_path / "s.h5"
    for number in range(3):
        save_sample(source, f"p{number}", [person(seed=number)])
    candidates = open_source(source, Places(), None).candidates
    shutil.rmtree(source)
    source.mkdir()  # as a mount point that holds nothing
    with pytest.raises(SourceGone, match="keypoints: empty or gone, although files were found"):
        build(candidates, out)
    assert list(tmp_path.iterdir()) == [source]


@on_linux
@pytest.mark.parametrize("pictures", ["folder", "video"])
def test_a_view_of_human36m_is_not_left_out(tmp_path, pictures):
    pytest.importorskip("cdflib", reason="needs the extra minipose[h36m]")
    write_view(tmp_path, frames=4)
    images = tmp_path / "S1/Images"
    if pictures == "video":
        pytest.importorskip("av", reason="needs the extra minipose[video]")
        shutil.rmtree(images)
        file = tmp_path / f"S1/Videos/Walking 1.{CAMERA}.mp4"
        write_video(file, [frame(i) for i in range(4)])
    else:
        file = sorted(images.rglob("*.png"))[2]
    file.unlink()
    file.symlink_to(REFUSED)
    (view,) = find_views(tmp_path, (1,), ("Walking",))
    with pytest.raises(SourceGone, match="input/output error: is its disk still there"):
        convert_view(view, None, Options(), tmp_path / "part.h5")
    assert not (tmp_path / "part.h5").exists()

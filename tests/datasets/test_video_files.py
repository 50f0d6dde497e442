"""A video that ends, stops or blows up its decoder is a line, and leaves no process behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from minipose.datasets import video_files
from minipose.datasets.guard import CannotRead
from minipose.datasets.video_files import Decoder
from minipose.errors import UserError
from tests.broken_decoder import CRASH, stand_in
from tests.data_tools.raw_tree import frame, write_video

pytest.importorskip("av", reason="needs the extra minipose[video]")


def written(folder: Path, count: int = 6) -> Path:
    path = folder / "v.mp4"
    write_video(path, [frame(i) for i in range(count)])
    return path


def ended(process: int, within: float = 10.0) -> bool:
    """Whether no process of this number runs, at the latest after so many seconds."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (CRASH, "the decoder of videos crashed, signal 11"),
        ("while True: pass", "the decoder of videos took more than 10 s for one frame"),
        ("time.sleep(60)", "the decoder of videos gave nothing for 1 s"),
        ("np.ones(9 * 2**30, np.uint8)", "Unable to allocate 9"),
        ("video_decoder.json.dumps = lambda text: '{'", "the decoder of videos gave no message"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was ended from outside (out of memory?)"),
    ],
)
def test_what_happens_to_the_decoder_is_a_reason(tmp_path, monkeypatch, what, reason):
    monkeypatch.setattr(video_files, "PROGRAM", stand_in(tmp_path, what, at=4))
    with Decoder(written(tmp_path)) as decoder:
        decoder.patience = 1 if "sleep" in what else 60
        shades = [pixels[0, 0, 0] for _, pixels in decoder.frames()]
    assert len(shades) == 3 and reason in decoder.broke and "\n" not in decoder.broke
    assert decoder.process.returncode is not None


def test_a_crash_before_the_first_frame_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(video_files, "PROGRAM", stand_in(tmp_path, CRASH, at=0))
    path = written(tmp_path)
    with pytest.raises(UserError) as caught:
        Decoder(path)
    crash = "the decoder of videos crashed, signal 11"
    assert str(caught.value) == f"{path}: not a readable video ({crash})"


def test_a_disk_that_is_gone_is_no_damage_of_the_video(tmp_path, monkeypatch):
    what = 'raise CannotRead("v.mp4: input/output error")'
    monkeypatch.setattr(video_files, "PROGRAM", stand_in(tmp_path, what, at=0))
    with pytest.raises(CannotRead, match=r"^v\.mp4: input/output error$"):
        Decoder(written(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel sees to it on Linux")
def test_a_decoder_ends_with_its_parent(tmp_path):
    """Also where it computes, and would never notice that nobody listens."""
    program = stand_in(tmp_path, "time.sleep(60)", at=1)
    parent = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, time\n"
         "from minipose.datasets import video_files\n"
         "video_files.PROGRAM = sys.argv[2:]\n"
         "decoder = video_files.Decoder(sys.argv[1])\n"
         "print(decoder.process.pid, flush=True)\n"
         "time.sleep(60)", str(written(tmp_path)), *program],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    decoder = int(parent.stdout.readline())
    assert not ended(decoder, within=0.1)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert ended(decoder)


def test_who_wants_no_more_frames_ends_the_decoder(tmp_path):
    with Decoder(written(tmp_path, 20), grey=True) as decoder:
        (known, pixels) = next(decoder.frames())
    assert known["stamp"] == decoder.head["stamps"][0] and pixels.dtype == np.uint8
    assert decoder.head["count"] == len(decoder.head["stamps"]) == 20
    assert decoder.process.returncode == -signal.SIGKILL


@pytest.mark.filterwarnings("ignore:subprocess:ResourceWarning")
def test_a_decoder_that_nobody_holds_ends(tmp_path):
    assert ended(Decoder(written(tmp_path, 20)).process.pid)

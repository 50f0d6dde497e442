"""Video files as every part of minipose sees them: decoded by a process of their own.

What crashes, hangs or takes all memory over a damaged video is that process; here it is a line.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import minipose
from minipose.datasets import video_decoder
from minipose.datasets.guard import BYTES, CannotRead
from minipose.errors import UserError

PATIENCE = 60  # s that may pass without a byte; a decoder that computes has a shorter limit
PIPE = 2**20  # bytes of a frame that wait between the processes
PROGRAM = [sys.executable, "-P", "-W", "ignore", "-m", video_decoder.__name__]

_waiting: list[subprocess.Popen] = []  # processes that were started ahead


@contextlib.contextmanager
def started_ahead(wanted: bool) -> Iterator[None]:
    """Inside, the first decoder is there: it starts while, say, networks are loaded."""
    if wanted and not _waiting:
        _waiting.append(_start())
    try:
        yield
    finally:
        while _waiting:
            _end(_waiting.pop())


def _start() -> subprocess.Popen:
    """A process that waits to be told what to decode."""
    places = [str(Path(minipose.__file__).parents[1]), os.environ.get("PYTHONPATH")]
    process = subprocess.Popen(
        [*PROGRAM, str(os.getpid())],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, places)),
            "OPENBLAS_NUM_THREADS": "1",  # threads take addresses, and have nothing to do
        },
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with contextlib.suppress(ImportError, AttributeError, OSError):  # it works with less, too
        import fcntl

        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE)
    return process


def _end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            stream.close()


class Decoder:
    """A video that another process decodes, one frame ahead.

    Parameters
    ----------
    grey : frames are uint8 (H, W) with a ``stamp``, and the head has the ``stamps`` of all
        packets; else they are uint8 (H, W, 3), upright, with a ``time`` in s or None
    camera : the path is a camera's, which may take its time

    Attributes
    ----------
    head : ``rate`` in frames/s and ``count`` of frames as the file says, or 0
    broke : why there are no more frames; "" if the video has ended

    Raises
    ------
    UserError
        If it is not a readable video.
    CannotRead
        If the disk does not give it.
    """

    def __init__(self, path: Path, grey: bool = False, camera: bool = False) -> None:
        if importlib.util.find_spec("av") is None:
            raise ModuleNotFoundError("No module named 'av'", name="av")
        self.path, self.broke = path, ""
        self.patience = None if camera else PATIENCE
        self.process = _waiting.pop() if _waiting else _start()
        wanted = {"path": str(path), "grey": grey, "camera": camera}
        with contextlib.suppress(BrokenPipeError), self.process.stdin as asked:
            asked.write(json.dumps(wanted).encode())
        self.poll = select.poll() if hasattr(select, "poll") else None
        if self.poll is not None:
            self.poll.register(self.process.stdout, select.POLLIN)
        try:
            self.head = self._text()
            if "refused" in self.head:
                kind = CannotRead if self.head["of_the_disk"] else UserError
                raise kind(self.head["refused"])
        except EOFError as error:
            self.close()
            raise UserError(f"{path}: not a readable video ({error})") from None
        except BaseException:
            self.close()
            raise

    def frames(self) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        """What is known of each frame, and its pixels, as far as the file is sound."""
        try:
            while "end" not in (text := self._text()):
                pixels = np.empty(text["shape"], np.uint8)
                self._fill(memoryview(pixels).cast("B"))
                yield text, pixels
            self.broke = text["end"]
        except EOFError as error:
            self.broke = str(error)

    def _text(self) -> dict[str, Any]:
        packed = bytearray(video_decoder.LENGTH.size)
        self._fill(memoryview(packed))
        (length,) = video_decoder.LENGTH.unpack(packed)
        text = bytearray(min(length, BYTES))
        self._fill(memoryview(text))
        try:
            return json.loads(text)
        except ValueError:
            raise EOFError("the decoder of videos gave no message") from None

    def _fill(self, buffer: memoryview) -> None:
        """Read as many bytes as the buffer has.

        Raises
        ------
        EOFError
            With the reason, if the process has ended, or says nothing.
        """
        filled = 0
        while filled < len(buffer):
            self._wait()
            read = self.process.stdout.readinto(buffer[filled:])
            if not read:
                raise EOFError(self._what_ended())
            filled += read

    def _wait(self) -> None:
        """Until there is something to read.

        Seconds are counted, not measured: a computer that slept, or a group of processes that was
        stopped, has not lost its patience.
        """
        waited = 0
        while self.poll is not None and not self.poll.poll(1000):
            waited += 1
            if self.patience is not None and waited >= self.patience:
                raise EOFError(f"the decoder of videos gave nothing for {self.patience} s")

    def _what_ended(self) -> str:
        """The end of the process in words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        status = self.process.returncode
        if status == -getattr(signal, "SIGPROF", 0):
            return f"the decoder of videos took more than {video_decoder.SECONDS:g} s for one frame"
        if status == -getattr(signal, "SIGKILL", 0):
            return "the decoder of videos was ended from outside (out of memory?)"
        how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return f"the decoder of videos crashed, {how}"

    def close(self) -> None:
        """End the process."""
        _end(self.process)

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""The program that decodes one video, in a process of its own; ``video_files`` starts it.

A library in C that trips over a damaged video ends its process, loops for ever or takes all
memory: here that process is this one. It ends with its parent, and holds itself to a limit of
memory and of the processor's time for each frame.

To its standard output it writes messages: the length of a text in 4 bytes, the text, which is JSON,
and the pixels where the text tells of a frame. First comes the head, then the frames, then the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from minipose.datasets.guard import (
    OF_THE_DISK,
    CannotRead,
    expect_pixels,
    expect_readable,
    in_a_line,
    reading,
)
from minipose.errors import UserError
from minipose.lifetime import end_with_parent, leave_signals_to_parent

SECONDS = 10.0  # of the processor for a frame, which takes milliseconds
MEMORY = 8 * 2**30  # bytes of addresses; 8K, 10 bits, 16 threads need 5
LENGTH = struct.Struct("<I")  # of a text

Message = tuple[dict[str, Any], np.ndarray | None]


def colour(path: str, camera: bool) -> Iterator[Message]:
    """A video or a camera for people to look at: frames are uint8 (H, W, 3), upright."""
    with _opened(path, camera) as container:
        stream = _video_in(container, path)
        stream.thread_type = "AUTO"
        yield _head(stream), None
        for frame in container.decode(video=0):
            expect_pixels(path, frame.width, frame.height)  # of a size that changed on the way
            turns = round(getattr(frame, "rotation", 0) / 90)
            pixels = np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))
            yield {"time": None if frame.time is None else float(frame.time)}, pixels


def grey(path: str) -> Iterator[Message]:
    """A video to be measured: frames are uint8 (H, W), with time stamps.

    The head has those of all packets, for which nothing is decoded.
    """
    with _opened(path, camera=False) as container:
        stream = _video_in(container, path)
        yield {**_head(stream), "stamps": _stamps(container, stream)}, None
    with _opened(path, camera=False) as container:
        for frame in container.decode(video=0):
            expect_pixels(path, frame.width, frame.height)
            yield {"stamp": frame.pts}, np.ascontiguousarray(frame.to_ndarray(format="gray"))


@contextlib.contextmanager
def _opened(path: str, camera: bool) -> Iterator[Any]:
    """FFmpeg's container. Of FFmpeg's errors only their words are kept."""
    import av

    # FFmpeg's own log, which nobody reads: PyAV's waits for the interpreter from FFmpeg's threads,
    # while the interpreter waits for these.
    av.logging.restore_default_callback()
    try:
        with av.open(path, format="v4l2" if camera else None) as container:
            yield container
    except av.error.FFmpegError as error:
        if isinstance(error, FileNotFoundError | IsADirectoryError):
            raise
        if not camera and getattr(error, "errno", None) in OF_THE_DISK:
            expect_readable(path)  # FFmpeg says so of damage, too
        raise ValueError(error.strerror or str(error)) from None


def _video_in(container: Any, path: str) -> Any:
    """The first video of a container."""
    if not container.streams.video:
        raise UserError(f"{path}: no video in this file")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise UserError(f"{path}: a video in a form that FFmpeg does not know")
    expect_pixels(path, stream.codec_context.width, stream.codec_context.height)
    return stream


def _head(stream: Any) -> dict[str, Any]:
    return {"rate": float(stream.average_rate or 0), "count": int(stream.frames)}


def _stamps(container: Any, stream: Any) -> list[int]:
    """As far as the file is sound."""
    import av

    found: set[int] = set()
    with contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(stream):
            _wind()
            if packet.pts is not None:
                found.add(packet.pts)
    return sorted(found)


def _wind() -> None:
    """From now on, ``SECONDS`` of the processor; then the kernel ends the process."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, highest = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY if highest == resource.RLIM_INFINITY else min(MEMORY, highest)
        resource.setrlimit(resource.RLIMIT_AS, (limit, highest))


def send(out: BinaryIO, text: dict[str, Any], pixels: np.ndarray | None = None) -> None:
    """Write one message."""
    if pixels is not None:
        text = {**text, "shape": pixels.shape}
    encoded = json.dumps(text).encode()
    out.write(LENGTH.pack(len(encoded)) + encoded)
    if pixels is not None:
        out.write(memoryview(pixels).cast("B"))
    out.flush()


def _tell(out: BinaryIO, path: str, messages: Iterator[Message]) -> None:
    """Send all messages, and how they end: a line that names the file if there is no head."""
    try:
        with reading(path, "not a readable video"):
            send(out, *next(messages))
    except UserError as error:
        return send(out, {"refused": str(error), "of_the_disk": isinstance(error, CannotRead)})
    reason = ""
    try:
        _wind()
        for message in messages:
            send(out, *message)
            _wind()
    except BrokenPipeError:  # nobody wants more
        return None
    except Exception as error:  # FFmpeg's words, or those of PyAV or NumPy
        reason = getattr(error, "strerror", None) or in_a_line(error)
    return send(out, {"end": reason})


def main(argv: list[str]) -> int:
    """Decode for the parent of this number. Standard input has ``path``, ``grey``, ``camera``."""
    leave_signals_to_parent()
    end_with_parent(int(argv[0]))
    with contextlib.suppress(ImportError):  # is said where it is needed
        import av  # noqa: F401, while nothing is wanted yet
    _limit_memory()
    wanted = json.loads(sys.stdin.buffer.read() or "null")
    if wanted is None:  # the parent has ended
        return 0
    _wind()
    path = wanted["path"]
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    _tell(out, path, grey(path) if wanted["grey"] else colour(path, wanted["camera"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A decoder of videos that crashes, hangs or ends at a message of one's choice."""

from __future__ import annotations

import sys
from pathlib import Path

CRASH = "os.kill(os.getpid(), signal.SIGSEGV)"
STAND_IN = """
import os, signal, sys, time
import numpy as np
from minipose.datasets import video_decoder
from minipose.datasets.guard import CannotRead

def breaking(real):
    def messages(*arguments):
        for n, message in enumerate(real(*arguments)):
            if n == {at}:
                {what}
            yield message
    return messages

video_decoder.colour = breaking(video_decoder.colour)
video_decoder.grey = breaking(video_decoder.grey)
video_decoder.SECONDS = 0.6
sys.exit(video_decoder.main(sys.argv[1:]))
"""


def stand_in(folder: Path, what: str, at: int) -> list[str]:
    """A decoder that does something else instead of giving its message ``at``; 0 is the head."""
    place = folder / "stand_in.py"
    place.write_text(STAND_IN.format(what=what, at=at))
    return [sys.executable, str(place)]

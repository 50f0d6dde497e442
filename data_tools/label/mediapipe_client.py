"""The other end of ``mediapipe_server.py``: start it, ask it, end it when it hangs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from minipose.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / ".venv-label"  # what `make label` sets up
START, ANSWER = 120.0, 60.0  # seconds; a picture takes 0.1, a first start on a slow disk 30
MISSING = (
    "mediapipe is not installed: make label-setup, or python3.12 -m venv .venv-label && "
    ".venv-label/bin/python -m pip install mediapipe==0.10.14 (Python 3.11 or 3.12)"
)


def python_with_mediapipe() -> str:
    """The interpreter to run the server with: this one, or that of ``.venv-label``.

    Raises
    ------
    UserError
        If neither has MediaPipe.
    """
    if find_spec("mediapipe") is not None:
        return sys.executable
    for own in (OWN / "bin/python", OWN / "Scripts/python.exe"):
        if own.exists():
            return str(own)
    raise UserError(MISSING)


class Server:
    """MediaPipe's Pose in another process.

    Raises
    ------
    UserError
        If it is not installed, does not start, hangs, or breaks off.
    """

    def __init__(self, python: str | None = None) -> None:
        python = python or python_with_mediapipe()
        script = Path(__file__).with_name("mediapipe_server.py")
        quiet = {"GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "2"}
        self.said: list[bytes] = []
        self.process = subprocess.Popen(
            [python, "-P", "-W", "ignore", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **quiet},
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        try:
            self._within(START, self._head)
        except BaseException:
            self.close()
            raise

    def find(self, image: np.ndarray, at_least: float) -> tuple[np.ndarray, np.ndarray] | None:
        """The person's landmarks float64 (33, 3) and soft mask uint8 (H, W); None if nobody.

        Parameters
        ----------
        image : uint8 (H, W, 3)
        at_least : confidence of the detector
        """
        return self._within(ANSWER, self._ask, image, at_least)

    def _ask(self, image: np.ndarray, at_least: float) -> tuple[np.ndarray, np.ndarray] | None:
        request = {"shape": list(image.shape), "at_least": at_least}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.write(np.ascontiguousarray(image).tobytes())
        self.process.stdin.flush()
        head = self._head()
        if head.get("landmarks") is None:
            return None
        if head.get("mask") != list(image.shape[:2]):
            raise ValueError(f"a mask of {head.get('mask')} for a picture of {image.shape}")
        pixels = self.process.stdout.read(image.shape[0] * image.shape[1])
        mask = np.frombuffer(pixels, np.uint8).reshape(image.shape[:2])
        return np.array(head["landmarks"], dtype=np.float64), mask

    def _head(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise EOFError
        return json.loads(line)

    def _within(self, seconds: float, call: Callable, *arguments: Any) -> Any:
        """What the call returns; the server is killed when that takes too long."""
        late = threading.Event()
        timer = threading.Timer(seconds, lambda: (late.set(), self.process.kill()))
        timer.start()
        try:
            return call(*arguments)
        except (EOFError, OSError, ValueError) as error:
            self.close()
            if late.is_set():
                raise UserError(f"mediapipe: no answer within {seconds:g} s") from None
            raise UserError(f"mediapipe: broke off: {self._last_words(error)}") from None
        finally:
            timer.cancel()

    def _listen(self) -> None:
        """Keep the last lines of what the server says, so that it never waits to be heard."""
        for line in self.process.stderr:
            self.said = [*self.said[-19:], line]

    def _last_words(self, error: Exception) -> str:
        self.listener.join(1)
        lines = [line.decode(errors="replace").strip() for line in self.said]
        return next((line for line in reversed(lines) if line), str(error) or "no reason given")

    def close(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                stream.close()

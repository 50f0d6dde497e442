"""The page on this machine's own address, where photographs can be dropped on it.

Nobody else may ask: the socket listens on 127.0.0.1 alone, and what a strange website makes the
reader's browser send is refused by its Host and Origin headers. Nothing is written to the disk.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, parse_qs, urlsplit

from minipose.errors import UserError
from minipose.page.document import as_json
from minipose.page.runs import RunFolder
from minipose.page.upload import Answer, Upload, predictor
from minipose.training.interrupts import obeyed

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")
BYTES = 20 * 2**20  # of a photograph
SECONDS = 30  # for a browser to send what it announced
NAME = 100  # characters of a file's name that are repeated in messages
Look = Callable[[Upload], Answer]


def serve(
    runs: Sequence[RunFolder], page: Callable[[str], str], port: int, device: str = "cpu"
) -> None:
    """Answer a browser until Ctrl-C.

    Parameters
    ----------
    page : HTML of the part that takes a photograph -> the whole page

    Raises
    ------
    UserError
        If the port is taken.
    """
    looks, names = [], []
    for run in [*runs, None]:
        try:
            looks.append(predictor(run, device))
            names.append("minipose itself" if run is None else run.name)
        except UserError as error:
            print(f"{error}: not asked", file=sys.stderr)
    with server(port, looks) as listening:
        listening.RequestHandlerClass.page = page(drop(names)).encode()
        print(f"http://{ADDRESS}:{listening.server_port}/ (Ctrl-C ends it)", flush=True)
        try:
            listening.serve_forever()
        except KeyboardInterrupt:  # which is how it is meant to end
            obeyed()
            print("stopped")


def server(port: int, looks: Sequence[Look], page: bytes = b"") -> ThreadingHTTPServer:
    """A server that is ready to answer; port 0 takes any that is free.

    Raises
    ------
    UserError
        If the port cannot be used.
    """
    if not 0 <= port <= 65535:
        raise UserError(f"--port: expected a whole number from 0 to 65535, got {port}")
    # One prediction at a time: a second one would only slow the first one down.
    members = {"looks": looks, "page": page, "lock": threading.Lock()}
    handler = type("Handler", (_Handler,), members)
    try:
        return ThreadingHTTPServer((ADDRESS, port), handler)
    except PermissionError:
        raise UserError(f"--port: {port} needs rights that you do not have") from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise UserError(
            f"--port: {port} is taken by another program; --port 0 takes a free one"
        ) from None


def drop(names: Sequence[str]) -> str:
    """The part of the page that takes a photograph, for the networks of these runs."""
    options = "".join(
        f'<option value="{n}">{escape(name)}</option>' for n, name in enumerate(names)
    )
    choice = f"<label>Network of <select>{options}</select></label>" if len(names) > 1 else ""
    return (
        '<div class="drop"><p>Drop a photograph of one person here, or</p>'
        '<button type="button">choose a file</button>'
        '<input type="file" accept="image/*,.heic,.heif" hidden>'
        f'<p class="soft">{choice} It goes to minipose on this machine and nowhere else; at most '
        f'{BYTES >> 20} MiB.</p></div><p class="said" role="status"></p>'
        f'<script type="application/json">{as_json({"bytes": BYTES})}</script>'
        '<div class="panes"></div>'
    )


def refused(headers: Mapping[str, str], port: int, posted: bool) -> str | None:
    """Why a request is not answered, or None.

    A site of a stranger that has its name lead to 127.0.0.1 still has its own name in Host; one
    that sends a form or a fetch to us has its own address in Origin.
    """
    hosts = {f"{name}:{port}" for name in NAMES} | ({*NAMES} if port == 80 else set())
    if headers.get("Host") not in hosts:
        return f"expected the host {ADDRESS}:{port}, got {headers.get('Host')!r}"
    origin = headers.get("Origin")
    if origin is None and not posted:
        return None
    if origin not in {f"http://{host}" for host in hosts}:
        return f"expected a request from this page, got one from {origin!r}"
    return None


def whole(text: str) -> int | None:
    """A whole number of digits alone, not below 0; of a longer one its first 15 digits, or None."""
    return int(text.lstrip("0")[:15] or 0) if text.isascii() and text.isdigit() else None


class _Handler(BaseHTTPRequestHandler):
    """GET / is the page, POST /predict a photograph."""

    looks: Sequence[Look]
    page: bytes
    lock: threading.Lock
    timeout = SECONDS
    server_version = "minipose"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Answer until the browser has gone, which it may do at any time."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """The page."""
        if self._stranger(posted=False):
            return
        if self._address().path != "/":
            self._say(HTTPStatus.NOT_FOUND, {"error": "there is only the page at /"})
            return
        self._send(HTTPStatus.OK, self.page, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """What is in a photograph, as JSON."""
        self.close_connection = True  # what is refused is not read, so nothing may follow it
        if self._stranger(posted=True):
            return
        address = self._address()
        if address.path != "/predict":
            self._say(HTTPStatus.NOT_FOUND, {"error": "photographs go to /predict"})
            return
        length = whole(self.headers.get("Content-Length", ""))
        if length is None:
            self._say(HTTPStatus.LENGTH_REQUIRED, {"error": "expected a Content-Length"})
            return
        if not 0 < length <= BYTES:
            words = f"{length} bytes, expected 1 to {BYTES >> 20} MiB"
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": words})
            return
        self._say(*self._predict(length, parse_qs(address.query)))

    def _predict(self, length: int, query: dict[str, list[str]]) -> tuple[HTTPStatus, Answer]:
        run = query.get("run", ["0"])[0]
        number = whole(run)
        if number is None or number >= len(self.looks):
            words = f"run: expected 0 to {len(self.looks) - 1}, got {run[:NAME]!r}"
            return HTTPStatus.BAD_REQUEST, {"error": words}
        content = self.rfile.read(length)
        if len(content) < length:
            return HTTPStatus.BAD_REQUEST, {"error": "the file did not arrive whole"}
        name = query.get("name", [""])[0][-NAME:] or "the photograph"
        try:
            with self.lock:
                start = time.perf_counter()
                answer = self.looks[number](Upload(content, name))
        except ValueError as error:  # a UserError is one as well
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(error)}
        except MemoryError:
            words = f"{name}: too large for the memory of this machine"
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": words}
        return HTTPStatus.OK, answer | {"seconds": time.perf_counter() - start}

    def _address(self) -> SplitResult:
        """What is asked for; of what is no address, nothing."""
        try:
            return urlsplit(self.path)
        except ValueError:
            return urlsplit("")

    def _stranger(self, posted: bool) -> bool:
        why = refused(self.headers, self.server.server_address[1], posted)
        if why is not None:
            self.close_connection = True
            self._say(HTTPStatus.FORBIDDEN, {"error": why})
        return why is not None

    def _say(self, status: HTTPStatus, answer: Answer) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Frame-Options", "DENY")
        if self.close_connection:
            self.send_header("Connection", "close")
        with contextlib.suppress(ConnectionError):  # the browser has gone
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """A line for what went wrong only; the page itself says the rest."""
        if args and str(args[1:2]).startswith("('5"):
            super().log_message(format, *args)

"""The page's server: who may ask, what it refuses, and that it leaves nothing behind."""

import http.client
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minipose.cli import main
from minipose.page import serve
from minipose.page.runs import read_runs
from minipose.page.serve import BYTES, drop, server
from minipose.page.upload import Upload, predictor


def picture(size=(48, 64), kind="png") -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def listening(people_run, pose_run):
    looks = [predictor(run) for run in [*read_runs([people_run, pose_run]), None]]
    with server(0, looks, b"<p>page</p>") as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield one.server_port
        one.shutdown()
        thread.join()


def ask(port: int, method="GET", path="/", body=None, **headers) -> tuple[int, dict | str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    given = {"Origin": f"http://127.0.0.1:{port}"} if method == "POST" else {}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {k: v for k, v in given.items() if v is not None})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, json.loads(text) if text.startswith("{") else text


def test_the_page_and_a_photograph(listening):
    assert ask(listening) == (200, "<p>page</p>")
    status, answer = ask(listening, "POST", "/predict?run=0&name=me.png", picture())
    assert status == 200 and answer["sample"]["name"] == "me.png"
    assert answer["sample"]["size"] == [64, 48] and len(answer["skeleton"]["names"]) == 25
    assert answer["found"]["mask"].startswith("data:image/png") and answer["seconds"] > 0
    for run in (1, 2):  # a network of report 1, and those that come with minipose
        status, answer = ask(listening, "POST", f"/predict?run={run}", picture(kind="jpeg"))
        found = answer["found"]
        assert status == 200 and "3D pose: " in found["note"]
        assert len(found["pose"]) == len(found["laid"]) == len(found["poseSkeleton"]["names"]) == 17
        assert answer["sample"]["name"] == "the photograph"


@pytest.mark.parametrize(
    "method, headers, words",
    [
        ("GET", {"Host": "evil.example"}, "expected the host"),
        ("GET", {"Host": "127.0.0.1:1"}, "expected the host"),
        ("GET", {"Origin": "http://evil.example"}, "from this page"),
        ("POST", {"Host": "evil.example"}, "expected the host"),
        ("POST", {"Origin": "http://evil.example"}, "from this page"),
        ("POST", {"Origin": "null"}, "from this page"),
        ("POST", {"Origin": None}, "from this page"),
    ],
)
def test_strangers_are_refused(listening, method, headers, words):
    status, answer = ask(listening, method, "/predict", picture(), **headers)
    assert status == 403 and words in answer["error"]


@pytest.mark.parametrize(
    "path, body, headers, status, words",
    [
        ("/predict", b"no picture", {}, 422, "the photograph: not a readable picture"),
        ("/predict?name=a.png", picture()[:60], {}, 422, "a.png: not a readable picture"),
        ("/predict?run=3", picture(), {}, 400, "run: expected 0 to 2, got '3'"),
        ("/predict?run=-1", picture(), {}, 400, "run: expected 0 to 2"),
        ("/predict", b"", {}, 413, "0 bytes, expected 1 to 20 MiB"),
        ("/predict", None, {"Content_Length": str(BYTES + 1)}, 413, "expected 1 to 20 MiB"),
        ("/predict", None, {"Content_Length": "9" * 30}, 413, "expected 1 to 20 MiB"),
        ("/predict", None, {"Content_Length": "000000000001" + "9" * 12}, 413, "1 to 20 MiB"),
        ("/predict?run=" + "9" * 5000, picture(), {}, 400, "run: expected 0 to 2"),
        ("/predict", None, {"Content_Length": "-1"}, 411, "expected a Content-Length"),
        ("/elsewhere", picture(), {}, 404, "go to /predict"),
    ],
)
def test_what_is_no_photograph_is_refused(listening, path, body, headers, status, words):
    assert ask(listening, "POST", path, body, **headers)[0] == status
    assert words in ask(listening, "POST", path, body, **headers)[1]["error"]


def test_a_picture_with_too_many_pixels_is_not_decoded(listening):
    bomb = bytearray(picture())
    bomb[16:24] = (9_500).to_bytes(4, "big") * 2  # what the file's head declares
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    status, answer = ask(listening, "POST", "/predict", bytes(bomb))
    assert status == 422 and "9500 × 9500 px, expected at most 89" in answer["error"]


def test_there_are_no_other_pages(listening):
    assert ask(listening, path="/../../etc/passwd")[0] == 404
    assert ask(listening, "POST", "/", b"x")[0] == 404
    assert ask(listening, "PUT", "/", b"x")[0] == 501
    with socket.create_connection(("127.0.0.1", listening), 30) as plain:  # clients refuse that
        plain.sendall(f"GET http://[x HTTP/1.1\r\nHost: 127.0.0.1:{listening}\r\n\r\n".encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 404 ")


def test_the_served_page_says_once_what_it_lacks(people_run, tmp_path, monkeypatch):
    pages = []
    monkeypatch.setattr(serve, "serve", lambda runs, page, *_: pages.append(page("<p>drop</p>")))
    arguments = ["--data", str(tmp_path / "gone.h5"), "--out", str(tmp_path / "a.html"), "--serve"]
    assert main(["show", str(people_run), *arguments]) == 0
    for made in (*pages, (tmp_path / "a.html").read_text()):
        assert made.count("No viewer of predictions") == 1
    assert "<p>drop</p>" in pages[0] and len(pages) == 1


def test_a_browser_that_goes_in_mid_upload_is_no_error(monkeypatch):
    wrong, done = [], threading.Event()
    with server(0, [None]) as one:
        monkeypatch.setattr(one, "handle_error", lambda *_: wrong.append(sys.exception()))
        monkeypatch.setattr(one, "shutdown_request", lambda request: done.set() or request.close())
        threading.Thread(target=one.handle_request).start()
        place = f"127.0.0.1:{one.server_port}"
        lines = ["POST /predict HTTP/1.1", f"Host: {place}", f"Origin: http://{place}"]
        gone = socket.create_connection(("127.0.0.1", one.server_port), 30)
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        gone.sendall("\r\n".join([*lines, "Content-Length: 99", "", "abc"]).encode())
        time.sleep(0.2)
        gone.close()
        assert done.wait(30) and not wrong


def test_it_listens_on_this_machine_alone(listening):
    with socket.socket() as other:
        other.settimeout(1)
        assert other.connect_ex(("127.0.0.2", listening)) != 0


def test_a_taken_port_is_one_line(people_run, listening, capsys):
    assert main(["show", str(people_run), "--serve", "--port", str(listening)]) == 1
    assert capsys.readouterr().err == (
        f"error: --port: {listening} is taken by another program; --port 0 takes a free one\n"
    )
    assert main(["show", str(people_run), "--serve", "--port", "70000"]) == 1
    assert "--port: expected a whole number from 0 to 65535" in capsys.readouterr().err


def test_ctrl_c_ends_it_and_nothing_is_written(people_run, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-u", "-m", "minipose", "show", str(people_run), "--serve"]
    command += ["--port", "0", "--limit", "1"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True
    ) as running:
        lines = iter(running.stdout.readline, "")
        port = int(next(filter(None, (re.search(r"127\.0\.0\.1:(\d+)/", x) for x in lines)))[1])
        status, page = ask(port)
        assert status == 200 and "Drop a photograph" in page and "connect-src 'self'" in page
        assert ask(port, "POST", "/predict", picture())[0] == 200
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=30)
    assert (running.returncode, error) == (0, "") and out.endswith("stopped\n")
    assert list(tmp_path.iterdir()) == []


def test_the_drop_area_escapes_the_names_of_runs():
    made = drop(["<b>", "a&b"])
    assert "&lt;b&gt;" in made and "a&amp;b" in made and "<b>" not in made


def test_an_upload_is_called_by_its_name():
    assert f"{Upload(b'', 'me.png')} {Upload(b'', 'me.png')!r}" == "me.png me.png"

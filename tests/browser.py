"""A page in a real browser, without a package for it: any Chromium that is installed.

``in_browser(page, script)`` opens a copy of the page, lets the script click and look, and returns
what it says. Nothing is fetched: a page that asks the network for something fails the test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SECONDS = 60

BEFORE = """
<script>
window.wrong = [];
addEventListener("error", (event) => wrong.push(String(event.message || event.target.src)), true);
addEventListener("securitypolicyviolation", (event) => wrong.push("asked for " + event.blockedURI));
</script>
"""
AFTER = """
<script>
addEventListener("load", async () => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const $ = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  let said;
  try {
    said = await (async () => { %s })();
  } catch (error) {
    wrong.push(String(error));
  }
  const made = document.createElement("pre");
  made.id = "said-by-the-test";
  made.textContent = JSON.stringify({ said: said ?? null, wrong });
  document.body.append(made);
});
</script>
"""


def browser() -> str:
    """The browser's path; a test that asks for one is skipped where there is none."""
    found = os.environ.get("MINIPOSE_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} (MINIPOSE_BROWSER names another)")
    return found


def in_browser(page: str, script: str, folder: Path, budget_ms: int = 8000) -> Any:
    """What a script returns that runs in the page, after the page's own.

    Parameters
    ----------
    page : HTML
    script : the body of an async function; ``$``, ``all`` and ``pause(ms)`` are at hand
    folder : for the copy of the page and the browser's profile
    """
    program = browser()
    copy = folder / "page_under_test.html"
    head, end = page.replace("<head>", "<head>" + BEFORE, 1), "</body>"
    assert BEFORE in head and end in head
    at = head.rindex(end)
    copy.write_text(head[:at] + AFTER % script + head[at:], encoding="utf-8")
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={folder / 'profile'}", f"--virtual-time-budget={budget_ms}"]
    command += ["--window-size=1100,900", "--dump-dom", copy.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    found = re.search(r'<pre id="said-by-the-test">(.*?)</pre>', done.stdout, re.S)
    assert found, f"the page said nothing: {done.stderr[-500:]}"
    answer = json.loads(unescape(found[1]))
    assert answer["wrong"] == []
    return answer["said"]


def widths(page: str, at: list[int], folder: Path) -> dict[int, int]:
    """How wide the content of a page is, in windows of each width: more than that scrolls."""
    frames = "".join(
        f'<iframe width="{width}" height="800" srcdoc="{escape(page, quote=True)}"></iframe>'
        for width in at
    )
    script = (
        "await pause(500); return all('iframe').map((f) => "
        "[f.clientWidth, f.contentDocument.documentElement.scrollWidth]);"
    )
    style = "<style>iframe { border: 0; display: block; }</style>"
    holder = f"<!DOCTYPE html><html><head>{style}</head><body>{frames}</body></html>"
    return dict(in_browser(holder, script, folder))

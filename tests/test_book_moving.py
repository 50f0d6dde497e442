"""What moves in the book answers as minipose does, is small, and fits into a phone."""

import json
import re
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest

from lessons.book import interactives
from minipose import Tensor, ops
from minipose.targets.windows import window_labels
from tests.browser import in_browser
from tests.test_book import LESSONS
from tests.test_docs import ROOT

MOVING = ROOT / "lessons/book/static/moving"


def moving(name: str) -> str:
    return (MOVING / f"{name}.html").read_text(encoding="utf-8")


LEGS = np.random.default_rng(0).uniform(0, 127, (12, 3, 2)).round(3)
ASKED = {
    "momentum": "[[0.018, 0], [0.005, 0.9]].map(([rate, m]) => walk(rate, m)[9])",
    "kernel": """(() => {
      const key = (k) => $("#picture").dispatchEvent(new KeyboardEvent("keydown", { key: k }));
      key("ArrowRight"); key("ArrowDown");
      const answers = [];
      for (let p = 0; p < OUT; p++) for (let q = 0; q < OUT; q++) answers.push(sum(p, q));
      return { x, weights, answers, said: $(".said").textContent };
    })()""",
    "windows": f"""{json.dumps(LEGS.tolist())}.map((leg) => {{
      joints = leg;
      const all = Array.from({{ length: GRID * GRID }}, (_, n) => n);
      return [0, 1, 2].map((j) => all.map((n) => (why(j, Math.floor(n / GRID), n % GRID) ? 1 : 0)));
    }})""",
    "harmonic": "[0, -1, -2].map((nu) => [answer(0, nu), answer((50 * Math.PI) / 180, nu)])",
    "dice": """(() => {
      const q = honest(2);
      $("#threshold").value = 0.34;
      $("#threshold").dispatchEvent(new Event("input"));
      return { q, dice: [0.2, 0.5].map((c) => expected(q, c)), said: $(".said").textContent };
    })()""",
}


@pytest.fixture(scope="module")
def moved(tmp_path_factory) -> dict:
    """What each of them answers, and how wide it is in a phone: asked in one browser."""
    names = sorted(path.stem for path in MOVING.glob("*.html"))
    frames = "".join(
        f'<iframe width="330" height="700" srcdoc="{escape(moving(name), quote=True)}"></iframe>'
        for name in names
    )
    script = f"""
    const asked = {json.dumps([ASKED[name] for name in names])};
    await pause(500);
    return all("iframe").map((frame, n) => [
      frame.contentDocument.documentElement.scrollWidth, frame.contentWindow.eval(asked[n])
    ]);"""
    page = f"<!DOCTYPE html><html><head></head><body>{frames}</body></html>"
    found = in_browser(page, script, tmp_path_factory.mktemp("moving"))
    return {"widths": [width for width, _ in found]} | dict(zip(names, [a for _, a in found]))


def test_momentum_walks_as_the_lesson_does(moved):
    for (rate, momentum), place in zip(((0.018, 0), (0.005, 0.9)), moved["momentum"]):
        w, v = np.array([-3.0, 1.4]), np.zeros(2)
        for _ in range(9):
            v = momentum * v - rate * np.array([1.0, 100.0]) * (w - [4, 1])
            w = w + v
        np.testing.assert_allclose(place, w, rtol=1e-9)


def test_the_kernel_gives_a_convolution(moved):
    found = moved["kernel"]
    x, weight = np.array(found["x"], float), np.array(found["weights"], float).reshape(3, 3)
    y = ops.conv2d(Tensor(x[None, None]), Tensor(weight[None, None])).data[0, 0]
    np.testing.assert_allclose(np.reshape(found["answers"], y.shape), y, atol=1e-9)
    assert found["said"].startswith("y at row 4, column 4: ")
    assert found["said"].endswith(f"= {y[4, 4]:.0f}".replace("-", "−"))


def test_the_windows_are_those_of_the_detector(moved):
    keypoints = np.full((len(LEGS), 17, 2), -500.0)
    keypoints[:, 1:4] = LEGS  # right hip, knee, ankle; the pelvis is far away
    # An edge from far away to the hip is inside the crop with less than 30 % of its length.
    labels = window_labels(keypoints).reshape(-1, 17, 100)[:, 1:4]
    np.testing.assert_array_equal(np.array(moved["windows"]), labels)


def test_the_harmonic_answer_turns_by_the_angle(moved):
    for nu, pair in zip((0, -1, -2), moved["harmonic"]):
        before, after = (complex(*each) for each in pair)
        assert after == pytest.approx(before * np.exp(-1j * nu * np.radians(50)), rel=1e-4)


def test_the_threshold_gives_the_expected_dice(moved):
    q = np.array(moved["dice"]["q"])
    for threshold, dice in zip((0.2, 0.5), moved["dice"]["dice"]):
        assert dice == pytest.approx(2 * q[q > threshold].sum() / ((q > threshold).sum() + q.sum()))
    assert f"has {(q > 0.34).sum()} pixels" in moved["dice"]["said"]


def test_what_moves_fits_into_a_phone(moved):
    assert moved["widths"] == [330] * len(ASKED)


def test_what_moves_is_small_and_asks_nobody():
    for name in ASKED:
        page = moving(name)
        assert not re.search(r"(src|href)=|https?://|url\(|@import", page)
        assert re.findall(r'<canvas [^>]*role="img" [^>]*aria-label="', page)
        assert len(page.splitlines()) <= 300


def test_everything_that_moves_stands_before_the_exercise_of_its_lesson():
    assert {moving.name for moving in interactives.ALL} == set(ASKED)
    for moving in interactives.ALL:
        text = LESSONS[moving.lesson].path.read_text("utf-8").replace("\n# ", "\n")
        cell = SimpleNamespace(source=text)
        interactives.insert([cell], moving.lesson)
        frame = cell.source.index(f'<iframe class="moving" src="_static/moving/{moving.name}.html"')
        assert frame < cell.source.index("## Change this, predict, run")

"""The page in a real browser: what its scripts show, by pointer and by keys, wide and narrow."""

import pytest

from minipose.page.document import page
from minipose.page.examples import viewers
from minipose.page.runs import read_runs
from tests.browser import in_browser, widths

LOOK = """
const answer = {};
const key = (where, key) => where.dispatchEvent(new KeyboardEvent("keydown", { key }));
const chart = $(".chart");
key(chart.querySelector("svg"), "ArrowRight");
answer.first = chart.querySelector(".reading").textContent;
const box = chart.querySelector("svg").getBoundingClientRect();
const at = { clientX: box.right, clientY: box.top + 5, bubbles: true };
chart.querySelector("svg").dispatchEvent(new PointerEvent("pointermove", at));
answer.last = chart.querySelector(".reading").textContent;
const [people, pose] = all(".viewer");
const layers = () => [...people.querySelectorAll(".stage img")].map((i) => i.dataset.layer);
answer.layers = layers();
people.querySelector("[data-switch=mask]").click();
people.querySelector("[data-switch=truemask]").click();
answer.switched = layers();
answer.alts = [...people.querySelectorAll(".stage img")].every((i) => i.alt);
answer.truth = people.querySelectorAll(".joint-true").length;
people.querySelector("[data-switch=truejoints]").click();
answer.truthOff = people.querySelectorAll(".joint-true").length;
const which = () => people.querySelector(".which").textContent;
answer.which = [which()];
people.querySelector("button[aria-label='next picture']").click();
answer.which.push(which());
people.querySelector("button[aria-label='next picture']").click();
answer.which.push(which());
await pause(300);
const canvas = pose.querySelector("canvas");
const inked = () => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((sum, v, n) => (n % 4 === 3 && v ? sum + n : sum), 0);
};
answer.inked = inked();
key(canvas, "ArrowLeft");
answer.turned = inked();
canvas.dispatchEvent(new PointerEvent("pointerdown", { clientX: 10, clientY: 10, bubbles: true }));
canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: 90, clientY: 10, bubbles: true }));
answer.dragged = inked();
answer.label = canvas.getAttribute("aria-label");
answer.shown = all(".pictures img").map((image) => image.naturalWidth);
return answer;
"""


@pytest.fixture(scope="module")
def made(people_run, pose_run) -> str:
    runs = read_runs([people_run, pose_run])
    return page(runs, viewers(runs))


def test_curves_layers_and_poses_answer(made, tmp_path):
    # Pointer capture needs a real pointer, which an event made by a script is not.
    seen = in_browser(made.replace("this.canvas.setPointerCapture", "void"), LOOK, tmp_path)
    assert seen["first"].startswith("epoch 1: ") and "3.25" in seen["first"]
    assert seen["last"].startswith("epoch 2: ") and "1.625" in seen["last"]
    assert seen["layers"] == ["picture", "mask"] and seen["switched"] == ["picture", "truemask"]
    assert seen["alts"] and seen["truth"] == 24 and seen["truthOff"] == 0
    assert [text[:6] for text in seen["which"]] == ["1 of 2", "2 of 2", "1 of 2"]
    assert len({seen["inked"], seen["turned"], seen["dragged"]}) == 3
    assert "Drag, or use the arrow keys" in seen["label"]
    assert seen["shown"] == [6, 6]


def test_nothing_scrolls_sideways(made, tmp_path):
    windows = [320, 360, 768, 1100, 1400]
    assert widths(made, windows, tmp_path) == {width: width for width in windows}

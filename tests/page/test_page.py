"""The page of run folders: everything is in it, and nothing that a folder holds is markup."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

from minipose.cli import main
from minipose.page.chart import Line, Panel, draw
from minipose.page.document import page
from minipose.page.markdown import table, to_html
from minipose.page.measures import in_a_sentence, measures_of
from minipose.page.runs import read_runs, store_of
from tests.page.conftest import write_run

VOID = {"meta", "link", "img", "input", "br", "path", "circle"}


class Parsed(HTMLParser):
    """Tags that are open, addresses, alternative texts, and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.addresses, self.pictures, self.scripts = [], [], [], []
        self.ids, self.anchors, self.text = [], [], ""
        self.feed(page)
        assert self.open == [], "not closed"

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in ("src", "href", "action", "srcset", "poster"):
            if name in given:
                self.addresses.append(given[name])
        if tag == "img":
            self.pictures.append(given)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.anchors.append(given["href"])
        if tag == "script":
            self.scripts.append(given.get("type", ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data


def made(folder, *arguments) -> str:
    """The page that ``show`` writes."""
    out = folder / "page.html"
    assert main(["show", *map(str, arguments), "--out", str(out)]) == 0
    return out.read_text(encoding="utf-8")


def viewers_of(page: str) -> list[dict]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', page, re.S)
    return [json.loads(text) for text in found]


def test_everything_is_in_the_page(people_run, tmp_path, capsys):
    page = made(tmp_path, people_run)
    assert str(tmp_path / "page.html") in capsys.readouterr().out
    parsed = Parsed(page)
    outside = [a for a in parsed.addresses if not a.startswith(("data:", "#"))]
    assert outside == [] and not re.search(r"url\(|@import", page)
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) == {"http://www.w3.org/2000/svg"}
    assert {a[1:] for a in parsed.anchors} <= set(parsed.ids)
    assert all(picture["alt"] for picture in parsed.pictures) and parsed.pictures
    assert "A curve & its <end>" in parsed.text
    result = json.loads((people_run / "report.json").read_text())
    for number in (
        result["splits"]["validation"]["dice"],
        result["baselines"]["dice_of_mean_mask"],
    ):
        assert f">{number:.4g}" in page
    assert "0.922" in parsed.text  # report 2's own dice of validation
    assert "width" in parsed.text and "Versions: minipose" in parsed.text
    assert "data-curves" in page and "training, while it learns" in parsed.text


def test_the_viewer_holds_truth_and_prediction(people_run, pose_run, tmp_path):
    people, pose = viewers_of(made(tmp_path, people_run, pose_run))
    errors = [one["error"] for one in people["runs"][0]["found"]]
    assert errors == sorted(errors) and len(errors) == len(people["samples"]) == 2
    sample, found = people["samples"][0], people["runs"][0]["found"][0]
    assert sample["picture"].startswith("data:image/jpeg") and len(sample["joints"]) == 25
    assert sample["joints"].count(None) == 1  # which the store does not know
    assert found["mask"].startswith("data:image/png") and "dice" in found["note"]
    names = {f"S11, Walking {n}, camera 54138969, frame {11 + n}" for n in (1, 2)}
    assert {sample["name"] for sample in pose["samples"]} == names
    assert len(pose["samples"][0]["pose"]) == len(pose["runs"][0]["found"][0]["pose"]) == 17
    assert pose["samples"][0]["pose"][0] == [0, 0, 0]
    mean = sum(one["error"] for one in pose["runs"][0]["found"]) / 2
    report = json.loads((pose_run / "report.json").read_text())
    assert mean == pytest.approx(report["splits"]["test"]["mpjpe_mm"], rel=1e-6)


def test_two_runs_stand_beside_each_other(people_run, people_store, tmp_path):
    second = write_run(tmp_path / "second", "people", people_store, dropout=0.25, lr=0.5)
    page = made(tmp_path, people_run, second)
    differs = page[page.index('id="settings"') : page.index('id="results"')]
    rows = re.findall(r'<th scope="row">([^<]*)</th>', differs)
    assert rows == ["dropout", "lr"]
    assert page.index('id="settings"') < page.index('id="results"') < page.index('id="curves"')
    (viewer,) = viewers_of(page)  # the same pictures for both
    assert [run["name"] for run in viewer["runs"]] == ["first", "second"]
    assert len(viewer["runs"][1]["found"]) == len(viewer["samples"])


def test_names_and_texts_of_a_folder_are_no_markup(people_run, tmp_path):
    evil = "<img src=x onerror=alert(1)>&\"'"
    run = tmp_path / "a<b>&c"
    shutil.copytree(people_run, run)
    (run / "report.md").write_text(f"# {evil}\n\n{evil}\n\n| {evil} | b |\n|---|---|\n| 1 | 2 |\n")
    (run / "config.toml").write_text(f"data = '''{evil}</script>'''\nmask_weight = 1.0\n")
    (run / f"{evil.replace('/', '')}.png").write_bytes((people_run / "curve.png").read_bytes())
    page = made(tmp_path, run)
    parsed = Parsed(page)
    assert not [p for p in parsed.pictures if "onerror" in p]
    assert evil in parsed.text and parsed.text.count("a<b>&c") >= 1
    assert "the store of the run is not here" in parsed.text


def test_what_is_missing_is_said_and_the_rest_is_shown(people_run, tmp_path, capsys):
    run = tmp_path / "young"
    run.mkdir()
    (run / "log.csv").write_text("epoch,train_loss,validation_loss\n1,2.5,nan\n")
    page = made(tmp_path, run)
    assert "has not ended yet" in page and "there is no best.npz" in page
    assert "data-curves" in page and "NaN" not in page
    (run / "log.csv").write_text("epoch,train_loss\n1,what\n")
    (run / "report.json").write_text("[1]")
    (run / "config.toml").write_text("a = ")
    page = made(tmp_path, run)
    for words in ("not a readable log", "expected an object", "not a readable TOML file"):
        assert words in page


def test_a_comparison_is_called_one(tmp_path):
    (tmp_path / "1-mask/seed-0").mkdir(parents=True)
    (tmp_path / "1-mask/seed-0/log.csv").write_text("epoch,train_loss\n1,2\n2,1\n")
    (tmp_path / "config.toml").write_text('compare = "models"\n')
    assert '<p class="lede">no finished report.</p>' in page(read_runs([tmp_path]), [])
    (tmp_path / "report.json").write_text('{"seed": 0, "models": {}}')
    assert '<p class="lede">a comparison.</p>' in page(read_runs([tmp_path]), [])


JUNK = ["1", "[]", '"x"', "null", "{}", '{"a": 1}', "[[]]", "1e999", "true", "-" + "9" * 400]
KEYS = ["splits", "baselines", "model", "network", "training_seconds", "versions"]


@pytest.mark.parametrize("junk", JUNK)
def test_a_report_of_any_content_makes_a_page(people_run, tmp_path, junk):
    report = json.loads((people_run / "report.json").read_text())
    texts = []
    for key in KEYS:
        texts.append(json.dumps(report | {key: "JUNK"}).replace('"JUNK"', junk))
    for part in ("validation", "dice"):
        texts.append(json.dumps(report).replace(f'"{part}":', f'"{part}": {junk}, "{part}_":', 1))
    for text in texts:
        (tmp_path / "report.json").write_text(text)
        (run,) = read_runs([tmp_path])
        Parsed(page([run], []))


@pytest.mark.parametrize(
    "rows", ["nan,1", "1e308,2\n-1e308,3", "1,1e308\n2,-1e308", "1,inf", "1,1e-320\n2,0", "0,0"]
)
def test_a_log_of_any_numbers_makes_a_page(tmp_path, rows):
    (tmp_path / "log.csv").write_text(f"epoch,train_loss\n{rows}\n")
    made = page(read_runs([tmp_path]), [])
    Parsed(made)
    assert not re.search(r'd="[^"]*(nan|inf)', made)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nowhere"], "nowhere: no such file"),
        ([""], "not the folder of a run"),
        (["RUN", "nowhere.h5"], "nowhere.h5: no such file or folder"),
        (["RUN", "--out", "page.txt"], "--out: expected a file .html"),
        (["RUN", "--limit", "0"], "limit: expected a whole number of 1 or more, got 0"),
        (["a.h5", "b.h5"], "expected one store"),
        (["a.h5", "--data", "b.h5"], "--data: is the store of runs, expected folders, got a.h5"),
        (["a.h5", "--serve"], "--serve: expected the folder of a run"),
        ([], "expected the folders of runs, a store (.h5), or --serve"),
    ],
)
def test_a_mistake_is_one_line(people_run, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    given = [{"RUN": str(people_run), "": str(tmp_path)}.get(a, a) for a in arguments]
    assert main(["show", *given]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error
    assert list(tmp_path.iterdir()) == []


def test_the_store_is_found_from_where_the_training_was_started(people_run, tmp_path, monkeypatch):
    run = tmp_path / "project/runs/one"
    shutil.copytree(people_run, run)
    (tmp_path / "project/data").mkdir()
    (tmp_path / "project/data/p.h5").write_bytes(b"")
    (run / "config.toml").write_text('data = "data/p.h5"\nout = "runs/one"\n')
    monkeypatch.chdir(tmp_path / "project/runs")
    (read,) = read_runs([run])
    assert store_of(read) == tmp_path / "project/data/p.h5"


def test_measures_tell_the_constant_baseline_and_who_is_beaten_by_it(people_run, pose_run):
    first, second = read_runs([people_run, pose_run])
    dice = measures_of(first)[0]
    assert (dice.key, dice.part, dice.report) == ("dice", "validation", 0.922)
    assert dice.beaten == (dice.constant >= dice.value)
    error = measures_of(second)[0]
    assert (error.key, error.part, error.report) == ("mpjpe_mm", "test", 80.42)
    assert error.beaten == (error.constant <= error.value)
    assert in_a_sentence(error).startswith(f"MPJPE {error.value:.4g} mm (test; constant")


def test_runs_of_one_name_are_told_apart(people_run, tmp_path):
    other = tmp_path / people_run.name
    shutil.copytree(people_run, other)
    names = {run.name for run in read_runs([people_run, other])}
    assert names == {str(people_run), str(other)}


def test_curves_leave_out_what_is_not_finite():
    panel = Panel("Loss", [Line("training", [(1, 2.0), (2, float("nan")), (3, 1.0), (4, 0.5)])])
    drawn = draw(panel)
    path = re.search(r'<path class="curve c0 solid" d="(M[^"]+)"/>', drawn)[1]
    assert path.count("M") == 2 and path.count("L") == 1
    assert "training from 2 to 0.5" in drawn
    assert draw(Panel("Loss", [Line("training", [(1, float("inf"))])])) == ""


def test_markdown_of_reports():
    text = (
        "# Title\n\n## Part\n\n| a | b |\n|---|---|\n| x | −1.5 |\n\n![c](d.png)\n\n*c*\n\n`k` *e*"
    )
    assert to_html(text) == (
        '<h4>Part</h4>\n<div class="wide" tabindex="0" role="region" aria-label="Table: a, b">'
        '<table><thead><tr><th scope="col">a</th><th scope="col" class="number">b</th></tr></thead>'
        '\n<tbody><tr><th scope="row">x</th><td class="number">−1.5</td></tr></tbody></table></div>'
        "\n<p><code>k</code> <em>e</em></p>"
    )


def test_numbers_stand_at_the_right_where_a_whole_column_is_such():
    made = table(["setting", "a", "b"], [["width", "12", "–"], ["optimizer", "muon", "0.5 %"]])
    assert re.findall(r'<th scope="col"([^>]*)>', made) == ["", "", ' class="number"']
    assert re.findall(r"<td([^>]*)>", made) == ["", ' class="number"'] * 2

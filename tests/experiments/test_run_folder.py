"""A folder belongs to one run: what goes on in it, and what is refused in one line."""

import os

import pytest

from minipose.errors import UserError
from minipose.experiments.run_folder import claim, owned
from minipose.experiments.settings import read_toml, resolve
from minipose.locks import Taken
from tests.experiments.test_settings import KINDS


def test_a_run_without_a_folder_is_named_by_what_runs():
    """C5: another recipe does not land in the folder of the quick one."""
    about, names = KINDS["h36m"], []
    for flags in ({}, {"recipe": "report"}, {"compare": "ablation"}, {"kernels": (32, 64, 64)},
                  {"recipe": "full", "seed": 3}):  # fmt: skip
        names.append(about.default_out(*resolve(about.Settings, about.RECIPES, flags)))
    expected = ["quick", "report", "ablation", "quick-32-64-64", "full-seed-3"]
    assert names == [f"runs/h36m-{name}" for name in expected]


def test_a_folder_belongs_to_one_run(tmp_path):
    about = KINDS["h36m"]
    settings, recipe = about.Settings(data="a.h5"), about.RECIPES["quick"]
    claim(tmp_path, settings, recipe, resume=False)
    written = read_toml(tmp_path / "config.toml")
    assert written["kernels"] == [5, 10, 15] and written["data"] == "a.h5"
    assert written["out"] == str(tmp_path) and "limit" not in written
    claim(tmp_path, settings, recipe, resume=True)
    with pytest.raises(UserError, match=rf"cannot resume, batch was {recipe.batch} and is now 3"):
        claim(tmp_path, settings, recipe.changed(batch=3), resume=True)
    with pytest.raises(UserError, match=r"cannot resume, seed was 0 and is now 1"):
        claim(tmp_path, settings.changed(seed=1), recipe, resume=True)
    claim(tmp_path, settings.changed(seed=1), recipe, resume=False)  # nothing was trained there
    (tmp_path / "last.npz").touch()
    with pytest.raises(UserError, match=r"holds a run with another seed \(1\)"):
        claim(tmp_path, settings, recipe, resume=False)
    # A file of an earlier version, which did not know all of today's choices.
    lines = (tmp_path / "config.toml").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("tf32", "unit_mm", "out"))]
    (tmp_path / "config.toml").write_text("\n".join(kept))
    claim(tmp_path, settings.changed(seed=1), recipe, resume=True)


def begun(folder, resume=False, identity="a", trained=True, **choices):
    """Claim a folder as the command does; as after the first epoch, if it was ``trained``."""
    about = KINDS["h36m"]
    settings = {k: choices.pop(k) for k in ("data", "seed", "compare") if k in choices}
    claim(
        folder, about.Settings(**{"data": "a.h5", **settings}),
        about.RECIPES["quick"].changed(**choices), resume, identity,
    )  # fmt: skip
    if trained:
        (folder / "last.npz").touch()


def test_more_epochs_and_another_spelling_go_on(tmp_path, monkeypatch, capsys):
    """C4: what is no other run is no reason to refuse one."""
    monkeypatch.chdir(tmp_path)
    begun(tmp_path / "run", epochs=3)
    begun(tmp_path / "run", resume=True, epochs=3, data=tmp_path / "sub" / ".." / "a.h5")
    begun(tmp_path / "run", resume=True, epochs=3, data="moved.h5")  # the same content
    assert capsys.readouterr().out == ""
    begun(tmp_path / "run", resume=True, epochs=5)
    assert "goes on to 5 epochs instead of 3" in capsys.readouterr().out
    assert read_toml(tmp_path / "run" / "config.toml")["epochs"] == 5
    with pytest.raises(UserError, match="cannot resume, epochs was 5 and is now 4"):
        begun(tmp_path / "run", resume=True, epochs=4)
    (tmp_path / "run" / "store.json").unlink()  # as of an earlier version
    begun(tmp_path / "run", resume=True, epochs=5, data="./a.h5")
    (tmp_path / "run" / "store.json").unlink()
    with pytest.raises(UserError, match=r"other data: a\.h5"):
        begun(tmp_path / "run", resume=True, epochs=5, data="b.h5")


def test_nothing_is_overwritten_or_mixed_in_silence(tmp_path):
    """T5 and T15: one line each, with the way on."""
    with pytest.raises(UserError, match=r"no run to resume there \(config.toml is missing\); with"):
        begun(tmp_path / "run", resume=True)
    begun(tmp_path / "run")
    way = "choose another --out, or remove the folder$"
    for choices, message in (
        ({}, r"holds a run with these choices already \(last\.npz\); go on with it by --resume, "),
        ({"seed": 1}, r"holds a run with another seed \(0\); "),
        ({"identity": "b"}, r"holds a run on other data \(a\.h5\); "),
        ({"identity": "b", "resume": True}, r"cannot resume, it was trained on other data: a\.h5 "),
    ):
        with pytest.raises(UserError, match=message + ".*" + way):
            begun(tmp_path / "run", **choices)
    begun(tmp_path / "comparison", trained=False, compare="ablation", lr=0.01)
    (tmp_path / "comparison" / "01").mkdir()
    (tmp_path / "comparison" / "01" / "numbers.json").touch()
    for choices in ({"seed": 1}, {"lr": 0.02}, {"epochs": 99}):
        changed = {"compare": "ablation", "lr": 0.01, "resume": True, "trained": False} | choices
        with pytest.raises(UserError, match="cannot resume, "):
            begun(tmp_path / "comparison", **changed)
    begun(tmp_path / "comparison", True, trained=False, compare="ablation", lr=0.01)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "report.json").touch()
    with pytest.raises(UserError, match=rf"strange: holds report\.json of another run; {way}"):
        begun(tmp_path / "strange")


def test_a_run_folder_has_one_owner(tmp_path):
    """T3: the second is refused in one line that names the first."""
    about = KINDS["h36m"]
    settings, recipe = about.Settings(data="a.h5"), about.RECIPES["quick"]
    with owned(tmp_path / "run", settings, recipe, resume=False):
        with pytest.raises(Taken, match=rf"run: in use by process {os.getpid()} on .* since 20"):
            with owned(tmp_path / "run", settings, recipe, resume=False):
                pass
    with owned(tmp_path / "run", settings, recipe, resume=True):
        pass
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["config.toml"]


@pytest.mark.parametrize("name", ["\N{GRINNING FACE}", "a\x7fb", "caf\udce9", '"\\ \n'])
def test_a_run_below_a_folder_of_any_name_goes_on(tmp_path, name):
    """config.toml is TOML whatever the letters, and says the same when it is read again."""
    folder = tmp_path / name
    begun(folder / "run", data=folder / "a.h5")
    begun(folder / "run", resume=True, data=folder / "a.h5")
    before = read_toml(folder / "run" / "config.toml")
    assert before["data"] == str(folder / "a.h5").replace("\udce9", r"\xe9")
    (folder / "run" / "store.json").unlink()  # as of an earlier version, which compares the path
    begun(folder / "run", resume=True, data=folder / "a.h5")


@pytest.mark.parametrize("value", ['"9"', "[9]", "true", "0"])
def test_a_config_that_somebody_has_spoiled_is_named(tmp_path, value):
    begun(tmp_path, epochs=3)
    path = tmp_path / "config.toml"
    path.write_text(path.read_text().replace("\nepochs = 3\n", f"\nepochs = {value}\n"))
    with pytest.raises(UserError, match=r"config\.toml: epochs: expected a whole number"):
        begun(tmp_path, resume=True, epochs=3)

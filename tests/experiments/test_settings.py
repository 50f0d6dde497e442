"""A choice is written once: flag, TOML key and Python give the same value or the same message."""

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pytest

from minipose import experiments
from minipose.cli import build_parser, main
from minipose.errors import UserError
from minipose.experiments.checks import PATH, YES_OR_NO, number, one_of, several, whole
from minipose.experiments.people import recipe as people
from minipose.experiments.people.train import build
from minipose.experiments.run_folder import claim, owned, write_toml
from minipose.experiments.settings import Choices, choice, read_toml, resolve
from minipose.locks import Taken

KINDS = {name: experiments.load(name, "recipe") for name in experiments.JOBS}


@dataclass(frozen=True)
class Tea(Choices):
    """Every kind of choice."""

    cups: int = choice(2, "how many", whole(1))
    heat: float = choice(0.5, "of boiling", number(least=0, below=1))
    kind: str = choice("green", "of leaves", one_of("green", "black"))
    milk: bool = choice(False, "or not", YES_OR_NO)
    sugars: tuple[int, int] = choice((0, 1), "in two cups", several(2, whole(0)))
    pot: Path | None = choice(None, "where", PATH)  # noqa: RUF009


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cups", 1.5, "cups: expected a whole number of 1 or more, got 1.5"),
        ("cups", 0, "cups: expected a whole number of 1 or more, got 0"),
        ("cups", True, "cups: expected a whole number of 1 or more, got True"),
        ("cups", "many", "cups: expected a whole number of 1 or more, got 'many'"),
        ("heat", 1, "heat: expected a number of at least 0 and below 1, got 1"),
        ("heat", float("nan"), "heat: expected a number of at least 0 and below 1, got nan"),
        ("heat", -(10**400), "heat: expected a number of at least 0 and below 1, got -1000"),
        ("heat", "hot", "heat: expected a number of at least 0 and below 1, got 'hot'"),
        ("kind", "white", "kind: expected green or black, got 'white'"),
        ("milk", "no", "milk: expected true or false, got 'no'"),
        ("milk", 0, "milk: expected true or false, got 0"),
        ("sugars", (1,), "sugars: expected 2 values, each a whole number of 0 or more, got (1,)"),
        ("sugars", (1, -1), "sugars: expected 2 values, each a whole number of 0 or more"),
        ("sugars", 3, "sugars: expected 2 values, each a whole number of 0 or more, got 3"),
        ("pot", "", "pot: expected a path, got ''"),
        ("saucer", 1, "unknown saucer; known are cups, heat, kind, milk, pot, sugars"),
    ],
)
def test_a_wrong_value_is_named(name, value, message):
    with pytest.raises(UserError) as caught:
        Tea().changed(**{name: value})
    assert str(caught.value).startswith(message)
    if name != "saucer":
        with pytest.raises(UserError) as caught:
            Tea(**{name: value})
        assert str(caught.value).startswith(message)


def test_values_are_of_their_own_type():
    tea = Tea(heat=0, sugars=[2, 3], pot="a/b").changed(cups=None)
    assert tea == Tea(2, 0.0, "green", False, (2, 3), Path("a/b"))
    assert isinstance(tea.heat, float) and isinstance(tea.sugars, tuple)


@pytest.mark.parametrize(
    ("job", "line", "message"),
    [
        ("h36m", 'pretrain = "no"', "pretrain: expected true or false, got 'no'"),
        ("h36m", 'flip = "false"', "flip: expected true or false, got 'false'"),
        ("people", "flip = 1", "flip: expected true or false, got 1"),
        ("h36m", "epochs = 1.5", "epochs: expected a whole number of 1 or more, got 1.5"),
        ("people", "epochs = true", "epochs: expected a whole number of 1 or more, got True"),
        ("h36m", "lr_decay = -5", "lr_decay: expected a number of at least 0 and at most 1"),
        ("h36m", 'lr = "fast"', "lr: expected a number above 0, got 'fast'"),
        ("people", "lr = " + 400 * "9", "lr: expected a number above 0, got 9999"),
        ("people", "lr = " + 5000 * "9", "not a readable TOML file (Exceeds the limit"),
        ("people", "lr = inf", "lr: expected a number above 0, got inf"),
        ("h36m", "kernels = [5, 10]", "kernels: expected 3 values, each a whole number of 1"),
        ("people", 'model = "best"', "model: expected mask or mask+regression or"),
        ("h36m", 'recipe = "best"', "recipe: expected report or quick or full or "),
        ("people", "seed = -1", "seed: expected a whole number of 0 or more, got -1"),
        (
            "people",
            'model = "hnet"\nnetwork = "unet"',
            "network: expected hnet with model hnet, got unet",
        ),
        ("people", "epoch = 3", "unknown epoch; known are at_once, background_weight"),
    ],
)
def test_a_wrong_value_in_a_file_is_one_line_with_the_file(tmp_path, capsys, job, line, message):
    file = tmp_path / "mine.toml"
    file.write_text(line + "\n")
    assert main(["train", job, "--config", str(file), "--data", "none.h5"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}: {message}") and error.count("\n") == 1


@pytest.mark.parametrize("job", experiments.JOBS)
def test_flag_file_and_python_mean_the_same(tmp_path, job):
    """Every choice of the recipe, changed in three ways."""
    recipes, settings = KINDS[job].RECIPES, KINDS[job].Settings
    wanted = recipes["report"]
    flags = []
    for name, value in asdict(wanted).items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            flags.append(flag if value else flag.replace("--", "--no-"))
        else:
            flags += [flag, *map(str, value if isinstance(value, tuple) else (value,))]
    args = vars(build_parser().parse_args(["train", job, *flags]))
    given = {f.name: args[f.name] for f in fields(wanted)}
    assert resolve(settings, recipes, given)[1] == wanted
    write_toml(tmp_path / "a.toml", {n: v for n, v in asdict(wanted).items()})
    assert resolve(settings, recipes, {}, tmp_path / "a.toml")[1] == wanted
    assert recipes["quick"].changed(**asdict(wanted)) == wanted != recipes["quick"]


@pytest.mark.parametrize("job", experiments.JOBS)
def test_a_recipe_named_in_a_file_is_that_recipe(tmp_path, job):
    recipes, settings = KINDS[job].RECIPES, KINDS[job].Settings
    (tmp_path / "a.toml").write_text('recipe = "report"\nepochs = 7\n')
    flags = vars(build_parser().parse_args(["train", job]))
    known = {f.name for f in fields(settings)}
    chosen, recipe = resolve(
        settings, recipes, {n: v for n, v in flags.items() if n in known}, tmp_path / "a.toml"
    )
    assert chosen.recipe == "report" and recipe == recipes["report"].changed(epochs=7)
    chosen, recipe = resolve(settings, recipes, {"recipe": "full"}, tmp_path / "a.toml")
    assert chosen.recipe == "full" and recipe == recipes["full"].changed(epochs=7)
    assert resolve(settings, recipes, {})[1] == recipes["quick"]


def test_a_shorthand_stands_for_several_choices(tmp_path):
    about = KINDS["people"]
    for flags in ({"model": "hnet"}, {"network": "hnet", "model": "hnet"}):
        recipe = resolve(about.Settings, about.RECIPES, flags)[1]
        assert (recipe.network, recipe.model) == ("hnet", "mask")
    (tmp_path / "a.toml").write_text('model = "hnet"\n')
    recipe = resolve(about.Settings, about.RECIPES, {}, tmp_path / "a.toml")[1]
    assert (recipe.network, recipe.model) == ("hnet", "mask")


@pytest.mark.parametrize("order", [1, -1])
def test_a_shorthand_that_contradicts_another_choice_is_refused(order):
    about = KINDS["people"]
    flags = dict([("network", "unet"), ("model", "hnet")][::order])
    with pytest.raises(UserError, match=r"^network: expected hnet with model hnet, got unet$"):
        resolve(about.Settings, about.RECIPES, flags)


def test_flags_win_over_what_a_shorthand_in_a_file_means(tmp_path):
    about = KINDS["people"]
    (tmp_path / "a.toml").write_text('network = "unet"\n')
    recipe = resolve(about.Settings, about.RECIPES, {"model": "hnet"}, tmp_path / "a.toml")[1]
    assert (recipe.network, recipe.model) == ("hnet", "mask")


@pytest.mark.parametrize("job", experiments.JOBS)
def test_help_shows_the_default_recipes_values_and_every_recipe(job, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", job, "--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    about = KINDS[job]
    assert "None" not in text
    assert f"(default: {about.RECIPES['quick'].epochs})" in text
    for field in fields(about.RECIPES["quick"]):
        assert field.metadata["help"] in text, field.name
    for name, line in about.ABOUT.items():
        assert f"{name} {line}" in text
    assert about.ABOUT.keys() == about.RECIPES.keys()


def test_no_default_path_leads_out_of_the_repository():
    for about in KINDS.values():
        for field in fields(about.Settings):
            assert ".." not in str(field.default) and not str(field.default).startswith("/")
    assert KINDS["people"].Settings().reference is None


def test_a_run_without_a_folder_is_named_by_what_runs():
    """C5: another recipe does not land in the folder of the quick one."""
    about, names = KINDS["h36m"], []
    for flags in ({}, {"recipe": "report"}, {"compare": "ablation"}, {"kernels": (32, 64, 64)},
                  {"recipe": "full", "seed": 3}):  # fmt: skip
        names.append(about.default_out(*resolve(about.Settings, about.RECIPES, flags)))
    expected = ["quick", "report", "ablation", "quick-32-64-64", "full-seed-3"]
    assert names == [f"runs/h36m-{name}" for name in expected]


def test_version(capsys):
    import minipose

    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0 and minipose.__version__ in capsys.readouterr().out


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


def test_the_harmonic_network_has_what_the_report_gave_it():
    report, quick = people.RECIPES["report"], people.RECIPES["quick"]
    hnet = report.changed(model="hnet")
    assert (hnet.network, hnet.model, hnet.width, hnet.dropout) == ("hnet", "mask", 32, 0.1)
    assert sum(p.size for p in build(hnet, 0).parameters()) == 13_430_240
    assert report.changed(model="hnet", width=64).width == 64
    assert hnet.changed(width=64).width == 64 and hnet.changed(network="hnet").width == 32
    fast = quick.changed(model="hnet", epochs=2)
    assert (fast.optimizer, fast.lr, fast.width) == ("adam", 0.001, quick.width)
    assert quick.changed(epochs=2).changed(model="hnet") == fast


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

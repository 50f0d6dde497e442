"""A choice is written once: flag, TOML key and Python give the same value or the same message."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pytest

from minipose import experiments
from minipose.cli import build_parser, main
from minipose.errors import UserError
from minipose.experiments.checks import PATH, YES_OR_NO, number, one_of, several, whole
from minipose.experiments.people import recipe as people
from minipose.experiments.people.train import build
from minipose.experiments.run_folder import write_toml
from minipose.experiments.settings import Choices, choice, resolve

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


def test_version(capsys):
    import minipose

    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0 and minipose.__version__ in capsys.readouterr().out


def test_the_harmonic_network_has_what_the_report_gave_it():
    report, quick = people.RECIPES["report"], people.RECIPES["quick"]
    hnet = report.changed(model="hnet")
    assert (hnet.network, hnet.model, hnet.width, hnet.dropout) == ("hnet", "mask", 32, 0.1)
    assert sum(p.size for p in build(hnet, 0).parameters()) == 13_430_240
    assert report.changed(model="hnet", width=64).width == 64
    assert hnet.changed(width=64).width == 64 and hnet.changed(network="hnet").width == 32
    fast = quick.changed(model="hnet", epochs=2)
    assert (fast.optimizer, fast.lr, fast.width) == ("adam", 0.001, quick.width)
    assert (quick.patch, fast.patch, fast.halved) == (2, 1, 1)  # it sees single pixels
    assert quick.changed(epochs=2).changed(model="hnet") == fast

"""``make wheel``: build the wheel twice, and use it where nothing else of this tree is.

It is built from a copy of the files that git lists, with one mode and one time for all of them, so
that whoever builds this commit with the same setuptools gets the same bytes. It is installed in an
empty environment and finds a person there that was drawn just now. A list of all that it needs lies
beside it (``sbom.json``, CycloneDX) and is held against the known vulnerabilities.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.plain import ROOT, files

PARTS = ("minipose/", "pyproject.toml", "README.md", "LICENSE")
FIRST_TIME = "315532800"  # s: 1980, before which a zip knows no time
EVERY_MODULE = """
import importlib, pkgutil, minipose
names = [m.name for m in pkgutil.walk_packages(minipose.__path__, "minipose.")]
wanting = {}
for name in names:
    try:
        name.endswith("__main__") or importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] in ("minipose", "data_tools", "tests", "lessons"):
            raise
        wanting[name] = error.name
print(len(names), "modules of", *minipose.__path__)
print("another extra is wanted by:", *(f"{name} ({wanting[name]})" for name in wanting))
"""


def time_of_the_tree() -> str:
    """SOURCE_DATE_EPOCH: as the environment has it, else the time of the last commit."""
    asked = os.environ.get("SOURCE_DATE_EPOCH")
    command = ["git", "log", "-1", "--format=%ct"]
    if asked or not (shutil.which("git") and (ROOT / ".git").exists()):
        return asked or FIRST_TIME
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or FIRST_TIME


def build(folder: Path) -> Path:
    """Build the wheel, with the setuptools that is installed here, into a new folder."""
    tree = folder / "tree"
    for name in (name for name in files() if name.startswith(PARTS)):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
        (tree / name).chmod(0o644)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    command = [*pip, "--no-cache-dir", "--disable-pip-version-check", "-w", str(folder), str(tree)]
    environment = os.environ | {"SOURCE_DATE_EPOCH": time_of_the_tree()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def misplaced(names: Iterable[str]) -> list[str]:
    """What a wheel lacks, or holds though it should not: all of ``minipose/``, and its papers."""
    names = set(names)
    (papers,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
    expected = {name for name in files() if name.startswith("minipose/")}
    expected |= {f"{papers}/{name}" for name in ("licenses/LICENSE", "METADATA", "WHEEL", "RECORD",
                                                 "entry_points.txt", "top_level.txt")}  # fmt: skip
    found = [f"missing: {name}" for name in expected - names]
    return sorted(found + [f"not of minipose: {name}" for name in names - expected])


def draw(place: Path) -> tuple[np.ndarray, np.ndarray]:
    """Draw a person into a file: the true mask (H, W) and joints (25, 2)."""
    from data_tools.twin.people import make_sample

    sample = make_sample(seed=3, number=0)
    Image.fromarray(sample.image).save(place)
    return sample.mask > 0, sample.keypoints[:, :2]


def agreement(found: Path, mask: np.ndarray, joints: np.ndarray) -> tuple[float, float]:
    """Dice of the mask, and the median distance of the joints, px, of what ``predict`` wrote."""
    with Image.open(found / "drawn_mask.png") as picture:
        seen = np.asarray(picture.convert("L")) > 127
    dice = 2 * (seen & mask).sum() / (seen.sum() + mask.sum())
    (person,) = json.loads((found / "drawn_keypoints.json").read_text())["people"]
    places = np.reshape(person["pose_keypoints_2d"], (25, 3))[:, :2]
    return float(dice), float(np.median(np.linalg.norm(places - joints, axis=1)))


def main(argv: list[str] | None = None) -> int:
    """Build, compare, install, use, list, audit."""
    parser = argparse.ArgumentParser(prog="python -m tests.wheel", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/wheel"))
    out = parser.parse_args(argv).out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="minipose-wheel-") as name:
        folder = Path(name)
        first, second = build(folder / "first"), build(folder / "the second one")
        assert first.read_bytes() == second.read_bytes(), "two builds differ"
        with zipfile.ZipFile(first) as archive:
            assert not misplaced(archive.namelist()), misplaced(archive.namelist())
        out.mkdir(parents=True)
        wheel = Path(shutil.copy(first, out))
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        print(f"{wheel.name}: {wheel.stat().st_size:,} bytes, twice the same, SHA-256 {digest}")
        python = install(wheel, folder / "environment")
        use(python, folder / "elsewhere")
        components = write_sbom(python, out / "sbom.json")
        return audit(components, folder / "needed.txt")


def install(wheel: Path, environment: Path) -> Path:
    """An environment that holds the wheel and what its extra ``jobs`` needs; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    subprocess.run([*pip, "-c", os.devnull, f"minipose[jobs] @ {wheel.as_uri()}"], check=True)
    return python


def use(python: Path, folder: Path) -> None:
    """Find a drawn person by the console script, in a folder that knows nothing of this tree."""
    folder.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def run(*command: str) -> None:
        subprocess.run(command, cwd=folder, env=environment, check=True)

    run(str(python), "-c", EVERY_MODULE)
    truth = draw(folder / "drawn.png")
    run(str(python.with_name("minipose")), "predict", "drawn.png", "--out", "found")
    dice, distance = agreement(folder / "found", *truth)
    print(f"dice {dice:.3f}, half of the joints within {distance:.1f} px")
    assert dice > 0.8 and distance < 5, "the packaged weights do not find a drawn person"


def write_sbom(python: Path, place: Path) -> list[dict]:
    """The environment of ``python`` as CycloneDX; its components."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "-o", str(place), str(python)]
    subprocess.run(command, check=True)
    components = json.loads(place.read_text())["components"]
    for one in components:
        print(f"  {one['name']} {one['version']}: {licences(one) or 'no licence'}")
    return components


def licences(component: dict) -> str:
    """What a component says of its licences, as identifiers where it has them."""
    said = component.get("licenses", [])
    own = [one["license"] for one in said if "license" in one]
    names = [one.get("id") or one["name"] for one in own]
    names += [one["expression"] for one in said if "expression" in one]
    return ", ".join(sorted({name.strip().splitlines()[0] for name in names}))


def audit(components: list[dict], needed: Path) -> int:
    """Look for known vulnerabilities of exactly these versions: 1 if there are any."""
    versions = {one["name"]: one["version"] for one in components if one["name"] != "minipose"}
    needed.write_text("".join(f"{name}=={versions[name]}\n" for name in versions))
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-r", str(needed),
               "-f", "json", "--progress-spinner", "off"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        print(f"not audited: {done.stderr.strip().splitlines()[-1]}")
        return 0
    rows = json.loads(done.stdout)["dependencies"]
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    bad = {row["name"]: [v["id"] for v in row["vulns"]] for row in rows if row.get("vulns")}
    for name, found in bad.items():
        print(f"{name} {versions[name]}: {', '.join(found)}")
    print(f"audited: {len(rows) - len(skipped)} packages, {len(bad)} with known vulnerabilities")
    if skipped:
        print(f"not audited, since no record of them can be had here: {', '.join(skipped)}")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())

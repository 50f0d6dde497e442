"""MPII's struct ``RELEASE``, read by scipy in a process of its own.

scipy's reader of structs ends its interpreter on some damaged files: then this one goes on, with
one line. ``python -m data_tools.people.mpii_release FILE`` prints what was read as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from data_tools.people.joints import OCCLUDED
from minipose.lifetime import end_with_parent

SECONDS, SECONDS_PER_MB = 9, 60  # the official file has 25,000 pictures
MEMORY = 4 * 2**30  # bytes of addresses that the process may have
ROOT = Path(__file__).resolve().parents[2]

People = dict[str, list[list[list[float]] | None]]


def read_release(path: Path) -> tuple[People, list[str]]:
    """The people in each picture, by its name: (16, 3) or None; and names of the test pictures.

    Raises
    ------
    ValueError
        If the file is damaged, or takes too long.
    """
    seconds = SECONDS + SECONDS_PER_MB * path.stat().st_size // 10**6
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "data_tools.people.mpii_release", str(path.resolve())]
            + [str(os.getpid())],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"it takes more than {seconds} s to read") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(lines[-1] if lines else "its reader crashed")
    content = json.loads(done.stdout)
    return content["people"], content["test"]


def parse_release(path: Path) -> tuple[People, list[str]]:
    """The same, in this process."""
    from scipy.io import loadmat

    release = loadmat(
        path, variable_names=["RELEASE"], squeeze_me=True, struct_as_record=False
    ).get("RELEASE")
    if release is None:
        raise ValueError("it has no struct RELEASE")
    training = np.atleast_1d(release.img_train)
    people: People = defaultdict(list)
    test = []
    for k, picture in enumerate(np.atleast_1d(release.annolist)):
        name = str(picture.image.name)
        if k < len(training) and not training[k]:
            test.append(name)
        else:
            people[name] += [_person(r) for r in _structs(getattr(picture, "annorect", None))]
    return people, test


def _structs(value: object) -> list:
    """MATLAB's none, one or many structs as a list."""
    return [v for v in np.atleast_1d(np.asarray(value, dtype=object)) if hasattr(v, "_fieldnames")]


def _person(rectangle: object) -> list[list[float]] | None:
    """The joints (16, 3) of one rectangle; None if it has none."""
    annotated = _structs(getattr(rectangle, "annopoints", None))
    points = _structs(getattr(annotated[0], "point", None)) if annotated else []
    person = np.zeros((16, 3))
    for point in points:
        try:
            joint, x, y = int(point.id), float(point.x), float(point.y)
        except (AttributeError, TypeError, ValueError, OverflowError):
            continue
        if 0 <= joint < 16:
            person[joint] = x - 1, y - 1, _confidence(getattr(point, "is_visible", None))
    return person.tolist() if points else None


def _confidence(visible: object) -> float:
    """1 for a visible joint and for one without a remark, ½ for one said to be hidden."""
    if isinstance(visible, np.ndarray):
        visible = visible.item() if visible.size == 1 else None
    try:
        return OCCLUDED if visible is not None and float(visible) == 0 else 1.0
    except (TypeError, ValueError):
        return 1.0


def main(argv: list[str]) -> int:
    """Print the file's content, for the process of the second argument. Returns the exit status."""
    end_with_parent(int(argv[1]) if len(argv) > 1 else None)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    try:
        people, test = parse_release(Path(argv[0]))
    except Exception as error:
        print(f"{type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
        return 1
    json.dump({"people": people, "test": test}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

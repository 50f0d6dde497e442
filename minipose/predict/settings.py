"""The choices of ``python -m minipose predict``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minipose.experiments.checks import PATH, YES_OR_NO, Check, number, one_of, several, whole
from minipose.experiments.pose3d.filters import WINDOWED
from minipose.experiments.settings import Choices, choice

FORMATS = ("openpose", "coco", "csv", "npz")
ANIMATIONS = ("mp4", "gif")
PIXEL = Check(int, "a whole number")
NO_POSE = "none"


def words_of(text: str) -> tuple[str, ...]:
    """``openpose,csv`` -> ("openpose", "csv")."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _are_formats(text: str) -> bool:
    return bool(words_of(text)) and set(words_of(text)) <= set(FORMATS)


@dataclass(frozen=True)
class Settings(Choices):
    """How to look, and what to write where."""

    out: Path = choice(Path("found"), "folder for what is written", PATH)  # noqa: RUF009
    overwrite: bool = choice(False, "replace files that are there", YES_OR_NO)
    format: str | None = choice(
        None, f"of the joints, some of {','.join(FORMATS)} (default: openpose for pictures, csv "
        "for videos)",
        Check(str, f"some of {','.join(FORMATS)}", _are_formats),
    )  # fmt: skip
    animation: str = choice("mp4", "what becomes of a video", one_of(*ANIMATIONS))
    threshold: float = choice(
        0.5, "confidence from which a joint counts as in the picture", number(least=0, most=1)
    )
    smooth: str | None = choice(
        None, "temporal filter of the poses in space of a video (default: none)",
        one_of(*WINDOWED),
    )  # fmt: skip
    frames: int | None = choice(
        None, "look at so many frames of a video or camera (default: all)", whole(1)
    )
    box: tuple[int, int, int, int] | None = choice(
        None, "where the person is, x0 y0 x1 y1 in px, and nobody outside of it; for one "
        "picture (default: is found)",
        several(4, PIXEL),
    )  # fmt: skip
    mask: Path | None = choice(  # noqa: RUF009
        None, "silhouette, bright where the person is; for one picture (default: is found)", PATH
    )
    checkpoint: Path | None = choice(  # noqa: RUF009
        None, "best.npz of a run of either job (default: the networks that come with minipose)",
        PATH,
    )  # fmt: skip
    pose3d: Path | None = choice(  # noqa: RUF009
        None, f"best.npz of a run of h36m, for the pose in space; {NO_POSE}: no such pose "
        "(default: the network that comes with minipose)",
        PATH,
    )  # fmt: skip
    device: str = choice("cpu", "where to compute", one_of("cpu", "cuda", "auto"))
    tf32: bool = choice(False, "on a GPU: products with 10 instead of 23 binary places", YES_OR_NO)

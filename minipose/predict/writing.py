"""Which files belong to a picture or a video, and writing them, over nothing that is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from minipose.errors import UserError
from minipose.predict.drawing import sheet
from minipose.predict.networks import Networks
from minipose.predict.person import Result
from minipose.predict.settings import Settings, words_of
from minipose.predict.sources import PICTURE, Source
from minipose.predict.tables import Take, openpose, pose_json
from minipose.storage import atomic, write_text

USUAL_OF_PICTURES, USUAL_OF_VIDEOS = ("openpose",), ("csv",)  # formats where none is given


@dataclass(frozen=True)
class Output:
    """Where and how results are written."""

    networks: Networks
    settings: Settings

    def formats_of(self, kind: str) -> tuple[str, ...]:
        """The formats of pictures, or of videos and cameras."""
        given = self.settings.format
        return (
            words_of(given) if given else USUAL_OF_PICTURES if kind == PICTURE else USUAL_OF_VIDEOS
        )

    def take(self, kind: str) -> Take:
        """An empty table in these formats."""
        return Take(self.formats_of(kind), kind != PICTURE)

    def stem(self, name: str) -> Path:
        """What the files of this name begin with."""
        return self.settings.out / name

    def files_of(self, source: Source) -> dict[str, Path]:
        """{what: file} for everything that may be written about a source, tables apart."""
        people, stem = self.networks.people, self.stem(source.name)
        if source.kind != PICTURE:
            endings = {"movie": f"_person.{self.settings.animation}"}
            if "openpose" in self.formats_of(source.kind):
                endings["openpose"] = "_keypoints"  # a folder with a file for each frame
        else:
            endings = {"mask": "_mask.png", "sheet": "_person.png"}
            if "openpose" in self.formats_of(PICTURE) and people.recipe.outputs.joints:
                endings["openpose"] = "_keypoints.json"
            if people.recipe.outputs.regression:
                endings["heatmap"] = "_heatmap.png"
            if self.networks.pose3d is not None:
                endings["pose"] = "_pose.json"
        return {what: stem.with_name(stem.name + ending) for what, ending in endings.items()}

    def expect_free(self, paths: Sequence[Path]) -> None:
        """Raises UserError if one of these is there and must not be replaced."""
        there = next((path for path in paths if path.exists()), None)
        if there is not None and not self.settings.overwrite:
            raise UserError(f"{there} is there already (--overwrite replaces it)")

    def write_picture(self, source: Source, result: Result) -> dict[str, Path]:
        """All files of a picture but its row in a table; {what: file} of those written."""
        files = self.files_of(source)
        if result.joints_3d is None:
            files.pop("pose", None)
        if result.heatmap is None:
            files.pop("heatmap", None)
        files["mask"].parent.mkdir(parents=True, exist_ok=True)
        write_png(files["mask"], np.where(result.silhouette, np.uint8(255), np.uint8(0)))
        write_png(files["sheet"], sheet(result, self.networks.lines()))
        if "openpose" in files:
            write_text(files["openpose"], openpose(result))
        if "heatmap" in files:
            write_png(files["heatmap"], (255 * result.heatmap).astype(np.uint8))
        if "pose" in files:
            trained_on = self.networks.pose3d.trained_on
            write_text(files["pose"], pose_json(result, str(source.path), trained_on))
        return files


def write_png(path: Path, pixels: np.ndarray) -> None:
    """A grey or RGB picture, whole or not at all."""
    with atomic(path) as partial:
        Image.fromarray(pixels).save(partial, compress_level=4)

"""The folder that labelling leaves: pictures with their labels, a table, and sheets to look at.

``images/``, ``keypoints/`` and ``masks/`` are what ``python -m data_tools people`` reads;
``labels.csv`` has a row for every photograph, dropped ones too; ``labels.json`` says who labelled.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from data_tools.label.labeller import About, Found
from data_tools.label.sheet import Sheet
from data_tools.label.writing import write_joints, write_mask
from data_tools.people.build import Tally
from data_tools.people.candidate import Dropped
from data_tools.people.openpose import joints_found
from minipose.storage import write_text

COLUMNS = ("name", "kept", "people", "joints", "mask_fraction", "reason")
COLOURS = "Left joints are green, right ones orange; red names were dropped."
ABOUT = "labels.json"
FOLDERS = ("images", "keypoints", "masks")


class LabelledFolder:
    """Takes pictures one by one.

    Parameters
    ----------
    folder : a new folder
    about : who labels
    """

    def __init__(self, folder: Path, about: About) -> None:
        self.folder, self.about = folder, about
        for name in FOLDERS:
            (folder / name).mkdir()
        self.images = folder / "images"
        self.sheet = Sheet(folder, f"{about.plainly()}. {COLOURS}")
        self.rows: list[tuple] = []
        self.tally = Tally()

    def keep(self, name: str, image: np.ndarray, people: list[Found]) -> None:
        """A picture and everybody in it; the first has joints and mask."""
        main = people[0]
        write_joints(self.folder / "keypoints", name, people, self.about)
        write_mask(self.folder / "masks", name, main.mask)
        count, part = joints_found(main.joints), float(main.mask.mean())
        self.rows.append((name, "yes", len(people), count, f"{part:.4f}", ""))
        words = f"{count} of {25 - len(self.about.absent)} joints, mask {part:.0%} of the picture"
        words += f", {len(people)} people" if len(people) > 1 else ""
        self.sheet.add(name, image, people, words)
        self.tally.kept[self.about.name] += 1

    def drop(self, name: str, image: np.ndarray | None, reason: Dropped) -> None:
        """A picture that is left out."""
        detail = f" ({reason.detail})" if reason.detail else ""
        self.tally.dropped[reason.reason].append(name + detail)
        self.rows.append((name, "no", "", "", "", str(reason)))
        blank = np.full((3, 4, 3), 225, np.uint8)
        self.sheet.add(name, blank if image is None else image, [], str(reason))

    def finish(self) -> None:
        """Write the table, the last sheet, and who labelled."""
        self.sheet.finish()
        with (self.folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *sorted(self.rows)])
        about = {
            "labeller": self.about.name,
            "absent": list(self.about.absent),
            "derived": self.about.derived,
            "kept": self.tally.written,
            "dropped": {reason: len(names) for reason, names in self.tally.dropped.items()},
        }
        write_text(self.folder / ABOUT, json.dumps(about, indent=2) + "\n")

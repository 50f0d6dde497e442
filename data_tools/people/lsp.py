"""Leeds Sports Poses and its extension: ``joints.mat`` and numbered pictures.

The two come in different layouts with opposite flags, so the layout is read from the axis that has
14 entries: 3 × 14 × N is LSP, whose third row is 1 for occluded joints (their places are valid);
14 × 3 × N is LSP-Extended, whose third column is 1 for labelled joints (others have no place).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from data_tools.matlab import load_matlab
from data_tools.people.candidate import Dropped, People
from data_tools.people.joints import OCCLUDED, possible, to_body_25
from data_tools.people.names import stem_of
from minipose.datasets.guard import reading
from minipose.errors import UserError
from minipose.skeletons import LSP_14

FILE = "joints.mat"


class LspJoints:
    """The joints of every picture.

    Raises
    ------
    UserError
        If the file is not readable or has no axis of 14 joints.
    """

    def __init__(self, path: Path) -> None:
        with reading(path, "no readable variable 'joints'"):
            joints = np.asarray(load_matlab(path, "joints"), dtype=np.float64)
        if joints.ndim == 3 and joints.shape[:2] == (3, 14):
            self.layout = "lsp"
            points = joints.transpose(2, 1, 0)  # (N, 14, 3)
            confidence = np.where(points[..., 2] >= 0.5, OCCLUDED, 1.0)
        elif joints.ndim == 3 and joints.shape[:2] == (14, 3):
            self.layout = "lspet"
            points = joints.transpose(2, 0, 1)
            confidence = np.where(points[..., 2] >= 0.5, 1.0, 0.0)
        else:
            raise UserError(f"{path}: joints has {joints.shape}, expected (3, 14, N) or (14, 3, N)")
        confidence[np.isnan(points[..., 2])] = np.nan
        self.points = np.concatenate([points[..., :2], confidence[..., None]], axis=-1)
        self.points[confidence == 0] = 0

    def people(self, image: Path) -> People:
        """The one person of ``im0001.jpg`` (or ``im00001.jpg``), as BODY_25 (25, 3)."""
        number = re.search(r"(\d{1,9})$", stem_of(image))
        index = int(number.group(1)) - 1 if number else -1
        if not 0 <= index < len(self.points):
            raise Dropped("no joints for this picture", f"{len(self.points)} are annotated")
        return People([to_body_25(self.points[index], LSP_14)], possible(LSP_14))

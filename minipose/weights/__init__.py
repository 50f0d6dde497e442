"""The weights that come with minipose, so that ``predict`` needs no training: see ``card.md``."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
PEOPLE = FOLDER / "people.npz"  # report 2's network: mask and 25 joints
POSE3D = FOLDER / "pose3d.npz"  # report 1's network: 17 joints in space
CARD = FOLDER / "card.md"

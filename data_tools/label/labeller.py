"""What a labeller is: a program or network that finds people's joints, masks, or both."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from data_tools.people.joints import MIDDLES

MIDDLE_OF = {name: f"the middle of the {left.removeprefix('left ')}s" for name, left, _ in MIDDLES}


@dataclass(frozen=True)
class Found:
    """A person in a picture.

    Attributes
    ----------
    joints : BODY_25 (25, 3): x, y in px of the picture, confidence; None from who finds masks only
    mask : bool (H, W); None from who finds joints only
    """

    joints: np.ndarray | None = None
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class About:
    """What the files say of a labeller.

    Attributes
    ----------
    name : with its version, where it tells one
    gives : "joints", "masks", or both
    absent : joints of BODY_25 that it never gives
    derived : joint -> what it is computed from
    """

    name: str
    gives: tuple[str, ...] = ("joints", "masks")
    absent: tuple[str, ...] = ()
    derived: dict[str, str] = field(default_factory=dict)

    def plainly(self) -> str:
        """One line for people: ``mediapipe 0.10.14; never gives …; neck: …``."""
        parts = [self.name]
        if self.absent:
            parts.append(f"never gives {', '.join(self.absent)}")
        parts += [f"{joint}: {source}" for joint, source in self.derived.items()]
        return "; ".join(parts)


class Labeller(Protocol):
    """Finds people. Its constructor raises UserError, with what to install, where it is not there.

    ``people`` gives the main person first, and raises UserError where this picture cannot be done.
    """

    about: About

    def begin(self, pictures: dict[str, Path]) -> None:
        """All pictures by name, upright, before the first is asked for."""

    def people(self, name: str, image: np.ndarray) -> list[Found]:
        """Everybody in a picture uint8 (H, W, 3)."""

    def close(self) -> None:
        """Give back what it holds."""


def both(joints: About, masks: About) -> About:
    """Joints from the one, masks from the other, which may be the same."""
    if joints is masks:
        return joints
    name = f"{joints.name}, masks {masks.name}"
    return About(name, ("joints", "masks"), joints.absent, joints.derived)

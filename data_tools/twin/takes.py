"""What one take of the stand-in for Human3.6M shows: who, in which clothes, doing what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from data_tools.h36m.tree import ACTIONS
from data_tools.twin.body.bodies import BONES, draw_bones
from data_tools.twin.body.clothes import Outfit, Parts, draw_outfit, dress
from data_tools.twin.body.gait import FPS, draw_walker, walk
from data_tools.twin.body.kinematics import Bones, Posed
from data_tools.twin.body.motions import MOTIONS
from data_tools.twin.body.props import props_of, with_props

SUBJECTS = (1, 5, 6, 7, 8, 9, 11)
WALKING = "Walking"
DRAWN = (WALKING, *MOTIONS)
SHORT = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}
TEST, HELD_OUT = (11,), (5, 8)  # as H36MStore.split has them: all takes, the last take


def takes_of(subject: int, takes: int) -> int:
    """How many takes there are of a subject: of S11 always two."""
    return 2 if subject in TEST else takes


def take_name(subject: int, number: int, takes: int = 2, action: str = WALKING) -> str:
    """The official names: ``Walking 1`` and ``Walking``, but 1 and 2 for S7's walks.

    Where there are more, all but the last are numbered. Two actions have shorter names for
    everybody but S1.
    """
    called = action if subject == 1 else SHORT.get(action, action)
    bare = number == takes and (subject, action) != (7, WALKING)
    return called if bare else f"{called} {number}"


@dataclass(frozen=True)
class Plan:
    """One take of one subject: everything that its frames depend on.

    Attributes
    ----------
    take : what is random about it; 1 and 2 are the two that there always are
    step : one 50 Hz frame in this many is written
    hold : how many written frames show the same image (the poses move on)
    stranger : whether somebody else stands in for the subject, with a body and clothes of their own
    name : of its files
    action : one of ``DRAWN``
    """

    subject: int
    take: int
    frames: int
    step: int
    hold: int
    seed: int
    stranger: bool = False
    name: str = ""
    action: str = WALKING

    def __post_init__(self) -> None:
        own = self.name or take_name(self.subject, self.take, action=self.action)
        object.__setattr__(self, "name", own)

    def random(self, *branch: int) -> np.random.Generator:
        """Random numbers of the take."""
        return np.random.default_rng([self.seed, self.subject, self.take, *self._which, *branch])

    def _person(self, *branch: int) -> np.random.Generator:
        """Random numbers that belong to the person, not to the take."""
        own = (self.take, 78, *self._which) if self.stranger else ()
        return np.random.default_rng([self.seed, self.subject, *own, *branch])

    @property
    def _which(self) -> tuple[int, ...]:
        """What sets an action's random numbers apart; walking came first."""
        return () if self.action == WALKING else (80, ACTIONS.index(self.action))

    def bones(self) -> Bones:
        """The body."""
        return draw_bones(self._person(79)) if self.stranger else BONES[self.subject]

    @lru_cache(maxsize=1)  # noqa: B019  (four cameras in turn see one walk)
    def walk(self) -> tuple[Posed, Bones]:
        """The walk, or what else is done, at the frames that are written."""
        person, take, bones = self._person(), self.random(), self.bones()
        frames = self.frames * self.step
        if self.action == WALKING:
            posed = walk(bones, draw_walker(person, take), frames, FPS)
        else:
            posed = MOTIONS[self.action](bones, person, take, frames)
        return posed.cut(slice(None, None, self.step)), bones

    def parts(self) -> tuple[Parts, int]:
        """The clothed body and its things, and how many of these parts the silhouette shows."""
        posed, bones = self.walk()
        things = props_of(self.action, posed, self.random(81), self.step / FPS)
        return with_props(dress(posed, bones, self.outfit()), things)

    def outfit(self) -> Outfit:
        """Clothes belong to the person, not to the take."""
        return draw_outfit(self._person(77))


def plans(
    subject: int,
    frames: int,
    step: int,
    hold: int,
    seed: int,
    takes: int = 2,
    train_frames: int | None = None,
    action: str = WALKING,
) -> list[Plan]:
    """The takes of a subject in their order.

    The first and the last are drawn alike however many there are. With more than two, whoever is
    trained on is somebody else in every take; those who are measured stay the subject, S11 with two
    takes, S5 and S8 with the last.

    Parameters
    ----------
    frames : of a take
    takes : how many
    train_frames : of a take that shows somebody else; as many as of the others if not given
    """
    takes = takes_of(subject, takes)
    made = []
    for number in range(1, takes + 1):
        measured = subject in TEST or (subject in HELD_OUT and number == takes)
        stranger = takes > 2 and not measured
        made.append(
            Plan(
                subject,
                {1: 1, takes: 2}.get(number, number + 1),
                (train_frames or frames) if stranger else frames,
                step,
                hold,
                seed,
                stranger,
                take_name(subject, number, takes, action),
                action,
            )
        )
    return made

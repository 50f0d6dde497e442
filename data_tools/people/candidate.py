"""A picture that may go into the store, and why one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_tools.source_disk import expect_disk
from minipose.datasets.guard import in_a_line
from minipose.errors import UserError
from minipose.skeletons import BODY_25


class Dropped(UserError):
    """Why a picture was left out: a ``reason`` to count it under, and what it was exactly."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


@contextmanager
def dropping(reason: str) -> Iterator[None]:
    """Whatever goes wrong inside leaves one picture out under ``reason``, and never ends a build.

    A ``Dropped`` from inside keeps its own reason; a missing package is no fault of the picture,
    and neither is a disk that is gone.
    """
    try:
        yield
    except (Dropped, ModuleNotFoundError):
        raise
    except Exception as error:
        expect_disk(error)
        raise Dropped(reason, in_a_line(error)) from None


class People(list):
    """Everybody in a picture: BODY_25 joints (25, 3) each.

    Parameters
    ----------
    skeleton : names of all joints that their annotation has at all
    """

    def __init__(self, people: Iterable[np.ndarray], skeleton: Sequence[str] = BODY_25) -> None:
        super().__init__(people)
        self.skeleton = tuple(skeleton)

    @property
    def possible(self) -> int:
        """How many of the 25 joints the annotation has at all."""
        return sum(name in self.skeleton for name in BODY_25)


@dataclass(frozen=True)
class Candidate:
    """A picture and the ways to its labels, which are taken only when its turn comes.

    Attributes
    ----------
    name : the picture's path within its source, without ending; joints and masks are paired by it
    image : the file
    source : "lsp", "lspet", "mpii", "atr", "ccp", "coco", or the folder's name
    people : returns the BODY_25 joints (25, 3) of everybody in the picture, or raises Dropped
    mask : given (H, W), returns the person's mask bool (H, W) and whether it was one pixel off,
        or raises Dropped
    split : "train", "validation", "test", or "" where the source gives no split
    """

    name: str
    image: Path
    source: str
    people: Callable[[], People]
    mask: Callable[[tuple[int, int]], tuple[np.ndarray, bool]]
    split: str = ""

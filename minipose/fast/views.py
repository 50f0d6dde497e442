"""A view that nobody else holds is handed over to a leaf as it is, without a copy.

An op that leaves a gradient transposed has made a view, but one whose base it alone holds. All
views of an array name the one that owns its memory as their base, so the interpreter's count of
references to that says whether there is anyone else.

Without Python's lock there is no such number to rely on: it is the sum of what the thread that made
the array counts and of what all others do, and a reference may pass from one to the other between
the two looks. Then each view is copied, as ``graph`` does.
"""

from __future__ import annotations

import sys

import numpy as np

from minipose import graph
from minipose.backend import Array
from minipose.kernels.faster import offer


def is_view_of_others(grad: Array) -> bool:
    """``graph.is_view_of_others``: of a view that shows all of its base, whether it is counted."""
    if grad.base is None:
        return False
    return not (_is_whole(grad, grad.base) and _holders_of_base(grad) == ALONE)


def _is_whole(grad: Array, owner: object) -> bool:
    writeable = getattr(grad.flags, "writeable", True)  # what was broadcast is not
    owns = isinstance(owner, type(grad)) and owner.base is None
    return writeable and owns and owner.nbytes == grad.nbytes


def _holders_of_base(view: Array) -> int:
    """As the interpreter counts them: the one that asks, and sometimes the question, among them."""
    owner = view.base
    return sys.getrefcount(owner)


ALONE = _holders_of_base(np.empty(2)[:])


def _is_counted(grad: Array) -> bool:
    """Whether the interpreter has its lock; a package may switch it on in a build without."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


offer(graph.is_view_of_others, _is_counted, is_view_of_others)

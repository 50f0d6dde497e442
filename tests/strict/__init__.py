"""A stand-in for CuPy that needs no GPU, so that code which would fail on one fails here first.

``strict`` is used where ``cupy`` would be; ``minipose.backend.array_module`` answers with it for
its arrays. It computes with NumPy and is strict about three things: host and device arrays never
mix, only what CuPy has can be called, and inside ``no_sync()`` nothing may wait for the device.
It says nothing about speed, streams or the last digit of a GPU's sums.
"""

from minipose.backend import register_array_module
from tests.strict.array import HiddenWait, StrictArray, counts, no_sync
from tests.strict.calls import calls
from tests.strict.library import strict

register_array_module(StrictArray, strict)

__all__ = ["HiddenWait", "StrictArray", "calls", "counts", "no_sync", "strict"]

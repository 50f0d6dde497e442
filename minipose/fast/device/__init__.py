"""Fewer calls on a GPU, where each costs the same however little it does.

A ``Kernel`` is one call: the source that a GPU compiles, for one element, and beside it the same in
NumPy, which the tests compare with the source and which runs where there is no GPU. ``columns``,
``pooling``, ``chains``, ``norm``, ``harmonic`` and ``gate`` make ops of them, ``updates`` the steps
of the optimizers. All of it is offered for arrays that are not NumPy's; the ops stay as they are.
"""

from importlib import import_module

OFFERING = (
    "convolution",
    "pooling",
    "chains",
    "resampling",
    "norm",
    "streams",
    "gate",
    "harmonic",
    "updates",
    "scaling",
)

for _name in OFFERING:
    import_module(f"minipose.fast.device.{_name}")

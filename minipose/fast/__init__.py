"""Everything that is only speed: it computes what the ops define, sooner, on a CPU."""

from minipose.fast.memory import keep_freed_memory
from minipose.kernels.faster import before_first_choice

keep_freed_memory()


def _load() -> None:
    from minipose.fast import complex_maps, harmonic, normalised_gate  # noqa: F401


before_first_choice(_load)

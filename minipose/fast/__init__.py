"""Everything that is only speed: it computes what the ops define, sooner, on a CPU."""

from minipose.fast.memory import keep_freed_memory

keep_freed_memory()

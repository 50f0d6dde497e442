"""How much memory a process held at most."""

from __future__ import annotations


def peak_memory(pid: int | str = "self") -> int:
    """The largest resident size so far (VmHWM), in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    raise OSError(f"bench: /proc/{pid}/status has no VmHWM: peak memory needs Linux")

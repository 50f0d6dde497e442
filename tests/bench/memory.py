"""How much memory a process held at most."""

from __future__ import annotations

from pathlib import Path


def peak_memory(pid: int | str = "self") -> int:
    """The largest resident size so far (VmHWM), in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    raise OSError(f"bench: /proc/{pid}/status has no VmHWM: peak memory needs Linux")


def own_memory(pid: int) -> int:
    """Bytes that a process has in memory and shares with no other."""
    return _mapped(pid, "Private_")


def own_peak(pid: int) -> int:
    """``peak_memory`` less what the process shares with others now, which these count."""
    return peak_memory(pid) - _mapped(pid, "Shared_")


def _mapped(pid: int, kind: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(kind))

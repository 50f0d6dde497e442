"""The machine that a table was made on."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe(device: str) -> str:
    """Processor, cores, versions, day: one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [f"{_processor()}, {cores} cores"]
    if device == "cuda":
        parts.append(_gpu())
    parts += [f"Python {platform.python_version()}", f"{platform.system()} {platform.machine()}"]
    parts += [f"{name} {version(name)}" for name in ("numpy", "torch") if _installed(name)]
    return "; ".join([*parts, datetime.date.today().isoformat()])


def _processor() -> str:
    """Name, and caches where Linux tells."""
    name, info = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.split(":", 1) for line in info.read_text().splitlines() if ":" in line]
        known = {key.strip(): value.strip() for key, value in lines}
        name = known.get("model name", name)
        family = f"family {known['cpu family']} model {known['model']}" if "model" in known else ""
        wide = "AVX-512" if "avx512f" in known.get("flags", "") else ""
        name = ", ".join(part for part in (name, family, wide, _second_cache()) if part)
    return name


def _second_cache() -> str:
    path = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
    return f"{path.read_text().strip()} L2 a core" if path.exists() else ""


def _gpu() -> str:
    from minipose.backend import device_module

    properties = device_module("cuda").cuda.runtime.getDeviceProperties(0)
    return properties["name"].decode()


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True

"""``python -m minipose doctor``: what is installed, which devices work, which data is here."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

PACKAGES = ("numpy", "scipy", "pillow", "h5py", "matplotlib", "tqdm")
OPTIONAL = {  # package: what it is for
    "cdflib": "Human3.6M's poses",
    "av": "videos",
    "pillow-heif": "HEIC photographs",
    "cupy": "a GPU",
    "mpi4py": "several machines",
    "onnx": "models in ONNX files",
    "torch": "models in PyTorch's files",
}


def examine() -> list[str]:
    """One line per finding."""
    from minipose.devices import gpu_status

    lines = [f"python {platform.python_version()}{_lock()}, {os.cpu_count()} cores"]
    lines += [_package(name) for name in (*PACKAGES, *OPTIONAL)]
    lines.append(_kernels())
    ok, reason, remedy = gpu_status()
    lines.append("gpu: works" if ok else f"gpu: none ({reason}). {remedy}")
    stores = sorted(Path("data").glob("*.h5")) if Path("data").is_dir() else []
    lines += [f"data: {path}, {path.stat().st_size / 1e6:.0f} MB" for path in stores]
    if not stores:
        lines.append("data: no store in data/ (make train-h36m writes one)")
    return lines


def _lock() -> str:
    """What a free-threaded interpreter makes of its lock; nothing of an ordinary one."""
    if "free-threading" not in sys.version:
        return ""
    if sys._is_gil_enabled():
        return " free-threaded, but its lock (GIL) is on: a package or PYTHON_GIL=1 asked for it"
    return " free-threaded (no GIL)"


def _package(name: str) -> str:
    """Its version; CuPy is distributed under a name for each version of CUDA."""
    distributions = [name]
    if name == "cupy":
        distributions = importlib.metadata.packages_distributions().get("cupy", [name])
    for distribution in distributions:
        try:
            return f"{distribution} {importlib.metadata.version(distribution)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"{name}: not installed" + (
        f", optional, for {OPTIONAL[name]}" if name in OPTIONAL else ""
    )


def _kernels() -> str:
    fast = sys.modules.get("minipose.fast")  # minipose has imported it, where it is used
    return f"kernels: {fast.describe()}" if fast else "kernels: plain"

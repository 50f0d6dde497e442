"""``python -m minipose doctor``: what is installed, which devices work, which data is here."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

PACKAGES = ("numpy", "scipy", "pillow", "h5py", "matplotlib", "tqdm", "cdflib", "av", "cupy")


def examine() -> list[str]:
    """One line per finding."""
    from minipose.backend import gpu_status
    from minipose.fast.workers import blas_name, thread_count

    lines = [f"python {platform.python_version()}, {os.cpu_count()} cores"]
    for name in PACKAGES:
        try:
            lines.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{name}: not installed")
    lines.append(f"kernels: {thread_count()} threads, BLAS: {blas_name()}")
    ok, reason, remedy = gpu_status()
    lines.append("gpu: works" if ok else f"gpu: none ({reason}). {remedy}")
    stores = sorted(Path("data").glob("*.h5")) if Path("data").is_dir() else []
    lines += [f"data: {path}, {path.stat().st_size / 1e6:.0f} MB" for path in stores]
    if not stores:
        lines.append("data: no store in data/ (make train-h36m writes one)")
    return lines

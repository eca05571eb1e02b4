"""What a worker takes of the machine's memory, and what to say when that is too much."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.types import CameraReport


def memory_gb() -> float:
    """What this process takes, shared pages too; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e9


def complaint(limit_gb: float, cameras: Iterable[CameraReport]) -> str | None:
    """What is wrong, and at which camera to look first; None where nothing is."""
    taken = memory_gb()
    if taken <= limit_gb:
        return None
    sizes = [(report.size, report.camera) for report in cameras if report.size]
    words = f"this worker takes {taken:.1f} GB of memory, more than workers.memory_gb ({limit_gb:g}) allows"
    if not sizes:
        return f"{words}, and is replaced."
    (wide, high), camera = max(sizes)
    return f"{words}, and is replaced. The largest pictures, {wide}x{high}, are those of camera {camera}."

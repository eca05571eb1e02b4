"""What a worker sends to the supervisor once a second. Apart, so that who reads it need not load what made it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.types import CameraReport


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """The heartbeat: how each camera is doing."""

    cameras: tuple[CameraReport, ...]

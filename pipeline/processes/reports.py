"""What a worker sends to the supervisor once a second. Apart, so that who reads it need not load what made it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.types import CameraReport, Mode


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """The heartbeat: how each camera is doing, and the mode that is in force on all of them."""

    cameras: tuple[CameraReport, ...]
    mode: Mode = field(default_factory=Mode)

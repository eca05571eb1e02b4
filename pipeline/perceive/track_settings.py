"""What a tracker is told; apart from it, so that who only asks need not load what follows people."""

from __future__ import annotations

from dataclasses import dataclass

REMEMBER_S = 10.0
"""At least so long who is out of sight is waited for."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """`sure` and `doubtful` are detection scores (0–1); the rest are seconds."""

    sure: float = 0.5
    doubtful: float = 0.2
    confirm_s: float = 0.15
    tentative_s: float = 0.8
    lost_s: float = 2.0
    remember_s: float = REMEMBER_S

"""The keys of `modes`: what changes while the site is in lockdown, or has a drill.

Not here: which mode it is in (`sinks/mode_log`), and what follows (`rules/calendar`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field
from pydantic_core import InitErrorDetails

from pipeline.config.fields import Name
from pipeline.config.problems import Strict, mistake
from pipeline.types import Severity

ModeName: TypeAlias = Literal["lockdown", "drill", "evacuation", "event", "maintenance"]
MODES = ("normal", "lockdown", "drill", "evacuation", "event", "maintenance")
ALL = "all"


class ModeSettings(Strict):
    """What a mode changes; what it does not name stays as its schedule says."""

    arm: tuple[Name, ...] = Field((), description="Tags of rules that are armed whatever their schedule says; or all.")
    disarm: tuple[Name, ...] = Field((), description="Tags of rules that are not armed; or all. Counts before `arm`.")
    severity: Severity | None = Field(None, description="Severity of the rules that it arms; of all, if it arms none.")
    audience: tuple[str, ...] | None = Field(
        None, max_length=100, description="Who alone is to be paged; empty: nobody. None: everybody."
    )

    def arms(self, tags: Collection[str]) -> bool:
        """Whether it arms rules with these tags."""
        return ALL in self.arm or any(tag in self.arm for tag in tags)

    def disarms(self, tags: Collection[str]) -> bool:
        """Whether it disarms rules with these tags."""
        return ALL in self.disarm or any(tag in self.disarm for tag in tags)

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        if not data:
            yield mistake((), "says nothing", "Give it arm, disarm, severity or audience, or take it out.")
        arm, disarm = (data.get(key) for key in ("arm", "disarm"))
        for tag in arm if isinstance(arm, list | tuple) else ():
            if isinstance(disarm, list | tuple) and tag in disarm:
                yield mistake(("disarm",), f"has `{tag}`, which arm has too", "Take it out of one of them.")


DEFAULTS: dict[str, ModeSettings] = {
    "lockdown": ModeSettings(arm=(ALL,), severity=Severity.CRITICAL),
    "drill": ModeSettings(audience=()),
}
"""What a mode changes of which the configuration says nothing."""

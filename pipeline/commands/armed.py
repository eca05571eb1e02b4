"""`zonewatch armed`: which rules raise alerts at a time, and why."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from pydantic_core import PydanticCustomError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.clock import SystemClock
from pipeline.commands.output import errors_told
from pipeline.config import Config, load
from pipeline.config.schedule import moment
from pipeline.rules.calendar import Calendars
from pipeline.sinks.mode_log import ModeLog
from pipeline.types import Mode


def armed(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The configuration.")] = Path("streams.yaml"),
    at: Annotated[str | None, typer.Option(help="A time of the site's clock, as 2026-11-20 14:05. Now.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object a rule instead.")] = False,
) -> None:
    """Say which rules of FILE raise alerts now, or at another time, how grave they are then, and why."""
    with errors_told():
        config = load(file).config
        now = _mode(config) if at is None else Mode()
    when = _asked(at, ZoneInfo(config.site.timezone))
    told = list(_verdicts(config, when, now))
    if json_:
        for one in told:
            typer.echo(json.dumps(one))
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(Text(f"{when:%A, %Y-%m-%d %H:%M} ({config.site.timezone})", "bold"))
    table = Table("camera", "rule", "", "severity", "because", box=None, pad_edge=False)
    for one in told:
        state = Text("armed", "green") if one["armed"] else Text("not armed", "yellow")
        table.add_row(one["camera"], one["rule"], state, one["severity"], f"{one['schedule']}: {one['why']}")
    console.print(table)


def _asked(at: str | None, zone: ZoneInfo) -> datetime:
    if at is None:
        return datetime.fromtimestamp(SystemClock().wall(), zone)
    try:
        return moment(at).replace(tzinfo=zone)
    except PydanticCustomError as error:
        raise typer.BadParameter(f"{at} {error.message()}. Write it as 2026-11-20 14:05.", param_hint="--at") from None


def _mode(config: Config) -> Mode:
    """The site's, if it has ever been told one."""
    if not config.alerts.journal.exists():
        return Mode()
    return ModeLog(config.alerts.journal, config.site.id, readonly=True).now()


def _verdicts(config: Config, when: datetime, now: Mode) -> list[dict[str, Any]]:
    calendars, wall = Calendars.of(config).in_mode(now), when.timestamp()
    found = []
    for camera in config.cameras.values():
        for name, rule in camera.rules.items():
            verdict = calendars.armed(rule, wall, wall)
            found.append(
                {
                    "camera": camera.name,
                    "rule": name,
                    "armed": verdict.armed and camera.enabled,
                    "severity": calendars.severity(rule, wall, wall).value,
                    "schedule": rule.schedule,
                    "why": verdict.why if camera.enabled else "the camera is not enabled",
                }
            )
    return found

"""`zonewatch mode`: which mode the site is in, and setting another one."""

from __future__ import annotations

import getpass
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pipeline.clock import SystemClock
from pipeline.commands.output import errors_told, print_json
from pipeline.config import Config, load
from pipeline.config.modes import MODES
from pipeline.processes.status import status_path
from pipeline.sinks.duration import seconds
from pipeline.sinks.mode_log import ModeLog
from pipeline.types import Mode

# So long a change may take to be in force everywhere; then it is said who has not followed.
_PATIENCE_S = 3.0
_FRESH_S = 5.0


def mode(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The configuration that is run.")] = Path(
        "streams.yaml"
    ),
    name: Annotated[str | None, typer.Option("--set", help=f"The mode to set: {', '.join(MODES)}.")] = None,
    why: Annotated[str, typer.Option(help="Why; for those who see it on the feed.")] = "",
    by: Annotated[str, typer.Option(help="Who sets it; by default the user of this machine.")] = "",
    lasts: Annotated[str | None, typer.Option("--for", help="It ends by itself after 30m, 2h, 1d.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Say which mode the site is in, or set another: at once, on every camera, on the feed, and over restarts."""
    if name is None and (why or by or lasts):
        raise typer.BadParameter("say which mode with --set.", param_hint="--why, --by, --for")
    with errors_told():
        config = load(file).config
        clock = SystemClock()
        modes = ModeLog(config.alerts.journal, config.site.id, clock)
        if name is not None:
            until = _until(lasts, clock.wall())
            if name not in MODES:
                raise typer.BadParameter(f"{name} is none of {', '.join(MODES)}.", param_hint="--set")
            if not why.strip():
                raise typer.BadParameter("is needed: say it in a few words, with --why.", param_hint="--why")
            modes.set(name, by or _me(), why.strip(), until)
        now = modes.now().at(clock.wall())
        armed = _in_force(config, now if name is not None else None)
    if json_:
        print_json({"mode": now.name, "since": now.since, "until": now.until, "by": now.by, "why": now.why, **armed})
    else:
        typer.echo(_line(now, ZoneInfo(config.site.timezone)))
        typer.echo(_armed(armed))


def _until(lasts: str | None, now: float) -> float | None:
    if lasts is None:
        return None
    found = seconds(lasts)
    if not found:
        raise typer.BadParameter(f"{lasts} is no time. Write 30m, 2h or 1d.", param_hint="--for")
    return now + found


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _line(now: Mode, zone: ZoneInfo) -> str:
    def shown(at: float) -> str:
        return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}"

    if not now.since:
        return "normal"
    until = f" until {shown(now.until)}" if now.until is not None else ""
    return f"{now.name} since {shown(now.since)}{until}, by {now.by}: {now.why}"


def _in_force(config: Config, wanted: Mode | None) -> dict[str, Any]:
    """What the running cameras say; after a change that is waited for a moment."""
    end = time.monotonic() + (_PATIENCE_S if wanted is not None else 0.0)
    while True:
        told = _status(config)
        followed = told is None or wanted is None or not _behind(told, wanted)
        if followed or time.monotonic() >= end:
            break
        time.sleep(0.05)
    if told is None:
        return {"running": False, "armed": None, "behind": []}
    armed = {name: one.get("armed", []) for name, one in told["cameras"].items()}
    return {"running": True, "armed": armed, "behind": _behind(told, wanted) if wanted is not None else []}


def _status(config: Config) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads(status_path(config).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    fresh = SystemClock().wall() - told["written"] < _FRESH_S
    return told if fresh and told["state"] == "running" else None


def _behind(told: dict[str, Any], wanted: Mode) -> list[str]:
    """Workers that are not yet in that mode."""
    return [name for name, one in told["workers"].items() if one.get("mode_since") != wanted.since]


def _armed(told: dict[str, Any]) -> str:
    if not told["running"]:
        return "nothing is running here: it will hold when `zonewatch run` starts"
    count = sum(len(rules) for rules in told["armed"].values())
    words = f"{count} rules are armed on {len(told['armed'])} cameras"
    return f"{words}; not yet in this mode: {', '.join(told['behind'])}" if told["behind"] else words

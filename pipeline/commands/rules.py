"""`zonewatch rules`: how many alerts each rule gives a day, or would give."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.commands.output import errors_told, print_json
from pipeline.commands.replay import chosen_camera, found_videos
from pipeline.config import Config, load
from pipeline.processes.replaying import side_by_side, usable_cores
from pipeline.sinks.loads import Loads
from pipeline.types import IncidentState
from pipeline.workers.replay import replay

app = typer.Typer(help="How many alerts each rule gives a day, or would give.", no_args_is_help=True)
_DAY_S = 86400.0


@app.callback()
def rules() -> None:
    """How many alerts each rule gives a day, or would give."""


@app.command("load")
def load_of_rules(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The configuration.")] = Path("streams.yaml"),
    days: Annotated[int, typer.Option(min=1, max=366, help="Of so many days, today included.")] = 7,
    camera: Annotated[str | None, typer.Option(help="Of this camera alone; with --video whose rules to apply.")] = None,
    video: Annotated[
        list[str] | None, typer.Option(help="Of this recording instead of what was watched; may be given again.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object a rule instead.")] = False,
) -> None:
    """Alerts a day of each rule, also of those in shadow; by what was watched, or by a recording."""
    logs.setup("WARNING")
    with errors_told():
        config = load(file).config if video is None else None
        rows = _watched(config, days, camera) if config is not None else _recorded(file, camera, video or [])
    if json_:
        for row in rows:
            print_json(row)
        return
    table = Table("camera", "rule", "state", "alerts", "a day", "folded", "by day", box=None, pad_edge=False)
    for row in rows:
        by_day = ", ".join(f"{day}: {count}" for day, count in row["by_day"].items())
        table.add_row(
            row["camera"],
            row["rule"],
            row["state"],
            str(row["alerts"]),
            f"{row['a_day']:.1f}",
            str(row["folded"]),
            by_day,
        )
    Console(soft_wrap=True, highlight=False).print(table)


def _watched(config: Config, days: int, camera: str | None) -> list[dict[str, Any]]:
    """By the journal; a day on which nothing was told counts too."""
    zone, clock = ZoneInfo(config.site.timezone), SystemClock()
    there = config.alerts.journal.exists()
    loads = Loads(config.alerts.journal, zone, clock, readonly=True) if there else None
    found, folded = (loads.by_day(days), loads.folded(days)) if loads else ({}, {})
    today = datetime.fromtimestamp(clock.wall(), zone).date()
    every = [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(days))]
    return [
        _row(
            name,
            rule,
            state,
            {day: found.get((name, rule), {}).get(day, 0) for day in every},
            days,
            folded.get((name, rule), 0),
        )
        for name, rule, state in _rules(config, camera)
    ]


def _recorded(file: Path, camera: str | None, videos: list[str]) -> list[dict[str, Any]]:
    """By playing a recording: as many as a day of such video would give."""
    loaded = load(file)
    chosen = chosen_camera(loaded, camera or next(iter(loaded.config.cameras), ""))
    paths = found_videos(videos)
    counts, folded = Counter[str](), Counter[str]()
    lasted = 0.0
    for step in replay(loaded.config, chosen, paths, players=side_by_side(usable_cores())):
        opened = [one for one in step.incidents if one.state is IncidentState.OPENED]
        counts.update(one.rule for one in opened if one.unsaid != "folded")
        folded.update(one.rule for one in opened if one.unsaid == "folded")
        lasted = step.media_s
    days = max(lasted, 1.0) / _DAY_S
    return [
        _row(chosen.name, rule, one.state, {"recorded": counts[rule]}, days, folded[rule])
        for rule, one in chosen.rules.items()
    ]


def _rules(config: Config, camera: str | None) -> list[tuple[str, str, str]]:
    if camera is not None and camera not in config.cameras:
        raise typer.BadParameter(f"there is no camera {camera}.", param_hint="--camera")
    return [
        (name, rule, one.state)
        for name, told in config.cameras.items()
        if camera in (None, name)
        for rule, one in told.rules.items()
    ]


def _row(camera: str, rule: str, state: str, by_day: dict[str, int], days: float, folded: int) -> dict[str, Any]:
    alerts = sum(by_day.values())
    return {
        "camera": camera,
        "rule": rule,
        "state": state,
        "alerts": alerts,
        "a_day": round(alerts / days, 1),
        "folded": folded,
        "by_day": by_day,
    }

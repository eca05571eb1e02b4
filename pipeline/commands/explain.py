"""`zonewatch explain`: why was nothing told of that moment, or why was it?"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from pipeline import logs
from pipeline.commands.output import errors_told, print_json
from pipeline.commands.replay import chosen_camera, found_videos
from pipeline.config import Camera, load
from pipeline.rules.account import Gate
from pipeline.workers.witness import Explanation
from pipeline.workers.witness import explain as explained

_MEDIA = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")
_SHOWN = {gate: gate.name.lower().replace("_", " ") for gate in Gate}


def explain(
    videos: Annotated[list[str], typer.Argument(metavar="VIDEO…", help="Video files or folders, in order of time.")],
    camera: Annotated[str, typer.Option(help="Whose zones and rules to apply.")],
    at: Annotated[str, typer.Option(help="The moment: 83.5 or 1:23.5 from the beginning, or a time with --start.")],
    config: Annotated[Path, typer.Option(help="The configuration.")] = Path("streams.yaml"),
    zone: Annotated[str | None, typer.Option(help="Rules about this zone alone.")] = None,
    start: Annotated[
        str | None, typer.Option(help="When the first picture was taken, as 2026-11-23T08:15:00; the site's time.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Say of each rule what it told of that moment of a recording, or the first gate at which it ended."""
    logs.setup("WARNING")
    with errors_told():
        loaded = load(config)
        chosen = chosen_camera(loaded, camera)
        if zone is not None and zone not in chosen.zones:
            raise typer.BadParameter(f"camera {camera} has no zone {zone}.", param_hint="--zone")
        paths = found_videos(videos)
        began = _moment(start, ZoneInfo(loaded.config.site.timezone), "--start") if start else None
        told = explained(loaded.config, chosen, paths, _at(at, began, ZoneInfo(loaded.config.site.timezone)), began)
    rows = [_row(told, chosen, name) for name, rule in chosen.rules.items() if zone is None or zone in rule.places]
    if json_:
        print_json({"at_s": told.at, "picture_s": told.glance and told.glance.now.at.media, "rules": rows})
        return
    table = Table("rule", "", "because", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["rule"], _SHOWN[Gate[row["gate"].upper()]], row["why"])
    Console(soft_wrap=True, highlight=False, markup=False).print(table)


def _row(told: Explanation, camera: Camera, name: str) -> dict[str, Any]:
    account, incident = told.rules[name], told.told.get(name)
    why = account.words
    if incident is not None:
        reasons = ", ".join(f"{key} {value}" for key, value in sorted(incident.why.items()))
        why = f"was told at {incident.at.media:.2f} s, of track {incident.track}: {reasons}"
    rule = camera.rules[name]
    return {
        "rule": name,
        "trigger": rule.trigger,
        "gate": account.gate.name.lower(),
        "why": why,
        "incident": incident.id if incident else None,
    }


def _at(text: str, began: float | None, zone: ZoneInfo) -> float:
    """Media seconds."""
    if found := _MEDIA.fullmatch(text.strip()):
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return 3600 * hours + 60 * minutes + seconds
    if began is None:
        raise typer.BadParameter("a time of day needs --start; or write 83.5, or 1:23.5.", param_hint="--at")
    return _moment(text, zone, "--at") - began


def _moment(text: str, zone: ZoneInfo, option: str) -> float:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text} is no time. Write 2026-11-23T08:15:00.", param_hint=option) from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()

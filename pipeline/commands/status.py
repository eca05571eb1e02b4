"""`zonewatch status`: is it watching, and does what it sees arrive?"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipeline.clock import SystemClock
from pipeline.commands.output import FAILED, OK, errors_told, print_json
from pipeline.config import Config, load
from pipeline.errors import JournalError
from pipeline.processes.status import status_path
from pipeline.sinks.outbox import Outbox
from pipeline.types import CameraState

# The supervisor writes once a second; an account older than this is not of now.
_FRESH_S = 5.0
_PIPE_WIDTH = 200
_WELL = (CameraState.WATCHING, CameraState.RESTING, CameraState.ENDED, CameraState.STOPPED)


def status(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The configuration that is run.")] = Path(
        "streams.yaml"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Say how each camera and the delivery are doing. Exit code 0: all watched, alerts delivered; 1: not so."""
    with errors_told():
        config = load(file).config
        told = _told(config)
        if as_json:
            print_json(told)
        else:
            _show(told)
        delivered = not (told["delivery"].get("error") or told["backlog"].get("error"))
        well = told["running"] and delivered and all(map(_well, told["cameras"].values()))
        raise typer.Exit(OK if well else FAILED)


def _told(config: Config) -> dict[str, Any]:
    try:
        told = json.loads(status_path(config).read_text("utf-8"))
    except (OSError, ValueError):
        told = {
            "state": "it has never run here",
            "cameras": {},
            "workers": {},
            "delivery": {},
            "written": 0.0,
            "pid": 0,
        }
    age = SystemClock().wall() - told["written"]
    told["running"] = told["state"] == "running" and age < _FRESH_S and _alive(told["pid"])
    told["backlog"] = _backlog(config)
    return dict(told)


def _backlog(config: Config) -> dict[str, Any]:
    """Straight from the journal: true also while nothing runs."""
    if config.alerts.redis is None:
        return {"waiting": 0, "oldest_s": 0.0}
    if not config.alerts.journal.exists():
        return {"waiting": 0, "oldest_s": 0.0}
    try:
        waiting, oldest = Outbox(config.alerts.journal, readonly=True).backlog("redis")
    except JournalError as error:
        return {"waiting": None, "oldest_s": None, "error": str(error)}
    return {"waiting": waiting, "oldest_s": round(oldest, 1)}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0


def _well(camera: dict[str, Any]) -> bool:
    return camera["state"] in _WELL and camera["error_kind"] != "config"


def _show(told: dict[str, Any]) -> None:
    # Who reads it from a pipe wants lines as they are.
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    running = "running" if told["running"] else f"not running (by its last account: {told['state']})"
    console.print(running, markup=False)
    if (mode := told.get("mode", {"name": "normal"}))["name"] != "normal":
        console.print(f"mode: {mode['name']}, by {mode['by']}: {mode['why']}", markup=False)
    if told["cameras"]:
        console.print(_table(told["cameras"]))
    for name, camera in told["cameras"].items():
        if camera["error"]:
            named = camera["error"].startswith("camera ")
            console.print(camera["error"] if named else f"{name}: {camera['error']}", markup=False)
        if camera["wakeful"]:
            console.print(f"{name}: all its pictures are decoded: {camera['wakeful']}", markup=False)
        if camera["packets"] and camera["state"] == CameraState.RESTING:
            what = "the sizes of its packets do not tell whether anything moves"
            console.print(f"{name}: {what}: {camera['packets']}", markup=False)
    backlog, delivery = told["backlog"], told["delivery"]
    if backlog["waiting"] is None:
        console.print(f"delivery: {backlog['error']}", markup=False)
    else:
        console.print(f"delivery: {backlog['waiting']} waiting, the oldest for {backlog['oldest_s']:.0f} s")
    if delivery.get("error"):
        console.print(f"delivery: {delivery['error']}", markup=False)


def _table(cameras: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("camera", "state", "fps in", "analysed", "dropped", "lag s", "open", "connections"):
        table.add_column(
            heading, justify="left" if heading in ("camera", "state") else "right", no_wrap=heading == "state"
        )
    for name, camera in cameras.items():
        table.add_row(
            name,
            camera["state"],
            f"{camera['fps_in']:.1f}",
            f"{camera['fps_analysed']:.1f}",
            str(camera["dropped"]),
            f"{camera['lag_s']:.1f}",
            str(camera["open_incidents"]),
            str(camera["connections"]),
        )
    return table

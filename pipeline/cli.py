"""The `zonewatch` command: which commands there are. What each does is in `commands/`."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated

import typer

import pipeline

_COMMANDS = {
    "check": "check",
    "run": "run",
    "replay": "replay",
    "feed": "feed",
    "status": "status",
    "simulate": "simulate",
    "demo": "demo",
}


def _app(wanted: str | None) -> typer.Typer:
    """All commands; but if one is `wanted`, only that, because the others' imports would cost it a second."""
    app = typer.Typer(
        name="zonewatch",
        help="Watches cameras: people followed, zones and lines judged, violations told.",
        no_args_is_help=True,
        invoke_without_command=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name in [wanted] if wanted in _COMMANDS else _COMMANDS:
        module = importlib.import_module(f"pipeline.commands.{name}")
        app.command(name)(getattr(module, _COMMANDS[name]))
    if wanted not in _COMMANDS:
        app.add_typer(importlib.import_module("pipeline.commands.model").app, name="model")
    app.callback()(_every)
    return app


def _every(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Watches cameras: people followed, zones and lines judged, violations told."""
    if version:
        typer.echo(f"zonewatch {pipeline.__version__}")
        raise typer.Exit


def main() -> None:
    """Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted."""
    _app(sys.argv[1] if len(sys.argv) > 1 else None)()

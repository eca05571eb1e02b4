"""The `zonewatch` command: which commands there are. What each does is in `commands/`."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer

import pipeline
from pipeline.errors import PlaceError

_OUTPUT_ERRORS = (errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EBADF, errno.EDQUOT, errno.EFBIG)
_COMMANDS = {
    "check": "Tell every mistake of a configuration; --probe opens its cameras, --draw shows their zones.",
    "run": "Watch the cameras and deliver alerts, until stopped.",
    "replay": "Play recordings through a camera's rules, as fast as it goes.",
    "explain": "Say why a rule told nothing of a moment of a recording, or why it did.",
    "capacity": "Say how many cameras this machine can watch, what sets the limit, and what would help.",
    "mode": "Say which mode the site is in (lockdown, drill, ...), or set another one.",
    "armed": "Say which rules raise alerts now, or at another time, and why.",
    "rules": "How many alerts each rule gives a day, or would give.",
    "feed": "Show alerts: new ones, those since a time, or as they come.",
    "status": "Say how each camera and the delivery are doing.",
    "model": "List, fetch and verify detector models.",
    "simulate": "Play videos as RTSP cameras, with faults on request.",
    "demo": "Simulated cameras, the whole pipeline and its alerts; ends by itself.",
}


def _app(wanted: str | None) -> typer.Typer:
    """The command that is `wanted`; else a list of all. Importing all of them would take seconds."""
    app = typer.Typer(
        name="zonewatch",
        help="Watches cameras: people followed, zones and lines judged, violations told.",
        no_args_is_help=True,
        invoke_without_command=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_every)
    if wanted in _COMMANDS:
        module = importlib.import_module(f"pipeline.commands.{wanted}")
        app.add_typer(module.app, name=wanted) if wanted in ("model", "rules") else app.command(wanted)(
            getattr(module, wanted)
        )
        return app
    for name, summary in _COMMANDS.items():
        app.command(name, help=summary)(_listed)
    return app


def _listed() -> None:
    """Is in the list of commands, and is never called: the one that is wanted is imported instead."""


def _every(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Watches cameras: people followed, zones and lines judged, violations told."""
    if version:
        typer.echo(f"zonewatch {pipeline.__version__}")
        raise typer.Exit


def main() -> None:
    """Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted."""
    with _output():
        try:
            _app(next((word for word in sys.argv[1:] if not word.startswith("-")), None))()
        except PlaceError as error:  # by what a command imports, before it can say anything itself
            typer.echo(f"zonewatch: {error}", err=True)
            raise SystemExit(1) from None


@contextmanager
def _output() -> Iterator[None]:
    """Standard output may be closed, or full: then that is said, in place of a traceback, and it is a failure."""
    _fill_places()
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            raise
        os.dup2(_nowhere(), 1)  # what is still buffered has somewhere to go
        with suppress(OSError):
            typer.echo(f"zonewatch: standard output takes nothing: {os.strerror(error.errno or 0)}.", err=True)
        raise SystemExit(1) from None


def _nowhere() -> int:
    """A file descriptor for what nobody reads."""
    try:
        return os.open(os.devnull, os.O_RDWR)
    except OSError:  # a container without devices
        return os.memfd_create("nowhere")


def _fill_places() -> None:
    """Who starts us with 0, 1 or 2 closed would have what we open next in their places: a journal in that of output."""
    for place, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(place)
        except OSError:
            _nowhere()  # takes the lowest free place
        if getattr(sys, name) is None:
            setattr(sys, name, open(place, "r" if place == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115

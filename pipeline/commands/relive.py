"""`zonewatch replay --ledger`: an hour judged again, from what its rules were given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, TextIO

import typer

from pipeline.clock import SystemClock
from pipeline.commands.against import changes, summary
from pipeline.commands.output import FAILED
from pipeline.config import Camera, Config
from pipeline.rules.calendar import Calendars
from pipeline.sinks.message import canonical
from pipeline.store.ledger import parts
from pipeline.types import Incident
from pipeline.workers.relive import Course, Reliving, Rewrite, by


class Span(NamedTuple):
    """Unix seconds; None: no limit."""

    since: float | None
    until: float | None

    def has(self, at: float | None) -> bool:
        """Whether it lies within."""
        if at is None:
            return True
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def relive(folder: Path, camera: str, span: Span, lines: TextIO) -> None:
    """Print what was sent then; ends with 1 where what the rules say now is something else. Raises LedgerError."""
    clock = SystemClock()
    began, count = clock.monotonic(), 0
    again = Reliving(parts(folder, camera))
    for message in again.messages():
        if span.has(message.emitted):
            count += 1
            lines.write(canonical(message.event) + "\n")
    _say(again.course, clock.monotonic() - began)
    if strayed := again.course.strayed:
        typer.echo(f"{len(strayed)} messages came out otherwise than they were sent, as {strayed[0]}", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{again.course.sent} messages as they were sent, {count} of them asked for", err=True)


def relive_against(folder: Path, camera: str, other: tuple[Config, Camera], span: Span, lines: TextIO) -> None:
    """Print what another configuration would have changed. Raises LedgerError."""
    config, theirs = other
    before = _incidents(folder, camera, span, None)
    found = changes(before, _incidents(folder, camera, span, by(theirs, Calendars.of(config))))
    lines.writelines(json.dumps(one.told(), ensure_ascii=False) + "\n" for one in found)
    typer.echo(f"by the other configuration: {summary(found)}", err=True)


def _incidents(folder: Path, camera: str, span: Span, rewrite: Rewrite | None) -> list[Incident]:
    again, clock = Reliving(parts(folder, camera), rewrite), SystemClock()
    began = clock.monotonic()
    found = [one for one in again.incidents() if span.has(one.at.wall)]
    _say(again.course, clock.monotonic() - began)
    return found


def _say(course: Course, took_s: float) -> None:
    """How it went, and from where on it is another run than that of then."""
    speed = course.media_s / max(took_s, 1e-6)
    typer.echo(
        f"{course.media_s:.1f} s at {speed:.0f} times their speed: {course.pictures} pictures, "
        f"{course.looked} of them looked at",
        err=True,
    )
    for hole in course.holes:
        typer.echo(f"zonewatch: {hole}: from there on nobody is followed who was there before.", err=True)
    if course.failed:
        typer.echo(f"zonewatch: {course.failed} pictures could not be judged, as they could not be then.", err=True)

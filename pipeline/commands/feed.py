"""`zonewatch feed`: alerts as they come, for a person or a program, from Redis or from the journal."""

from __future__ import annotations

import getpass
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Protocol
from zoneinfo import ZoneInfo

import typer

from pipeline.clock import SystemClock
from pipeline.commands.output import errors_told
from pipeline.config import Config, load
from pipeline.errors import DeliveryError, JournalError
from pipeline.sinks.duration import seconds
from pipeline.sinks.message import MODE_TYPE, Event, canonical
from pipeline.sinks.outbox import SEVERITIES, Outbox
from pipeline.sinks.redis_feed import GroupFeed, HistoryFeed
from pipeline.sinks.redis_stream import FEEDS
from pipeline.types import Severity

INTERRUPTED = 130
WAIT_S = 0.5
_COLOURS = {"critical": typer.colors.BRIGHT_RED, "high": typer.colors.RED, "medium": typer.colors.YELLOW}


class Source(Protocol):
    """Where alerts are read from; `done` says which have been shown."""

    def read(self, wait_s: float) -> list[tuple[Any, Event]]: ...

    def done(self, places: list[Any]) -> None: ...


class JournalFeed:
    """The journal itself, by time. The file may come later than the reader."""

    def __init__(self, path: Path, since: float | None) -> None:
        self._path, self._since = path, since
        self._outbox: Outbox | None = None
        self._after = 0

    def read(self, wait_s: float) -> list[tuple[int, Event]]:
        """The next events; waits `wait_s` where there are none. Raises JournalError."""
        self._outbox = self._outbox or Outbox(self._path, readonly=True)
        events = self._outbox.read(self._after, self._since)
        if events:
            self._after = events[-1][0]
        elif wait_s:
            time.sleep(wait_s)
        return events

    def done(self, places: list[int]) -> None:
        """Nothing to remember."""


def feed(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The configuration that is run.")] = Path(
        "streams.yaml"
    ),
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more, until interrupted.")] = False,
    since: Annotated[str | None, typer.Option(help="Only what is newer: 10m, 2h, 1d, or 2026-11-23T08:15.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only alerts of this camera.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only alerts of this severity and above.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One CloudEvents JSON object a line.")] = False,
    group: Annotated[str | None, typer.Option(help="Redis consumer group; by default one of your own.")] = None,
) -> None:
    """Show alerts: with Redis those you have not seen yet (or all --since), without it those of the journal."""
    with errors_told():
        config = load(file).config
        if camera is not None and camera not in config.cameras:
            typer.echo(f"zonewatch: {file} has no camera {camera} now; what it told before is shown.", err=True)
        group = group or _group(camera, severity)
        source = _source(config, since, group)
        wanted = _filter(camera, severity)
        shown = canonical if as_json else _liner(ZoneInfo(config.site.timezone))
        with _reader_may_leave():
            _show(source, wanted, shown, follow)


def _group(camera: str | None, severity: Severity | None) -> str:
    """A reader's own. With a filter it is another: what the filter hides has not been seen, and comes without it."""
    chosen = [f"camera={camera}"] * (camera is not None) + [f"severity={severity}"] * (severity is not None)
    return FEEDS + ":".join([_me(), *chosen])


def _me() -> str:
    """Containers give their processes numbers that have no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user-{os.getuid()}"
    return f"{name}@{socket.gethostname()}"


def _source(config: Config, since: str | None, group: str) -> Source:
    start = None if since is None else _time(since, ZoneInfo(config.site.timezone))
    redis = config.alerts.redis
    if redis is None:
        return JournalFeed(config.alerts.journal, start)
    if start is not None:
        return HistoryFeed(redis, start)
    return GroupFeed(redis, group, _me())


def _time(text: str, zone: ZoneInfo) -> float:
    """Unix seconds of `10m` ago, or of an ISO time; the site's time where it names no zone."""
    if (ago := seconds(text)) is not None:
        return SystemClock().wall() - ago
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text} is no time. Write 10m, 2h, 1d, or 2026-11-23T08:15.") from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


def _filter(camera: str | None, severity: Severity | None) -> Callable[[Event], bool]:
    lowest = SEVERITIES.index(severity.value) if severity else 0

    def wanted(event: Event) -> bool:
        data = event.get("data")
        if not data:
            return False
        # A mode is of all cameras.
        return camera in (None, data.get("camera", camera)) and SEVERITIES.index(data["severity"]) >= lowest

    return wanted


def _liner(zone: ZoneInfo) -> Callable[[Event], str]:
    """A line for people: local time, severity, camera, rule, state, zone or line, stay, the incident's short name."""

    def line(event: Event) -> str:
        data = event["data"]
        told = event.get("time") or data["times"]["emitted"]
        when = f"{datetime.fromisoformat(told).astimezone(zone):%Y-%m-%d %H:%M:%S}" if told else " " * 19
        severity = typer.style(f"{data['severity']:<8}", fg=_COLOURS.get(data["severity"]))
        if event["type"] == MODE_TYPE:
            until = "" if data["until"] is None else f" until {data['until']}"
            return f"{when}  {severity} the site is in mode {data['mode']}{until}, by {data['by']}: {data['why']}"
        stay = "" if data["dwell_s"] is None else f"{data['dwell_s']:.1f} s"
        where = data["zone"] or data["line"] or ""
        words = f"{data['camera']:<16} {data['rule']:<20} {data['state']:<8} {where:<12} {stay:>8}"
        marked = "" if data.get("mode", "normal") == "normal" else f"  [{data['mode']}]"
        return f"{when}  {severity} {words}  {data['incident'][:8]}{marked}"

    return line


def _show(source: Source, wanted: Callable[[Event], bool], shown: Callable[[Event], str], follow: bool) -> None:
    """Acknowledged after it has been printed: who is interrupted in between sees it again, and misses nothing."""
    for batch in _batches(source, follow):
        for _, event in batch:
            if wanted(event):
                typer.echo(shown(event))
        sys.stdout.flush()
        _done(source, [place for place, _ in batch], follow)


def _batches(source: Source, follow: bool) -> Iterator[list[tuple[Any, Event]]]:
    """Until there is no more; when following, for ever: trouble is said once, and its end as well."""
    trouble = ""
    while True:
        try:
            batch = source.read(WAIT_S if follow else 0.0)
        except (DeliveryError, JournalError) as error:
            if not follow:
                raise
            if not trouble:
                typer.echo(f"zonewatch: {error} Trying on.", err=True)
            trouble = str(error)
            time.sleep(WAIT_S)
            continue
        if trouble:
            typer.echo("zonewatch: alerts come again.", err=True)
            trouble = ""
        yield batch
        if not batch and not follow:
            return


def _done(source: Source, places: list[Any], follow: bool) -> None:
    try:
        source.done(places)
    except DeliveryError:
        if not follow:
            raise
        # They stay pending, and come first the next time.


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """`| head` closes our output, Ctrl-C ends a --follow: neither is an error to explain."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None

"""`zonewatch demo`: a drawn school as cameras, the whole pipeline and its alerts, with no set-up; ends by itself."""

from __future__ import annotations

import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import redis
import typer
import yaml

from pipeline import logs
from pipeline.clock import SystemClock
from pipeline.commands.demo_parts import DemoCamera, drawn, filmed, redis_server
from pipeline.commands.output import FAILED, errors_told, fail
from pipeline.config import Detector
from pipeline.places import temporary_folder
from pipeline.simulate.server import RtspServer
from pipeline.types import CameraState
from pipeline.workers.detector import ready_model

_STREAM = "zonewatch:demo"
_USER = "demo"
# Shorter than the client's own patience with a silent server.
_WAIT_S = 1.0
_START_S = 60.0


def demo(
    seconds: Annotated[float, typer.Option(min=5, help="How long to watch.")] = 40.0,
    footage: Annotated[
        Path | None, typer.Option(help="A folder of the known sample clips. None: a drawn school.", metavar="FOLDER")
    ] = None,
) -> None:
    """Play a drawn school, or footage, as RTSP cameras, watch them, and show the alerts as they come."""
    logs.setup("WARNING")
    with errors_told(), temporary_folder("demo-") as folder:
        ready_model(Detector())
        cameras = _shown(folder, footage)
        with redis_server(folder) as (url, server), _playing(cameras) as (urls, password):
            typer.echo(_watching_words(seconds, server))
            _write(folder, url, urls, cameras)
            since = _position(url)
            with _running(folder, password, len(cameras)):
                told = _show(url, since, seconds, _words(cameras))
        _summarise(len(cameras), told)


def _shown(folder: Path, footage: Path | None) -> list[tuple[DemoCamera, Path]]:
    """The cameras and their clips, and what is to be seen on them."""
    if footage is None:
        typer.echo("Three cameras of a drawn school (drawing it takes some seconds):")
    else:
        typer.echo(f"Simulated cameras with the footage of {footage}:")
    cameras = drawn(folder) if footage is None else filmed(footage)
    for camera, _ in cameras:
        typer.echo(f"  {camera.name:10} {camera.story}")
    return cameras


def _watching_words(seconds: float, server: str) -> str:
    return (
        f"\nWatching them for {seconds:.0f} s as yours would be: over RTSP with a password, by the built-in detector.\n"
        f"Each alert is written down, and then read here from stream {_STREAM} of {server}.\n"
    )


@contextmanager
def _playing(cameras: Sequence[tuple[DemoCamera, Path]]) -> Iterator[tuple[dict[str, str], str]]:
    """RTSP cameras that ask for a password, and begin their clip when somebody first looks."""
    password = secrets.token_urlsafe(12)
    server = RtspServer("127.0.0.1", 0, _USER, password)
    for camera, clip in cameras:
        server.mount(f"/{camera.name}", clip, restart_on_play=True)
    with server:
        at = f"127.0.0.1:{server.port}"
        yield {one.name: f"rtsp://{_USER}:${{DEMO_PASSWORD}}@{at}/{one.name}" for one, _ in cameras}, password


def _words(cameras: Sequence[tuple[DemoCamera, Path]]) -> dict[tuple[str, str], str]:
    """What a rule of a camera means."""
    return {(camera.name, rule): words for camera, _ in cameras for rule, words in camera.words.items()}


def _write(folder: Path, url: str, urls: Mapping[str, str], cameras: Sequence[tuple[DemoCamera, Path]]) -> None:
    config = {
        "site": {"id": "demo", "name": "Demonstration"},
        "alerts": {"redis": {"url": url, "stream": _STREAM}},
        "cameras": {camera.name: {"url": urls[camera.name], **camera.watched} for camera, _ in cameras},
    }
    (folder / "streams.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")


@contextmanager
def _running(folder: Path, password: str, cameras: int) -> Iterator[None]:
    """`zonewatch run`, as a user would start it; goes on when all cameras are watched."""
    command = [sys.executable, "-m", "pipeline", "run", str(folder / "streams.yaml"), "--log-level", "WARNING"]
    process = subprocess.Popen(command, env={**os.environ, "DEMO_PASSWORD": password})
    try:
        deadline = time.monotonic() + _START_S
        while _watching(folder) < cameras and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        yield
        if process.poll() is not None:
            fail(f"zonewatch run ended by itself, with exit code {process.returncode}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _watching(folder: Path) -> int:
    """How many cameras show pictures, by the run's own account."""
    try:
        told = json.loads((folder / "var" / "alerts.db.status.json").read_text("utf-8"))
    except (OSError, ValueError):
        return 0
    return sum(CameraState(camera["state"]).sees for camera in told["cameras"].values())


def _position(url: str) -> str:
    """Where the stream ends now: a server that was there before may hold an earlier demo."""
    last: Any = redis.Redis.from_url(url).xrevrange(_STREAM, count=1)
    return last[0][0].decode() if last else "0"


def _show(url: str, since: str, seconds: float, words: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
    """Print alerts as they come; each with the time from its picture's arrival to its being readable."""
    client = redis.Redis.from_url(url, decode_responses=True, protocol=2)
    clock = SystemClock()
    told: list[dict[str, Any]] = []
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0:
        replies: Any = client.xread({_STREAM: since}, block=int(min(left, _WAIT_S) * 1000) + 1)
        for position, fields in replies[0][1] if replies else []:
            since = position
            alert = json.loads(fields["data"])["data"]
            alert["after_s"] = _after(alert, clock.wall())
            told.append(alert)
            if _is_news(alert):
                typer.echo(_line(alert, words))
    return told


def _is_news(alert: Mapping[str, Any]) -> bool:
    """Not the pictures of what has been told, nor that a crossing is over, which it is when it is told."""
    return bool(alert["state"] == "opened" or (alert["state"] == "closed" and alert["trigger"] != "cross"))


def _after(alert: dict[str, Any], now: float) -> float | None:
    received = alert["times"]["received"]
    return None if received is None else now - datetime.fromisoformat(received).timestamp()


def _line(alert: dict[str, Any], words: Mapping[tuple[str, str], str]) -> str:
    at = datetime.now(ZoneInfo("UTC")).strftime("%H:%M:%S")
    said = words.get((alert["camera"], alert["rule"]), alert["rule"])
    if alert["state"] == "closed":
        said += f": over after {alert['dwell_s']:.1f} s"
    return f"{at}  {alert['camera']:10} {alert['severity']:9} {alert['state']:8} {said} ({alert['rule']})"


def _summarise(cameras: int, told: list[dict[str, Any]]) -> None:
    opened = [alert for alert in told if alert["state"] == "opened"]
    if not opened:
        fail("no alert came: see the messages above", FAILED)
    delays = [alert["after_s"] for alert in opened if alert["after_s"] is not None]
    typer.echo(
        f"\n{cameras} cameras, {len(opened)} alerts ({len(told)} messages); median time to alert "
        f"(deciding picture arrived, alert readable in Redis): {statistics.median(delays) * 1000:.0f} ms."
    )
    program = _program_name()
    typer.echo(
        "\nNext: describe your own cameras in streams.yaml, which is the manual of every key; then\n"
        f"  {program} check streams.yaml --probe    says every mistake, and opens each camera once\n"
        f"  {program} run streams.yaml              watches\n"
        f"  {program} feed streams.yaml --follow    shows the alerts"
    )


def _program_name() -> str:
    """As it was called: in a clone that is `.venv/bin/zonewatch`."""
    called = Path(sys.argv[0])
    return os.path.relpath(called) if called.name == "zonewatch" else "zonewatch"

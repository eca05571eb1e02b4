"""`zonewatch demo`: simulated cameras, the whole pipeline and its alerts, with no set-up; ends by itself."""

from __future__ import annotations

import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
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
from pipeline.commands.demo_parts import find_footage, redis_server
from pipeline.commands.output import FAILED, errors_told, fail
from pipeline.config import Detector
from pipeline.simulate.server import RtspServer
from pipeline.workers.detector import ready_model

_STREAM = "zonewatch:demo"
_USER = "demo"
# Shorter than the client's own patience with a silent server.
_WAIT_S = 1.0
_START_S = 60.0


def demo(seconds: Annotated[float, typer.Option(min=5, help="How long to watch.")] = 40.0) -> None:
    """Play footage as RTSP cameras, watch them, and show the alerts as they come."""
    logs.setup("WARNING")
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-demo-") as temporary:
        folder = Path(temporary)
        ready_model(Detector())
        clips, watched, where = find_footage(folder)
        typer.echo(f"Cameras: {', '.join(clips)}; {where}.")
        with redis_server(folder) as (url, server), _cameras(clips) as (cameras, password):
            typer.echo(f"Alerts go to stream {_STREAM} of {server}. Watching for {seconds:.0f} s.")
            _write(folder, url, cameras, watched)
            since = _position(url)
            with _running(folder, password, len(clips)):
                told = _show(url, since, seconds)
        _summarise(list(clips), told)


@contextmanager
def _cameras(clips: Mapping[str, Path]) -> Iterator[tuple[dict[str, str], str]]:
    """RTSP cameras that ask for a password, and begin their clip when somebody first looks."""
    password = secrets.token_urlsafe(12)
    server = RtspServer("127.0.0.1", 0, _USER, password)
    for name, clip in clips.items():
        server.mount(f"/{name}", clip, restart_on_play=True)
    with server:
        yield {name: f"rtsp://{_USER}:${{DEMO_PASSWORD}}@127.0.0.1:{server.port}/{name}" for name in clips}, password


def _write(folder: Path, url: str, cameras: Mapping[str, str], watched: Mapping[str, Any]) -> None:
    config = {
        "site": {"id": "demo", "name": "Demonstration"},
        "alerts": {"redis": {"url": url, "stream": _STREAM}},
        "cameras": {name: {"url": camera, **watched[name]} for name, camera in cameras.items()},
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
        told = json.loads((folder / "var" / "status.json").read_text("utf-8"))
    except (OSError, ValueError):
        return 0
    return sum(camera["state"] == "watching" for camera in told["cameras"].values())


def _position(url: str) -> str:
    """Where the stream ends now: a server that was there before may hold an earlier demo."""
    last: Any = redis.Redis.from_url(url).xrevrange(_STREAM, count=1)
    return last[0][0].decode() if last else "0"


def _show(url: str, since: str, seconds: float) -> list[dict[str, Any]]:
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
            typer.echo(_line(alert))
    return told


def _after(alert: dict[str, Any], now: float) -> float | None:
    received = alert["times"]["received"]
    return None if received is None else now - datetime.fromisoformat(received).timestamp()


def _line(alert: dict[str, Any]) -> str:
    at = datetime.now(ZoneInfo("UTC")).strftime("%H:%M:%S")
    dwell = f" after {alert['dwell_s']:.1f} s" if alert["state"] == "closed" and alert["dwell_s"] else ""
    return f"{at}  {alert['severity']:8} {alert['camera']:10} {alert['rule']:22} {alert['state']}{dwell}"


def _summarise(cameras: list[str], told: list[dict[str, Any]]) -> None:
    opened = [alert for alert in told if alert["state"] == "opened"]
    if not opened:
        fail("no alert came: see the messages above", FAILED)
    delays = [alert["after_s"] for alert in opened if alert["after_s"] is not None]
    typer.echo(
        f"{len(cameras)} cameras, {len(opened)} alerts ({len(told)} messages); median time to alert "
        f"(deciding picture arrived, alert readable in Redis): {statistics.median(delays) * 1000:.0f} ms."
    )

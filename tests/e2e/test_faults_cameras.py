"""Cameras that die, freeze, refuse, send rubbish or change, all at once; and one that is well and must not notice."""

from __future__ import annotations

import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate.server import RtspServer
from pipeline.simulate.transcode import half_size, load_clip
from tests.conftest import ROOT
from tests.e2e import school
from tests.e2e.system import SOON, System, assert_all_delivered, entries, kill, wait_for
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
USER, PASSWORD, WRONG = "viewer", "right-s3cret", "wrong-s3cret"
FAULTY = ("killed", "frozen", "corrupt", "resized")
REFUSED = ("wrong-password", "missing", "text", "silent")
# Pictures stop -> connection given up. The defaults are longer.
STALL_S = 3


@dataclass
class Record:
    """What was seen from outside while the cameras were at fault, and after."""

    during: dict[str, Any] = field(default_factory=dict)
    alerts_during: dict[str, int] = field(default_factory=dict)
    healed_s: dict[str, float] = field(default_factory=dict)
    healthy_connections: int = 0
    arguments: str = ""
    status: str = ""
    alerts: str = ""
    log: str = ""
    lost: dict[str, Any] = field(default_factory=dict)


class Talk(socketserver.BaseRequestHandler):
    """A server that is no camera."""

    def handle(self) -> None:
        self.request.sendall(b"220 mail.example ESMTP ready\r\n" * 50)


class Silence(socketserver.BaseRequestHandler):
    """Takes the connection and says nothing until the other side leaves."""

    def handle(self) -> None:
        while self.request.recv(4096):
            pass


@contextmanager
def listening(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """Its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def simulated(clip: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`zonewatch simulate` as a process that can be frozen, and the url of its camera."""
    command = [sys.executable, "-m", "pipeline", "simulate", f"cam={clip}", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()[1]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def record(
    passing: Path,
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: RedisServer,
) -> Iterator[Record]:
    """Everything well; everything at fault; everything well again. What was seen."""
    clip = load_clip(passing)
    well, killed = RtspServer(user=USER, password=PASSWORD), RtspServer()
    mounts = {name: well.mount(name, clip) for name in ("healthy", "corrupt")}
    mounts["resized"] = well.mount("resized", clip, half_size(passing, clip))
    killed.mount("killed", clip)
    with well, killed, simulated(passing) as (frozen, frozen_url), listening(Talk) as text, listening(Silence) as mum:
        login = f"rtsp://{USER}:${{RIGHT}}@127.0.0.1:{well.port}"
        urls = {
            **{name: f"{login}/{name}" for name in mounts},
            "killed": killed.url("killed"),
            "frozen": frozen_url,
            "wrong-password": f"rtsp://{USER}:${{WRONG}}@127.0.0.1:{well.port}/healthy",
            "missing": f"{login}/nothing",
            "text": f"rtsp://{USER}:${{RIGHT}}@127.0.0.1:{text}/s",
            "silent": f"rtsp://{USER}:${{RIGHT}}@127.0.0.1:{mum}/s",
        }
        limits = {"stall_s": STALL_S, "connect_s": 3}
        cameras = {name: {"url": url, **limits, **school.watched(school.PASSING)} for name, url in urls.items()}
        env = {"RIGHT": PASSWORD, "WRONG": WRONG}
        folder, alerts = tmp_path_factory.mktemp("cameras"), {"redis": {"url": redis_server.url}}
        with System(folder, cameras, env, alerts=alerts, workers={"cameras_each": 16}) as system:
            for name in ("healthy", *FAULTY):
                system.wait_for_opened(name)
            found = Record()
            visit = system.wait_for_visit("killed", "mat")
            killed.stop()
            frozen.send_signal(signal.SIGSTOP)
            mounts["corrupt"].faults.corrupt, mounts["resized"].faults.clip = 0.1, 1
            see_the_fault(system, found, visit)
            began = time.monotonic()
            killed.start()
            frozen.send_signal(signal.SIGCONT)
            mounts["corrupt"].faults.corrupt, mounts["resized"].faults.clip = 0.0, 0
            see_it_heal(system, found, began)
            kill(frozen.pid, signal.SIGCONT)
            found.arguments, found.status = all_arguments(), str(system.raw_status())
            found.healthy_connections = system.camera("healthy")["connections"]
            assert system.stop() == 0
            assert_all_delivered(system, redis_server.client())
            found.alerts, found.log = str(entries(redis_server.client())), system.log()
            yield found


def see_the_fault(system: System, found: Record, incident: str) -> None:
    """Until every trouble is in the status, and the healthy camera has told of two more visits."""
    before = {name: len(system.opened(name)) for name in ("healthy", *FAULTY)}
    for name in ("killed", "frozen", *REFUSED):
        wait_for(f"{name} in trouble", lambda name=name: system.camera(name)["error"])
    wait_for("the new size", lambda: list(system.camera("resized")["size"]) == [480, 270])
    system.wait_for_opened("healthy", before["healthy"] + 4)
    found.during = system.raw_status()["cameras"]
    found.alerts_during = {name: len(system.opened(name)) - count for name, count in before.items()}
    found.lost = system.told_of(incident)[-1]


def see_it_heal(system: System, found: Record, began: float) -> None:
    """Until every camera that was well is so again, and tells of new visits."""
    before = {name: len(system.opened(name)) for name in ("healthy", *FAULTY)}

    def all_well() -> bool:
        for name in FAULTY:
            if name not in found.healed_s and is_well(system, name):
                found.healed_s[name] = time.monotonic() - began
        return len(found.healed_s) == len(FAULTY)

    wait_for("all cameras to be well", all_well, within=2 * SOON)
    for name, count in before.items():
        system.wait_for_opened(name, count + 1)


def is_well(system: System, name: str) -> bool:
    camera = system.camera(name)
    return camera["state"].startswith("watching") and not camera["error"]


def all_arguments() -> str:
    """The command lines of all processes, as any user of the machine sees them."""
    told = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told.append((process / "cmdline").read_text(errors="replace"))
        except OSError:
            continue
    return "\n".join(told)


def test_a_camera_without_fault_notices_nothing(record: Record) -> None:
    """Its visits are told, on the connection it had from the start."""
    assert record.alerts_during["healthy"] >= 4
    assert record.healthy_connections == 1


@pytest.mark.parametrize("camera", [*REFUSED, "killed", "frozen"])
def test_the_status_names_camera_and_trouble(camera: str, record: Record) -> None:
    told = record.during[camera]
    assert told["error"].startswith(f"camera {camera}: ")
    kinds = {
        "wrong-password": {"auth"},
        "missing": {"not_found"},
        "text": {"not_video", "unreachable"},
        "silent": {"unreachable"},
        "killed": {"refused", "lost"},
        "frozen": {"stalled", "unreachable"},
    }
    assert told["error_kind"] in kinds[camera], told["error"]
    assert told["state"] in ("waiting", "opening", "stalled")
    assert f"camera {camera}: " in record.log


def test_what_was_open_on_a_camera_that_is_gone_is_closed(record: Record) -> None:
    assert record.lost["state"] == "closed"
    assert record.lost["why"]["closed_because"] == "camera_lost"


@pytest.mark.parametrize("camera", FAULTY)
def test_a_camera_that_is_well_again_is_watched_again(
    camera: str, record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{camera}: well again {record.healed_s[camera]:.1f} s after the fault was over", end="")
    assert record.healed_s[camera] < 45


def test_another_size_of_picture_is_watched_on(record: Record) -> None:
    assert record.alerts_during["resized"] >= 1
    assert record.during["resized"]["connections"] == 1


def test_damaged_packets_are_counted(record: Record) -> None:
    assert record.during["corrupt"]["corrupt"] > 0


def test_no_password_is_told_anywhere(record: Record) -> None:
    """Not in the log, the status, an alert, nor in the list of processes."""
    for text in (record.log, record.status, record.alerts, record.arguments):
        assert text
        assert PASSWORD not in text
        assert WRONG not in text

"""`zonewatch simulate`: play videos as RTSP cameras.

Not here: the cameras themselves (`pipeline.simulate`).
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from pipeline.clock import SystemClock
from pipeline.commands.output import errors_told
from pipeline.errors import ServerError
from pipeline.places import temporary_folder
from pipeline.simulate.faults import Moment, Planned, moments, parse_fault
from pipeline.simulate.mount import Mount
from pipeline.simulate.server import RtspServer
from pipeline.simulate.transcode import half_size, load_clip

_TRANSPORTS = {"tcp": ("tcp",), "udp": ("udp",), "both": ("tcp", "udp")}
_LOOK_EVERY_S = 0.2

_Videos = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME=]VIDEO", help="Served as /NAME (default: the file's name). None: a drawn scene, as /hall."
    ),
]
_Password = Annotated[
    str | None,
    typer.Option(
        help="env:NAME or file:PATH. The password itself works too, but every user sees it in the process list."
    ),
]
_Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="FAULT", help="[NAME:]KIND[@START[+LENGTH]][:VALUE]: freeze@10+5, hall:drop:0.02."),
]


def simulate(
    videos: _Videos = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 8554,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    user: Annotated[str | None, typer.Option(help="Clients must log in (Digest).")] = None,
    password: _Password = None,
    fault: _Faults = None,
    loops: Annotated[int | None, typer.Option(min=1, help="Play so often to the first client, then end.")] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin at 0 for a client that comes when nobody watches.")
    ] = False,
    transport: Annotated[str, typer.Option(help="tcp, udp or both: what clients may ask for.")] = "both",
) -> None:
    """Play videos as RTSP cameras, in real time and without end, over TCP and UDP; with faults on request.

    Prints `READY rtsp://…` for each camera and runs until it is stopped (Ctrl-C, SIGTERM).
    """
    plan = [_parsed(text) for text in fault or []]
    if transport not in _TRANSPORTS:
        raise typer.BadParameter(f"'{transport}' is not a transport: write tcp, udp or both.", param_hint="--transport")
    server = RtspServer(host, port, user, _login(user, password), transports=_TRANSPORTS[transport])
    with errors_told(), temporary_folder() as folder:
        cameras = _cameras(videos or []) or {"hall": _drawn(folder)}
        _check_names(plan, cameras)
        for name, path in cameras.items():
            _mount(server, name, path, plan, restart_on_play=restart or loops is not None, loops=loops)
        _serve(server, moments(plan))


def _parsed(text: str) -> Planned:
    try:
        return parse_fault(text)
    except ServerError as error:
        raise typer.BadParameter(str(error), param_hint="--fault") from None


def _login(user: str | None, password: str | None) -> str | None:
    """The password, from where `--password` says it is."""
    if (user is None) != (password is None):
        raise typer.BadParameter("--user and --password belong together: give both, or none.", param_hint="--user")
    if password is None:
        return None
    source, _, place = password.partition(":")
    if source == "env":
        return _from_environment(place)
    if source == "file":
        return _from_file(Path(place))
    typer.echo("Warning: the password is visible in the process list; use --password env:NAME or file:PATH.", err=True)
    return password


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise typer.BadParameter(f"the environment variable {name} is not set.", param_hint="--password")
    return value


def _from_file(path: Path) -> str:
    """The file's first line."""
    try:
        value = path.read_text().partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise typer.BadParameter(f"cannot read {path}: {reason}.", param_hint="--password") from None
    if not value:
        raise typer.BadParameter(f"the first line of {path} is empty.", param_hint="--password")
    return value


def _cameras(videos: list[str]) -> dict[str, Path]:
    """Names and files; a file whose own name has a = in it is still found."""
    cameras: dict[str, Path] = {}
    for video in videos:
        name, equals, file = video.partition("=")
        path = Path(file) if equals and not Path(video).exists() else Path(video)
        name = (name if path != Path(video) else path.stem).strip("/")
        if not path.is_file():
            raise typer.BadParameter(f"there is no file {path}.", param_hint="VIDEO")
        if not name or name in cameras:
            raise typer.BadParameter(f"two cameras need two names: write NAME={path}.", param_hint="VIDEO")
        cameras[name] = path
    return cameras


def _drawn(folder: Path) -> Path:
    """The hall of the drawn school."""
    from pipeline.simulate.scene import hall, render  # OpenCV: dear, and only needed here

    return render(folder / "hall.mp4", hall.PLACE, hall.PLAY)


def _check_names(plan: list[Planned], cameras: dict[str, Path]) -> None:
    for planned in plan:
        if planned.name is not None and planned.name not in cameras:
            known = ", ".join(cameras)
            raise typer.BadParameter(f"there is no camera '{planned.name}'; there is {known}.", param_hint="--fault")


def _mount(
    server: RtspServer, name: str, path: Path, plan: list[Planned], *, restart_on_play: bool, loops: int | None
) -> Mount:
    """Serve a file, with its smaller twin at hand if a fault will want it."""
    clips = [load_clip(path)]
    if any(planned.kind == "resize" and planned.name in (None, name) for planned in plan):
        clips.append(half_size(path, clips[0]))
    return server.mount(name, *clips, restart_on_play=restart_on_play, loops=loops)


def _serve(server: RtspServer, coming: list[Moment]) -> None:
    """Play until a signal comes, or every camera has played its loops."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    clock = SystemClock()
    with server:
        start = clock.monotonic()
        for path in server.mounts:
            typer.echo(f"READY {server.url(path)}")
        while not stop.is_set() and not all(mount.finished.is_set() for mount in server.mounts.values()):
            now = clock.monotonic() - start
            while coming and coming[0].at <= now:
                _happen(server, coming.pop(0))
            stop.wait(min(_LOOK_EVERY_S, max(0.0, coming[0].at - now)) if coming else _LOOK_EVERY_S)


def _happen(server: RtspServer, moment: Moment) -> None:
    """A planned fault begins or ends, in the camera it is for."""
    for path, mount in server.mounts.items():
        if moment.fault.name in (None, path.strip("/")):
            (moment.fault.begin if moment.begins else moment.fault.end)(mount.faults)
            if moment.begins and moment.fault.cuts:
                server.kick(path)

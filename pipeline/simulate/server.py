"""An RTSP server of simulated cameras, in a thread of its own.

Real protocol, real packets: H.264 and H.265 over TCP and UDP. Not here: what is sent when (`mount`).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from pipeline.clock import Clock, SystemClock
from pipeline.errors import ServerError
from pipeline.simulate.auth import Login
from pipeline.simulate.media import Clip, silence
from pipeline.simulate.mount import Mount
from pipeline.simulate.rtsp import BadRequest, Response, read_request
from pipeline.simulate.session import Session
from pipeline.simulate.transcode import load_clip

_START_S = 10.0
_REASONS = {
    errno.EADDRINUSE: "something else listens there: stop it, or choose another port",
    errno.EACCES: "ports below 1024 are for the system: choose another, as 8554",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class RtspServer:
    """Serve files as cameras: `mount` them, then `start`, or use it as a context manager.

    Port 0 is any free one; `port` says which. With `user` and `password` clients must log in, by Digest, or Basic if
    `basic`. `transports` is what SETUP allows. May be started again after `stop`, on the same port, with the same
    mounts.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        user: str | None = None,
        password: str | None = None,
        *,
        basic: bool = False,
        transports: tuple[str, ...] = ("tcp", "udp"),
        clock: Clock | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.mounts: dict[str, Mount] = {}
        self._login = Login(user, password or "", basic) if user else None
        self._transports = transports
        self._clock = clock or SystemClock()
        self._sessions: set[Session] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def mount(self, path: str, *files: Path | str | Clip, **options: Any) -> Mount:
        """A camera at `path` that plays the first file; the fault `clip` chooses another. No file: audio only.

        Options are those of `Mount`. Raises ServerError for what cannot be played. Only before `start`.
        """
        path = _path(path)
        clips = [file if isinstance(file, Clip) else load_clip(Path(file)) for file in files] or [silence()]
        if len({clip.codec for clip in clips}) > 1:
            raise ServerError(f"{path}: all clips of one camera must have the same codec.")
        if path in self.mounts:
            raise ServerError(f"There are two cameras {path}: give one of them another name.")
        self.mounts[path] = Mount(path, clips, self._clock, **options)
        return self.mounts[path]

    def url(self, path: str, *, login: bool = False) -> str:
        """The address of a camera; with `login` it holds the password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        who = ""
        if login and self._login:
            who = f"{quote(self._login.user, safe='')}:{quote(self._login.password, safe='')}@"
        return f"rtsp://{who}{host}:{self.port}{quote(_path(path))}"

    # -- life cycle; called from any thread but the server's own

    def start(self) -> RtspServer:
        """Listen and play. Raises ServerError if it cannot."""
        sockets = _listen(self.host, self.port)
        self.port = sockets[0].getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(sockets, ready)), daemon=True, name="rtsp"
        )
        self._thread.start()
        if not ready.wait(_START_S):
            raise ServerError(f"The RTSP server did not start within {_START_S:g} s.")
        return self

    def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._thread is not None:
            self._call(self._stopping.set)
            self._thread.join(_START_S)
            self._thread = None

    def kick(self, path: str | None = None, *, abort: bool = True) -> None:
        """Close the connections of one camera, or of all; with a reset if `abort`."""
        self._call(lambda: self._kick(path and _path(path), abort))

    def __enter__(self) -> RtspServer:
        return self.start()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def _call(self, what: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nothing is left to do
            if self._loop is not None:
                self._loop.call_soon_threadsafe(what)

    # -- on the server's loop

    def _kick(self, path: str | None, abort: bool) -> None:
        for session in list(self._sessions):
            if path is None or (session.mount is not None and session.mount.path == path):
                (session.abort if abort else session.close)()

    async def _serve(self, sockets: tuple[socket.socket, ...], ready: threading.Event) -> None:
        listening, *pair = sockets
        self._udp = (pair[0], pair[1])
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, sock=listening)
        for mount in self.mounts.values():
            mount.begin()
        ready.set()
        await self._stopping.wait()
        server.close()
        self._kick(None, abort=True)
        for mount in self.mounts.values():
            mount.end()
        for sock in pair:
            sock.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self.mounts, self._login, self._transports, writer, self._udp)
        self._sessions.add(session)
        try:
            await _converse(session, reader, writer)
        except BadRequest:
            writer.write(Response(400).encoded("0"))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        except asyncio.CancelledError:
            pass  # the server stops; asyncio's streams would log it as an error up to Python 3.11
        finally:
            self._sessions.discard(session)
            session.leave()
            writer.close()


def _path(name: str) -> str:
    """`cam` and `/cam` are the same camera."""
    return "/" + name.strip("/")


async def _converse(session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Requests and responses until TEARDOWN or the end of the connection."""
    while True:
        request = await read_request(reader)
        response = session.answer(request)
        if response is None:
            continue
        writer.write(response.encoded(request.headers.get("cseq", "0")))
        await writer.drain()
        if request.method == "TEARDOWN":
            return
        if request.method == "PLAY" and response.status == 200 and session.mount is not None:
            session.mount.join(session)


def _listen(host: str, port: int) -> tuple[socket.socket, socket.socket, socket.socket]:
    """The RTSP socket, and a pair for RTP and RTCP over UDP. Raises ServerError with the reason."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        return (listening, *_udp_pair(family, host))
    except (OSError, OverflowError) as error:
        listening.close()
        reason = _REASONS.get(getattr(error, "errno", 0) or 0, getattr(error, "strerror", None) or "no such port")
        raise ServerError(f"Cannot listen on port {port} of {host}: {reason}.") from None


def _udp_pair(family: socket.AddressFamily, host: str) -> tuple[socket.socket, socket.socket]:
    """Two neighbouring ports, the even one for RTP (RFC 3550, 11). Raises OSError."""
    for _ in range(100):
        rtp, rtcp = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        try:
            rtp.bind((host, 0))
            port = rtp.getsockname()[1]
            if port % 2 == 0:
                rtcp.bind((host, port + 1))
                rtp.setblocking(False)
                rtcp.setblocking(False)
                return rtp, rtcp
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        rtp.close()
        rtcp.close()
    raise OSError(errno.EADDRINUSE, "no free pair of UDP ports")

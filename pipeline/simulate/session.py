"""What one client asks and is answered, and where its packets go.

Not here: bytes of requests (`rtsp`), connections (`server`).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import struct
from collections.abc import Mapping
from typing import Protocol

from pipeline.simulate.auth import Login
from pipeline.simulate.mount import Mount
from pipeline.simulate.rtsp import TRACK, Request, Response, choose_transport, describe

# A client that reads too slowly loses packets beyond this, as with a real camera.
_MOST_WAITING_BYTES = 8_000_000
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN"


class Delivery(Protocol):
    """Where RTP (0) and RTCP (1) packets of a client go."""

    def send(self, kind: int, packet: bytes) -> None: ...


class Interleaved:
    """Over the RTSP connection itself (RFC 2326, 10.12)."""

    def __init__(self, writer: asyncio.StreamWriter, channels: tuple[int, int]) -> None:
        self._writer = writer
        self._channels = channels
        self.lost = 0

    def send(self, kind: int, packet: bytes) -> None:
        self.raw(struct.pack(">cBH", b"$", self._channels[kind], len(packet)) + packet)

    def raw(self, data: bytes) -> None:
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > _MOST_WAITING_BYTES:
            self.lost += 1
            return
        self._writer.write(data)


class Datagrams:
    """Over UDP, from the server's pair of sockets to the client's pair of ports."""

    def __init__(self, sockets: tuple[socket.socket, socket.socket], host: str, ports: tuple[int, int]) -> None:
        self._sockets = sockets
        self._addresses = [(host, port) for port in ports]

    def send(self, kind: int, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # a full buffer loses packets; that is what UDP does
            self._sockets[kind].sendto(packet, self._addresses[kind])


class Session:
    """One client's connection: answers its requests, and is a `Viewer` once it plays."""

    def __init__(
        self,
        mounts: Mapping[str, Mount],
        login: Login | None,
        transports: tuple[str, ...],
        writer: asyncio.StreamWriter,
        udp: tuple[socket.socket, socket.socket],
    ) -> None:
        self.started = False
        self.mount: Mount | None = None
        self._mounts = mounts
        self._login = login
        self._transports = transports
        self._writer = writer
        self._udp = udp
        self._id = secrets.token_hex(8)
        self._delivery: Delivery | None = None

    # -- as a viewer

    def send_rtp(self, packet: bytes) -> None:
        """Called by the mount."""
        if self._delivery is not None:
            self._delivery.send(0, packet)

    def send_rtcp(self, packet: bytes) -> None:
        """Called by the mount."""
        if self._delivery is not None:
            self._delivery.send(1, packet)

    def send_raw(self, data: bytes) -> None:
        """Bytes that are no packet, in place of one; over UDP as datagrams."""
        if isinstance(self._delivery, Interleaved):
            self._delivery.raw(data)
            return
        for start in range(0, len(data), 1400):
            self.send_rtp(data[start : start + 1400])

    def close(self) -> None:
        """What is still waiting is sent first."""
        self._writer.close()

    def abort(self) -> None:
        """At once, with a reset."""
        self._writer.transport.abort()

    def leave(self) -> None:
        """The connection has ended."""
        if self.mount is not None:
            self.mount.leave(self)

    # -- requests

    def answer(self, request: Request) -> Response | None:
        """The response, or None where a fault wants silence."""
        mount = self._mounts.get(request.path) or self.mount
        if mount is None:
            return self._guarded(request, None)
        mount.requests[request.method] += 1
        if mount.faults.hang:
            return None
        response = self._refusal(request, mount) or self._guarded(request, mount)
        mount.answers[response.status] += 1
        return response

    def _refusal(self, request: Request, mount: Mount) -> Response | None:
        """What the fault `refuse` answers; a refusing camera still says what it can do."""
        status = int(mount.faults.refuse)
        if status == 0 or request.method == "OPTIONS":
            return None
        return Response(status, {"WWW-Authenticate": self._challenge()} if status == 401 else {})

    def _challenge(self) -> str:
        return (self._login or Login("nobody", secrets.token_hex(16))).challenge()

    def _guarded(self, request: Request, mount: Mount | None) -> Response:
        if request.method == "OPTIONS":
            return Response(200, {"Public": _METHODS})
        if self._login and not self._login.accepts(request.method, request.headers.get("authorization", "")):
            return Response(401, {"WWW-Authenticate": self._challenge()})
        if mount is None:
            return Response(404)
        return self._served(request, mount)

    def _served(self, request: Request, mount: Mount) -> Response:
        if request.method == "DESCRIBE":
            return self._describe(request, mount)
        if request.method == "SETUP":
            return self._setup(request, mount)
        if request.headers.get("session", "").partition(";")[0] != self._id:
            return Response(454)
        if request.method == "PLAY":
            return self._play(request)
        known = request.method in ("GET_PARAMETER", "SET_PARAMETER", "TEARDOWN")
        return Response(200, {"Session": self._id}) if known else Response(501)

    def _describe(self, request: Request, mount: Mount) -> Response:
        if mount.finished.is_set():
            return Response(503)
        host = self._writer.get_extra_info("sockname")[0]
        headers = {"Content-Base": request.url.rstrip("/") + "/", "Content-Type": "application/sdp"}
        return Response(200, headers, describe(mount.clip, mount.payload_type, host))

    def _setup(self, request: Request, mount: Mount) -> Response:
        wish = choose_transport(request.headers.get("transport", ""), self._transports)
        if wish is None:
            return Response(461)
        self.mount = mount
        pair = f"{wish.pair[0]}-{wish.pair[1]}"
        if wish.kind == "tcp":
            self._delivery = Interleaved(self._writer, wish.pair)
            chosen = f"RTP/AVP/TCP;unicast;interleaved={pair}"
        else:
            self._delivery = Datagrams(self._udp, self._writer.get_extra_info("peername")[0], wish.pair)
            own = "-".join(str(sock.getsockname()[1]) for sock in self._udp)
            chosen = f"RTP/AVP;unicast;client_port={pair};server_port={own}"
        return Response(200, {"Transport": f"{chosen};ssrc={mount.rtp.ssrc:08X}", "Session": f"{self._id};timeout=60"})

    def _play(self, request: Request) -> Response:
        if self.mount is None or self._delivery is None:
            return Response(454)
        sequence, timestamp = self.mount.rtp_info()
        url = f"{request.url.rstrip('/')}/{TRACK}"
        info = f"url={url};seq={sequence};rtptime={timestamp}"
        return Response(200, {"Session": self._id, "Range": "npt=now-", "RTP-Info": info})

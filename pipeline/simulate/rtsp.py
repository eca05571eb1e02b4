"""RTSP 1.0 on the wire (RFC 2326): requests, responses, the Transport header, the session description.

Not here: what a request means (`session`), passwords (`auth`).
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote

from pipeline.simulate.media import Clip, nal_type

TRACK = "trackID=0"
_PHRASES = {
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    551: "Option not supported",
}


class BadRequest(Exception):
    """What came is not RTSP."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """The mount's path: no host, no query, no track, percent-decoded."""
        path = "/" + self.url.partition("://")[2].partition("/")[2].partition("?")[0]
        return unquote(path.removesuffix("/").removesuffix("/" + TRACK))


@dataclass(frozen=True, slots=True)
class Response:
    """One response; `cseq` is filled in by whoever sends it."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def encoded(self, cseq: str) -> bytes:
        """The bytes of it."""
        headers = {"CSeq": cseq, "Server": "zonewatch simulate", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"RTSP/1.0 {self.status} {_phrase(self.status)}", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def _phrase(status: int) -> str:
    if status in _PHRASES:
        return _PHRASES[status]
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request; receiver reports that come interleaved are passed over.

    Raises BadRequest, and asyncio.IncompleteReadError at the end of the connection.
    """
    first = await reader.readexactly(1)
    while first in (b"$", b"\r", b"\n"):
        if first == b"$":
            length = (await reader.readexactly(3))[1:]
            await reader.readexactly(int.from_bytes(length, "big"))
        first = await reader.readexactly(1)
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
        request = _parse(head.decode())
        await reader.readexactly(int(request.headers.get("content-length", "0")))
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise BadRequest from error
    return request


def _parse(head: str) -> Request:
    """Raises ValueError where the first line has not three words."""
    first, *rest = head.strip().split("\r\n")
    method, url, version = first.split()
    if not version.startswith("RTSP/"):
        raise ValueError(version)
    pairs = (line.partition(":") for line in rest)
    return Request(method, url, {name.strip().lower(): value.strip() for name, _, value in pairs})


@dataclass(frozen=True, slots=True)
class Transport:
    """How a client wants its media: `kind` is tcp or udp; `pair` is its channels, or its ports, for RTP and RTCP."""

    kind: str
    pair: tuple[int, int]


def choose_transport(header: str, allowed: tuple[str, ...]) -> Transport | None:
    """The first of the client's wishes that can be met."""
    for wish in header.split(","):
        words = wish.strip().split(";")
        values = dict(word.partition("=")[::2] for word in words[1:])
        try:
            if words[0].upper() == "RTP/AVP/TCP" and "tcp" in allowed:
                return Transport("tcp", _pair(values.get("interleaved", "0-1")))
            udp = words[0].upper() in ("RTP/AVP", "RTP/AVP/UDP") and "multicast" not in words
            if udp and "udp" in allowed and "client_port" in values:
                return Transport("udp", _pair(values["client_port"]))
        except ValueError:
            continue
    return None


def _pair(text: str) -> tuple[int, int]:
    """`0-1` as numbers; the second may be left out. Raises ValueError."""
    first, _, second = text.partition("-")
    return int(first), int(second or int(first) + 1)


def describe(clip: Clip, payload_type: int, host: str) -> bytes:
    """The session description (SDP) of a mount that plays `clip`."""
    family = "IP6" if ":" in host else "IP4"
    any_host = "::" if ":" in host else "0.0.0.0"  # noqa: S104 - SDP's word for "ask the transport", not a socket
    lines = [
        "v=0",
        f"o=- 1 1 IN {family} {host}",
        "s=Zonewatch simulated camera",
        f"c=IN {family} {any_host}",
        "t=0 0",
        "a=range:npt=now-",
        *_media_lines(clip, payload_type),
        f"a=control:{TRACK}",
    ]
    return "\r\n".join([*lines, ""]).encode()


def _media_lines(clip: Clip, payload_type: int) -> list[str]:
    if clip.codec == "pcmu":
        return [f"m=audio 0 RTP/AVP {payload_type}", f"a=rtpmap:{payload_type} PCMU/8000"]
    parameters = _h264_parameters(clip) if clip.codec == "h264" else _h265_parameters(clip)
    return [
        f"m=video 0 RTP/AVP {payload_type}",
        f"a=rtpmap:{payload_type} {clip.codec.upper()}/{clip.clock_rate}",
        f"a=fmtp:{payload_type} {parameters}",
    ]


def _h264_parameters(clip: Clip) -> str:
    sets = ",".join(_base64(nal) for nal in clip.parameter_sets)
    profile = next((nal[1:4].hex().upper() for nal in clip.parameter_sets if nal_type("h264", nal) == 7), "42E01F")
    return f"packetization-mode=1; profile-level-id={profile}; sprop-parameter-sets={sets}"


def _h265_parameters(clip: Clip) -> str:
    names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
    sets = ((names[nal_type("h265", nal)], _base64(nal)) for nal in clip.parameter_sets)
    return "; ".join(f"{name}={value}" for name, value in sets)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

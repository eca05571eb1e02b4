"""RTP and RTCP packets: RFC 3550, with H.264 as in RFC 6184 and H.265 as in RFC 7798.

Not here: when they are sent (`mount`) and over what (`rtsp`).
"""

from __future__ import annotations

import secrets
import struct

from pipeline.simulate.media import nal_type

PAYLOAD_BYTES = 1400
HEADER_BYTES = 12
_UNIX_TO_NTP = 2_208_988_800
_FU_A, _FU = 28, 49
_SENDER_REPORT, _DESCRIPTION, _BYE = 200, 202, 203
_CNAME = b"zonewatch"


def fragments(codec: str, nal: bytes) -> list[bytes]:
    """The RTP payloads of one NAL unit: itself, or fragmentation units where it does not fit."""
    if len(nal) <= PAYLOAD_BYTES or codec not in ("h264", "h265"):
        return [nal]
    indicator, header = _fragment_headers(codec, nal)
    body = nal[len(indicator) :]
    step = PAYLOAD_BYTES - len(indicator) - 1
    starts = range(0, len(body), step)
    marks = ((start == 0) << 7 | (start == starts[-1]) << 6 for start in starts)
    return [
        indicator + bytes([mark | header]) + body[start : start + step]
        for start, mark in zip(starts, marks, strict=True)
    ]


def _fragment_headers(codec: str, nal: bytes) -> tuple[bytes, int]:
    """What stands before each fragment in place of the NAL unit's header, and the type it hides."""
    kind = nal_type(codec, nal)
    if codec == "h264":
        return bytes([nal[0] & 0xE0 | _FU_A]), kind
    return bytes([nal[0] & 0x81 | _FU << 1, nal[1]]), kind


class RtpStream:
    """Numbers, stamps and counts the packets of one sender.

    `rate` and `jump` may be changed at any time: the clock then runs `rate` times as fast, from then on, and stands
    `jump` seconds ahead.
    """

    def __init__(self, payload_type: int, clock_rate: int, first_timestamp: int | None = None) -> None:
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)
        self.rate = 1.0
        self.jump = 0.0
        self._payload_type = payload_type
        self._clock_rate = clock_rate
        self._first = secrets.randbits(32) if first_timestamp is None else first_timestamp
        self._drift = 0.0
        self._stamped = 0.0
        self._packets = 0
        self._octets = 0

    def timestamp(self, position: float) -> int:
        """The RTP time of `position` seconds."""
        self._drift += (position - self._stamped) * (self.rate - 1)
        self._stamped = position
        return (self._first + round((position + self._drift + self.jump) * self._clock_rate)) & 0xFFFFFFFF

    def packets(self, payloads: list[bytes], position: float) -> list[bytes]:
        """The RTP packets of one access unit; the last has the marker."""
        timestamp = self.timestamp(position)
        last = len(payloads) - 1
        return [self._packet(payload, timestamp, i == last) for i, payload in enumerate(payloads)]

    def _packet(self, payload: bytes, timestamp: int, marker: bool) -> bytes:
        kind = self._payload_type | marker << 7
        header = struct.pack(">BBHII", 0x80, kind, self.sequence, timestamp, self.ssrc)
        self.sequence = self.sequence + 1 & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        return header + payload

    def sender_report(self, position: float, wall: float) -> bytes:
        """An RTCP compound: it is `wall` (Unix seconds) by the camera's clock at `position`; and the camera's name."""
        ntp = round((wall + _UNIX_TO_NTP) * 2**32)
        counts = self._packets & 0xFFFFFFFF, self._octets & 0xFFFFFFFF
        report = struct.pack(">IQIII", self.ssrc, ntp & 2**64 - 1, self.timestamp(position), *counts)
        chunk = struct.pack(">IBB", self.ssrc, 1, len(_CNAME)) + _CNAME + b"\x00"
        return _rtcp(0, _SENDER_REPORT, report) + _rtcp(1, _DESCRIPTION, chunk)

    def bye(self, position: float, wall: float) -> bytes:
        """The RTCP compound that ends the stream."""
        return self.sender_report(position, wall) + _rtcp(1, _BYE, struct.pack(">I", self.ssrc))


def _rtcp(count: int, kind: int, body: bytes) -> bytes:
    """One RTCP packet, filled up to 32-bit words."""
    body += bytes(-len(body) % 4)
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body

from __future__ import annotations

import random
import struct

import pytest

from pipeline.simulate.rtp import PAYLOAD_BYTES, RtpStream, fragments


def put_together(codec: str, payloads: list[bytes]) -> bytes:
    """The NAL unit of some fragmentation units, as RFC 6184 (5.8) and RFC 7798 (4.4.3) say."""
    size = 1 if codec == "h264" else 2
    first, kind = payloads[0][:size], payloads[0][size] & 0x3F
    header = [first[0] & 0xE0 | kind & 0x1F] if codec == "h264" else [first[0] & 0x81 | kind << 1, first[1]]
    return bytes(header) + b"".join(payload[size + 1 :] for payload in payloads)


@pytest.mark.parametrize(("codec", "header"), [("h264", b"\x65"), ("h265", b"\x26\x01")])
@pytest.mark.parametrize("size", [PAYLOAD_BYTES + 1, 5 * PAYLOAD_BYTES, 5 * PAYLOAD_BYTES + 3])
def test_a_large_nal_unit_goes_in_fragments_and_comes_back_whole(codec: str, header: bytes, size: int):
    nal = header + random.Random(size).randbytes(size - len(header))
    payloads = fragments(codec, nal)
    marks = [payload[len(header)] >> 6 for payload in payloads]
    assert put_together(codec, payloads) == nal
    assert max(map(len, payloads)) <= PAYLOAD_BYTES
    assert marks == [0b10, *[0b00] * (len(payloads) - 2), 0b01]


def test_a_small_nal_unit_is_its_own_payload():
    assert fragments("h264", b"\x65" + bytes(PAYLOAD_BYTES - 1)) == [b"\x65" + bytes(PAYLOAD_BYTES - 1)]


def test_packets_are_numbered_and_only_the_last_has_the_marker():
    stream = RtpStream(96, 90000, first_timestamp=0)
    stream.sequence = 65535
    packets = stream.packets([b"a", b"b"], position=2.0)
    assert [struct.unpack(">BBHI", packet[:8]) for packet in packets] == [
        (0x80, 96, 65535, 180000),
        (0x80, 96 | 0x80, 0, 180000),
    ]


def test_times_wrap_jump_and_drift():
    stream = RtpStream(96, 90000, first_timestamp=2**32 - 90000)
    assert [stream.timestamp(at) for at in (0.0, 1.0, 2.0)] == [2**32 - 90000, 0, 90000]
    stream.jump = 10.0
    assert stream.timestamp(2.0) == 990000
    stream.jump, stream.rate = 0.0, 1.5
    assert [stream.timestamp(at) for at in (2.0, 3.0, 4.0)] == [90000, 90000 + 135000, 90000 + 270000]


def test_a_sender_report_tells_the_time_on_the_wall_and_counts():
    stream = RtpStream(96, 90000, first_timestamp=7)
    stream.packets([b"abc", b"de"], position=0.0)
    report = stream.sender_report(position=1.0, wall=1_700_000_000.5)
    kind, words, _, ntp, rtp, packets, octets = struct.unpack(">xBHIQIII", report[:28])
    assert (kind, words, rtp, packets, octets) == (200, 6, 90007, 2, 5)
    assert ntp / 2**32 == 1_700_000_000.5 + 2_208_988_800
    assert len(report) % 4 == 0

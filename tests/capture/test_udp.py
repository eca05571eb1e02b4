"""MPEG-TS in datagrams, as encoders send it: to whom it may concern, whether anybody listens or not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from pipeline.errors import SourceError, SourceFault
from tests.capture.conftest import opened
from tests.media import frame_number

PACKETS = 7 * 188


@contextmanager
def sent(clip: Path) -> Iterator[str]:
    """The clip, round after round, in real time, to a port of this machine; its url."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stop = threading.Event()

    def send() -> None:
        with (
            av.open(str(clip)) as source,
            av.open(f"udp://127.0.0.1:{port}?pkt_size={PACKETS}", "w", format="mpegts") as sink,
        ):
            stream = source.streams.video[0]
            target = sink.add_stream_from_template(stream)
            packets = [packet for packet in source.demux(stream) if packet.dts is not None]
            length = packets[-1].dts - packets[0].dts + packets[-1].duration
            began = time.monotonic()
            for number in range(1000 * len(packets)):
                with av.open(str(clip)) as again:
                    for packet in again.demux(video=0):
                        if packet.dts is None:
                            continue
                        packet.dts, packet.pts = packet.dts + number * length, packet.pts + number * length
                        due = began + float(packet.dts * packet.time_base)
                        if stop.wait(max(0.0, due - time.monotonic())):
                            return
                        packet.stream = target
                        sink.mux(packet)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield f"udp://127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join(5)


@pytest.mark.parametrize("clip", ["live.mp4", "live_hevc.mp4"])
def test_what_an_encoder_sends_is_read_in_its_time(clips: Path, clip: str):
    with sent(clips / clip) as url, opened(url, connect_s=20) as stream:
        frames = list(islice(stream, 60))
    numbers = [frame_number(frame.luma) for frame in frames]
    steps = [(later - one) % 75 for one, later in pairwise(numbers)]
    assert steps.count(1) >= 57
    assert frames[-1].pts - frames[0].pts == pytest.approx(59 / 25, abs=0.15)


def test_where_nothing_is_sent_it_is_said():
    with pytest.raises(SourceError) as told:
        opened("udp://127.0.0.1:9", connect_s=2)
    assert told.value.fault is SourceFault.UNREACHABLE

"""Long recordings of short ones: their packets one after the other, nothing decoded or coded anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av


def tiled(path: Path, clips: Iterable[Path]) -> Path:
    """`clips`, all coded alike and each beginning with a key frame, as one file at `path`."""
    with av.open(str(path), "w") as into:
        stream, shift = None, 0
        for clip in clips:
            end = shift
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                stream = stream or into.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    end = max(end, packet.pts + (packet.duration or 1))
                    into.mux(packet)
            shift = end
    return path

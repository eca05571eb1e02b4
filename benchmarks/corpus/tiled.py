"""Long recordings of short ones: their packets one after the other, nothing decoded or coded anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from benchmarks.corpus.scenarios import Expected, Scenario
from pipeline.simulate.scene import Play, hall, render
from pipeline.simulate.scene.render import Codec

SIZE, FPS = (1920, 1080), 25
_PLAYED = Scenario("hall", hall.PLACE, hall.PLAY, SIZE)


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


@dataclass(frozen=True)
class Coding:
    """How an encoder is set: seconds between key frames, and FFmpeg's options."""

    codec: Codec = "h264"
    key_s: float = 2.0
    crf: int = 25
    options: tuple[tuple[str, str], ...] = ()


class Hall:
    """A hall of 1080p25, in 30 seconds of which two people come and go, and in 30 seconds nobody; coded as `coding`."""

    watched: dict[str, Any] = _PLAYED.watched
    piece_s = hall.PLAY.seconds
    expected = _PLAYED.expected
    """Of the piece in which somebody is."""

    def __init__(self, folder: Path, coding: Coding) -> None:
        how: dict[str, Any] = {"codec": coding.codec, "key_s": coding.key_s, "crf": coding.crf, **dict(coding.options)}
        self.busy, self.empty = (
            render(folder / f"{name}.mp4", hall.PLACE, play, SIZE, FPS, **how)
            for name, play in (("busy", hall.PLAY), ("empty", Play(self.piece_s)))
        )

    def recorded(self, path: Path, minutes: float, share: float) -> list[Expected]:
        """Write a recording in whose `share` (0–1) somebody is, evenly spread; what has to be told of it."""
        pieces = round(60 * minutes / self.piece_s)
        busy = {int((n + 0.5) * pieces / max(1, round(share * pieces))) for n in range(round(share * pieces))}
        tiled(path, [self.busy if n in busy else self.empty for n in range(pieces)])
        told = [Expected(one.rule, one.at + n * self.piece_s) for n in sorted(busy) for one in _PLAYED.expected]
        return sorted(told, key=lambda one: one.at)

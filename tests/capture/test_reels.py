"""Recordings that are read once by their packets: times, key frames, and reading on from any of them."""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.capture.decode import Stream
from pipeline.capture.reels import Reel, Reels, survey
from pipeline.clock import SystemClock
from pipeline.errors import SourceError
from pipeline.frame import Frame
from tests.capture.conftest import camera, opened
from tests.media import frame_number, make_clip, transport_stream

CODED = [(name, "libx264") for name in ("mp4", "mkv", "ts", "flv", "mov")]
CODED += [("ts", "mpeg2video"), ("mp4", "libx265"), ("ts", "libx265"), ("mp4", "open"), ("ts", "open")]
"""By container and codec; `open` is H.264 with groups of which some pictures need the group before."""
EIGHT = datetime(2026, 11, 23, 8, 15, tzinfo=UTC).timestamp()


def surveyed(*paths: Path, start: float | None = None) -> list[Reel]:
    found = survey(camera(paths[0]), paths, UTC, start)
    assert found is not None
    return found


def frames(reels: list[Reel], begin: float) -> list[Frame]:
    with Stream(camera("x.mp4"), SystemClock(), Reels(camera("x.mp4"), reels, begin)) as stream:
        return list(stream)


@pytest.fixture(scope="module", params=[(*coded, bframes) for coded in CODED for bframes in (0, 2)], ids=str)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 pictures at ten a second, a key frame in ten, with and without pictures that are decoded before their time."""
    name, codec, bframes = request.param
    rate = 25 if codec == "mpeg2video" else 10
    more = {"x264-params": "scenecut=0:open-gop=1"} if codec == "open" else {}
    path = tmp_path_factory.mktemp("reels") / f"clip.{name}"
    codec = "libx264" if more else codec
    return make_clip(path, codec, fps=rate, seconds=30 / rate, gop=10, bframes=bframes, **more)


def test_pictures_have_the_times_that_an_ordinary_player_gives_them(clip: Path) -> None:
    with opened(clip) as stream:
        played = [(round(one.pts, 6), frame_number(one.luma)) for one in stream]
    reels = surveyed(clip)
    assert [(round(one.pts, 6), frame_number(one.luma)) for one in frames(reels, 0.0)] == played
    assert (reels[0].pictures, reels[0].last) == (30, pytest.approx(played[-1][0], abs=0.001))
    assert set(reels[0].keys.round(2).tolist()) <= {round(at, 2) for at, _ in played}
    assert len(reels[0].keys) == len(reels[0].weights) >= 3


def test_it_is_read_from_any_key_frame_on(clip: Path) -> None:
    reels = surveyed(clip)
    every = {round(one.pts, 6): one.luma.tobytes() for one in frames(reels, 0.0)}
    for key in reels[0].keys.tolist():
        part = {round(one.pts, 6): one.luma.tobytes() for one in frames(reels, key)}
        assert part == {at: luma for at, luma in every.items() if at >= round(key, 6)}


def test_where_a_container_cannot_be_wound_it_is_read_from_its_beginning(tmp_path: Path) -> None:
    """FFmpeg finds no key frame of an MPEG-PS; nor do we survey one, but others may be as bad."""
    clip = make_clip(tmp_path / "clip.mpg", "mpeg2video", fps=25, seconds=2.0)
    with av.open(str(clip)) as source:
        packets = [one for one in source.demux(source.streams.video[0]) if one.pts is not None]
        keys = np.array([float(one.pts * one.time_base) for one in packets if one.is_keyframe])
    reel = Reel(clip, keys[0], 0.0, 2.0, keys - keys[0], keys * 0, len(packets), float(packets[0].time_base))
    assert [frame_number(one.luma) for one in frames([reel], float(reel.keys[3]))] == list(range(30, 50))


def test_a_key_frame_that_has_gone_is_told_and_nothing_is_skipped_in_silence(tmp_path: Path) -> None:
    reels = surveyed(make_clip(tmp_path / "clip.mp4", seconds=3, gop=10))
    with pytest.raises(SourceError, match=r"clip\.mp4: a key frame that was there is there no longer"):
        frames(reels, 2.35)


def test_files_of_a_folder_lie_where_an_ordinary_player_puts_them(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "clip.mp4", seconds=3, gop=10)
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in ("2026-11-23_08-15-00", "2026-11-23_08-15-02", "2026-11-23_08-15-20"):
        shutil.copy(source, folder / f"{name}.mp4")
    with opened(folder) as stream:
        played = [(round(one.pts, 6), one.at, one.at_error, one.at_from) for one in stream]
    reels = surveyed(folder)
    told = [(round(one.pts, 6), one.at, one.at_error, one.at_from) for one in frames(reels, 0.0)]
    assert told == [(at, pytest.approx(wall, abs=1e-5), error, who) for at, wall, error, who in played]
    assert reels[0].start == EIGHT
    third = frames(reels[2:], float(reels[2].keys[1]))
    assert [round(one.pts, 6) for one in third] == [at for at, *_ in played if at >= round(float(reels[2].keys[1]), 6)]


def test_videos_follow_each_other_and_a_start_dates_them(tmp_path: Path) -> None:
    first, second = (make_clip(tmp_path / name, seconds=1, gop=5) for name in ("a.mp4", "b.mkv"))
    reels = surveyed(first, second, start=EIGHT)
    assert [reel.begin for reel in reels] == pytest.approx([0.0, 1.0])
    assert [reel.start for reel in reels] == pytest.approx([EIGHT, EIGHT + 1.0])
    assert {reel.told_by for reel in reels} == {"argument"}


@pytest.mark.parametrize("trouble", ["undated", "stray", "back", "late", "avi", "mpg", "text", "empty"])
def test_where_times_are_not_plain_it_is_left_to_who_looks_ahead(trouble: str, tmp_path: Path) -> None:
    assert survey(camera("x.mp4"), [troubled(trouble, tmp_path)], UTC) is None


def troubled(trouble: str, tmp_path: Path) -> Path:
    if trouble == "text":
        (tmp_path / "notes.mp4").write_text("not a video\n" * 100)
        return tmp_path / "notes.mp4"
    if trouble == "empty":
        (tmp_path / "folder").mkdir()
        return tmp_path / "folder"
    if trouble == "avi":
        return make_clip(tmp_path / "clip.avi", codec="mjpeg", seconds=1)
    if trouble == "mpg":
        return make_clip(tmp_path / "clip.mpg", codec="mpeg2video", fps=25, seconds=1)
    clip = make_clip(tmp_path / "clip.mkv", seconds=3, gop=10)
    if trouble == "late":
        return shown_late(clip, tmp_path / "late.mp4")
    if trouble == "undated":
        return without_stamps(clip, tmp_path / "raw.h264")
    late = {"stray": lambda n: 37_600.0 * (n == 11), "back": lambda n: 20.0 - 15.0 * (n >= 15)}[trouble]
    return transport_stream(clip, tmp_path, late)


def without_stamps(clip: Path, into: Path) -> Path:
    with av.open(str(clip)) as source, av.open(str(into), "w", format="h264") as raw:
        stream = raw.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                raw.mux(packet)
    return into


def shown_late(clip: Path, into: Path) -> Path:
    """One picture is to be shown twenty seconds after it is decoded."""
    with av.open(str(clip)) as source, av.open(str(into), "w") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(source.streams.video[0])):
            if packet.size and packet.pts is not None:
                packet.pts += 20_000 * (number == 15)
                packet.stream = stream
                copy.mux(packet)
    return into


def test_what_is_left_out_of_a_folder_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_clip(tmp_path / "a.mp4", seconds=1, gop=5)
    (tmp_path / "b.mp4").write_text("not a video\n" * 100)
    with caplog.at_level(logging.WARNING):
        assert len(surveyed(tmp_path)) == 1
    assert [record.getMessage() for record in caplog.records if "b.mp4" in record.getMessage()] != []
    assert len(caplog.records) == 1

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.errors import ServerError
from pipeline.simulate.media import playlist, read_clip
from pipeline.simulate.transcode import half_size, load_clip
from tests.media import make_clip


def test_a_clip_lasts_exactly_as_long_as_its_pictures(plain: Path, reordered: Path, hevc: Path):
    assert [read_clip(path).duration for path in (plain, reordered, hevc)] == [Fraction(1, 2)] * 3


def test_a_rate_with_a_fraction_stays_exact(clips: Path):
    path = clips / "ntsc.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(30):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64), np.uint8), format="gray")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    assert read_clip(path).duration == pytest.approx(30 * 1001 / 30000, abs=0.001)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_every_container_gives_the_same_pictures_and_times(suffix: str, clips: Path):
    clip = read_clip(make_clip(clips / f"held.{suffix}", fps=10, seconds=2, bframes=2))
    assert sorted(unit.at for unit in clip.units) == [Fraction(i, 10) for i in range(20)]
    assert [unit.at for unit in clip.units if unit.key] == [0, 1]
    assert len(clip.parameter_sets) == 2


def test_no_picture_is_sent_before_it_was_taken(reordered: Path):
    units = read_clip(reordered).units
    assert all(unit.due >= unit.at for unit in units)
    assert [b.due - a.due for a, b in itertools.pairwise(units)] == [Fraction(1, 40)] * 19


def test_key_frames_carry_the_parameter_sets(plain: Path, hevc: Path):
    for path in (plain, hevc):
        clip = read_clip(path)
        assert all(set(clip.parameter_sets) <= set(unit.nals) for unit in clip.units if unit.key)


def test_loops_follow_each_other_without_a_gap(reordered: Path):
    turns = list(playlist([read_clip(reordered)], lambda: 0, loops=3))
    due = [turn.began + turn.unit.due for turn in turns]
    assert {b - a for a, b in itertools.pairwise(due)} == {Fraction(1, 40)}
    assert len(turns) == 60
    assert turns[-1].loop == 2


def test_another_clip_goes_on_from_the_same_place_at_the_next_key_frame(plain: Path):
    clip = read_clip(plain)
    sent, numbers = [], []
    for turn in playlist([clip, half_size(plain, clip)], lambda: int(len(sent) >= 13), loops=2):
        sent.append(turn)
        numbers.append(turn.began + turn.unit.at)
    assert numbers == [Fraction(i, 40) for i in range(40)]
    assert [turn.unit.nals in {unit.nals for unit in clip.units} for turn in sent] == [True] * 20 + [False] * 20


def test_the_smaller_twin_has_half_the_size_and_the_same_key_frames(plain: Path, hevc: Path):
    for path in (plain, hevc):
        clip = read_clip(path)
        small = half_size(path, clip)
        assert small.codec == clip.codec
        assert small.size == (clip.size[0] // 2, clip.size[1] // 2)
        assert small.duration == clip.duration
        assert [unit.at for unit in small.units if unit.key] == [unit.at for unit in clip.units if unit.key]


def test_another_codec_is_encoded_anew_and_said(motion_jpeg: Path, caplog: pytest.LogCaptureFixture):
    clip = load_clip(motion_jpeg)
    assert (clip.codec, len(clip.units), clip.duration) == ("h264", 20, Fraction(1, 2))
    assert "mjpeg.avi is mjpeg, not H.264 or H.265: it is encoded anew" in caplog.text


def test_pictures_without_times_are_encoded_anew(clips: Path):
    clip = load_clip(make_clip(clips / "raw.h264", fps=25, seconds=1))
    assert (len(clip.units), clip.duration) == (25, 1)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.mp4", None, "There is no file"),
        ("letter.mp4", b"Dear camera,", "letter.mp4 is not a video that can be played: Invalid data"),
        ("empty.mp4", b"", "empty.mp4 is not a video that can be played"),
    ],
)
def test_what_is_not_a_video_is_refused_in_one_sentence(
    name: str, content: bytes | None, sentence: str, tmp_path: Path
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ServerError, match=sentence):
        load_clip(tmp_path / name)


def test_a_recording_without_a_picture_is_refused(tmp_path: Path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ServerError, match=r"sound\.wav has no video in it"):
        load_clip(path)


def test_media_time_is_that_of_a_player(reordered: Path, clips: Path):
    """A clip that hides its first 8 pictures with an edit list: they have times below 0, as in a player."""
    path = clips / "hidden.mp4"
    with av.open(str(reordered)) as source, av.open(str(path), "w") as sink:
        video = source.streams.video[0]
        stream = sink.add_stream_from_template(video)
        shift = round(8 / 40 / video.time_base)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                sink.mux(packet)
    clip = read_clip(path)
    assert sum(unit.at < 0 for unit in clip.units) == 8
    assert sorted(unit.at for unit in clip.units)[8] == 0

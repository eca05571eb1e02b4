"""What is said of files that are empty, cut off, damaged, or no video."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.capture.ailing import what_ails
from pipeline.errors import SourceError, SourceFault
from tests.capture.conftest import opened
from tests.media import make_clip

Make = Callable[[Path], object]
_MUXERS = {".mkv": "matroska"}


def cut(path: Path, share: float = 0.5) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def half(suffix: str, **options: str) -> Make:
    """The first half of six seconds in that container."""

    def make(path: Path) -> None:
        whole = make_clip(path.with_name("whole.mp4"), seconds=6, gop=5)
        with (
            av.open(str(whole)) as source,
            av.open(str(path), "w", format=_MUXERS.get(suffix, suffix[1:]), options=options) as target,
        ):
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
        cut(path)

    return make


def sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        for n in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            frame.sample_rate, frame.pts = 48000, n * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def index_damaged(path: Path) -> None:
    data = bytearray(make_clip(path).read_bytes())
    at = data.index(b"moov") + 4
    data[at : at + 200] = bytes(200)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b""), "the file is empty. Look for another copy"),
        (lambda path: path.write_bytes(bytes(100_000)), "nothing in the file but zeros"),
        (lambda path: path.write_text("Grüße\n" * 1000), "the file is a text"),
        (lambda path: path.write_bytes(np.random.default_rng(1).bytes(50_000)), "no video that FFmpeg reads"),
        (lambda path: cut(make_clip(path)), r"cut off before its index \(moov\) was written"),
        (index_damaged, r"index \(moov\) of the file is damaged"),
        (half(".mkv"), ""),
        (sound, "there is sound in it and no video"),
    ],
    ids=["empty", "zeros", "text", "noise", "no index", "index damaged", "half a film", "sound only"],
)
def test_a_file_that_cannot_be_read_is_told_of_as_a_file(tmp_path: Path, make: Make, says: str):
    make(tmp_path / "clip.mp4")
    if not says:
        with opened(tmp_path / "clip.mp4") as stream:
            assert 20 < len(list(stream)) < 40
        return
    with pytest.raises(SourceError, match=says) as raised, opened(tmp_path / "clip.mp4") as stream:
        list(stream)
    assert raised.value.fault in (SourceFault.NOT_VIDEO, SourceFault.NO_VIDEO)
    assert "url" not in str(raised.value).replace("path or url", "")


@pytest.mark.parametrize(
    ("name", "make", "of"),
    [
        ("clip.mkv", half(".mkv"), " of 6.0"),
        ("clip.flv", half(".flv"), " of 6."),
        ("clip.mp4", half(".mp4", movflags="faststart"), " of 6.0"),
        ("clip.mp4", half(".mp4", movflags="frag_keyframe+empty_moov"), ""),
        ("clip.avi", lambda path: cut(make_clip(path, codec="mjpeg", seconds=6)), ""),
    ],
    ids=["mkv", "flv", "mp4", "fragmented mp4", "avi"],
)
def test_of_a_file_that_is_cut_off_it_is_told_how_much_was_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, make: Make, of: str
):
    make(tmp_path / name)
    with caplog.at_level(logging.WARNING), opened(tmp_path / name) as stream:
        frames = list(stream)
    assert 15 < len(frames) < 45
    (told,) = [line for line in caplog.messages if "cut off" in line]
    assert f"{name}: it is cut off, or damaged in its end: {frames[-1].pts + 0.1:.1f}{of}" in told


@pytest.mark.parametrize("suffix", [".mkv", ".flv", ".mp4", ".avi", ".ts", ".mov"])
def test_nothing_of_the_kind_is_said_of_a_whole_file(tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str):
    make_clip(tmp_path / f"clip{suffix}", seconds=4, codec="flv1" if suffix == ".flv" else "libx264")
    with caplog.at_level(logging.WARNING), opened(tmp_path / f"clip{suffix}") as stream:
        assert len(list(stream)) == 40
    assert "cut off" not in caplog.text


def test_sound_that_is_longer_than_the_pictures_is_no_sign_of_a_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with av.open(str(tmp_path / "clip.mkv"), "w") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = container.add_stream("aac", rate=48000)
        for n in range(20):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64), np.uint8), format="gray")
            picture.pts = n
            container.mux(video.encode(picture.reformat(format="yuv420p")))
        container.mux(video.encode(None))
        for n in range(400):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            frame.sample_rate, frame.pts = 48000, n * 1024
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    with caplog.at_level(logging.WARNING), opened(tmp_path / "clip.mkv") as stream:
        assert len(list(stream)) == 20
    assert "cut off" not in caplog.text


def test_what_a_recorder_fills_a_file_up_with_is_no_sign_of_a_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    clip = make_clip(tmp_path / "clip.mp4")
    clip.write_bytes(clip.read_bytes() + b"\xff\xff\xff\xf0none" * 50)
    with caplog.at_level(logging.WARNING), opened(clip) as stream:
        assert len(list(stream)) == 30
    assert "cut off" not in caplog.text


def test_a_file_that_went_away_meanwhile_is_said_to_be_missing(tmp_path: Path):
    assert what_ails(tmp_path / "gone.mp4")[0] == "No such file or directory"

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest
from av.stream import Disposition

from pipeline.capture.dating import start_from_name
from pipeline.capture.length import length_s
from pipeline.capture.recordings import recordings_at
from pipeline.errors import SourceError, SourceFault
from pipeline.frame import Frame
from pipeline.simulate.media import read_clip
from tests.capture.conftest import opened
from tests.media import frame_number, make_clip, transport_stream, turned

EIGHT = datetime(2026, 11, 23, 8, 15, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "name",
    [
        "2026-11-23_08-15-00.mp4",
        "20261123T081500.mkv",
        "20261123T081500Z.mkv",
        "ch01_00000000_20261123081500_20261123082000.mp4",
        "cam 2026.11.23 08.15.00.mp4",
        f"front-{int(EIGHT)}.mp4",
        f"{int(EIGHT)}000.mp4",
        "2026-11-23/08-15-00.mp4",
        "20261123/08/15-00.mp4",
        "20261123/20261123_081500.mp4",
    ],
)
def test_names_tell_when_a_recording_was_made(name: str):
    assert start_from_name(Path("archive") / name) == EIGHT


@pytest.mark.parametrize(
    "name", ["clip12.mp4", "2026-13-40_08-15-00.mp4", "2026-11-23_08-15-00/clip1.mp4", "video.mp4"]
)
def test_other_names_do_not(name: str):
    assert start_from_name(Path("archive") / name) is None


def test_a_time_in_a_name_is_that_of_the_site():
    assert start_from_name(Path("20261123T081500.mp4"), ZoneInfo("Europe/Berlin")) == EIGHT - 3600
    assert start_from_name(Path("20261123T081500Z.mp4"), ZoneInfo("Europe/Berlin")) == EIGHT


@pytest.mark.parametrize(
    ("name", "codec", "count"), [("plain.mp4", "h264", 30), ("hevc.mp4", "hevc", 20), ("mjpeg.avi", "mjpeg", 10)]
)
def test_files_play_from_zero_with_every_picture(clips: Path, name: str, codec: str, count: int):
    with opened(clips / name) as stream:
        frames = list(stream)
    assert [frame_number(frame.luma) for frame in frames] == list(range(count))
    assert [frame.pts for frame in frames] == pytest.approx([n / 10 for n in range(count)])
    assert [frame.seq for frame in frames] == list(range(count))
    assert (stream.codec, stream.size, stream.decoded) == (codec, (320, 240), count)
    assert frames[0].at is None


def test_the_same_file_twice_gives_the_same_frames(clips: Path):
    first, second = [[(f.pts, f.seq, f.luma.tobytes()) for f in opened(clips / "plain.mp4")] for _ in range(2)]
    assert first == second


def test_a_folder_plays_in_the_order_of_time_with_its_gaps(clips: Path, tmp_path: Path):
    for name in ("b 2026-11-23_08-15-00", "a 2026-11-23_08-15-10", "c 2026-11-23_08-15-02"):
        shutil.copy(clips / "plain.mp4", tmp_path / f"{name}.mp4")
    with opened(tmp_path) as stream:
        frames = list(stream)
    starts = [frame.pts for frame in frames if frame_number(frame.luma) == 0]
    assert starts == pytest.approx([0, 3, 10])  # the second began before the first had ended
    assert [frame.at for frame in frames if frame_number(frame.luma) == 0] == [EIGHT, EIGHT + 2, EIGHT + 10]
    assert all(later.pts > one.pts for one, later in pairwise(frames))
    assert frames[0].at_error == 1.0


def test_recordings_that_overlap_keep_their_own_times_and_that_they_do_is_told(clips: Path, tmp_path: Path, caplog):
    for name in ("20261123T081500", "20261123T071500.later", "20261123T081502"):
        shutil.copy(clips / "plain.mp4", tmp_path / f"{name}.mp4")
    (tmp_path / "20261123T081502.mp4").rename(tmp_path / "20261123T071501.mp4")
    with caplog.at_level(logging.WARNING), opened(tmp_path) as stream:
        frames = list(stream)
    assert [frame.at for frame in frames[::30]] == [EIGHT - 3600, EIGHT - 3599, EIGHT]
    assert all(later.pts > one.pts for one, later in pairwise(frames))
    assert "overlap" not in caplog.text
    assert "before it ends" not in caplog.text  # by two seconds: names tell whole ones


def test_a_recording_that_begins_long_before_the_one_before_it_ends_is_told(tmp_path: Path, caplog):
    make_clip(tmp_path / "20261123T081500.mp4", seconds=6)
    make_clip(tmp_path / "20261123T081501.mp4", seconds=2)
    with caplog.at_level(logging.WARNING), opened(tmp_path) as stream:
        frames = list(stream)
    assert frames[60].at == EIGHT + 1
    assert "081501.mp4: begins 5 s before the recording before it ends; it is played after that, in its own time" in (
        caplog.text
    )


@pytest.mark.parametrize(("name", "error"), [("02-30-00", 3601), ("02-30-00Z", 1), ("03-30-00", 1)])
def test_in_the_hour_that_comes_twice_a_name_may_mean_either(tmp_path: Path, name: str, error: float):
    shutil.copy(make_clip(tmp_path / "clip.mp4", seconds=1), tmp_path / f"2026-10-25_{name}.mp4")
    (recording,) = recordings_at(tmp_path / f"2026-10-25_{name}.mp4", ZoneInfo("Europe/Berlin"))
    assert recording.error == error


def test_without_times_names_are_ordered_as_people_count(clips: Path, tmp_path: Path):
    for name in ("clip10.mp4", "clip2.mp4", "Clip1.mp4", ".hidden.mp4"):
        shutil.copy(clips / "plain.mp4", tmp_path / name)
    (tmp_path / "notes.txt").write_text("no video\n" * 20)
    (tmp_path / "later").mkdir()
    shutil.copy(clips / "plain.mp4", tmp_path / "later" / "2026-11-23_08-15-00.mp4")
    names = [recording.path.name for recording in recordings_at(tmp_path)]
    assert names == ["2026-11-23_08-15-00.mp4", "Clip1.mp4", "clip2.mp4", "clip10.mp4"]


def test_a_container_may_tell_when_it_was_made(clips: Path, tmp_path: Path):
    with av.open(str(clips / "plain.mp4")) as source, av.open(str(tmp_path / "made.mp4"), "w") as target:
        target.metadata["creation_time"] = "2026-11-23T08:15:00.000000Z"
        video = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
    with opened(tmp_path / "made.mp4") as stream:
        one = list(stream)[1]
    # Of a date that somebody wrote into it nobody knows how right it is.
    assert (one.at, one.at_error, one.at_from) == (pytest.approx(EIGHT + 0.1), None, "container")


def test_who_has_it_played_may_tell_when_it_was_made(clips: Path, tmp_path: Path):
    for name in ("1.mp4", "2.mp4"):
        shutil.copy(clips / "plain.mp4", tmp_path / name)
    with opened(f"{tmp_path}/", start=EIGHT) as stream:
        frames = list(stream)
    assert [frame.at - EIGHT for frame in frames] == pytest.approx([n / 10 for n in range(60)], abs=0.01)
    assert {(frame.at_error, frame.at_from) for frame in frames} == {(1.0, "argument")}
    shutil.copy(clips / "plain.mp4", tmp_path / "2026-11-23_09-15-00.mp4")
    (tmp_path / "1.mp4").unlink()
    (tmp_path / "2.mp4").unlink()
    with opened(f"{tmp_path}/", start=EIGHT) as stream:
        assert next(iter(stream)).at == pytest.approx(EIGHT)


def test_a_loop_begins_again_and_time_goes_on(clips: Path):
    with opened(clips / "plain.mp4", loop=True) as stream:
        frames = [frame for frame, _ in zip(stream, range(75), strict=False)]
    assert [frame_number(frame.luma) for frame in frames] == [n % 30 for n in range(75)]
    assert [frame.pts for frame in frames] == pytest.approx([n / 10 for n in range(75)])


def test_an_unreadable_file_in_a_folder_is_named_and_left_out(clips, tmp_path, caplog):
    shutil.copy(clips / "plain.mp4", tmp_path / "1.mp4")
    (tmp_path / "2.mp4").write_bytes(b"not a video at all" * 100)
    (tmp_path / "3.mp4").write_bytes(b"")
    shutil.copy(clips / "plain.mp4", tmp_path / "4.mp4")
    with caplog.at_level(logging.WARNING), opened(tmp_path) as stream:
        assert len(list(stream)) == 60
    assert "2.mp4" in caplog.text
    assert "3.mp4" in caplog.text
    assert "camera gate" in caplog.text


def test_damage_inside_a_file_costs_the_damaged_pictures_only(clips: Path, tmp_path: Path):
    data = bytearray((make_clip(tmp_path / "long.mkv", seconds=10, gop=5)).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(range(100)) * 3
    (tmp_path / "long.mkv").write_bytes(data)
    with opened(tmp_path / "long.mkv") as stream:
        frames = list(stream)
    assert len(frames) > 70
    assert frames[-1].pts > 9
    assert all(later.pts > one.pts for one, later in pairwise(frames))


def test_a_file_cut_short_plays_as_far_as_it_goes(tmp_path: Path):
    data = make_clip(tmp_path / "cut.mkv", seconds=5, gop=5).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    with opened(tmp_path / "cut.mkv") as stream:
        assert 10 < len(list(stream)) < 40


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda path: None, SourceFault.NOT_FOUND),
        (lambda path: path.write_text("hello " * 1000), SourceFault.NOT_VIDEO),
        (lambda path: path.write_bytes(b""), SourceFault.NOT_VIDEO),
        (lambda path: path.mkdir(), SourceFault.NOT_FOUND),
    ],
    ids=["missing", "text", "empty", "empty folder"],
)
def test_a_source_without_video_says_so(tmp_path: Path, make, fault: SourceFault):
    make(tmp_path / "clip.mp4")
    with (
        pytest.raises(SourceError, match=r"camera gate: .*clip\.mp4") as raised,
        opened(tmp_path / "clip.mp4") as stream,
    ):
        list(stream)
    assert raised.value.fault is fault


def test_a_recording_that_changes_size_goes_on(clips: Path, tmp_path: Path):
    shutil.copy(clips / "plain.mp4", tmp_path / "1.mp4")
    shutil.copy(clips / "small.mp4", tmp_path / "2.mp4")
    with opened(tmp_path) as stream:
        assert {frame.size for frame in stream} == {(320, 240), (160, 120)}


def seen(path: Path) -> list[Frame]:
    with opened(path) as stream:
        return list(stream)


def assert_whole(frames: list[Frame], count: int = 30, slack: float = 0.001) -> None:
    """Every picture, in order, ten a second."""
    assert [frame_number(frame.luma) for frame in frames] == list(range(count))
    assert [frame.pts for frame in frames] == pytest.approx([n / 10 for n in range(count)], abs=slack)


@pytest.mark.parametrize(("codec", "suffix"), [("libx264", "264"), ("libx265", "hevc")])
def test_a_bare_stream_plays_at_its_own_rate_with_every_picture(tmp_path: Path, codec: str, suffix: str, caplog):
    bare = make_clip(tmp_path / f"clip.{suffix}", codec=codec)
    assert_whole(seen(bare))
    assert "30 pictures have no times; taken for 10 a second" in caplog.text


def test_pictures_of_an_avi_come_in_the_decoder_s_order(tmp_path: Path):
    assert_whole(seen(make_clip(tmp_path / "clip.avi", bframes=2)))


def test_stray_stamps_of_an_mpeg_ts_change_nothing(tmp_path: Path, caplog):
    clip = make_clip(tmp_path / "clip.mp4")
    assert_whole(seen(transport_stream(clip, tmp_path, lambda n: 37_600.0 * (n in (11, 21)))))
    assert "2 pictures have times that cannot be right" in caplog.text


def test_a_step_back_of_an_mpeg_ts_is_a_seam(tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mp4")
    assert_whole(seen(transport_stream(clip, tmp_path, lambda n: 20.0 - 15.0 * (n >= 15))), slack=0.15)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_a_cover_picture_is_not_what_plays(tmp_path: Path, name: str):
    clip, path = make_clip(tmp_path / "plain.mp4"), tmp_path / name
    cover = av.VideoFrame.from_ndarray(np.full((120, 120), 200, np.uint8), format="gray")
    with av.open(str(clip)) as read, av.open(str(path), "w") as write:
        art = write.add_stream("mjpeg", rate=1)
        art.width = art.height = 120
        art.pix_fmt = "yuvj420p"
        art.disposition = Disposition.attached_pic
        copy = write.add_stream_from_template(read.streams.video[0])
        for packet in art.encode(cover.reformat(format="yuvj420p")):
            write.mux(packet)
        write.mux(art.encode(None))
        for packet in read.demux(read.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                write.mux(packet)
    with av.open(str(path)) as written:
        assert 120 in [stream.width for stream in written.streams.video]
    assert_whole(seen(path))
    assert read_clip(path).size == (320, 240)


def test_texts_in_any_encoding_keep_no_file_from_being_played(tmp_path: Path):
    path = make_clip(tmp_path / "clip.avi", title="TITLE-HERE")
    path.write_bytes(path.read_bytes().replace(b"TITLE-HERE", "Größe\xbc\xbd".encode("latin-1") + b"\xff\xfe\xb0"))
    with pytest.raises(UnicodeDecodeError):
        av.open(str(path))
    assert len(seen(path)) == 30
    assert length_s(path) == pytest.approx(3.0, abs=0.11)
    assert recordings_at(path)[0].start is None
    assert read_clip(path).size == (320, 240)


QUARTERS = {
    "upright": (1, 0, 0, 1),
    "to the right": (0, 1, -1, 0),
    "upside down": (-1, 0, 0, -1),
    "to the left": (0, -1, 1, 0),
    "mirrored": (-1, 0, 0, 1),
    "as in water": (1, 0, 0, -1),
}


@pytest.mark.parametrize("name", QUARTERS)
def test_a_video_is_seen_turned_as_players_show_it(tmp_path: Path, name: str):
    """The movie's display matrix is written into its track header, as telephones do."""
    plain = seen(make_clip(tmp_path / "plain.mp4"))[7]
    frame = seen(turned(tmp_path / "plain.mp4", tmp_path / "turned.mp4", QUARTERS[name]))[7]
    wanted = {
        "upright": plain.luma,
        "to the right": np.rot90(plain.luma, -1),
        "upside down": np.rot90(plain.luma, 2),
        "to the left": np.rot90(plain.luma, 1),
        "mirrored": plain.luma[:, ::-1],
        "as in water": plain.luma[::-1],
    }[name]
    np.testing.assert_array_equal(frame.luma, wanted)
    assert frame.size == wanted.shape[::-1]
    assert frame.aspect == pytest.approx(frame.size[0] / frame.size[1])
    whole, part = frame.rgb(), frame.rgb((10, 20, 110, 140), (100, 120))
    np.testing.assert_allclose(part.astype(int), whole[20:140, 10:110].astype(int), atol=12)


HALF_A_TURN = bytes.fromhex("00000001 06 2f 03 100009 80")
"""Display orientation (H.264, D.2.27): half a turn, until the next coded sequence."""


@pytest.mark.parametrize("until", [30, 15], ids=["always", "until it is mounted upright"])
def test_what_a_camera_says_of_its_key_frames_holds_for_the_pictures_between_them(tmp_path: Path, until: int):
    key, told = b"\0\0\1\x65", bytearray()
    for part in at_key_frames(make_clip(tmp_path / "clip.264", gop=5)):
        told += HALF_A_TURN if part.startswith(key) and told.count(key) * 5 < until else b""
        told += part
    (tmp_path / "turned.264").write_bytes(told)
    plain, shown = seen(tmp_path / "clip.264"), seen(tmp_path / "turned.264")
    assert len(shown) == 30
    for number, (right, frame) in enumerate(zip(plain, shown, strict=True)):
        wanted = right.luma[::-1, ::-1] if number < until else right.luma
        np.testing.assert_array_equal(frame.luma, wanted)


def at_key_frames(bare: Path) -> list[bytes]:
    """A bare H.264 stream, cut before each slice of a key frame."""
    first, *others = bare.read_bytes().split(b"\0\0\1\x65")
    return [first, *(b"\0\0\1\x65" + part for part in others)]

"""A camera that rests: key frames alone while nothing stirs, and every picture since the last of them when one does.

Real packets of real codecs; who would see is told by the number that is written into each picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from pipeline.capture.decoder import Decoder, Shown
from pipeline.capture.gop import Came
from pipeline.capture.planes import planes
from pipeline.capture.rest import Rest
from pipeline.capture.sparing import Sparing
from pipeline.capture.tape import Stamp
from pipeline.frame import Frame
from pipeline.types import Pixels
from tests.capture.conftest import camera
from tests.media import frame_number, make_clip, pictures

FPS = 10
COUNT = 80
CODECS = {
    "h264": {},
    "h264-b": {"bframes": 2},
    "hevc": {"codec": "libx265"},
    "hevc-b": {"codec": "libx265", "bframes": 3},  # with open groups, as x265 makes them
    "mpeg4": {"codec": "mpeg4"},
}


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("sparing")

    def one(name: str) -> Path:
        path = folder / f"{name}.mkv"
        return path if path.exists() else make_clip(path, fps=FPS, seconds=COUNT / FPS, gop=10, **CODECS[name])

    return one


class Watched:
    """What `take` gives of a clip: numbers of pictures, None for what was kept as it came."""

    def __init__(
        self,
        clip: Path,
        stirring: Callable[[int], bool] = lambda _: False,
        limit_s: float = 2.0,
        by_time: bool = False,
    ) -> None:
        self.rest = Rest(lambda frame, _: stirring(frame.seq), limit_s)
        self.rest.note(True, 0.0)
        self.told: list[int | None] = []
        self.lumas: dict[int, Pixels] = {}
        self.audited: list[int] = []
        self.looked_at: list[int] = []
        self.passed: list[float] = []
        self.times: list[float] = []
        self.rested: list[bool] = []
        self._clip, self._by_time = clip, by_time

    def stirs(self, shown: Shown, rest: Rest) -> bool:
        luma, number = self._number(shown)
        self.looked_at.append(number)
        return rest.stirs(Frame("gate", number, 0.0, luma))

    def _number(self, shown: Shown) -> tuple[Pixels, int]:
        """The picture's own, or that of its time, where none is written into it."""
        luma = planes(shown.picture)[0]
        return luma, round((shown.stamp.shown or 0.0) * FPS) if self._by_time else int(frame_number(luma))

    def pass_over(self, stamp: Stamp, came: Came) -> None:
        assert stamp.shown is not None
        self.passed.append(stamp.shown)
        self.times.append(came.monotonic)

    def run(self, before: Callable[[int], None] = lambda _: None, cut_at: int | None = None) -> Watched:
        with av.open(str(self._clip)) as container:
            video = container.streams.video[0]
            sparing = Sparing(Decoder(camera("rtsp://h/s"), video), self.rest, self)
            for n, packet in enumerate(container.demux(video)):
                if n == cut_at:
                    self._note(sparing.finish())
                    break
                before(n)
                self._note(sparing.take(packet, Came(1000 + n / FPS, n / FPS)))
                self.rested.append(self.rest.resting)
        return self

    def _note(self, out: Iterator[Shown | None]) -> None:
        for one in out:
            if one is None:
                self.told.append(None)
                continue
            luma, number = self._number(one)
            self.told.append(number)
            self.lumas[number] = luma
            self.times.append(one.came.monotonic)
            if one.audited:
                self.audited.append(number)

    @property
    def numbers(self) -> list[int]:
        return [number for number in self.told if number is not None]


def in_full(clip: Path) -> list[Pixels]:
    with av.open(str(clip)) as container:
        return [planes(picture)[0].copy() for picture in container.decode(video=0)]


@pytest.mark.parametrize("codec", CODECS)
def test_while_nothing_stirs_only_key_frames_are_decoded(coded, codec: str):
    one = Watched(coded(codec)).run()
    # Three key frames tell how long groups are; what lies undecoded at the end is decoded.
    assert one.numbers == [*range(21), 30, 40, 50, 60, *range(70, COUNT)]
    assert one.looked_at[:8] == list(range(0, COUNT, 10))
    assert all(one.rested[24:COUNT])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("since", [41, 45, 50])
def test_what_came_since_the_key_frame_before_the_one_that_stirs_is_seen_too(coded, codec: str, since: int):
    clip = coded(codec)
    one = Watched(clip, lambda number: number >= since).run()
    assert one.numbers == [*range(21), 30, *range(40, COUNT)]
    whole = in_full(clip)
    for number in range(40, COUNT):
        assert np.array_equal(one.lumas[number], whole[number]), number


@pytest.mark.parametrize("codec", ["h264", "h264-b", "hevc-b"])
def test_it_rests_again_when_it_is_quiet_again(coded, codec: str):
    one = Watched(coded(codec), lambda number: 31 <= number < 45).run()
    # 40 stirs, 50 and 60 do not.
    assert one.numbers == [*range(21), *range(30, 61), *range(70, COUNT)]


@pytest.mark.parametrize("codec", ["h264", "h264-b", "hevc-b", "mpeg4"])
def test_who_is_seen_by_the_analysis_wakes_it_in_the_middle_of_a_group(coded, codec: str):
    clip = coded(codec)
    one = Watched(clip)
    one.run(before=lambda n: one.rest.note(n < 36, n / FPS))
    assert one.numbers == [*range(21), *range(30, COUNT)]
    whole = in_full(clip)
    assert all(np.array_equal(one.lumas[number], whole[number]) for number in range(30, COUNT))


def test_what_is_passed_over_has_its_time_all_the_same(coded):
    for codec in ("h264", "h264-b"):
        one = Watched(coded(codec)).run()
        passed = [round(at * FPS) for at in one.passed]
        assert passed == [n for n in range(21, 70) if n % 10]
        assert one.times == sorted(one.times)


@pytest.mark.parametrize("limit_s", [0.0, 0.5, 0.9])
def test_a_rule_that_cannot_wait_for_the_next_key_frame_keeps_it_awake(coded, limit_s: float):
    one = Watched(coded("h264"), limit_s=limit_s).run()
    assert one.numbers == list(range(COUNT))
    why = one.rest.against(8.0)
    assert why is not None
    assert why.startswith("`within_s` of a rule is 0" if not limit_s else "its key frames are 1.0 s apart: set its key")


def test_a_busy_camera_has_nothing_against_it_but_that(coded):
    one = Watched(coded("h264"), lambda _: True).run()
    assert one.numbers == list(range(COUNT))
    assert one.rest.against(8.0) is None


def test_groups_longer_than_four_seconds_are_decoded_whatever_rules_allow(tmp_path: Path):
    clip = make_clip(tmp_path / "long.mkv", fps=FPS, seconds=20, gop=50)
    one = Watched(clip, limit_s=60).run()
    assert one.numbers == list(range(200))
    hint = "set its key frame interval to 4 s (smart codecs off), or take its smaller stream"
    assert one.rest.against(20.0) == f"its key frames are 5.0 s apart: {hint}"


def keyed(path: Path, keys: set[int], count: int, **options: str) -> Path:
    """A clip with key frames at these pictures, and no other."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 240, "yuv420p", 10_000
        stream.time_base = Fraction(1, FPS)
        stream.options = {
            "crf": "20",
            "bf": "0",
            "threads": "1",
            "forced-idr": "1",
            "x264-params": "scenecut=0",
        } | options
        for number, luma in enumerate(pictures((320, 240), count)):
            picture = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format="yuv420p")
            picture.pict_type = PictureType.I if number in keys else PictureType.NONE
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def test_a_camera_that_stops_sending_key_frames_is_woken_in_time_and_rests_no_more(tmp_path: Path):
    clip = keyed(tmp_path / "smart.mkv", {0, 10, 20, 30, 40, 110, 120, 130}, 160)
    one = Watched(clip).run()
    assert one.numbers == [*range(21), 30, *range(40, 160)]
    woken = one.rested.index(False, one.rested.index(True))
    assert woken == pytest.approx(40 + 21, abs=1)
    # Of the last eight groups one was too long.
    assert not one.rested[-2]
    assert "7.0 s apart" in str(one.rest.against(16.0))


def test_pictures_that_are_renewed_bit_by_bit_have_no_key_frames_to_rest_on(tmp_path: Path):
    clip = keyed(tmp_path / "refresh.mkv", set(), 80, **{"x264-params": "intra-refresh=1:keyint=10:scenecut=0"})
    one = Watched(clip).run()
    assert one.numbers == list(range(80))
    assert not any(one.rested)


def test_of_pictures_that_are_all_key_frames_one_a_second_is_looked_at(tmp_path: Path):
    clip = make_clip(tmp_path / "intra.avi", codec="mjpeg", fps=FPS, seconds=8)
    one = Watched(clip, lambda number: number >= 55).run()
    resting = one.rested.index(True)
    after = [number for number in one.numbers if number > resting]
    steps = [b - a for a, b in pairwise(after)]
    looks = steps.count(10)
    assert looks >= 2
    assert steps == [10] * looks + [1] * (len(steps) - looks)
    assert after[looks] < 55 <= after[looks] + 10


@pytest.mark.parametrize("codec", CODECS)
def test_who_calls_wakes_it_from_the_last_key_frame_on_for_ten_seconds(coded, codec: str):
    one = Watched(coded(codec))
    in_time, whole = one.rest, in_full(coded(codec))

    def call(n: int) -> None:
        if n == 45:
            in_time.call(n / FPS)

    one.run(call)
    assert one.numbers == [*range(21), 30, *range(40, COUNT)]
    assert all(np.array_equal(one.lumas[number], whole[number]) for number in one.numbers)
    assert not any(one.rested[46:])


def test_a_camera_that_was_called_rests_again(coded):
    one = Watched(coded("h264"))
    one.rest.call(-7.5)  # two and a half seconds of it are left
    assert one.run().numbers == [*range(31), 40, 50, 60, *range(70, COUNT)]


def test_one_in_a_hundred_groups_is_looked_at_all_the_same(coded):
    for codec in ("h264", "h264-b", "hevc-b"):
        one = Watched(coded(codec))
        for _ in range(98):
            one.rest.audits()
        one.run()
        # Leading pictures of an open group are shown before its key frame, and come after it.
        leading = {37, 38, 39} if codec == "hevc-b" else set()
        assert set(range(31, 41)) - set(one.audited) <= leading
        assert set(one.numbers) - set(one.audited) == {*range(21), 30, 50, 60, *range(70, COUNT)}
        assert one.numbers == sorted(set(one.numbers))
        assert (one.rest.audited, one.rest.missed) == (1, 0)
        assert one.times == sorted(one.times)


def test_who_was_missed_keeps_the_camera_awake_for_an_hour(coded):
    one = Watched(coded("h264"))
    one.rest.missed_somebody(0.0, 0.0)
    assert one.run().numbers == list(range(COUNT))
    assert "an audit found" in str(one.rest.against(3599.0))
    one.rest.note(True, 3600.0)
    assert one.rest.against(3601.0) is None


def test_where_the_connection_breaks_what_lies_undecoded_is_decoded_first(coded):
    one = Watched(coded("h264")).run(cut_at=47)
    assert one.numbers == [*range(21), 30, *range(40, 47)]


@pytest.mark.parametrize("damaged", [{40}, {50, 60, 70}])
def test_a_damaged_key_frame_wakes_it_and_several_keep_it_awake(coded, tmp_path: Path, damaged: set[int]):
    """They come in two parts, as some servers send them: the first alone is no whole picture."""
    clip, half = coded("h264"), tmp_path / "half.mkv"
    with av.open(str(clip)) as source, av.open(str(half), "w") as sink:
        video = source.streams.video[0]
        stream = sink.add_stream_from_template(video)
        for n, packet in enumerate(one for one in source.demux(video) if one.size):
            data = bytes(packet)
            # A length stands before each NAL unit: the slice's is kept, most of its bytes are zero.
            spoilt = data[: len(data) // 4] + bytes(len(data) - len(data) // 4)
            sent = av.Packet(spoilt if n in damaged else data)
            sent.pts, sent.dts, sent.time_base = packet.pts, packet.dts, packet.time_base
            sent.is_keyframe, sent.stream = packet.is_keyframe, stream
            sink.mux(sent)
    one = Watched(half).run()
    first = min(damaged)
    told = [*range(21), *range(30, first, 10), *range(first - 9, first)]
    assert one.numbers[: len(told)] == told
    assert one.rested[first - 1]
    assert not any(one.rested[first + 1 : first + 20])
    assert one.rested[79] is (len(damaged) == 1)
    assert ("no whole pictures" in str(one.rest.against(8.0))) is (len(damaged) == 3)


def test_nothing_quiet_for_ten_minutes_is_said(coded):
    one = Watched(coded("h264"), limit_s=2.0).run()
    one.rest.resting = False
    one.rest.note(True, 10.0)
    one.rest.note(False, 610.0)
    assert one.rest.against(609.0) is None
    assert one.rest.against(620.0) == (
        "for 10 minutes something has moved, or somebody been there, all the time: "
        "if it is nobody, hide it by a mask of motion"
    )

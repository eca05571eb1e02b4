"""Whether something moves, told from the sizes of packets: of real encoders, over pictures with fresh noise."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.capture.gate import PacketGate
from tests.capture.test_sparing import Watched

FPS = 10
SECONDS, COMES, GOES = 70, 50.3, 56.0
SIZE = (480, 272)
MACROBLOCKS = 30 * 17
TALL = 0.2
CODED = {
    "quality": ("libx264", {"qp": "31"}),
    "hevc": ("libx265", {"x265-params": "qp=32:log-level=none:bframes=0:scenecut=0:pools=1:frame-threads=1"}),
    "noise": ("libx264", {"crf": "16"}),
    "constant": ("libx264", {"b": "800k", "minrate": "800k", "maxrate": "800k", "bufsize": "400k", "nal-hrd": "cbr"}),
}


def yard(number: int, still: NDArray[np.uint8], noise: np.random.Generator) -> NDArray[np.uint8]:
    """A still picture with noise, through which somebody in a patterned coat goes from left to right."""
    luma = still.astype(np.float32)
    at = number / FPS
    if COMES <= at < GOES:
        w, h = SIZE
        x, tall = round((at - COMES) / (GOES - COMES) * w), round(TALL * h)
        rows, columns = np.mgrid[0:tall, 0 : tall // 3]
        coat = 120 + 70 * np.sin(rows / 3 + number) * np.cos(columns / 2)
        part = luma[200 - tall : 200, x : x + tall // 3]
        part[:] = coat[:, : part.shape[1]]
    luma += noise.normal(0, 1.7, luma.shape)
    return np.clip(luma, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, float], Path]:
    """By coding and seconds between key frames; each is encoded once."""
    folder = tmp_path_factory.mktemp("gate")

    def one(name: str, key_s: float = 2.0) -> Path:
        path = folder / f"{name}-{key_s}.mkv"
        return path if path.exists() else encoded(path, *CODED[name], key_s)

    return one


def encoded(path: Path, codec: str, options: dict[str, str], key_s: float) -> Path:
    noise = np.random.default_rng(3)
    # Walls and floors have texture: most of a key frame's bits are spent on it.
    texture = cv2.GaussianBlur(noise.normal(0, 60, SIZE[::-1]), (0, 0), 1.5)
    still = np.clip(120 + texture, 0, 255).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *SIZE, "yuv420p", round(FPS * key_s)
        stream.time_base = Fraction(1, FPS)
        stream.options = {"preset": "superfast", "bf": "0", "threads": "1", "sc_threshold": "0", **options}
        for number in range(SECONDS * FPS):
            luma = yard(number, still, noise)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(luma, format="gray").reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def told(clip: Path, smallest: float = 0.2) -> tuple[PacketGate, list[float]]:
    """The gate after the clip, and the seconds at which it said that something stirs."""
    gate, found = PacketGate(MACROBLOCKS, smallest), []
    with av.open(str(clip)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                at = float(packet.pts * packet.time_base)
                if gate.stirs(packet.size, packet.is_keyframe, at, quiet=not COMES <= at < GOES + 2):
                    found.append(at)
    return gate, found


@pytest.mark.parametrize("which", [("quality", 2.0), ("quality", 4.0), ("hevc", 2.0)])
def test_somebody_who_walks_shows_in_the_sizes_of_packets(coded, which: tuple[str, float]):
    gate, found = told(coded(*which))
    assert gate.trusted, gate.why
    assert COMES <= found[0] < COMES + 1.5
    assert found[-1] < GOES + 3.5


@pytest.mark.parametrize("name", ["noise", "constant"])
def test_where_noise_is_coded_the_gate_says_that_it_cannot_tell(coded, name: str):
    gate, _ = told(coded(name))
    assert not gate.trusted
    assert "bits a macroblock, which is noise: set the camera to a variable bit rate" in gate.why


def test_it_knows_who_would_be_too_small_to_show(coded):
    gate, _ = told(coded("quality"), smallest=0.0001)
    assert not gate.trusted
    assert "of the picture would not show" in gate.why


def test_it_says_nothing_before_it_knows_what_is_quiet(coded):
    gate = PacketGate(MACROBLOCKS, 0.2)
    with av.open(str(coded("quality"))) as container:
        for n, packet in enumerate(container.demux(video=0)):
            assert not gate.stirs(packet.size, packet.is_keyframe, n / FPS, quiet=True)
            if n == 19 * FPS:
                break
    assert not gate.trusted
    assert gate.why == "how much a quiet picture weighs is not known yet"


def test_pictures_that_are_all_key_frames_tell_nothing():
    gate = PacketGate(MACROBLOCKS, 0.2)
    assert not any(gate.stirs(9000 + n % 7, True, n / FPS, quiet=True) for n in range(600))
    assert gate.why == "its pictures are all key frames"


def test_what_wakes_in_vain_three_times_is_not_listened_to_for_ten_minutes(coded):
    gate, _ = told(coded("quality"))
    for at in (70.0, 80.0, 90.0):
        assert gate.trusted
        gate.in_vain(at)
    gate.stirs(9000, True, 91.0, quiet=True)
    assert not gate.trusted
    assert "took something else for motion" in gate.why
    gate.stirs(9000, True, 691.0, quiet=True)
    assert gate.trusted


def test_behind_a_trusted_gate_few_key_frames_are_looked_at_and_packets_wake(coded):
    clip = coded("quality")
    one = Watched(clip, lambda number: COMES <= number / FPS < GOES, by_time=True)
    one.rest.smallest = 0.2
    one.run()
    assert one.rest.gate is not None
    before = [number for number in one.looked_at if 25 * FPS < number < COMES * FPS]
    assert all(b - a >= 80 for a, b in pairwise(before))
    # Its first picture and all after it, from a key frame at least two seconds before it was noticed.
    woken = next(n for n in one.numbers if n > before[-1])
    assert woken % 20 == 0
    assert COMES * FPS - 40 <= woken <= COMES * FPS - 20
    assert one.numbers[one.numbers.index(woken) :][:60] == list(range(woken, woken + 60))
    assert [round(at * FPS) for at in one.passed] == sorted(set(range(SECONDS * FPS)) - set(one.numbers))


@pytest.mark.parametrize(("trusted", "rests"), [(True, True), (False, False)])
def test_groups_longer_than_rules_allow_are_passed_over_behind_a_trusted_gate_only(coded, trusted: bool, rests: bool):
    one = Watched(coded("quality", 4.0), limit_s=2.0, by_time=True)
    one.rest.smallest = 0.2 if trusted else 0.0001
    one.run()
    assert any(one.rested) is rests
    if not rests:
        assert "4.0 s apart" in str(one.rest.against(70.0))

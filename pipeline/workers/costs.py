"""What a camera costs this machine, part by part, measured on a recording of it; how many there is room for.

Milliseconds of CPU, of one core. Not here: where the recording comes from, what is said of it (`commands/capacity`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import islice, pairwise

from pipeline.capture.decode import Stream
from pipeline.capture.decoder import Decoder
from pipeline.capture.gate import PacketGate
from pipeline.capture.gop import Came, Groups
from pipeline.capture.reels import Reel, Reels
from pipeline.capture.rest import LONGEST_S
from pipeline.clock import SystemClock, cpu_s
from pipeline.config import Camera
from pipeline.frame import Frame
from pipeline.perceive.motion import MotionDetector
from pipeline.perceive.person import PersonDetector
from pipeline.perceive.sweep import STILL, looks_a_second
from pipeline.videos import open_container, playing
from pipeline.workers.lane_settings import concerns, masks, told_within

SPARE = 0.2
"""This share of the machine is left for everything else, and for when more happens than usual."""
_LOOKS = 2
"""Where somebody is, so many looks a picture are needed, on the mean."""
_PICTURES, _KEYS, _ROUNDS = 250, 20, 12
_TOLERANCE = 1.05


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one camera: `packets` and `decoding` for a second of it, `key` for a key frame, `motion` and `look` for one.

    `size` in pixels, `rate` pictures a second, `group_s` seconds from one key frame to the next; `sweeps` looks a
    second while something moves; `fps` pictures a second are analysed. `within_s` is what its rules allow.
    """

    camera: str
    size: tuple[int, int]
    rate: float
    group_s: float
    packets: float
    decoding: float
    key: float
    motion: float
    look: float
    sweeps: float
    fps: float
    within_s: float

    @property
    def rests(self) -> bool:
        """Whether it may rest on its key frames, while nothing moves."""
        return 0 < self.group_s <= min(self.within_s, LONGEST_S) * _TOLERANCE

    def parts(self, activity: float) -> dict[str, float]:
        """Milliseconds a second by what they are spent on; somebody is there for a share `activity` of the time."""
        quiet = 1 - activity
        keys = 1 / max(1.0, self.group_s) if self.rests else 0.0
        watched = activity if self.rests else 1.0
        seen = activity * self.fps * _LOOKS + activity * self.sweeps + quiet * self.sweeps / STILL
        return {
            "decoding": watched * self.decoding + (1 - watched) * keys * self.key,
            "motion": (watched * self.fps + (1 - watched) * 2 * keys) * self.motion,
            "finding people": seen * self.look,
            "packets": self.packets,
        }

    def total(self, activity: float) -> float:
        """Milliseconds of a core for a second of the camera."""
        return sum(self.parts(activity).values())

    @property
    def told_s(self) -> float:
        """How much later than it happens an alert may be told, at most, beyond what its rule waits for."""
        one_turn = (self.motion + _LOOKS * self.look + self.decoding / max(self.rate, 1.0)) / 1000
        awake = 1 / self.fps + one_turn
        return awake + (self.group_s * (1 + self.decoding / 1000) if self.rests else 0.0)

    def smaller(self, height: int = 360) -> Costs:
        """With a stream of pictures so high: what is spent on each pixel shrinks with them."""
        share = min(1.0, (height / self.size[1]) ** 2)
        size = round(self.size[0] * height / self.size[1]), height
        parts = {name: getattr(self, name) * share for name in ("decoding", "key", "motion")}
        return replace(self, size=size, **parts)


def measured(camera: Camera, reel: Reel, detector: PersonDetector, sweep_s: float) -> Costs:
    """On a recording of it. Raises SourceError."""
    frames, decoding = _decoded(camera, reel)
    packets, key = _packets(camera, reel)
    rate = (reel.pictures - 1) / max(reel.last - reel.begin, 1e-3)
    return Costs(
        camera.name,
        frames[0].size,
        rate,
        _group_s(reel),
        packets * rate,
        decoding * rate,
        key,
        _motion(camera, frames),
        _look(frames, detector),
        looks_a_second(sweep_s, concerns(camera), frames[0].aspect),
        min(camera.analyse_fps, rate),
        told_within(camera.judged.values()),
    )


def mean(every: Sequence[Costs]) -> Costs:
    """Of the same camera, measured several times."""
    numbers = [one.name for one in fields(Costs) if isinstance(getattr(every[0], one.name), float)]
    return replace(every[0], **{name: sum(getattr(one, name) for one in every) / len(every) for name in numbers})


def room(each: Sequence[Costs], activity: float, cores: int) -> float:
    """How many cameras, like these in equal parts, this machine can watch."""
    return cores * (1 - SPARE) * 1000 * len(each) / sum(one.total(activity) for one in each)


def _group_s(reel: Reel) -> float:
    """The longest from one key frame to the next; as long as the recording where there is one alone."""
    keys = reel.keys.tolist()
    return max((end - begin for begin, end in pairwise(keys)), default=reel.last - reel.begin)


@contextmanager
def _timed(into: list[float], count: int) -> Iterator[None]:
    began = cpu_s()
    yield
    into.append(1000 * (cpu_s() - began) / max(count, 1))


def _decoded(camera: Camera, reel: Reel) -> tuple[list[Frame], float]:
    """Some of its pictures, and what one of them costs."""
    kept: list[Frame] = []
    spent: list[float] = []
    with Stream(camera, SystemClock(), Reels(camera, [reel], reel.begin)) as stream:
        pictures = iter(stream)
        kept.append(next(pictures))
        with _timed(spent, min(_PICTURES, reel.pictures - 1)):
            for number, frame in enumerate(islice(pictures, _PICTURES)):
                if number % (_PICTURES // _ROUNDS) == 0:
                    kept.append(frame)
    return kept, spent[0]


def _packets(camera: Camera, reel: Reel) -> tuple[float, float]:
    """What one packet costs that is not decoded, and one key frame that is."""
    spent: list[float] = []
    with open_container(f"file:{reel.path}") as container:
        video = playing(container)
        if video is None:
            return 0.0, 0.0
        groups, gate, keys = Groups(), PacketGate(-(-video.width // 16) * -(-video.height // 16), camera.smallest), []
        with _timed(spent, reel.pictures):
            for packet in container.demux(video):
                if packet.size:
                    groups.add(packet, Came(0.0, 0.0))
                    gate.stirs(packet.size, packet.is_keyframe, groups.now, quiet=True)
                if packet.size and packet.is_keyframe:
                    groups.begin_at_last_key()
                    keys.append(packet)
        decoder, keys = Decoder(camera, video), keys[:_KEYS]
        with _timed(spent, len(keys)):
            for packet in keys:
                decoder.alone(packet, Came(0.0, 0.0))
    return spent[0], spent[1]


def _motion(camera: Camera, frames: Sequence[Frame]) -> float:
    motion, spent = MotionDetector(masks(camera, "motion", "privacy")), list[float]()
    motion.update(frames[0])
    again = [replace(frame, pts=frames[0].pts + 0.2 * n) for n, frame in enumerate(list(frames) * _ROUNDS, 1)]
    with _timed(spent, len(again)):
        for frame in again:
            motion.update(frame)
    return spent[0]


def _look(frames: Sequence[Frame], detector: PersonDetector) -> float:
    views = [(frame, (0, 0, *frame.size)) for frame in (list(frames) * _ROUNDS)[:_ROUNDS]]
    spent: list[float] = []
    detector.detect(views[:1])
    with _timed(spent, len(views)):
        detector.detect(views)
    return spent[0]

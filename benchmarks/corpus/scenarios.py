"""The drawn scenarios: who walks where, in what light, and how the recorder stores it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.simulate.scene import Place, Play, crossings, visits
from pipeline.simulate.scene import yard as y
from pipeline.simulate.scene.place import Camera, Spot
from pipeline.simulate.scene.play import Car, Figure, Stay, route
from pipeline.simulate.scene.render import Codec, render, seen
from pipeline.simulate.scene.weather import Weather

DWELL_S = 10.0
FPS = 10


@dataclass(frozen=True, slots=True)
class Expected:
    """One incident that must be told: its rule, and when the person came in or went over the line."""

    rule: str
    at: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table. `stored` is the size in which the recorder keeps a picture of `size`, None: the same."""

    name: str
    place: Place
    play: Play
    size: tuple[int, int] = (960, 540)
    stored: tuple[int, int] | None = None
    keys: dict[str, Any] = field(default_factory=dict)

    @property
    def watched(self) -> dict[str, Any]:
        """Zones, lines and rules of the camera: who enters, who stays for 10 s, who crosses."""
        shapes = self.place.shapes(self.size[0] / self.size[1])
        rules: dict[str, Any] = {f"in-{zone}": {"zone": zone, "trigger": "enter"} for zone in shapes["zones"]}
        rules |= {f"stays-{zone}": {"zone": zone, "trigger": "dwell", "seconds": DWELL_S} for zone in shapes["zones"]}
        rules |= {f"over-{line}": {"line": line, "trigger": "cross"} for line in shapes["lines"]}
        return {**shapes, "rules": rules, **self.keys}

    @property
    def expected(self) -> list[Expected]:
        """By time."""
        told = []
        for visit in visits(self.place, self.play):
            told.append(Expected(f"in-{visit.zone}", visit.entered))
            if visit.left - visit.entered >= DWELL_S + 0.5:
                told.append(Expected(f"stays-{visit.zone}", visit.entered))
        told += [Expected(f"over-{one.line}", one.at) for one in crossings(self.place, self.play)]
        return sorted(told, key=lambda one: one.at)

    def record(self, path: Path, codec: Codec, crf: int, key_s: float = 1.0, **options: str) -> Path:
        """Draw and store it."""
        how = {"codec": codec, "crf": crf, "stored": self.stored, "key_s": key_s, **options}
        return render(path, self.place, self.play, self.size, FPS, **how)

    def places(self, at: float) -> dict[int, tuple[float, float, float]]:
        """By figure: normalised feet, and height in picture heights."""
        there = seen(Camera(self.place.lens, *self.size), self.play, at)
        return {one.figure: (*one.feet, (one.box[3] - one.box[1]) / self.size[1]) for one in there}


_L = y.looks(12)


def _walk(look: int, start: float, first: Spot, *legs: tuple[float, Spot]) -> Figure:
    return Figure(_L[look], route(start, first, *legs))


def _play(seconds: float, *figures: Figure, **more: Any) -> Play:
    return Play(seconds, figures, **more)


_ALONE = (_walk(0, 1.0, (-7.5, 11.0), (5.0, (0.2, 11.0)), (5.0, (0.2, 11.0)), (5.0, (7.5, 11.6))),)
_TWO_VISITS = (
    *_ALONE,
    _walk(1, 3.0, (7.8, 12.4), (5.2, (-0.9, 12.2)), (3.0, (-0.9, 12.2)), (5.0, (-8.0, 12.0))),
)


def scenarios() -> Iterator[Scenario]:
    """All rows, by kind."""
    yield from _following()
    yield from _seeing()
    yield from _weather()
    yield from _crowds()
    yield from _others()


def _following() -> Iterator[Scenario]:
    place = y.PLACE
    yield Scenario("one person", place, _play(18.0, *_ALONE))
    crossing = (
        _walk(0, 1.0, (-7.0, 10.4), (9.0, (7.0, 10.4))),
        _walk(1, 1.2, (7.0, 11.4), (9.0, (-7.0, 11.4))),
        _walk(2, 5.0, (-7.0, 12.2), (9.0, (7.0, 12.2))),
    )
    yield Scenario("two cross", place, _play(16.0, *crossing))
    meeting = (
        _walk(0, 1.0, (-6.0, 11.0), (5.0, (-0.25, 11.0)), (0.6, (-0.25, 11.0)), (5.0, (-6.0, 11.0))),
        _walk(1, 1.0, (6.0, 11.0), (5.0, (0.25, 11.0)), (0.6, (0.25, 11.0)), (5.0, (6.0, 11.0))),
    )
    yield Scenario("meet and turn back", place, _play(14.0, *meeting))
    side = (
        _walk(0, 1.0, (-7.0, 10.6), (5.2, (0.0, 10.6)), (4.0, (0.0, 10.6)), (5.0, (7.0, 10.6))),
        _walk(1, 1.0, (-7.0, 11.5), (5.2, (0.3, 11.5)), (4.0, (0.3, 11.5)), (5.0, (7.0, 11.5))),
    )
    yield Scenario("side by side", place, _play(18.0, *side))
    behind = (
        _walk(0, 1.0, (0.2, 17.0), (8.0, (0.0, 7.2)), (3.0, (6.0, 8.0))),
        _walk(1, 2.3, (0.5, 17.0), (8.0, (0.4, 7.2)), (3.0, (6.4, 8.0))),
    )
    yield Scenario("one behind the other", place, _play(15.0, *behind))
    legs: list[tuple[float, Spot]] = [(5.0, (0.1, 11.2))]
    for _ in range(5):  # in sight for about 5 s, behind the pillar for about 2.5
        legs += [(4.0, (0.1, 11.2)), (1.0, (1.35, 11.2)), (2.2, (1.35, 11.2)), (1.0, (0.1, 11.2))]
    hidden = (_walk(0, 1.0, (-7.5, 11.0), *legs, (5.0, (-7.5, 12.0))),)
    yield Scenario("hidden by a pillar", y.PILLARED, _play(54.0, *hidden))
    walked_past = (
        _walk(0, 1.0, (-7.5, 11.6), (5.0, (0.0, 11.6)), (12.0, (0.0, 11.6)), (5.0, (7.5, 11.6))),
        _walk(1, 8.0, (-7.0, 8.2), (7.0, (7.0, 8.2))),
        _walk(2, 12.0, (7.0, 8.4), (7.0, (-7.0, 8.4))),
    )
    yield Scenario("somebody walks past in front", place, _play(24.0, *walked_past))
    returns = (
        _walk(0, 1.0, (-6.5, 11.0), (4.0, (0.0, 11.0)), (2.0, (0.0, 11.0)), (3.0, (-5.0, 11.0)), (4.0, (-5.0, 11.0)),
              (3.0, (0.0, 11.2)), (3.0, (0.0, 11.2)), (4.0, (6.5, 11.2))),
    )  # fmt: skip
    yield Scenario("comes back", place, _play(25.0, *returns))
    runs = (
        _walk(0, 1.0, (-8.0, 11.0), (3.2, (8.0, 11.2))),
        _walk(1, 4.5, (8.0, 10.2), (3.0, (-8.0, 10.4))),
        _walk(2, 8.0, (-8.0, 12.0), (3.6, (8.0, 10.0))),
    )
    yield Scenario("running", place, _play(13.0, *runs))


def _seeing() -> Iterator[Scenario]:
    far = y.DISTANT
    small = (
        _walk(0, 1.0, (-11.0, 27.0), (8.0, (-0.5, 27.0)), (5.0, (-0.5, 27.0)), (8.0, (11.0, 28.0))),
        _walk(3, 4.0, (10.0, 30.5), (7.0, (1.5, 30.0)), (4.0, (1.5, 30.0)), (7.0, (10.0, 31.0))),
    )
    yield Scenario("small", far, _play(24.0, *small))
    still = (_walk(0, 0.0, (-1.0, 28.0), (14.0, (-1.0, 28.0)), (8.0, (11.0, 28.0))),)
    yield Scenario("small, standing from the start", far, _play(24.0, *still))
    apart = (
        _walk(0, 1.0, (-13.0, 26.0), (8.0, (-2.0, 26.0)), (8.0, (-2.0, 26.0)), (6.0, (-12.0, 26.0))),
        _walk(1, 1.0, (14.0, 31.0), (8.0, (3.0, 31.0)), (8.0, (3.0, 31.0)), (6.0, (13.0, 31.0))),
        _walk(2, 1.0, (-6.0, 12.0), (9.0, (-5.0, 10.0)), (12.0, (-5.0, 10.0))),
        _walk(3, 1.0, (6.5, 12.0), (9.0, (5.5, 11.0)), (12.0, (5.5, 11.0))),
    )
    yield Scenario("four far apart", far, _play(24.0, *apart))
    tiny = (
        _walk(0, 1.0, (-16.0, 38.0), (9.0, (-3.0, 38.0)), (9.0, (-3.0, 38.0)), (9.0, (-16.0, 38.0))),
        _walk(1, 1.0, (17.0, 42.0), (9.0, (3.5, 41.0)), (9.0, (3.5, 41.0)), (9.0, (17.0, 42.0))),
        _walk(2, 1.0, (-20.0, 40.0), (9.0, (-12.0, 40.0)), (12.0, (-12.0, 40.0))),
        _walk(3, 1.0, (21.0, 39.0), (9.0, (11.0, 39.0)), (12.0, (11.0, 39.0))),
    )
    yield Scenario("smallest, four apart", y.FARTHEST, _play(27.0, *tiny))
    still = (_walk(0, 0.0, (-1.0, 40.0), (14.0, (-1.0, 40.0)), (8.0, (-12.0, 40.0))),)
    yield Scenario("smallest, standing from the start", y.FARTHEST, _play(24.0, *still))
    edge = (
        _walk(0, 1.0, (-6.5, 7.4), (4.5, (-2.0, 7.4)), (4.0, (-2.0, 7.4)), (4.5, (-6.5, 7.4))),
        _walk(1, 8.0, (-6.5, 8.0), (6.0, (1.5, 7.6)), (4.0, (7.0, 8.0))),
    )
    yield Scenario("cut by the edge", y.EDGE, _play(19.0, *edge))
    yield Scenario("4:3", y.PLACE, _play(18.0, *_TWO_VISITS), size=(720, 540))
    yield Scenario("squeezed 960x1080", y.PLACE, _play(18.0, *_TWO_VISITS), stored=(960, 1080))
    yield Scenario("squeezed 704x288", y.PLACE, _play(18.0, *_TWO_VISITS), size=(720, 540), stored=(704, 288))
    squeezed_small = replace(next(one for one in _following() if one.name == "two cross"), stored=(640, 720))
    yield replace(squeezed_small, name="squeezed 640x720, two cross")


def _weather() -> Iterator[Scenario]:
    for name, weather in {
        "night": Weather(light=0.32, noise=5.0, grey=True),
        "rain": Weather(light=0.8, noise=2.0, rain=90),
        "noise": Weather(noise=12.0),
        "a light is switched": Weather(light=0.45, noise=2.0, switched_at=8.0, then=1.0),
        "headlights": Weather(light=0.35, noise=3.0, headlights=(6.0, 9.0)),
    }.items():
        yield Scenario(name, y.PLACE, _play(18.0, *_TWO_VISITS, weather=weather))


def _crowds() -> Iterator[Scenario]:
    spots = [(-1.4, 9.8), (0.2, 9.9), (1.5, 10.2), (-0.8, 11.4), (0.9, 11.8), (-1.5, 12.5)]
    for count, seconds in ((3, 24.0), (6, 30.0)):
        group = [
            _walk(n, 1.0 + 1.5 * n, (-7.0 if n % 2 else 7.0, spots[n][1]), (4.5, spots[n]), (7.0, spots[n]),
                  (4.5, (7.5 if n % 2 else -7.5, spots[n][1])))
            for n in range(count)
        ]  # fmt: skip
        yield Scenario(f"{count} in the court", y.PLACE, _play(seconds, *group))
    inside = [
        _walk(n, 1.0 + 2.0 * n, (-7.5, 9.6 + 0.75 * n), (5.0, (-0.9 + 0.5 * n, 9.6 + 0.75 * n)),
              (6.0, (-0.9 + 0.5 * n, 9.6 + 0.75 * n)), (5.0, (7.5, 9.8 + 0.75 * n)))
        for n in range(4)
    ]  # fmt: skip
    outside = [
        _walk(4 + n, 0.5 + 1.2 * n, (-8.0 * way, 16.4 + 1.1 * n), (12.0, (8.0 * way, 16.4 + 1.1 * n)))
        for n, way in enumerate((1, -1) * 4)
    ]
    yield Scenario("12 people, 4 in the court", y.PLACE, _play(25.0, *inside, *outside))


def _others() -> Iterator[Scenario]:
    things = (y.tree(5.5, 14.5), y.tree(-6.5, 17.0), y.banner(4.0, 20.0))
    yield Scenario("trees and a banner", y.PLACE, _play(18.0, *_ALONE, things=things))
    dogs = (y.dog(Stay(2.0, 5.0, (-8.0, 10.2), (8.0, 10.2))), y.dog(Stay(12.0, 15.5, (8.0, 12.0), (-8.0, 12.0))))
    yield Scenario("a dog", y.PLACE, _play(18.0, *_ALONE, things=dogs))
    cars = (
        Car((150, 150, 156), Stay(1.0, 5.0, (-12.0, 15.5), (12.0, 15.5))),
        Car((60, 60, 150), Stay(8.0, 12.0, (12.0, 15.0), (-12.0, 15.0))),
    )
    yield Scenario("cars", y.PLACE, _play(18.0, *_ALONE, cars=cars))
    past = (
        _walk(0, 1.0, (-2.4, 15.0), (6.0, (6.0, 15.0))),
        _walk(1, 1.0, (7.0, 8.1), (8.0, (-2.4, 8.1)), (2.0, (-2.4, 8.1)), (5.0, (3.0, 7.6))),
        _walk(2, 5.0, (3.4, 17.0), (8.0, (3.2, 8.0))),
    )
    yield Scenario("past the court", y.PLACE, _play(18.0, *past))

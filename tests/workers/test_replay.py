"""A recording of five minutes in which little happens: parts, seams and what is passed over change nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from pipeline.config import Config
from pipeline.processes.replaying import side_by_side
from pipeline.simulate.scene import Place, Play, hall, render, visits
from pipeline.simulate.scene.play import Figure, route
from pipeline.sinks.message import canonical, cloud_event
from pipeline.types import Incident
from pipeline.workers.replay import Players, Step, in_turn, replay
from tests.fakes import lives
from tests.media import make_clip

LOOK = hall.PLAY.figures[0].look
LEFT, MAT, RIGHT = (-4.2, 4.8), (0.0, 4.8), (4.3, 4.9)
STAYS = Figure(LOOK, route(126.0, LEFT, (4.0, MAT), (75.0, MAT), (4.0, RIGHT)))
"""On the mat from before the middle of the recording, where its parts meet, until long after it."""
PLAY = Play(
    300.0,
    (
        Figure(LOOK, route(31.0, LEFT, (4.0, MAT), (6.0, MAT), (4.0, LEFT))),
        Figure(LOOK, route(90.0, LEFT, (4.0, MAT), (2.0, MAT), (4.0, RIGHT))),
        STAYS,
        Figure(LOOK, route(260.0, RIGHT, (4.0, MAT), (5.0, MAT), (4.0, LEFT))),
    ),
)
PLACE: Place = hall.PLACE


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "hall.mp4"
    return render(path, PLACE, PLAY, (640, 360), 10, key_s=2.0)


def config(within_s: float = 2.0, **keys: Any) -> Config:
    rules = {"mat": {"trigger": "enter", "zone": "mat", "within_s": within_s}}
    rules["door"] = {"trigger": "cross", "line": "threshold", "within_s": within_s}
    camera = {"url": "hall.mp4", **PLACE.shapes(), "rules": rules, **keys}
    return Config.model_validate({"site": {"id": "test"}, "cameras": {"hall": camera}}, context={"folder": Path()})


def played(path: Path, within_s: float = 2.0, players: Players = in_turn, exhaustive: bool = False) -> list[Step]:
    chosen = config(within_s)
    return list(replay(chosen, chosen.cameras["hall"], [path], exhaustive=exhaustive, players=players))


def incidents(steps: list[Step]) -> list[Incident]:
    return [one for step in steps for one in step.incidents]


def told(steps: list[Step]) -> bytes:
    return "\n".join(canonical(cloud_event(one, "test", None)) for one in incidents(steps)).encode()


@pytest.fixture(scope="module")
def quick(recording: Path) -> list[Step]:
    return played(recording)


def test_every_visit_is_told_and_each_once_also_over_a_seam(quick: list[Step]) -> None:
    on_mat = [life for life in lives(incidents(quick)) if life[0].rule == "mat"]
    expected = visits(PLACE, PLAY)
    assert len(on_mat) == len(expected) == 4
    for life, visit in zip(on_mat, expected, strict=True):
        assert life[0].at.media == pytest.approx(visit.entered, abs=0.5)
        assert life[-1].left is not None
        assert life[-1].left.media == pytest.approx(visit.left, abs=0.7)
        assert len({one.track for one in life}) == 1
    assert len({life[0].track for life in on_mat}) == 4
    assert len([one for one in incidents(quick) if one.rule == "door" and one.revision == 1]) == 5


def test_most_is_passed_over_and_all_of_it_is_played(quick: list[Step]) -> None:
    last = quick[-1]
    assert last.media_s == pytest.approx(299.9)
    assert last.decoded < 0.6 * 3000
    assert last.pictures == 3000
    assert (last.audited, last.missed) == (0, 0)
    assert [step.media_s for step in quick] == sorted(step.media_s for step in quick)


def test_hits_are_news_of_the_same_incidents(quick: list[Step]) -> None:
    hits = {(one.rule, one.at) for step in quick for one in step.hits}
    assert hits >= {(one.rule, one.at) for one in incidents(quick) if one.revision == 1}


def test_two_processes_give_the_same_bytes_as_one(recording: Path, quick: list[Step]) -> None:
    assert told(played(recording, players=side_by_side(2))) == told(quick) != b""


def test_looking_at_every_picture_adds_nothing_where_nothing_was_missed(recording: Path, quick: list[Step]) -> None:
    every = played(recording, exhaustive=True)
    assert told(every) == told(quick)
    assert (every[-1].decoded, every[-1].pictures) == (3000, 3000)
    assert every[-1].media_s == pytest.approx(299.9)


def test_where_no_rule_may_be_told_later_every_picture_is_decoded(recording: Path, quick: list[Step]) -> None:
    full = played(recording, within_s=0.0)
    assert full[-1].decoded >= 3000
    key = [(one.rule, one.state, one.track) for one in incidents(full)]
    assert sorted(key) == sorted((one.rule, one.state, one.track) for one in incidents(quick))


def test_files_of_twenty_seconds_are_as_one(recording: Path, tmp_path: Path, quick: list[Step]) -> None:
    with av.open(str(recording)) as source:
        video = source.streams.video[0]
        packets = [one for one in source.demux(video) if one.pts is not None and one.dts is not None]
        for number in range(15):
            with av.open(str(tmp_path / f"{number:02}.mp4"), "w") as file:
                stream = file.add_stream_from_template(video)
                for packet in packets:
                    if number * 20 <= packet.pts * packet.time_base < number * 20 + 20:
                        packet.stream = stream
                        file.mux(packet)
    steps = played(tmp_path)
    assert [(one.rule, one.state, one.track) for one in incidents(steps)] == [
        (one.rule, one.state, one.track) for one in incidents(quick)
    ]
    assert steps[-1].media_s == pytest.approx(299.9, abs=0.01)
    assert steps[-1].decoded < 1.25 * quick[-1].decoded


def test_who_shows_in_no_key_frame_is_found_by_looking_at_every_picture(tmp_path: Path) -> None:
    """Somebody runs over the mat between two key frames, 4 s apart, of which rules allow to look at no others."""
    runs = Figure(LOOK, route(81.0, LEFT, (2.4, RIGHT)))
    clip = render(tmp_path / "runs.mp4", PLACE, Play(100.0, (runs,)), (640, 360), 10, key_s=4.0, crf=18)
    found = [played(clip, within_s=4.0, exhaustive=exhaustive) for exhaustive in (False, True)]
    rules = [[one.rule for one in incidents(steps) if one.revision == 1] for steps in found]
    assert rules[0] == []
    assert "mat" in rules[1]


def test_what_has_no_plain_times_is_played_whole(recording: Path, tmp_path: Path, quick: list[Step]) -> None:
    """The same packets one after the other, and nothing else."""
    bare = tmp_path / "hall.h264"
    with av.open(str(recording)) as source, av.open(str(bare), "w") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size and packet.pts is not None and packet.pts < 60 / packet.time_base:
                packet.stream = stream
                copy.mux(packet)
    steps = played(bare)
    assert steps[-1].decoded == 600
    (visit,) = [life for life in lives(incidents(steps)) if life[0].rule == "mat"]
    assert visit[0].at.media == pytest.approx(incidents(quick)[2].at.media, abs=0.5)


def test_pictures_fewer_than_two_are_no_trouble(tmp_path: Path) -> None:
    assert incidents(played(make_clip(tmp_path / "one.mp4", seconds=0.1))) == []
    assert played(make_clip(tmp_path / "two.mp4", seconds=0.2))[-1].decoded == 2


def test_no_two_incidents_have_one_id(quick: list[Step]) -> None:
    opened = [replace(one, revision=1) for one in incidents(quick) if one.revision == 1]
    assert len({one.id for one in opened}) == len(opened)

"""What a judge is given, written down and read again: another judge says the same, to the byte."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.config import Camera, Config, Detector, load
from pipeline.errors import LedgerError
from pipeline.perceive.appearance import SIZE as SIZE_OF_LOOKS
from pipeline.perceive.appearance import unpacked
from pipeline.processes.ledgers import sent_line
from pipeline.rules.calendar import Calendars
from pipeline.rules.incidents import Now, Origin
from pipeline.sinks.message import canonical, cloud_event
from pipeline.store.ledger import Line, Part, parts
from pipeline.types import Detections, Evidence, Incident, IncidentState, Mode, Moment
from pipeline.workers.entries import Access, Began, Changed, Entry, Interrupted, Picture
from pipeline.workers.judge import Judge
from pipeline.workers.ledger_lines import entry_of, line_of
from pipeline.workers.relive import Reliving, by
from tests.conftest import ROOT
from tests.fakes import ASPECT, SIZE, camera, seen, way

MODE = Mode("drill", 50.0, 90.0, "ann", "monthly", Mode("lockdown", 10.0, None, "bob", "a stranger"))
MODEL = {"name": "person", "sha256": "0f"}
PAIR = way((0, 0.1, 0.6), (20, 0.9, 0.6)), way((0, 0.9, 0.55), (24, 0.1, 0.65))


class Kept(list[Entry]):
    """A keeper that remembers."""

    def keep(self, entry: Entry) -> None:
        self.append(entry)


def began(watched: Camera, origin: Origin | None = None) -> Began:
    return Began(watched, Detector(), origin or Origin("school", MODEL, "sha256:1"))


def picture(at: float, people: Detections | None, seq: int = 0) -> Picture:
    moment = Moment(at + 0.1, 1.8e9 + at, 0.2, "arrival")
    return Picture(Now(moment, 1.8e9 + at + 0.01, 1.8e9 + at + 0.03, SIZE), ASPECT, people, None, seq)


def described(people: Detections, seed: int) -> Detections:
    """With looks that are like nobody's."""
    chance = np.random.default_rng(seed)
    looks = unpacked(chance.integers(0, 256, (len(people), SIZE_OF_LOOKS), np.uint8).tobytes())
    return replace(people, looks=looks, cut=chance.random(len(people)) < 0.05)


def walk(until: float = 26.0, fps: float = 5.0) -> list[Picture]:
    """Two who pass each other; one picture in seven has not been looked at."""
    told = []
    for n in range(round(until * fps)):
        places = [place for one in PAIR if (place := one(n / fps)) is not None]
        told.append(picture(n / fps, described(seen(*places), n) if n % 7 else None, n))
    return told


def judged(entries: Iterable[Entry], judge: Judge) -> list[Incident]:
    return [one for entry in entries for one in judge.hear(entry)]


def again(entries: Sequence[Entry]) -> list[Entry]:
    """Written down and read."""
    lines = json.loads(json.dumps([line_of(entry) for entry in entries]))
    return [found for line in lines if (found := entry_of(line)) is not None]


def in_text(incidents: Iterable[Incident]) -> list[str]:
    return [canonical(cloud_event(one, "school", None)) for one in incidents]


RULES: dict[str, dict[str, Any]] = {
    "enter": {"trigger": "enter"},
    "dwell": {"trigger": "dwell", "seconds": 2},
    "cross": {"trigger": "cross"},
    "occupied": {"trigger": "occupancy", "people": {"max": 1}, "seconds": 0.4},
    "deserted": {"trigger": "absence", "seconds": 3},
    "goes": {"trigger": "speed", "faster_than": "0.1 heights/s"},
}


def test_another_judge_says_the_same_of_what_was_written_down() -> None:
    kept = Kept()
    watched = camera(**RULES)
    other = camera(**{**RULES, "dwell": {"trigger": "dwell", "seconds": 1, "severity": "critical"}})
    origin = Origin("school", MODEL, "sha256:2", calendars=Calendars().in_mode(MODE))
    pictures = walk()
    life = [*pictures[:60], Changed(other, origin, 1.8e9), *pictures[60:100], Interrupted("camera_lost", 1.9e9)]
    told = judged([*life, *pictures[100:], Interrupted("shutdown", None)], Judge(began(watched), kept))
    assert {one.rule for one in told} == set(RULES)
    first, *rest = again(kept)
    assert isinstance(first, Began)
    retold = judged(rest, Judge(first))
    assert in_text(retold) == in_text(told)
    assert [(one.received, one.decided) for one in retold] == [(one.received, one.decided) for one in told]


FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=64)
SMALL = st.floats(-3.0, 3.0, width=32)


@settings(max_examples=50, deadline=None)
@given(st.data(), st.integers(0, 5))
def test_a_picture_comes_back_to_the_last_bit(data: st.DataObject, count: int) -> None:
    boxes = data.draw(arrays.arrays(np.float32, (count, 4), elements=SMALL))
    scores = data.draw(arrays.arrays(np.float32, count, elements=st.floats(0, 1, width=32)))
    looks = data.draw(st.none() | arrays.arrays(np.uint8, (count, SIZE_OF_LOOKS)))
    looks = None if looks is None else unpacked(looks.tobytes())
    cut = data.draw(st.none() | arrays.arrays(np.bool_, count))
    media, wall, aspect = data.draw(FLOATS), data.draw(st.none() | FLOATS), data.draw(st.floats(0.1, 10))
    now = Now(Moment(media, wall, None, "name"), wall, media, (1920, 1080))
    looked = data.draw(st.none() | arrays.arrays(np.float32, (2, 4), elements=SMALL))
    one = Picture(now, aspect, Detections(boxes, scores, cut, looks), looked, 7, audited=True)
    (found,) = again([one])
    assert isinstance(found, Picture)
    assert (found.now, found.aspect, found.seq, found.audited) == (now, aspect, 7, True)
    assert found.people is not None
    for name in ("boxes", "scores", "cut", "looks"):
        same(getattr(found.people, name), getattr(one.people, name))
    same(found.looked, looked)


def same(a: Any, b: Any) -> None:
    if b is None:
        assert a is None
        return
    assert a.dtype == b.dtype
    assert a.tobytes() == b.tobytes()
    assert a.shape == b.shape


def configurations() -> list[Path]:
    return [ROOT / "streams.yaml", *sorted((ROOT / "docs").rglob("*.yaml"))]


@pytest.mark.parametrize("path", configurations(), ids=lambda path: path.name)
def test_the_settings_of_then_come_back_whole(path: Path) -> None:
    config = load(path, {"CAM_PASSWORD": "x", "REDIS_PASSWORD": "x"}).config
    for one in config.cameras.values():
        origin = Origin(config.site.id, MODEL, config.hash, "1.5", Calendars.of(config).in_mode(MODE))
        before = Began(one, config.detector, origin)
        (after,) = again([before])
        assert isinstance(after, Began)
        assert after.camera.model_dump(exclude={"url"}) == one.model_dump(exclude={"url"})
        assert after.origin == origin
        assert after.detector.model_dump(exclude={"model"}) == config.detector.model_dump(exclude={"model"})


def test_a_calendar_of_a_file_comes_back_without_it_and_no_password_is_written(tmp_path: Path) -> None:
    url = "rtsp://viewer:s3cret@camera.example/hall?token=abc"
    rule = {"trigger": "enter", "zone": "yard", "schedule": "outside hours", "tags": ["door"]}
    told = {
        "site": {"id": "oak", "timezone": "Europe/London"},
        "calendars": {
            "oak": {"terms": ["2026-08-24 to 2026-12-18"], "periods": {"hours": ["mon-fri 08:00-16:00"]}},
        },
        "modes": {"lockdown": {"arm": ["door"], "severity": "critical"}},
        "cameras": {
            "hall": {
                "url": url,
                "zones": {"yard": {"circle": {"centre": [0.5, 0.5], "radius": 0.2}}},
                "rules": {"r": rule},
            }
        },
    }
    config = Config.model_validate({**told, "alerts": {}}, context={"folder": tmp_path})
    before = Began(config.cameras["hall"], config.detector, Origin("oak", calendars=Calendars.of(config)))
    text = json.dumps(line_of(before))
    assert "s3cret" not in text
    assert "abc" not in text
    after = entry_of(json.loads(text))
    assert isinstance(after, Began)
    assert after.origin == before.origin
    for wall in range(1_790_000_000, 1_790_000_000 + 14 * 86400, 1800):
        assert after.origin.calendars.armed(after.camera.rules["r"], wall) == before.origin.calendars.armed(
            before.camera.rules["r"], wall
        )


def test_grants_come_back_and_are_judged_again() -> None:
    rule = {"trigger": "unbadged", "door": "north", "seconds": 2}
    kept, judge_of = Kept(), began(camera(rule=rule))
    given = 1.8e9 + 8.7
    pictures = walk()
    life = [Access((), 1.8e9), *pictures[:60], Access((("north", given),), 1.8e9 + 12.25), *pictures[60:]]
    told = judged(
        [*life, Access((), 1.8e9 + 30), *(picture(at / 5, None) for at in range(135, 150))], Judge(judge_of, kept)
    )
    assert [one.rule for one in told] == ["rule", "rule"]
    first, *rest = again(kept)
    assert isinstance(first, Began)
    assert in_text(judged(rest, Judge(first))) == in_text(told)


@pytest.mark.parametrize("line", [{"picture": {"media": 1}}, {"began": {"camera": {}}}, {"interrupted": "x"}])
def test_what_cannot_be_read_is_said(line: Line) -> None:
    with pytest.raises(LedgerError, match="cannot be read"):
        entry_of(line)


def written(folder: Path, lines: Sequence[Line], run: str = "a", number: int = 0, whole: bool = True) -> None:
    part = Part(folder / "front" / f"{run}.{number:03d}.jsonl.gz")
    part.write(list(lines))
    if whole:
        part.close()


def sent(told: Sequence[Incident]) -> list[tuple[Incident, Line]]:
    """As the teller sends them: pending, then the pictures, then the rest, one revision later."""
    evidence = (Evidence("snapshot", "a/b.jpg", "00"),)
    found = []
    for one in told:
        if one.revision == 1:
            found += [
                replace(one, evidence=None),
                replace(one, revision=2, state=IncidentState.UPDATED, evidence=evidence),
            ]
        else:
            found.append(replace(one, revision=one.revision + 1, evidence=evidence))
    return [(one, sent_line(one, "school", 1.8e9 + n / 7)) for n, one in enumerate(found)]


def a_life(*more: Entry) -> tuple[list[Line], list[str]]:
    """Lines of a ledger, and the messages that it tells of."""
    kept = Kept()
    told = judged([*walk(), *more], Judge(began(camera(**RULES)), kept))
    messages = sent(told)
    feed = [canonical(cloud_event(one, "school", line["emitted"])) for one, line in messages]
    return [line_of(entry) for entry in kept] + [line for _, line in messages], feed


def retold(folder: Path) -> tuple[list[str], Reliving]:
    reliving = Reliving(parts(folder, "front"))
    return [canonical(one.event) for one in reliving.messages()], reliving


def test_messages_come_out_as_they_were_sent(tmp_path: Path) -> None:
    lines, feed = a_life(Interrupted("shutdown", 1.9e9))
    written(tmp_path, [{"ledger": 1}, *lines])
    found, reliving = retold(tmp_path)
    assert len(feed) > 15
    assert found == feed
    assert reliving.course.strayed == reliving.course.holes == []
    assert reliving.course.media_s == pytest.approx(25.8)
    assert (reliving.course.pictures, reliving.course.looked) == (130, 111)


def test_what_comes_out_otherwise_than_it_was_sent_is_named(tmp_path: Path) -> None:
    lines, feed = a_life()
    first = next(line for line in lines if "sent" in line)
    lines[lines.index(first)] = {**first, "sha256": "0" * 64}
    written(tmp_path, [{"ledger": 1}, *lines])
    found, reliving = retold(tmp_path)
    assert found == feed[1:]
    assert reliving.course.strayed == [f"{first['sent']}:1"]


def test_parts_of_a_run_go_on_where_the_one_before_ended(tmp_path: Path) -> None:
    lines, feed = a_life()
    written(tmp_path, [{"ledger": 1}, *lines[:70]])
    written(tmp_path, [{"ledger": 1, "part": 1, **lines[0]}, *lines[70:]], number=1)
    found, reliving = retold(tmp_path)
    assert found == feed
    assert reliving.course.holes == []


def test_a_part_without_those_before_it_says_so_and_begins_with_nobody(tmp_path: Path) -> None:
    lines, feed = a_life()
    written(tmp_path, [{"ledger": 1, "part": 1, **lines[0]}, *lines[70:]], number=1)
    found, reliving = retold(tmp_path)
    assert 0 < len(found) < len(feed)
    assert reliving.course.holes == ["a.001.jsonl.gz goes on with what is not there"]
    assert reliving.course.strayed


def test_what_the_disk_did_not_take_is_a_hole(tmp_path: Path) -> None:
    lines, _ = a_life()
    written(tmp_path, [{"ledger": 1}, *lines[:50], {"lost": 12}, *lines[62:]])
    _, reliving = retold(tmp_path)
    assert reliving.course.holes == ["12 entries were not written"]


def test_a_part_that_was_never_closed_is_read_to_where_it_ends(tmp_path: Path) -> None:
    lines, feed = a_life()
    written(tmp_path, [{"ledger": 1}, *lines], whole=False)
    found, reliving = retold(tmp_path)
    assert found == feed
    assert reliving.course.holes == []
    (path,) = (tmp_path / "front").iterdir()
    path.write_bytes(path.read_bytes()[:-400])
    found, reliving = retold(tmp_path)
    assert found == feed[: len(found)]


def test_a_damaged_part_says_so_and_the_next_is_read(tmp_path: Path) -> None:
    lines, feed = a_life()
    written(tmp_path, [{"ledger": 1}, *lines])
    written(tmp_path, [{"ledger": 1}, *lines], run="b")
    path = tmp_path / "front" / "a.000.jsonl.gz"
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\0" * 40
    path.write_bytes(packed)
    found, reliving = retold(tmp_path)
    assert reliving.course.holes == ["a.000.jsonl.gz is damaged"]
    assert found[-len(feed) :] == feed


def test_by_other_rules_other_things_are_told(tmp_path: Path) -> None:
    lines, _ = a_life(Interrupted("shutdown", 1.9e9))
    written(tmp_path, [{"ledger": 1}, *lines])
    other = camera(only={"trigger": "dwell", "seconds": 2, "severity": "critical"})
    told = list(Reliving(parts(tmp_path, "front"), by(other, Calendars())).incidents())
    direct = judged([*walk(), Interrupted("shutdown", 1.9e9)], Judge(began(other)))
    assert in_text(told) == in_text(direct)
    assert {one.severity.value for one in told} == {"critical"}


def test_other_masks_leave_out_whom_they_cover(tmp_path: Path) -> None:
    lines, _ = a_life()
    written(tmp_path, [{"ledger": 1}, *lines])
    whole = {"everywhere": {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "of": "people"}}
    watched = camera(enter={"trigger": "enter"})
    blind = Camera.model_validate({**watched.model_dump(), "masks": whole})
    assert list(Reliving(parts(tmp_path, "front"), by(watched, Calendars())).incidents())
    assert not list(Reliving(parts(tmp_path, "front"), by(blind, Calendars())).incidents())


def test_a_camera_without_a_ledger_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="has no ledger of camera front"):
        parts(tmp_path, "front")


def test_a_picture_that_could_not_be_judged_stops_nothing(tmp_path: Path) -> None:
    lines, _ = a_life()
    bad = line_of(picture(3.0, Detections(np.zeros((2, 4), np.float32), np.ones(3, np.float32))))
    written(
        tmp_path, [{"ledger": 1}, *lines[:20], bad, line_of(Interrupted("analysis_failed", 1.0)), *lines[:1], *lines]
    )
    _, reliving = retold(tmp_path)
    assert reliving.course.failed == 1
    assert math.isclose(reliving.course.media_s, 25.8 + 3.7, abs_tol=1.0)

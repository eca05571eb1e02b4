"""`zonewatch replay` of the drawn school against what happens there, and of inputs that are none."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import pytest

from tests.conftest import ROOT
from tests.e2e import school, truth
from tests.e2e.replaying import events, replay, write_config
from tests.e2e.system import assert_whole
from tests.media import make_clip

SECRET = "hunter2"


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cameras of the school, and one with a mistake."""
    settings = {**school.CAMERAS, "passing": school.PASSING}
    cameras = {name: {"url": f"{name}.mp4", **school.watched(setting)} for name, setting in settings.items()}
    cameras["mistaken"] = {"url": "rtsp://192.0.2.1/s", "rules": {"none": {"trigger": "enter", "zone": "nowhere"}}}
    return write_config(tmp_path_factory.mktemp("replay") / "streams.yaml", cameras)


@pytest.mark.parametrize("codec", ["", "-hevc"], ids=["h264", "hevc"])
@pytest.mark.parametrize("rate", [10, 5, 2])
@pytest.mark.parametrize("camera", school.CAMERAS)
def test_replay_says_what_happens_in_the_recording_and_nothing_else(
    camera: str, rate: int, codec: str, recordings: Path, tmp_path: Path
) -> None:
    setting = school.CAMERAS[camera]
    told = {camera: {"url": "x.mp4", "analyse_fps": rate, **school.watched(setting)}}
    config = write_config(tmp_path / "streams.yaml", told)
    said = events(replay(config, camera, recordings / f"{camera}{codec}.mp4"))
    truth.assert_same(school.expected(setting), said, tolerance=school.TOLERANCE_S)
    assert_whole(said)


def test_replay_gives_the_same_bytes_twice(config: Path, passing: Path, tmp_path: Path) -> None:
    first = replay(config, "passing", passing)
    again = replay(config, "passing", passing, options=("--out", str(tmp_path / "again.jsonl")))
    assert first.returncode == again.returncode == 0
    assert first.stdout.encode() == (tmp_path / "again.jsonl").read_bytes() != b""
    assert again.stdout == ""


def test_more_processes_and_all_pictures_change_no_byte(config: Path, passing: Path) -> None:
    plain = replay(config, "passing", passing)
    for options in (("--jobs", "1"), ("--jobs", "2", "--exhaustive")):
        assert replay(config, "passing", passing, options=options).stdout == plain.stdout != ""
    assert replay(config, "passing", passing, options=("--jobs", "0")).returncode == 2


def test_a_terminal_shows_what_is_found_while_the_rest_is_looked_for(config: Path, passing: Path) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "pipeline", "replay", str(passing), "--config", str(config), "--camera", "passing"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT) as running:
        os.close(theirs)
        shown = _read(ours)
        assert running.stdout is not None
        told = running.stdout.read()
    assert running.returncode == 0
    assert "mat: enter mat" in shown
    assert "1 found" in shown or "2 found" in shown
    assert told.count(b"\n") == len(events(replay(config, "passing", passing)))


def _read(terminal: int) -> str:
    shown = b""
    try:
        while more := os.read(terminal, 65536):
            shown += more
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    return shown.decode()


def test_a_person_who_is_there_from_the_first_picture_is_reported(
    config: Path, recordings: Path, tmp_path: Path
) -> None:
    """The hall from 8 s to 22 s: its first visitor is on the mat already, its second comes, and is there at the end."""
    visits = [visit for visit in school.expected(school.CAMERAS["hall"]) if visit.rule == "mat"]
    began = cut(recordings / "hall.mp4", tmp_path / "cut.mp4", 8, 22)
    told = [event["data"] for event in events(replay(config, "hall", tmp_path / "cut.mp4"))]
    first, second = [data for data in told if data["state"] == "opened" and data["rule"] == "mat"]
    assert first["entered"]["media_s"] <= school.TOLERANCE_S
    ends = {data["incident"]: data for data in told if data["state"] == "closed"}
    assert ends[first["incident"]]["left"]["media_s"] + began == pytest.approx(visits[0].left, abs=school.TOLERANCE_S)
    assert second["entered"]["media_s"] + began == pytest.approx(visits[1].entered, abs=school.TOLERANCE_S)
    assert ends[second["incident"]]["why"]["closed_because"] == "end_of_recording"


def cut(source: Path, into: Path, start: float, end: float) -> float:
    """Packets of `source` from the key frame at or before `start` until `end`, as they are; where that begins."""
    with av.open(str(source)) as original, av.open(str(into), "w") as copy:
        video = original.streams.video[0]
        original.seek(int(start / video.time_base), stream=video)
        stream = copy.add_stream_from_template(video)
        began: float | None = None
        for packet in original.demux(video):
            if packet.pts is None:
                continue
            began = float(packet.pts * video.time_base) if began is None else began
            if packet.dts * video.time_base < end:
                packet.stream = stream
                copy.mux(packet)
    assert began is not None
    return began


def test_a_folder_is_played_in_the_order_of_time_on_one_clock(config: Path, passing: Path, tmp_path: Path) -> None:
    """The second visit comes one recording's length, and the pause until the next one began, after the first."""
    for name in ("2026-11-23T08-00-00.mp4", "2026-11-23T08-00-09.mp4"):
        (tmp_path / name).symlink_to(passing)
    told = events(replay(config, "passing", tmp_path))
    assert_whole(told)
    entered = [e["data"]["entered"] for e in told if e["data"]["state"] == "opened" and e["data"]["rule"] == "mat"]
    assert len(entered) == 2
    assert entered[1]["media_s"] - entered[0]["media_s"] == pytest.approx(9.0, abs=school.TOLERANCE_S)


def test_every_incident_tells_who_knows_the_time(config: Path, passing: Path, tmp_path: Path) -> None:
    unknown = events(replay(config, "passing", passing))
    told = events(replay(config, "passing", passing, options=("--start", "2026-11-23T08:15:00")))
    assert {(one["data"]["times"]["wall"], one["data"]["times"]["wall_from"]) for one in unknown} == {(None, None)}
    assert {one["data"]["times"]["wall_from"] for one in told} == {"argument"}
    assert all(one["data"]["times"]["wall"].startswith("2026-11-23T08:15:0") for one in told)
    ended = replay(config, "passing", passing, options=("--start", "yesterday"))
    assert ended.returncode == 2
    assert "Write 2026-11-23T08:15:00" in ended.stderr


def test_a_rule_is_told_of_while_it_is_armed(passing: Path, tmp_path: Path) -> None:
    watched = school.watched(school.PASSING)
    watched["rules"]["mat"] |= {"schedule": "outside hours", "severity_during": {"night": "critical"}}
    calendars = {"oak": {"periods": {"hours": "mon-fri 07:30-16:00", "night": "daily 22:00-06:00"}}}
    file = write_config(tmp_path / "s.yaml", {"passing": {"url": "rtsp://h/s", **watched}}, calendars=calendars)
    told = {}
    for start in ("2026-11-23T08:15:00", "2026-11-23T16:00:00", "2026-11-23T23:00:00"):
        ended = replay(file, "passing", passing, options=("--start", start, "--jobs", "2"))
        told[start[11:13]] = {(one["data"]["rule"], one["data"]["severity"]) for one in events(ended)}
        assert "every rule was armed" not in ended.stderr
    assert not any(rule == "mat" for rule, _ in told["08"])
    assert ("mat", "medium") in told["16"]
    assert ("mat", "critical") in told["23"]
    untimed = replay(file, "passing", passing)
    assert any(one["data"]["rule"] == "mat" for one in events(untimed))
    assert "nothing tells when it was recorded, so every rule was armed: give --start" in untimed.stderr


def test_what_cannot_be_replayed_is_said_in_one_sentence(config: Path, passing: Path, tmp_path: Path) -> None:
    text, missing = tmp_path / "notes.mp4", tmp_path / "missing.mp4"
    text.write_text("not a video\n" * 100)
    cases = [
        (2, "missing.mp4", config, "passing", missing),
        (2, "unknown scheme `foo`", config, "passing", "foo://x"),
        (2, "unknown scheme `foo_bar`", config, "passing", "foo_bar://x"),
        (2, "rtsp://***@h/s is no recording", config, "passing", f"rtsp://ann:{SECRET}@h/s"),
        (2, "nobody", config, "nobody", passing),
        (2, "mistaken", config, "mistaken", passing),
        (1, "notes.mp4", config, "passing", text),
        (2, "streams.yaml", tmp_path / "streams.yaml", "passing", passing),
    ]
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(replay, file, camera, video) for _, _, file, camera, video in cases]
    for (code, named, *_), ended in zip(cases, [one.result() for one in waiting], strict=True):
        assert ended.returncode == code, ended.stderr
        assert named in ended.stderr
        assert "Traceback" not in ended.stderr
        assert SECRET not in ended.stderr
        assert ended.stdout == ""


def test_a_replay_that_fails_leaves_no_file_behind(config: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video\n" * 100)
    ended = replay(config, "hall", text, options=("--out", str(tmp_path / "out.jsonl")))
    assert ended.returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.mp4"]


def test_an_empty_scene_raises_nothing(config: Path, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "shapes.mp4", seconds=5)
    assert events(replay(config, "hall", clip)) == []

"""The journal keeps what it took, whoever dies, and says what is wrong when it cannot."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.clock import SimulatedClock
from pipeline.errors import JournalError
from pipeline.sinks.journal_file import VERSION
from pipeline.sinks.outbox import BEGINNING, PRUNED_AT_ONCE, Mark, Outbox
from pipeline.types import IncidentState, Severity
from tests.conftest import ROOT
from tests.sinks.facts import event, until
from tests.small_disk import small_disk
from tests.unprivileged import nobody, public_folder

WRITER = """
import sys
from contextlib import closing
from pathlib import Path
from pipeline.sinks.journal_file import VERSION
from pipeline.sinks.outbox import Outbox
from tests.sinks.facts import event
outbox = Outbox(Path(sys.argv[1]))
first = int(sys.argv[2])
for number in range(first, first + int(sys.argv[3])):
    outbox.put(event(number, camera=f"cam-{first}"))
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "alerts.db"


@pytest.fixture
def outbox(path: Path) -> Outbox:
    return Outbox(path)


def writer(path: Path, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def numbers(outbox: Outbox) -> list[int]:
    return [int(told["data"]["incident"], 16) for _, told in outbox.read(n=100_000)]


def mark(outbox: Outbox, seq: int) -> Mark:
    return outbox.after(seq - 1, 1)[0].mark


def test_what_was_put_is_read_in_order(outbox: Outbox):
    places = [outbox.put(event(number)) for number in range(5)]
    assert places == sorted(places)
    assert [row.seq for row in outbox.after(places[1], 2)] == places[2:4]
    assert [told for _, told in outbox.read()] == [event(number) for number in range(5)]
    assert (outbox.floor(), outbox.top()) == (places[0], places[-1])


def test_an_event_is_kept_once_however_often_it_is_put(outbox: Outbox):
    place = outbox.put(event(1))
    outbox.put(event(2))
    assert outbox.put(event(1)) == place
    assert numbers(outbox) == [1, 2]


def test_each_sink_has_its_own_mark_and_backlog(path: Path):
    clock = SimulatedClock(1000.0)
    outbox = Outbox(path, clock)
    places = []
    for number in range(3):
        places.append(outbox.put(event(number)))
        clock.advance(10)
    outbox.acknowledge("redis", mark(outbox, places[0]))
    assert outbox.mark("redis") == (places[0], event(0)["id"])
    assert outbox.backlog("redis") == (2, 20.0)
    assert outbox.backlog("stdout") == (3, 30.0)
    outbox.acknowledge("redis", mark(outbox, places[2]))
    assert outbox.backlog("redis") == (0, 0.0)
    outbox.acknowledge("redis", BEGINNING)
    assert outbox.backlog("redis") == (3, 30.0)


def test_pruning_never_takes_what_a_sink_has_not_got(path: Path):
    clock = SimulatedClock(1000.0)
    outbox = Outbox(path, clock)
    places = [outbox.put(event(number, state=IncidentState.CLOSED)) for number in range(3)]
    clock.advance(100)
    outbox.acknowledge("redis", mark(outbox, places[1]))
    assert outbox.prune(200, ["redis"]) == 0
    assert outbox.prune(50, ["redis", "other"]) == 0
    assert outbox.prune(50, ["redis"]) == 2
    assert numbers(outbox) == [2]
    assert outbox.prune(50) == 1
    assert outbox.floor() == outbox.top() + 1


def test_pruning_leaves_the_last_word_of_what_is_open(path: Path):
    clock = SimulatedClock(1000.0)
    outbox = Outbox(path, clock)
    outbox.put(event(1))
    outbox.put(event(1, revision=2, state=IncidentState.UPDATED))
    clock.advance(100)
    assert outbox.prune(50) == 1
    assert [told["id"] for told in outbox.open_incidents()] == [event(1, revision=2)["id"]]
    outbox.put(event(1, revision=3, state=IncidentState.CLOSED))
    clock.advance(100)
    assert outbox.prune(50) == 2


def test_pruning_goes_on_where_it_stopped_and_lets_others_write_meanwhile(path: Path):
    clock = SimulatedClock(1000.0)
    outbox = Outbox(path, clock)
    for number in range(2 * PRUNED_AT_ONCE + 1):
        outbox.put(event(number, state=IncidentState.CLOSED))
    clock.advance(100)
    assert outbox.prune(50, most=PRUNED_AT_ONCE) == PRUNED_AT_ONCE
    assert outbox.prune(50) == PRUNED_AT_ONCE + 1
    assert numbers(outbox) == []


def test_a_journal_holds_the_marks_of_its_own_past_and_no_others(path: Path):
    clock = SimulatedClock(1000.0)
    outbox = Outbox(path, clock)
    places = [outbox.put(event(number, state=IncidentState.CLOSED)) for number in range(3)]
    marks = [mark(outbox, place) for place in places]
    foreign = [Mark(places[1], "another"), Mark(places[2] + 1, "later"), Mark(places[2] + 1)]
    assert all(map(outbox.holds, [BEGINNING, *marks, Mark(places[1])]))
    assert not any(map(outbox.holds, foreign))
    outbox.acknowledge("redis", marks[1])
    clock.advance(100)
    outbox.prune(50, ["redis"])
    assert all(map(outbox.holds, [BEGINNING, *marks]))
    assert not any(map(outbox.holds, foreign))


def test_a_repeat_leaves_no_hole(outbox: Outbox):
    assert [outbox.put(event(number)) for number in (1, 1, 2, 1, 3)] == [1, 1, 2, 1, 3]


def test_open_incidents_are_the_last_word_of_each_that_is_not_closed(outbox: Outbox):
    outbox.put(event(1))
    outbox.put(event(2))
    outbox.put(event(3, camera="other"))
    outbox.put(event(1, revision=2, state=IncidentState.UPDATED))
    outbox.put(event(2, revision=2, state=IncidentState.CLOSED))
    assert [told["id"] for told in outbox.open_incidents("front-gate")] == [f"{1:016x}:2"]


def test_a_late_word_does_not_open_what_is_closed(outbox: Outbox):
    outbox.put(event(1, revision=3, state=IncidentState.CLOSED))
    outbox.put(event(1, revision=2, state=IncidentState.UPDATED))
    assert outbox.open_incidents() == []


VERSIONS = sorted((ROOT / "tests/sinks/journals").glob("*.sql"))


@pytest.fixture(params=VERSIONS, ids=lambda file: f"version {file.stem}")
def earlier(request: pytest.FixtureRequest, path: Path) -> Path:
    """A journal that an earlier version left."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(request.param.read_text())
    return path


def test_there_is_a_journal_of_each_earlier_version():
    assert [file.stem for file in VERSIONS] == [str(number) for number in range(1, VERSION)]


def test_a_journal_of_an_earlier_version_is_taken_over_with_all_that_waits_in_it(earlier: Path):
    assert Outbox(earlier, readonly=True).backlog("redis")[0] == 3
    outbox = Outbox(earlier)
    assert numbers(outbox) == [1, 2, 1, 3, 4]
    assert outbox.mark("redis") == (2, event(2)["id"])
    assert outbox.backlog("redis")[0] == 3
    assert [row.seq for row in outbox.after(outbox.mark("redis").seq, 9)] == [4, 5, 6]
    assert outbox.rejected("redis") == [(1, "larger than 1 MiB")]
    assert outbox.producer == "v1journal"
    assert [told["id"] for told in outbox.open_incidents()] == [event(number)["id"] for number in (2, 3, 4)]
    outbox.put(event(4, revision=2, state=IncidentState.CLOSED))
    assert len(outbox.open_incidents()) == 2
    outbox.close()
    again = Outbox(earlier)
    assert numbers(again) == [1, 2, 1, 3, 4, 4]


def test_a_journal_that_cannot_be_taken_over_is_left_as_it_was(earlier: Path):
    with closing(sqlite3.connect(earlier)) as db:
        db.execute("CREATE TABLE mode (in_the_way)")
    before = _dump(earlier)
    with pytest.raises(JournalError, match="mode already exists"):
        Outbox(earlier)
    assert _dump(earlier) == before


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [*db.iterdump(), str(db.execute("PRAGMA user_version").fetchone())]


def test_the_feed_reads_by_time_camera_and_severity(path: Path):
    clock = SimulatedClock(1000.0)
    outbox = Outbox(path, clock)
    for number, severity in enumerate(Severity):
        outbox.put(event(number, severity=severity, camera=f"cam-{number % 2}"))
        clock.advance(10)

    def read(**asked: object) -> list[int]:
        return [int(told["data"]["incident"], 16) for _, told in outbox.read(**asked)]  # type: ignore[arg-type]

    assert read(since=1010.0) == [1, 2, 3]
    assert read(camera="cam-1") == [1, 3]
    assert read(severity=Severity.HIGH) == [2, 3]
    assert read(since=1010.0, camera="cam-0", severity=Severity.HIGH, n=1) == [2]


def test_a_change_by_another_is_noticed_once(outbox: Outbox, path: Path):
    outbox.changed()
    assert not outbox.changed()
    Outbox(path).put(event())
    assert outbox.changed()
    assert not outbox.changed()


def test_four_processes_write_at_once_and_each_keeps_its_order(path: Path):
    count = 100
    writers = [writer(path, first, count) for first in (0, 1000, 2000, 3000)]
    assert [process.wait(60) for process in writers] == [0] * 4
    for process in writers:
        assert process.stdout is not None
        process.stdout.close()
    kept = numbers(Outbox(path))
    for first in (0, 1000, 2000, 3000):
        assert [number for number in kept if first <= number < first + 1000] == list(range(first, first + count))


def test_what_a_killed_writer_had_put_is_there(path: Path):
    process = writer(path, 0, 100_000)
    assert process.stdout is not None
    until(lambda: process.stdout.readline().strip() == "50")  # type: ignore[union-attr]
    process.send_signal(signal.SIGKILL)
    said = process.stdout.read().split()
    process.stdout.close()
    process.wait()
    last = int(said[-1]) if said else 50
    kept = numbers(Outbox(path))
    assert kept[: last + 1] == list(range(last + 1))
    assert len(kept) <= last + 2
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_disk_is_said_and_nothing_is_lost_once_there_is_room(tmp_path: Path):
    with small_disk(tmp_path, "512k") as disk:
        outbox = Outbox(disk / "alerts.db")
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 100_000)
        kept, error = _fill(outbox)
        assert "disk is full" in str(error)
        assert str(disk / "alerts.db") in str(error)
        assert numbers(outbox) == kept
        ballast.unlink()
        outbox.put(event(len(kept)))
        assert numbers(outbox) == [*kept, len(kept)]
        outbox.close()


def _fill(outbox: Outbox) -> tuple[list[int], JournalError]:
    for number in range(10_000):
        try:
            outbox.put(event(number, why={"padding": "x" * 5000}))
        except JournalError as error:
            return list(range(number)), error
    raise AssertionError("the disk never filled up")


def test_a_file_that_may_not_grow_is_said_and_nothing_is_lost_once_it_may(path: Path):
    outbox = Outbox(path)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        kept, error = _fill(outbox)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(path) in str(error)
    outbox.put(event(len(kept)))
    assert numbers(outbox) == [*kept, len(kept)]


def test_a_damaged_journal_is_named_with_what_to_do(path: Path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is not a journal, and it is long enough to tell" * 100)
    with pytest.raises(JournalError, match=r"alerts\.db: it is not an SQLite file\. Name another"):
        Outbox(path)
    path.unlink()
    outbox = Outbox(path)
    outbox.put(event())
    outbox.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(JournalError, match=r"alerts\.db: it is damaged"):
        Outbox(path).put(event(1))


def test_a_locked_journal_is_named_with_what_to_do(outbox: Outbox, path: Path):
    outbox._file._db.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="another program has kept it locked"):
        outbox.put(event())
    other.execute("ROLLBACK")
    other.close()
    outbox.put(event())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(JournalError, match=r"var/alerts\.db: .*Check its folder"):
        Outbox(tmp_path / "var" / "alerts.db")


def test_a_reader_does_not_make_a_journal(path: Path):
    with pytest.raises(JournalError, match="There is no journal"):
        Outbox(path, readonly=True)
    assert not path.exists()


def test_a_reader_cannot_write(outbox: Outbox, path: Path):
    outbox.put(event(1))
    reader = Outbox(path, readonly=True)
    assert numbers(reader) == [1]
    with pytest.raises(JournalError, match="read-only"):
        reader.put(event(2))


def test_a_journal_of_a_newer_zonewatch_is_left_alone(outbox: Outbox, path: Path):
    outbox._file._db.execute("PRAGMA user_version = 99")
    outbox.close()
    with pytest.raises(JournalError, match="newer zonewatch"):
        Outbox(path)


def test_a_journal_moved_aside_while_it_is_used_is_begun_anew(outbox: Outbox, path: Path):
    outbox.put(event(1))
    before = outbox.producer
    for file in list(path.parent.iterdir()):
        file.rename(file.with_name(f"old-{file.name}"))
    outbox.put(event(2))
    assert numbers(Outbox(path)) == [2]
    assert outbox.producer != before


def test_a_closed_journal_is_read_by_somebody_who_may_not_write_and_followed_once_it_is_in_use():
    with public_folder() as folder:
        path = folder / "alerts.db"
        writing = Outbox(path)
        writing.put(event(1))
        writing.close()
        path.chmod(0o444)
        assert [one.name for one in folder.iterdir()] == ["alerts.db"]
        with nobody():
            reader = Outbox(path, readonly=True)
            assert numbers(reader) == [1]
        writing = Outbox(path)
        writing.put(event(2))
        for beside in folder.iterdir():
            beside.chmod(0o444)
        with nobody():
            assert reader.changed()
            assert numbers(reader) == [1, 2]
        reader.close()
        writing.close()

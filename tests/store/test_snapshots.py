"""Pictures of incidents: whole, in their place, and what the alert says of them is true."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import cv2
import numpy as np
import pytest

from pipeline.errors import JournalError
from pipeline.frame import Frame
from pipeline.store.snapshots import Snapshots
from pipeline.types import Evidence, Moment
from tests.sinks.facts import incident
from tests.small_disk import small_disk

GATE = [(0.42, 0.60), (0.80, 0.60), (0.80, 0.93), (0.42, 0.93)]


def frame(width: int = 640, height: int = 360, luma: int = 128) -> Frame:
    """A plain picture: grey, or with some colour."""
    half = np.full((height // 2, width // 2), 90, np.uint8), np.full((height // 2, width // 2), 200, np.uint8)
    return Frame("front-gate", 1, 12.3, np.full((height, width), luma, np.uint8), half)


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    return tmp_path / "var"


def found(alerts: Path, evidence: Evidence) -> bytes:
    return (alerts / unquote(evidence.uri)).read_bytes()


def picture(alerts: Path, evidence: Evidence) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(found(alerts, evidence), np.uint8), cv2.IMREAD_COLOR)


def test_the_evidence_names_two_pictures_and_their_digests(alerts: Path):
    plain, overlay = Snapshots(alerts / "snapshots").save(frame(), incident(1), GATE)
    assert (plain.kind, overlay.kind) == ("snapshot", "overlay")
    assert plain.uri == f"snapshots/2023-11-14/front-gate/{1:016x}.1.jpg"
    assert overlay.uri == f"snapshots/2023-11-14/front-gate/{1:016x}.1.overlay.jpg"
    for one in (plain, overlay):
        assert one.sha256 == hashlib.sha256(found(alerts, one)).hexdigest()
        assert picture(alerts, one).shape == (360, 640, 3)
    assert len(list((alerts / "snapshots").rglob("*.*"))) == 2


def test_colours_are_those_of_the_frame(alerts: Path):
    plain, _ = Snapshots(alerts / "snapshots").save(frame(), incident(1), GATE)
    expected = frame().rgb()[180, 320, ::-1].astype(int)
    assert np.abs(picture(alerts, plain)[180, 320].astype(int) - expected).max() < 6


def test_zone_path_box_and_caption_are_drawn(alerts: Path):
    plain, overlay = Snapshots(alerts / "snapshots").save(frame(), incident(1, box=(0.1, 0.4, 0.3, 0.9)), GATE)
    drawn = cv2.absdiff(picture(alerts, plain), picture(alerts, overlay)).max(axis=2) > 40
    assert drawn[round(0.60 * 360), round(0.60 * 640)], "the zone's upper edge"
    assert drawn[round(0.65 * 360), round(0.10 * 640)], "the box's left edge"
    assert drawn[:20, :300].sum() > 500, "the caption"
    assert not drawn[round(0.75 * 360), round(0.60 * 640)], "the middle of the zone"


@pytest.mark.parametrize("size", [(64, 48), (1920, 1080)])
def test_odd_sizes_long_names_and_far_points_do_no_harm(alerts: Path, size: tuple[int, int]):
    odd = incident(
        1,
        camera="Tür am Großen Hof / 北門",
        rule="x" * 200,
        box=(-3.0, -2.0, 1e6, 4.0),
        anchor=(1e9, 2.0),
        path=(),
        id="a/b:c",
    )
    _, overlay = Snapshots(alerts / "snapshots").save(frame(*size), odd, [(0.0, 0.5), (1.0, 0.5)])
    assert picture(alerts, overlay).shape == (size[1], size[0], 3)
    assert (alerts / unquote(overlay.uri)).parents[2] == alerts / "snapshots"


def test_a_picture_once_told_of_does_not_change(alerts: Path):
    snapshots = Snapshots(alerts / "snapshots")
    told = snapshots.save(frame(luma=100), incident(1), GATE)
    assert snapshots.save(frame(luma=200), incident(1), GATE) == told
    assert found(alerts, told[0])
    assert snapshots.save(frame(luma=200), incident(1, revision=2), GATE) != told


def test_a_picture_of_no_date_has_its_place(alerts: Path):
    plain, _ = Snapshots(alerts / "snapshots").save(frame(), incident(1, at=Moment(3.0)), GATE)
    assert plain.uri.startswith("snapshots/undated/front-gate/")


def test_incidents_that_open_on_one_frame_share_its_picture(alerts: Path):
    noted: dict[str, int] = {}
    snapshots = Snapshots(alerts / "snapshots", noted.update)
    one = frame(luma=100)
    first, second, other = (
        snapshots.save(shown, incident(number), GATE)[0]
        for number, shown in enumerate([one, one, frame(luma=200)], start=1)
    )
    assert found(alerts, first) == found(alerts, second) != found(alerts, other)
    inodes = [(alerts / picture.uri).stat().st_ino for picture in (first, second, other)]
    assert inodes[0] == inodes[1] != inodes[2]
    assert noted[first.uri] == len(found(alerts, first))
    assert noted[second.uri] == 0
    snapshots.remove([first.uri])
    assert hashlib.sha256(found(alerts, second)).hexdigest() == second.sha256


def test_a_drawing_of_a_large_picture_is_smaller_and_the_plain_one_is_not(alerts: Path):
    plain, overlay = Snapshots(alerts / "snapshots").save(frame(3840, 2160), incident(1), GATE)
    assert picture(alerts, plain).shape == (2160, 3840, 3)
    assert picture(alerts, overlay).shape == (1080, 1920, 3)


def test_removed_pictures_and_empty_folders_are_gone_and_nothing_else(alerts: Path):
    snapshots = Snapshots(alerts / "snapshots")
    gone = snapshots.save(frame(), incident(1), GATE)
    kept = snapshots.save(frame(), incident(2, camera="hall"), GATE)
    (alerts / "alerts.db").write_text("no picture")
    uris = [one.uri for one in gone]
    snapshots.remove([*uris, *uris, "alerts.db", "snapshots/../alerts.db", "/etc/hostname"])
    assert not (alerts / gone[0].uri).parent.exists()
    assert all((alerts / one.uri).exists() for one in kept)
    assert (alerts / "alerts.db").exists()
    snapshots.remove([one.uri for one in kept])
    assert list((alerts / "snapshots").iterdir()) == []


def test_a_picture_that_the_journal_cannot_note_is_not_written(alerts: Path):
    def refuse(_: object) -> None:
        raise JournalError("locked")

    with pytest.raises(JournalError, match="locked"):
        Snapshots(alerts / "snapshots", refuse).save(frame(), incident(1), GATE)
    assert list((alerts / "snapshots").rglob("*.jpg")) == []


def test_a_nearly_full_disk_is_left_to_the_journal(tmp_path: Path):
    with small_disk(tmp_path, "4m") as disk:
        snapshots = Snapshots(disk / "snapshots")
        saved = snapshots.save(frame(), incident(1), GATE)
        assert not snapshots.crowded()
        (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - (4 << 20) // 50))
        assert snapshots.crowded()
        with pytest.raises(JournalError, match="nearly full, and the rest is kept for the journal"):
            snapshots.save(frame(), incident(2), GATE)
        assert snapshots.save(frame(), incident(1), GATE) == saved


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "64k") as disk:
        yield disk


def test_a_full_disk_is_said_and_leaves_no_half_picture(disk: Path):
    noise = np.random.default_rng(1).integers(0, 255, (720, 1280), np.uint8)
    with pytest.raises(JournalError, match=r"cannot be saved: No space left on device\. Make room"):
        Snapshots(disk / "snapshots").save(Frame("front-gate", 1, 1.0, noise), incident(1), GATE)
    assert [path for path in disk.rglob("*") if path.is_file()] == []

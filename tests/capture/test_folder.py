"""A folder of recordings: what is in it is told by content, once, and nothing is left out without a word."""

from __future__ import annotations

import os
import shutil
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.capture.folder import videos_in
from pipeline.capture.recordings import recordings_at
from tests.capture.conftest import opened


@pytest.fixture
def folder(clips: Path, tmp_path: Path) -> Path:
    """With a video by its name, one by its content, and much that is none."""
    folder = tmp_path / "gate"
    (folder / "sub").mkdir(parents=True)
    shutil.copy(clips / "plain.mp4", folder / "a.mp4")
    shutil.copy(clips / "small.mp4", folder / "sub" / "export.bin")
    (folder / "notes.txt").write_text("nothing to see here\n" * 100)
    (folder / "empty").touch()
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:2.0,\na.mp4\n" * 9)
    cv2.imwrite(str(folder / "cover.jpg"), np.zeros((240, 320, 3), np.uint8))
    (folder / ".hidden.mp4").write_bytes(b"x" * 100)
    return folder


def test_every_file_is_asked_by_its_content_and_what_is_none_has_a_reason(folder: Path):
    videos, others = videos_in(folder)
    assert [one.name for one in videos] == ["a.mp4", "export.bin"]
    assert {one.name: reason for one, reason in others} == {
        "notes.txt": "no video",
        "empty": "empty",
        "list.m3u8": "no video",
        "cover.jpg": "no video",
    }


def test_links_are_followed_once(folder: Path, clips: Path):
    (folder / "linked.mp4").symlink_to(folder / "a.mp4")
    (folder / "elsewhere.mp4").symlink_to(clips / "live.mp4")
    (folder / "round").symlink_to(folder, target_is_directory=True)
    (folder / "again").symlink_to(folder / "sub", target_is_directory=True)
    (folder / "broken").symlink_to(folder / "nowhere")
    played = sorted(os.path.realpath(one.path) for one in recordings_at(folder))
    assert played == sorted(str(one) for one in (folder / "a.mp4", folder / "sub/export.bin", clips / "live.mp4"))
    assert (folder / "broken", "a link that leads nowhere") in videos_in(folder)[1]


def test_links_that_tell_different_times_are_different_recordings(clips: Path, tmp_path: Path):
    for name in ("2026-11-23T08-00-00.mp4", "2026-11-23T09-00-00.mp4"):
        (tmp_path / name).symlink_to(clips / "plain.mp4")
    assert len(recordings_at(tmp_path)) == 2


def test_what_is_left_out_is_told_once_and_the_rest_plays(folder: Path, caplog: pytest.LogCaptureFixture):
    with opened(f"{folder}/") as stream:
        assert len(list(islice(stream, 60))) == 50
    (told,) = [one.getMessage() for one in caplog.records if "left out" in one.getMessage()]
    assert "cover.jpg (no video), empty (empty), list.m3u8 (no video), notes.txt (no video)" in told


def test_many_are_counted(folder: Path, caplog: pytest.LogCaptureFixture):
    for number in range(10):
        (folder / f"{number}.log").write_text("a line\n" * 100)
    with opened(f"{folder}/") as stream:
        next(iter(stream))
    assert "and 9 more" in caplog.text

"""`zonewatch simulate` as a process, with real clients."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest
import typer
from typer.testing import CliRunner

from pipeline.commands.simulate import simulate
from pipeline.simulate.server import RtspServer
from tests.simulate.client import pictures, steps, until, watch

COMMAND = [sys.executable, "-m", "pipeline", "simulate"]
PASSWORD = "s3cret"
WIDE = {"COLUMNS": "400"}


@contextmanager
def simulated(*arguments: str | Path, cameras: int = 1) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The process and the addresses it says are ready."""
    command = [*COMMAND, "--port", "0", *map(str, arguments)]
    environment = {**os.environ, "CAM_PASSWORD": PASSWORD}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(cameras)]
            urls = [match[1] for line in lines if (match := re.fullmatch(r"READY (rtsp://\S+)\n", line))]
            if len(urls) < cameras:
                pytest.fail(f"not ready: {lines} {process.communicate()}")
            yield process, urls
        finally:
            process.kill()


def said_by(result: Any) -> str:
    """On one line, without rich's frames."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", result.output).split())


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(simulate)
    return app


def test_each_video_is_a_camera_by_its_name_or_a_given_one(plain: Path, reordered: Path):
    with simulated(plain, f"back door={reordered}", cameras=2) as (_, urls):
        assert [url.rpartition("/")[2] for url in urls] == ["plain", "back%20door"]
        assert [len(watch(url, 2)) for url in urls] == [2, 2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(number: signal.Signals, plain: Path):
    with simulated(plain) as (process, urls):
        reader = pictures(urls[0])
        next(reader)
        process.send_signal(number)
        assert process.wait(10) == 0
        assert len(list(reader)) < 20


@pytest.mark.parametrize("source", ["env", "file"])
def test_the_password_comes_from_elsewhere_and_is_never_printed(source: str, plain: Path, tmp_path: Path):
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    where = "env:CAM_PASSWORD" if source == "env" else f"file:{tmp_path / 'password'}"
    with simulated(plain, "--user", "cam", "--password", where) as (process, urls):
        assert len(watch(urls[0].replace("//", f"//cam:{PASSWORD}@"), 2)) == 2
        with pytest.raises(av.error.HTTPUnauthorizedError):
            watch(urls[0], 1)
        process.terminate()
        assert PASSWORD not in urls[0] + "".join(process.communicate())


def test_a_password_on_the_command_line_is_taken_with_a_warning(plain: Path):
    with simulated(plain, "--user", "cam", "--password", PASSWORD) as (process, urls):
        assert len(watch(urls[0].replace("//", f"//cam:{PASSWORD}@"), 1)) == 1
        process.terminate()
        said = process.communicate()[1]
    assert "Warning: the password is visible in the process list" in said
    assert PASSWORD not in said


def test_it_ends_after_its_loops(plain: Path):
    with simulated(plain, "--loops", 2) as (process, urls):
        assert [picture.number for picture in pictures(urls[0])] == [*range(20), *range(20)]
        assert process.wait(10) == 0


def test_faults_come_and_go_when_they_are_planned(plain: Path, reordered: Path):
    faults = ["--fault", "plain:rate:1.2", "--fault", "reordered:404@1+3"]
    with simulated(plain, reordered, *faults, cameras=2) as (_, urls):
        list(pictures(urls[1]))  # until it is cut
        with pytest.raises(av.error.HTTPNotFoundError):
            watch(urls[1], 1)
        assert set(steps(watch(urls[0], 20))) == {0.03}
        until(lambda: plays(urls[1]))


def plays(url: str) -> bool:
    try:
        return bool(watch(url, 1))
    except av.FFmpegError:
        return False


def test_the_size_changes_when_planned(plain: Path):
    with simulated(plain, "--fault", "resize@1") as (_, urls):
        sizes = [picture.size for picture in watch(urls[0], 80)]
    assert sizes == sorted(sizes, reverse=True)
    assert set(sizes) == {(320, 240), (160, 120)}


def test_another_codec_is_encoded_anew_and_said(motion_jpeg: Path):
    with simulated(motion_jpeg) as (process, urls):
        assert len(watch(urls[0], 5)) == 5
        process.terminate()
        assert "mjpeg.avi is mjpeg, not H.264 or H.265: it is encoded anew" in process.communicate()[1]


def test_without_a_video_it_plays_the_drawn_scene():
    with simulated() as (_, urls):
        assert urls[0].endswith("/hall")
        assert len(watch(urls[0], 3)) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.mp4"], "there is no file none.mp4"),
        (["{plain}", "{plain}"], "two cameras need two names: write NAME="),
        (["{plain}", "--fault", "melt"], "'melt' is not a fault: write [NAME:]KIND[@START[+LENGTH]][:VALUE]"),
        (["{plain}", "--fault", "yard:freeze"], "there is no camera 'yard'; there is plain"),
        (["{plain}", "--user", "cam"], "--user and --password belong together"),
        (["{plain}", "--user", "cam", "--password", "env:NOT_SET"], "the environment variable NOT_SET is not set"),
        (["{plain}", "--user", "cam", "--password", "file:/none"], "cannot read /none: No such file"),
        (["{plain}", "--transport", "pigeon"], "'pigeon' is not a transport"),
        (["{plain}", "--port", "70000"], "'--port': Input should be less than or equal to 65535"),
        (["{plain}", "--loops", "0"], "'--loops': Input should be greater than or equal to 1"),
    ],
)
def test_wrong_usage_is_said_and_ends_with_2(arguments: list[str], sentence: str, plain: Path, app: typer.Typer):
    result = CliRunner().invoke(app, [argument.format(plain=plain) for argument in arguments], env=WIDE)
    assert result.exit_code == 2
    assert sentence in said_by(result)


def test_what_cannot_be_played_is_said_and_ends_with_1(tmp_path: Path):
    (tmp_path / "letter.mp4").write_text("Dear camera,")
    done = subprocess.run([*COMMAND, tmp_path / "letter.mp4"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("zonewatch: letter.mp4 is not a video that can be played: Invalid data")


def test_a_taken_port_is_said_and_ends_with_1(plain: Path, app: typer.Typer):
    with RtspServer() as other:
        result = CliRunner().invoke(app, [str(plain), "--port", str(other.port)], env=WIDE)
    assert result.exit_code == 1
    assert f"Cannot listen on port {other.port} of 127.0.0.1: something else listens there" in said_by(result)


def test_help_says_where_a_password_may_come_from(app: typer.Typer):
    """zonewatch simulate --help"""
    result = CliRunner().invoke(app, ["--help"], env=WIDE)
    assert result.exit_code == 0
    assert "env:NAME or file:PATH" in said_by(result)
    assert "every user sees it in the process list" in said_by(result)

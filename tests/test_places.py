"""Compiled code and sockets find a place, however little of the machine may be written to."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipeline.errors import PlaceError
from pipeline.places import choose_compiled_code, short_temporary_folder
from tests.conftest import ROOT
from tests.unprivileged import nobody, public_folder

CACHE = "NUMBA_CACHE_DIR"


def chosen(beside: Path, **env: str) -> str | None:
    choose_compiled_code(beside, env)
    return env.get(CACHE)


def test_code_that_can_be_written_to_keeps_what_is_compiled_beside_it(tmp_path: Path):
    assert chosen(tmp_path) is None
    assert chosen(tmp_path, STATE_DIRECTORY=str(tmp_path / "state")) is None


def test_a_folder_that_somebody_named_is_left_alone(tmp_path: Path):
    assert chosen(tmp_path, **{CACHE: "/somewhere"}) == "/somewhere"


def test_code_of_another_user_is_compiled_into_a_folder_of_ones_own():
    with public_folder() as code, public_folder(writable=True) as own, nobody():
        state, home = own / "state", own / "home"
        assert chosen(code, STATE_DIRECTORY=f"{state}:/other", HOME=str(home)) == str(state / "compiled")
        assert chosen(code, HOME=str(home)) == str(home / ".cache" / "zonewatch" / "compiled")
        assert chosen(code, HOME=str(home), XDG_CACHE_HOME=str(own)) == str(own / "zonewatch" / "compiled")


@pytest.mark.parametrize("env", [{}, {"HOME": "/proc/nowhere"}, {"HOME": "/", "STATE_DIRECTORY": "/proc/nowhere"}])
def test_without_a_folder_of_ones_own_there_is_a_private_one(env: dict[str, str]):
    with public_folder() as code, nobody():
        private = Path(chosen(code, **env) or "")
        assert private.is_dir()
        assert private.stat().st_mode & 0o777 == 0o700
        private.rmdir()


def test_with_no_place_at_all_it_is_said_what_to_set(monkeypatch: pytest.MonkeyPatch):
    with public_folder() as code, nobody():
        monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
        with pytest.raises(PlaceError, match="Set NUMBA_CACHE_DIR or TMPDIR"):
            chosen(code)


@pytest.mark.parametrize("length", [10, 60, 95, 200])
def test_sockets_have_short_names_whatever_the_temporary_folder(tmp_path: Path, length: int, monkeypatch):
    """A real one is bound: its name may have 107 bytes, and multiprocessing needs 32 of them."""
    folder = tmp_path / ("x" * length)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with short_temporary_folder():
        assert len(tempfile.gettempdir()) <= 75
    assert tempfile.gettempdir() == str(folder)


@pytest.mark.parametrize("folder", ["x" * 95, "missing"])
def test_processes_start_whatever_the_temporary_folder(tmp_path: Path, folder: str):
    if folder != "missing":
        (tmp_path / folder).mkdir()
    code = "from pipeline.processes.process import context; context(); print('started')"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout == "started\n", ran.stderr


def test_the_detector_reports_to_nobody_and_leaves_nothing_in_a_home(tmp_path: Path):
    """ONNX Runtime, left to itself, sends what runs where to its makers, by a number that it keeps in the home."""
    code = (
        "from pipeline.config import Detector; from pipeline.workers.detector import load_detector as l; l(Detector())"
    )
    env = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        CACHE: str(tmp_path / "compiled"),
    }
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"compiled"}
    assert "telemetry" not in ran.stderr.lower()

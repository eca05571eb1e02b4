"""The `zonewatch` command as such: its list, its version, and that both come at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline import __version__
from pipeline.cli import _COMMANDS
from pipeline.commands import replay
from pipeline.sinks.outbox import Outbox
from tests.media import make_clip
from tests.sinks.facts import event

COMMAND = [sys.executable, "-m", "pipeline"]
DEAR = ("numba", "onnxruntime", "cv2", "av", "pydantic")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60)


def test_the_list_names_every_command():
    said = run("--help")
    assert said.returncode == 0
    assert [name for name in _COMMANDS if name not in said.stdout] == []


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_tells_its_options(name: str):
    said = run(name, "--help")
    assert said.returncode == 0, said.stderr
    assert f"Usage: zonewatch {name} " in said.stdout or f"Usage: python -m pipeline {name} " in said.stdout


def test_the_version():
    assert run("--version").stdout == f"zonewatch {__version__}\n"


def test_a_command_that_is_none_is_refused():
    said = run("wach")
    assert said.returncode == 2
    assert "wach" in said.stderr


def test_the_list_loads_nothing_dear():
    code = "import sys; from pipeline.cli import _app; _app(None); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in DEAR if name in loaded] == []


LOADED = """
import runpy, sys
sys.argv = ["zonewatch", *sys.argv[1:]]
try:
    runpy.run_module("pipeline", run_name="__main__")
except SystemExit:
    pass
print("loaded:", *sorted({name.split(".")[0] for name in sys.modules} & {"numba", "onnxruntime", "cv2", "av"}))
"""


@pytest.mark.parametrize("command", ["status", "feed", "check"])
def test_who_only_asks_loads_nothing_that_sees(command: str, tmp_path: Path):
    """It works where these cannot: on a machine that is full, for a user without a cache."""
    file = tmp_path / "streams.yaml"
    file.write_text("site: {id: here}\ncameras: {gate: {url: rtsp://127.0.0.1/x}}\n")
    Outbox(tmp_path / "var/alerts.db").put(event())
    asked = [sys.executable, "-c", LOADED, command, str(file)]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    assert said.stdout.splitlines()[-1] == "loaded:", said.stdout + said.stderr


OUTPUT = [
    ("--help",),
    ("--version",),
    ("status", "FILE"),
    ("status", "FILE", "--json"),
    ("feed", "FILE"),
    ("feed", "FILE", "--json"),
    ("check", "FILE"),
    ("check", "FILE", "--json"),
    ("model", "list"),
    ("replay", "CLIP", "--camera", "gate", "--config", "FILE"),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A configuration with an alert in its journal, and a recording."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "streams.yaml").write_text("site: {id: here}\ncameras: {gate: {url: rtsp://127.0.0.1/x}}\n")
    Outbox(folder / "var/alerts.db").put(event())
    return {"FILE": str(folder / "streams.yaml"), "CLIP": str(make_clip(folder / "clip.mp4", seconds=1))}


@pytest.mark.parametrize("arguments", OUTPUT, ids=" ".join)
def test_a_full_standard_output_is_said_in_a_sentence(arguments: tuple[str, ...], told: dict[str, str]):
    asked = [*COMMAND, *(told.get(one, one) for one in arguments)]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(asked, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert "Traceback" not in ended.stderr
    if arguments[0] != "replay":  # which has nothing to tell of this one
        assert ended.returncode == 1
        assert "zonewatch: standard output takes nothing: No space left on device." in ended.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", OUTPUT, ids=" ".join)
def test_closed_inputs_and_outputs_do_no_harm(arguments: tuple[str, ...], told: dict[str, str], closed: str):
    asked = " ".join([*COMMAND, *(told.get(one, one) for one in arguments), closed])
    ended = subprocess.run(["sh", "-c", asked], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ended.stderr
    assert ended.returncode == (1 if arguments[0] == "status" else 0), ended.stderr
    assert [one["id"] for _, one in Outbox(Path(told["FILE"]).parent / "var/alerts.db").read()] == [event()["id"]]


def test_incidents_go_into_a_pipe_or_device_and_never_take_its_place(tmp_path: Path):
    """As root, who may, `--out /dev/null` put a file where the device was."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    with replay._lines(pipe) as lines:
        lines.write("told\n")
    reader.join(10)
    assert read == ["told\n"]
    assert pipe.is_fifo()

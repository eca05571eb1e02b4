"""Every command wherever it is run: it does its work, or one sentence says what to set. Never a traceback."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from tests.e2e.installed import Installed, installed_program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
# Compiling anew, where there is no place to keep what was compiled, takes a while.
READY_S = 90.0


@dataclass
class Surroundings:
    """Where a command runs. `{long}` in a variable is a folder with a name of 200 characters, `{var}` one's own."""

    env: dict[str, str] = field(default_factory=dict)
    read_only: bool = False
    output: str = ""
    refuses: tuple[str, ...] = ()
    """The commands that cannot work there, and say why."""


# Where it is about something else, what was compiled is kept from one command to the next.
KEPT = {"STATE_DIRECTORY": "{var}/state"}

# What sees needs a place for what is compiled, and simulated cameras one for their files.
PLACES = {
    "no name, no home": Surroundings(),
    "nothing can be written to": Surroundings(read_only=True, refuses=("replay", "run", "simulate", "demo")),
    "nothing but a folder that is named": Surroundings({"TMPDIR": "{var}"}, read_only=True),
    "a temporary folder that is not there": Surroundings({"TMPDIR": "/nowhere"}),
    "a temporary folder with a long name": Surroundings({"TMPDIR": "{long}", **KEPT}),
    "no locale": Surroundings({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", **KEPT}),
    "standard output is closed": Surroundings(KEPT, output=">&-"),
    "standard output is full": Surroundings(KEPT, output=">/dev/full"),
}
# What has nothing to say on standard output does not mind.
SILENT = ("run", "replay", "feed")
# `feed` and `status` have nothing to tell of a system that has never run, and say so.
NEVER_RUN = ("feed", "status")
LASTING = ("run", "simulate")
COMMANDS = ("--version", "check", "probe", "draw", "replay", "feed", "status", "list", "verify", "simulate", "run")
# What `demo` does is what the others do, and takes most of a minute each time.
DEMO_PLACES = ("nothing can be written to", "a temporary folder with a long name", "standard output is full")


@pytest.fixture(scope="module")
def program(passing: Path) -> Iterator[Installed]:
    with installed_program(passing) as program:
        long = program.var / ("x" * (199 - len(str(program.var))))
        long.mkdir()
        long.chmod(0o777)
        yield program


def arguments(program: Installed, command: str) -> list[object]:
    file, video = program.file, program.var / "hall.mp4"
    return {
        "--version": ["--version"],
        "check": ["check", file],
        "probe": ["check", file, "--probe"],
        "draw": ["check", file, "--draw", program.var / "drawn"],
        "replay": ["replay", video, "--config", file, "--camera", "hall", "--out", program.var / "told.jsonl"],
        "feed": ["feed", file],
        "status": ["status", file],
        "list": ["model", "list"],
        "verify": ["model", "verify", "builtin"],
        "run": ["run", file],
        "simulate": ["simulate", video, "--port", "0"],
        "demo": ["demo", "--seconds", "5"],
    }[command]


def ready(program: Installed, command: str, said: Path) -> bool:
    if command == "simulate":
        return True
    status = program.var / "var" / "alerts.db.status.json"
    return status.exists() and "watching" in status.read_text() and bool(said.stat().st_size)


def ended(program: Installed, command: str, where: Surroundings) -> subprocess.CompletedProcess[str]:
    """The command in these surroundings; one that lasts is told to end once it works."""
    long = next(program.var.glob("xxx*"))
    env = {name: value.format(var=program.var, long=long) for name, value in where.env.items()}
    line = program.command(*arguments(program, command), env=env, read_only=where.read_only)
    said = program.var / "said"
    with said.open("w") as errors:
        asked = ["sh", "-c", f'exec "$@" {where.output}', "-", *line]
        running = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=errors, text=True)
        if command in LASTING:
            until = time.monotonic() + READY_S
            while running.poll() is None and not ready(program, command, said):
                assert time.monotonic() < until, said.read_text()
                time.sleep(0.5)
            time.sleep(1.0 if command == "run" else 3.0)
            running.terminate()
        out, _ = running.communicate(timeout=120)
    return subprocess.CompletedProcess(line, running.returncode, out, said.read_text())


@pytest.mark.parametrize(("command", "place"), [*product(COMMANDS, PLACES), *product(["demo"], DEMO_PLACES)])
def test_a_command_works_or_says_what_to_set(program: Installed, command: str, place: str):
    where = PLACES[place]
    for made in (program.var / "var").glob("*status.json"):
        made.unlink()
    run = ended(program, command, where)
    told = run.stderr.splitlines()
    assert "Traceback" not in run.stderr, run.stderr
    assert "telemetry" not in run.stderr.lower()
    if command in where.refuses:
        assert run.returncode == 1
        assert told[-1].startswith("zonewatch: ")
        assert "Set " in told[-1]
    elif where.output == ">/dev/full" and command not in SILENT:
        assert (run.returncode, told[-1:]) == (
            1,
            ["zonewatch: standard output takes nothing: No space left on device."],
        )
    elif command in NEVER_RUN and run.returncode:
        assert run.returncode == 1
        assert where.output or "zonewatch run" in run.stderr or "has never run here" in run.stdout
    else:
        assert run.returncode == 0, run.stderr
    if command == "replay" and command not in where.refuses:
        assert [json.loads(line)["data"]["rule"] for line in (program.var / "told.jsonl").read_text().splitlines()]

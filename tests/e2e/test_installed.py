"""Installed by root, run by a user without a name, a home, or a right to write but to one folder; from any folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, missing
from tests.e2e import school
from tests.unprivileged import public_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
# Nobody has this number: no entry in passwd, no group.
USER = 54321
# A Python below a home that is not the user's (/root/.pyenv) is shown to them, and nothing else of that home.
ENTER = """
set -e
home=$1 python=$2 user=$3 folder=$4; shift 4
if [ -n "$home" ]; then
    hold=$(mktemp -d); mount --bind "$python" "$hold"
    mount -t tmpfs -o mode=755 tmpfs "$home"; mkdir -p "$python"; mount --bind "$hold" "$python"
fi
cd "$folder"
exec setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all "$@"
"""


class Installed:
    """The program in a folder of root's, and a folder that its user may write to."""

    def __init__(self, code: Path, var: Path) -> None:
        self._code = code
        self.var = var

    def command(self, *arguments: object, folder: str = "/") -> list[str]:
        """`zonewatch ARGUMENTS` as that user, with next to nothing in its environment."""
        python = Path(sys.base_prefix)
        closed = next((one for one in reversed(python.parents) if not one.stat().st_mode & 0o001), "")
        env = ["env", "-i", "PATH=/usr/bin:/bin", f"PYTHONPATH={self._code}", sys.executable, "-m", "pipeline"]
        enter = ["unshare", "-m", "sh", "-c", ENTER, "-", str(closed), str(python), str(USER), folder]
        return [*enter, *env, *map(str, arguments)]

    def call(self, *arguments: object, folder: str = "/") -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(self.command(*arguments, folder=folder), capture_output=True, text=True, timeout=120)
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended


@pytest.fixture(scope="module")
def installed(passing: Path) -> Iterator[Installed]:
    tried = subprocess.run(["unshare", "-m", "setpriv", "--reuid", str(USER), "true"], capture_output=True, text=True)
    if tried.returncode:
        missing(f"nobody can be somebody else here, which root can: {tried.stderr.strip()}")
    with public_folder() as code, public_folder(writable=True) as var:
        code.chmod(0o755)
        for name in ("pipeline", "models"):
            shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(passing, var / "hall.mp4")
        camera = {"url": "hall.mp4", "loop": True, **school.watched(school.PASSING)}
        told = {"site": {"id": "installed"}, "cameras": {"hall": camera}}
        (var / "streams.yaml").write_text(yaml.safe_dump(told))
        yield Installed(code, var)


@pytest.mark.parametrize("folder", ["/", "/proc", "its own"])
def test_a_configuration_is_checked_and_a_recording_replayed_from_any_folder(installed: Installed, folder: str):
    folder = str(installed.var) if folder == "its own" else folder
    file = installed.var / "streams.yaml"
    assert installed.call("check", file, folder=folder).returncode == 0
    ended = installed.call("replay", installed.var / "hall.mp4", "--config", file, "--camera", "hall", folder=folder)
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line)["data"]["rule"] for line in ended.stdout.splitlines()]


def test_it_watches_tells_and_shows(installed: Installed):
    file, log = installed.var / "streams.yaml", installed.var / "log"
    with log.open("wb") as said:
        running = subprocess.Popen(installed.command("run", file), stderr=said)
    try:
        until = time.monotonic() + 90
        while not installed.call("feed", file).stdout:
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(1)
        assert installed.call("status", file).returncode == 0
    finally:
        running.terminate()
        assert running.wait(30) == 0
    assert "Traceback" not in log.read_text()
    assert installed.call("feed", file).stdout
    assert {(path.stat().st_uid, path.is_file()) for path in (installed.var / "var").rglob("*.jpg")} == {(USER, True)}

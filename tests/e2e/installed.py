"""The program as root installs it, for a user without a name, a home, or a right to write but to one folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.conftest import ROOT, missing
from tests.e2e import school
from tests.unprivileged import public_folder

USER = 54321
"""Nobody has this number: no entry in passwd, no group."""
# A Python below a home that is not the user's (/root/.pyenv) is shown to them, and nothing else of that home.
_ENTER = """
set -e
home=$1 python=$2 user=$3 folder=$4 writable=$5; shift 5
if [ -n "$home" ]; then
    hold=$(mktemp -d); mount --bind "$python" "$hold"
    mount -t tmpfs -o mode=755 tmpfs "$home"; mkdir -p "$python"; mount --bind "$hold" "$python"
fi
if [ -n "$writable" ]; then
    mount --bind "$writable" "$writable"
    mount --bind / /mnt; mount -o remount,bind,ro /mnt; cd /mnt
    for one in proc dev sys "${writable#/}"; do mount --rbind "/$one" "/mnt/$one"; done
    if [ -n "$home" ]; then mount --rbind "$home" "/mnt$home"; mount -o remount,bind,ro "/mnt$home"; fi
    pivot=chroot
fi
cd "$folder"
exec ${pivot:+chroot /mnt} setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all "$@"
"""


class Installed:
    """The program in a folder of root's, and `var`, a folder that its user may write to."""

    def __init__(self, code: Path, var: Path) -> None:
        self._code = code
        self.var = var
        self.file = var / "streams.yaml"

    def command(
        self, *arguments: object, folder: str = "/", env: Mapping[str, str] | None = None, read_only: bool = False
    ) -> list[str]:
        """`zonewatch ARGUMENTS` as that user, with next to nothing in its environment.

        `read_only`: nothing of the whole machine can be written to, but `var`.
        """
        python = Path(sys.base_prefix)
        closed = next((one for one in reversed(python.parents) if not one.stat().st_mode & 0o001), "")
        variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self._code), **(env or {})}
        given = [f"{name}={value}" for name, value in variables.items()]
        where = [str(closed), str(python), str(USER), folder, str(self.var) if read_only else ""]
        enter = ["unshare", "-m", "sh", "-c", _ENTER, "-", *where]
        return [*enter, "env", "-i", *given, sys.executable, "-m", "pipeline", *map(str, arguments)]


@contextmanager
def installed_program(video: Path) -> Iterator[Installed]:
    """With a configuration of one camera, `hall`, that plays this video for ever."""
    tried = subprocess.run(["unshare", "-m", "setpriv", "--reuid", str(USER), "true"], capture_output=True, text=True)
    if tried.returncode:
        missing(f"nobody can be somebody else here, which root can: {tried.stderr.strip()}")
    with public_folder() as code, public_folder(writable=True) as var:
        code.chmod(0o755)
        for name in ("pipeline", "models"):
            shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(video, var / "hall.mp4")
        camera = {"url": "hall.mp4", "loop": True, **school.watched(school.PASSING)}
        told = {"site": {"id": "installed"}, "cameras": {"hall": camera}}
        (var / "streams.yaml").write_text(yaml.safe_dump(told))
        yield Installed(code, var)

"""A file system of its own, of a few kilobytes or megabytes, for what has to be right on a full disk."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import missing

_STEP = 4096


@contextmanager
def small_disk(at: Path, size: str) -> Iterator[Path]:
    """The folder `disk` in `at`, with room for `size` (as mount(8) has it: `512k`); ends the test where none may be."""
    disk = at / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode:
        missing(f"a small disk cannot be mounted, which root may: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is left, however much others write meanwhile."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(_STEP))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    return ballast

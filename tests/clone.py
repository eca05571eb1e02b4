"""The files that git tracks, as they are now: what a clone would have."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def clone_into(folder: Path, *tops: str) -> Path:
    """A copy of the tracked files, or of those below the folders `tops` only."""
    for path in tracked():
        name = path.relative_to(ROOT)
        if not tops or name.parts[0] in tops:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name)
    return folder

"""The first screen of the README, `make demo`, tried as a newcomer does: in a fresh clone that nothing lies beside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clone import clone_into
from tests.conftest import ROOT, find, missing
from tests.test_docs import blocks

DEADLINE_S = 800


def first_screen() -> tuple[str, list[str]]:
    """The first command, and the lines that it is said to print, each without its time of day."""
    told = blocks(ROOT / "README.md")
    command = next(block for block in told if block.language == "sh")
    shown = told[told.index(command) + 1]
    assert shown.language == "text"
    return command.text, [line.partition("  ")[2] for line in shown.text.splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(DEADLINE_S + 60)
def test_the_first_screen_is_true_in_a_clone_that_nothing_lies_beside(tmp_path: Path) -> None:
    find("make")
    clone = clone_into(tmp_path / "zonewatch")
    # Of what this run has set, nothing but the way to the package registries.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ZONEWATCH_", "MAKE", "SHARED"))}
    command, shown = first_screen()
    try:
        ended = subprocess.run(
            ["sh", "-e"], input=command, cwd=clone, env=env, capture_output=True, text=True, timeout=DEADLINE_S
        )
    finally:
        shutil.rmtree(clone / ".venv", ignore_errors=True)  # 700 MB that pytest would keep
    if "could not be installed: is there a network?" in ended.stderr:
        missing("the package registries cannot be reached")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    printed = {line.partition("  ")[2] for line in ended.stdout.splitlines()}
    assert len(shown) >= 3
    for line in shown:
        wanted = re.sub(r"\d+\\\.\d", r"\\d+[.]\\d", re.escape(line))  # how long somebody stays differs a little
        assert any(re.fullmatch(wanted, one) for one in printed), (line, ended.stdout)
    assert "Traceback" not in ended.stderr

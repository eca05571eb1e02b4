"""Every command that a page shows is run by a test, and every link leads somewhere.

The rule for a fenced block: ```sh is a command and is run here, as it stands, in a fresh copy of the tracked files with
`zonewatch` on PATH (../shared lies beside it where it does here). A comment on the line before may say otherwise:

    <!-- run by tests/test_x.py -->   that file runs it; each line of the block must stand in it word for word
    <!-- exits 2 -->                  it is run here and must end so

What is only shown (output, a command with a name to be filled in) is ```console. Every block has a language.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clone import clone_into
from tests.conftest import ROOT, SHARED
from tests.test_house import name_of

LANGUAGES = {"sh", "console", "yaml", "json", "jsonl", "python", "toml", "sql", "text", "mermaid"}
FENCE = re.compile(r"^( *)(```+)(\w*)\n(.*?)^\1\2$", re.MULTILINE | re.DOTALL)
NOTE = re.compile(r"<!-- (?:run by (?P<file>\S+)|exits (?P<code>\d+)) -->\s*\Z")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
DEADLINE_S = 120


@dataclass(frozen=True)
class Block:
    where: str
    language: str
    text: str
    run_by: str | None = None
    code: int = 0

    @property
    def commands(self) -> list[str]:
        return [line.strip() for line in self.text.splitlines() if line.strip() and not line.strip().startswith("#")]


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "models").glob("*.md")])


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [_block(page, text, match) for match in FENCE.finditer(text)]


def _block(page: Path, text: str, match: re.Match[str]) -> Block:
    note = NOTE.search(text, 0, match.start())
    return Block(
        f"{name_of(page)}:{text.count(chr(10), 0, match.start()) + 1}",
        match[3],
        match[4],
        note["file"] if note else None,
        int(note["code"] or 0) if note else 0,
    )


ALL = [block for page in pages() for block in blocks(page)]
COMMANDS = [block for block in ALL if block.language == "sh"]


def ids(block: Block) -> str:
    return block.where


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as after `git clone`, with the shared data beside it where there is some."""
    home = tmp_path_factory.mktemp("docs")
    if SHARED.is_dir():
        (home / "shared").symlink_to(SHARED)
    return clone_into(home / "zonewatch")


@pytest.mark.parametrize("block", [b for b in COMMANDS if not b.run_by], ids=ids)
def test_a_command_in_the_docs_works_as_it_stands(block: Block, checkout: Path, tmp_path: Path):
    if "../shared" in block.text and not SHARED.is_dir():
        pytest.skip("there is no ../shared beside this checkout")
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    ended = subprocess.run(
        ["sh", "-e"], input=block.text, cwd=checkout, env=env, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert ended.returncode == block.code, f"{block.where}\n{ended.stdout}\n{ended.stderr}"


@pytest.mark.parametrize("block", [b for b in COMMANDS if b.run_by], ids=ids)
def test_a_command_run_elsewhere_stands_there_word_for_word(block: Block):
    elsewhere = (ROOT / str(block.run_by)).read_text()
    assert not [command for command in block.commands if command not in elsewhere]


def test_every_block_has_a_language_we_know():
    assert not [f"{block.where} ({block.language})" for block in ALL if block.language not in LANGUAGES]


def test_every_link_between_pages_leads_somewhere():
    links = [(page, link) for page in pages() for link in LINK.findall(page.read_text())]
    assert not [f"{name_of(page)}: {link}" for page, link in links if not (page.parent / link).exists()]

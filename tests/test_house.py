"""The shape of the code and what may be in the repository, as figures that fail."""

from __future__ import annotations

import ast
import re
import statistics
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.clone import tracked
from tests.conftest import ROOT

MEDIAN, NINETIETH, LONGEST = 8, 25, 60
LARGEST_FILE = 1_500_000

# Written in pieces, so that this file does not hold what it looks for.
NOT_OURS = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:" + "work|root" + r")/\w"),
    "a package registry's host": re.compile(
        r"\b(?:pypi\.org|pythonhosted\.org|(?:deb|security)\.debian\.org|archive\.ubuntu\.com|registry\.npmjs\.org)\b"
    ),
}
SYSTEM_PACKAGES = {"gi"}
"""Imports of scripts that run with the system's python3: they come from Debian, not from our locks."""


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file with its length in lines: from `def` to the end, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if ast.get_docstring(node) is not None:
            docstring = node.body[0]
            length -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
        yield f"{name_of(path)}:{node.lineno} {node.name}", length


def test_functions_are_short():
    lengths = dict(found for path in modules("pipeline") for found in functions(path))
    median, *_ = statistics.quantiles(lengths.values(), n=2)
    ninetieth = statistics.quantiles(lengths.values(), n=10)[-1]
    print(f"{len(lengths)} functions: median {median:g} lines, p90 {ninetieth:g}, longest {max(lengths.values())}")
    too_long = {where: length for where, length in lengths.items() if length > LONGEST}
    assert not too_long
    assert median <= MEDIAN
    assert ninetieth <= NINETIETH


def test_every_module_says_what_lives_in_it():
    silent = [name_of(p) for p in modules("pipeline", "benchmarks") if not ast.get_docstring(ast.parse(p.read_text()))]
    assert not silent


def test_no_file_names_a_machine_or_a_registry():
    found = [
        f"{name_of(path)}:{number}: {kind}"
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        for kind, pattern in NOT_OURS.items()
        if pattern.search(line) and path != Path(__file__)
    ]
    assert not found


def test_nothing_large_is_tracked():
    large = {name_of(path): path.stat().st_size for path in tracked() if path.stat().st_size > LARGEST_FILE}
    assert not large


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    absolute = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | absolute}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def declared(*groups: str) -> set[str]:
    """Names of the distributions that pyproject.toml asks for, with these dependency groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["demo"]]
    asked += [entry for group in groups for entry in project["dependency-groups"][group] if isinstance(entry, str)]
    return {normal(re.split(r"[<>=!~\[; ]", entry)[0]) for entry in asked}


@pytest.mark.parametrize(
    ("folders", "groups"), [(["pipeline"], []), (["tests", "benchmarks"], ["dev"])], ids=["pipeline", "tests"]
)
def test_what_is_imported_is_declared(folders: list[str], groups: list[str]):
    ours = {"pipeline", "tests", "benchmarks"} | set(sys.stdlib_module_names) | SYSTEM_PACKAGES
    provider = packages_distributions()
    undeclared = {
        f"{name_of(path)} imports {name}"
        for path in modules(*folders)
        if path.parent.name != "peers" or path.stem in ("__init__", "environment")  # others have a Python of their own
        for name in imported(path) - ours
        if not {normal(distribution) for distribution in provider.get(name, [])} & declared(*groups)
    }
    assert not undeclared


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_is_hashed_and_holds_what_is_declared(lock: str):
    text = (ROOT / lock).read_text()
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    assert declared(*(["dev"] if "dev" in lock else [])) <= pinned.keys()
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if entry.strip())


def test_the_two_locks_agree():
    plain, with_tools = (
        set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert plain <= with_tools


def test_ci_runs_what_the_readme_promises():
    readme, run = (ROOT / "README.md").read_text(), (ROOT / ".ci/run").read_text()
    for command in ("make demo", "make test"):
        assert command in readme
        assert command in run

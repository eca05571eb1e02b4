"""What every test may ask for: the shared data where it lies, and the programs that the real parts need.

A missing program skips a test on a person's machine and fails it in CI (`CI=true`): there it must not go unnoticed.
Missing shared data skips everywhere and says so; the project must also do without it.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

# Read when these libraries load, and our machines are small: one thread each, in tests as in workers.
os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import pytest

# A shell's background jobs ignore Ctrl-C, and so would the commands that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

cv2.setNumThreads(1)

ROOT = Path(__file__).resolve().parents[1]
# Set and empty: as in a clone that nothing lies beside.
SHARED = Path(os.environ.get("ZONEWATCH_SHARED", ROOT.parent / "shared") or os.devnull)
IN_CI = os.environ.get("CI") == "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What compares with data that is not ours to ship says so, a line each, where there is none."""
    for item in items:
        if item.get_closest_marker("footage") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"{item.name}: there is no ../shared beside this checkout"))


def missing(what: str) -> None:
    """End the test: a real part is not here. A failure in CI, a skip elsewhere."""
    if IN_CI:
        pytest.fail(f"{what}; in CI it must be there (setup.sh brings it)")
    pytest.skip(f"{what}; `make test` as root brings it")


def find(*names: str) -> str:
    """Path of the first of these programs that is on PATH; ends the test if none is."""
    for name in names:
        if path := shutil.which(name):
            return path
    missing(f"{' or '.join(names)} is not on PATH")
    raise AssertionError  # missing() never comes back


@pytest.fixture(scope="session")
def needs() -> Callable[..., str]:
    """`needs("redis-server", "valkey-server")` gives the path of the first there is, or ends the test."""
    return find


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data beside the checkout; only tests marked `footage` may ask for it."""
    if not SHARED.is_dir():
        pytest.skip("there is no ../shared beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def footage(shared: Path) -> Path:
    """The folder of clips with hand-checked times."""
    return _in(shared, "footage")


@pytest.fixture(scope="session")
def models_env(shared: Path) -> dict[str, str]:
    """The environment for a `zonewatch` process that is to find other models than the built-in one."""
    return {**os.environ, "ZONEWATCH_MODELS": str(_in(shared, "models"))}


def _in(shared: Path, name: str) -> Path:
    if not (shared / name).is_dir():
        pytest.skip(f"there is no {name} in {shared}")
    return shared / name

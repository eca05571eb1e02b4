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
SHARED = ROOT.parent / "shared"
MODELS = Path(os.environ.get("ZONEWATCH_MODELS") or SHARED / "models")
IN_CI = os.environ.get("CI") == "true"


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
    """The folder of data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("there is no ../shared beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def footage(shared: Path) -> Path:
    """The folder of clips with hand-checked times."""
    if not (shared / "footage").is_dir():
        pytest.skip("there is no ../shared/footage beside this checkout")
    return shared / "footage"


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of real detector models: `$ZONEWATCH_MODELS`, else ../shared/models."""
    if not MODELS.is_dir():
        pytest.skip(f"there is no folder of models: {MODELS}")
    return MODELS


@pytest.fixture(scope="session")
def models_env(models: Path) -> dict[str, str]:
    """The environment for a `zonewatch` process that is to find the real models."""
    return {**os.environ, "ZONEWATCH_MODELS": str(models)}

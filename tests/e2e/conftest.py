"""What every test of the whole system needs: a Redis, and the drawn recordings that its cameras play."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import school
from tests.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    """A real one, of this module's own."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each play of the school as `NAME.mp4` (H.264) and `NAME-hevc.mp4`; `passing` is the short one."""
    folder = tmp_path_factory.mktemp("school")
    for name, setting in {**school.CAMERAS, "passing": school.PASSING}.items():
        school.record(folder / f"{name}.mp4", setting)
        school.record(folder / f"{name}-hevc.mp4", setting, "hevc")
    return folder


@pytest.fixture(scope="session")
def passing(recordings: Path) -> Path:
    """Somebody goes over the line and halts on the mat, every `school.LOOP_S`."""
    return recordings / "passing.mp4"

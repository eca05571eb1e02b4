"""Where this program keeps what it needs for itself, whoever runs it and however little they may write.

Nothing about the surroundings is taken for granted: no home, no user name, an installation that is read-only, a
temporary folder with a long name, or none. Not here: what the configuration names (journal, snapshots).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import PlaceError

_CACHE = "NUMBA_CACHE_DIR"
# A socket's name may have 107 bytes; multiprocessing adds 32 to that of the temporary folder.
_LONGEST = 70
_SHORT = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108


def choose_compiled_code(beside: Path, environment: dict[str, str] | None = None) -> None:
    """Name, in the environment, where Numba may keep the machine code of what lies in the folder `beside`.

    Beside it where that can be written to, which is Numba's own choice; else in the state folder of a service
    (`STATE_DIRECTORY`), in the user's cache, or in a private folder for this process and its children. Raises
    PlaceError where nothing at all can be written to.
    """
    env: dict[str, str] = os.environ if environment is None else environment  # type: ignore[assignment]
    kept = beside / "__pycache__"
    if env.get(_CACHE) or _writable(kept if kept.exists() else beside):
        return
    for folder in _caches(env):
        if _made(folder):
            env[_CACHE] = str(folder)
            return
    env[_CACHE] = _private()


def _caches(env: Mapping[str, str]) -> Iterator[Path]:
    if states := env.get("STATE_DIRECTORY"):
        yield Path(states.split(":")[0]) / "compiled"
    if cache := env.get("XDG_CACHE_HOME") or (env.get("HOME") and f"{env['HOME']}/.cache"):
        yield Path(cache) / "zonewatch" / "compiled"


def _private() -> str:
    try:
        folder = tempfile.mkdtemp(prefix="zonewatch-")
    except OSError:
        raise PlaceError(
            "There is no folder to keep compiled code in, not even a temporary one. Set NUMBA_CACHE_DIR or TMPDIR to a "
            "folder that may be written to."
        ) from None
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: str, maker: int) -> None:
    """By who made it: children that were forked end with the same list of things to do."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def short_temporary_folder() -> Iterator[None]:
    """While sockets are made: a temporary folder whose name is short enough. Raises PlaceError where there is none."""
    if len(os.fsencode(_temporary())) <= _LONGEST:
        yield
        return
    short = next((folder for folder in _SHORT if _writable(Path(folder))), None)
    if short is None:
        raise PlaceError(f"The path of the temporary folder is too long for sockets: set TMPDIR to one of {_LONGEST}.")
    before, tempfile.tempdir = tempfile.tempdir, short
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextmanager
def temporary_folder(purpose: str = "") -> Iterator[Path]:
    """A private folder that is gone afterwards. Raises PlaceError where there can be none."""
    within = _temporary()
    try:
        folder = tempfile.TemporaryDirectory(prefix=f"zonewatch-{purpose}", dir=within)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise PlaceError(f"{within}: {why}. Set TMPDIR to a folder that may be written to.") from None
    with folder as path:
        yield Path(path)


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        raise PlaceError("There is no temporary folder. Set TMPDIR to a folder that may be written to.") from None


def _made(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return _writable(folder)


def _writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK, effective_ids=True)

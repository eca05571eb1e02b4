"""Download a model and check it before it gets its name."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import TypeAlias

from pipeline.catalogue.listing import FOLDERS_VARIABLE, ModelEntry, cache_folder, known
from pipeline.errors import ModelError
from pipeline.logs import redact

TIMEOUT_S = 20.0
CHUNK = 1 << 16

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes so far and the bytes expected (0 when the server does not say)."""


def pull(name: str, env: Mapping[str, str] = os.environ, progress: Progress | None = None) -> Path:
    """Download a model of the catalogue into the user's cache. Raises `ModelError`."""
    entry, folder = known(name), cache_folder(env)
    if folder is None:
        raise ModelError(
            f"model {name}: this user has no home to keep it in. Set XDG_CACHE_HOME to a folder of theirs."
        )
    return fetch(entry, folder, progress)


def fetch(entry: ModelEntry, folder: Path, progress: Progress | None = None) -> Path:
    """Download into `folder` what the entry's url serves; a file of the wrong sha256 is not kept."""
    target = folder / entry.file
    url = _https(entry, folder)
    part = target.with_name(f"{entry.file}.{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = _download(url, part, progress)
        if found != entry.sha256:
            raise ModelError(
                f"model {entry.name}: {redact(url)} gave a file with sha256 {found}, the catalogue says "
                f"{entry.sha256}. Nothing was kept: try again, and if it stays so, do not use that file."
            )
        part.replace(target)
    except (OSError, HTTPException) as error:
        raise ModelError(f"model {entry.name}: {_trouble(error, url, target)}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return target


def _https(entry: ModelEntry, folder: Path) -> str:
    if not entry.url:
        raise ModelError(
            f"model {entry.name}: the catalogue has no url for it. Put {entry.file} into {folder}, "
            f"or into a folder that ${FOLDERS_VARIABLE} names."
        )
    if not entry.url.startswith("https://"):
        raise ModelError(f"model {entry.name}: {redact(entry.url)} is not https; correct its url in models.yaml")
    return entry.url


def _download(url: str, into: Path, progress: Progress | None) -> str:
    """Copy what the url serves into the file, to the disk; its sha256, in hex."""
    hasher = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, into.open("wb") as file:  # noqa: S310 (https only)
        expected, done = int(answer.headers.get("Content-Length") or 0), 0
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            hasher.update(chunk)
            done += len(chunk)
            if progress:
                progress(done, expected)
        file.flush()
        os.fsync(file.fileno())
    return hasher.hexdigest()


def _trouble(error: Exception, url: str, target: Path) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{redact(url)} answered {error.code} {error.reason}"
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"no room left on the disk for {target}; free some and try again"
    if number in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
        return f"{target.parent} cannot be written ({os.strerror(number)}); set XDG_CACHE_HOME to a folder that can"
    reason = getattr(error, "reason", None) or error
    return f"{redact(url)} cannot be fetched ({redact(reason)}). Without a network, put the file by hand at {target}"

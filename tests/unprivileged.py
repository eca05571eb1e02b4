"""To do something as a user who may not write: tests often run as root, who may do anything."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def nobody() -> Iterator[None]:
    """Files are opened as `nobody` while this lasts; where tests do not run as root, as who runs them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def public_folder(writable: bool = False) -> Iterator[Path]:
    """One that everybody may read, and that `nobody` may write to or not."""
    folder = Path(tempfile.mkdtemp(prefix="public-", dir="/tmp"))
    try:
        folder.chmod(0o777 if writable else 0o555)
        yield folder
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)

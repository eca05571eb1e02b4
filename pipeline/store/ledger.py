"""Files of a frame ledger: lines of JSON in gzip, one file an hour and camera.

    LEDGER/front-gate/20261123T080000.123Z-4711.000.jsonl.gz     when its worker began, that process, which part of it

A file that ends in the middle, because its process was killed or is still writing, is read up to there.
Not here: what the lines mean (`workers/ledger_lines`), and who writes when (`processes/ledgers`).
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from urllib.parse import quote

from pipeline.errors import LedgerError

Line: TypeAlias = dict[str, Any]

FORMAT = 1
_SUFFIX = ".jsonl.gz"
_GZIP = 31  # zlib's window bits, with gzip's head and foot
_BLOCK = 1 << 16
# A ledger leaves so much of its disk free, which may be the journal's: a share, and bytes at most.
_FREE_SHARE, _FREE_BYTES = 0.1, 1 << 30


class Part:
    """One file that is being written. Raises OSError."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("xb", buffering=0)
        self._gzip = zlib.compressobj(wbits=_GZIP)

    def write(self, lines: list[Line]) -> None:
        """All of them can be read from now on, by others too."""
        text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
        packed = self._gzip.compress(text.encode()) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        _write(self._file, packed)

    def close(self) -> None:
        """Nothing comes any more."""
        try:
            _write(self._file, self._gzip.flush(zlib.Z_FINISH))
        finally:
            self._file.close()


def _write(file: BinaryIO, packed: bytes) -> None:
    """All of it: a disk that becomes full takes a part."""
    rest = memoryview(packed)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def part_path(folder: Path, camera: str, run: str, number: int) -> Path:
    """Where a part of a camera's ledger lies."""
    return folder / quote(camera, safe="") / f"{run}.{number:03d}{_SUFFIX}"


@dataclass(slots=True)
class Found:
    """A part that is there: `run` tells whose, and `number` which of them."""

    path: Path
    run: str
    number: int
    damaged: bool = field(default=False, init=False)

    def lines(self) -> Iterator[Line]:
        """What can be read of it, up to where it ends or is `damaged`. Raises LedgerError."""
        rest = b""
        for block in self._unpacked():
            *whole, rest = (rest + block).split(b"\n")
            for text in whole:
                try:
                    line = json.loads(text)
                except ValueError:
                    self.damaged = True
                    return
                if isinstance(line, dict):
                    yield line

    def _unpacked(self) -> Iterator[bytes]:
        unpack = zlib.decompressobj(wbits=_GZIP)
        try:
            with self.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    yield unpack.decompress(block)
        except zlib.error:
            self.damaged = True
        except OSError as error:
            raise LedgerError(f"{self.path} cannot be read: {os.strerror(error.errno or 0)}.") from error


def parts(folder: Path, camera: str) -> list[Found]:
    """A camera's, in the order in which they were written. Raises LedgerError where there are none."""
    own = folder / quote(camera, safe="")
    found = [one for path in own.glob(f"*{_SUFFIX}") if (one := _found(path))]
    if not found:
        raise LedgerError(
            f"{folder} has no ledger of camera {camera}. Ledgers are written while `ledger` is in the configuration."
        )
    return sorted(found, key=lambda one: (one.run, one.number))


def _found(path: Path) -> Found | None:
    run, _, number = path.name.removesuffix(_SUFFIX).rpartition(".")
    return Found(path, run, int(number)) if number.isdecimal() else None


def prune(folder: Path, before: float, most_bytes: float) -> tuple[int, int]:
    """Delete parts last written before then (Unix seconds), then the oldest while there is too much, or the disk nearly
    full; how many went for each of the two reasons. A camera's newest, which may still be written, stays then. Raises
    OSError.
    """
    files = sorted(
        (stat.st_mtime, stat.st_size, path) for path in folder.glob(f"*/*{_SUFFIX}") if (stat := path.stat())
    )
    old = [path for at, _, path in files if at < before]
    newest = {path.parent: path for _, _, path in files}.values()
    rest = [one for one in files[len(old) :] if one[2] not in newest]
    taken, many = sum(size for _, size, _ in files[len(old) :]), 0
    for path in old:
        _remove(path)
    while rest and (taken > most_bytes or crowded(folder)):
        _, size, path = rest.pop(0)
        _remove(path)
        taken, many = taken - size, many + 1
    return len(old), many


def crowded(folder: Path) -> bool:
    """Whether less than what a ledger must leave free is left on its disk."""
    try:
        disk = shutil.disk_usage(folder)
    except FileNotFoundError:
        return False
    return disk.free < min(_FREE_SHARE * disk.total, _FREE_BYTES)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()

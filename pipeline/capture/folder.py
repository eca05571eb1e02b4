"""Which files of a folder are videos: all are asked, whatever they are called, and the others are told with why.

Not here: their order, and when they were recorded (`recordings`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import av.error

from pipeline.videos import open_container, playing

# Taken at their word: whether they can be read is seen, and told, when it is their turn.
_VIDEO = re.compile(
    r"\.(mp4|mkv|avi|mov|m4v|m?ts|m2ts|webm|mpe?g|flv|wmv|dav|h?264|h?265|hevc|mjpe?g|3gp)", re.IGNORECASE
)
# FFmpeg reads single pictures, and texts (as terminals show them), as videos too.
_NO_VIDEO = re.compile(
    r"image2.*|.*_pipe|tty|bin|idf|xbin|txt|gif|apng|ico|lrc|srt|webvtt|ass|concat|hls|ffmetadata|sdp"
)
_FEWEST_BYTES = 64


def videos_in(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """The videos of a folder and of the folders in it, and what is none, with the reason.

    Links are followed, but no folder is gone through twice. Names that begin with a dot are passed over.
    """
    videos: list[Path] = []
    others: list[tuple[Path, str]] = []
    for file in _files(folder):
        reason = "" if _VIDEO.fullmatch(file.suffix) else _no_video(file)
        if reason:
            others.append((file, reason))
        else:
            videos.append(file)
    return videos, others


def told(others: list[tuple[Path, str]], folder: Path, most: int = 5) -> str:
    """The first of them in words."""
    words = [f"{file.relative_to(folder)} ({reason})" for file, reason in others[:most]]
    return ", ".join(words) + (f" and {len(others) - most} more" if len(others) > most else "")


def _files(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        if os.path.realpath(here) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(here))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in sorted(names) if not name.startswith("."))


def _no_video(file: Path) -> str:
    """Why it is none; empty if it is one."""
    try:
        if not file.is_file():
            return "a link that leads nowhere" if file.is_symlink() else "no file"
        if file.stat().st_size < _FEWEST_BYTES:
            return "empty" if not file.stat().st_size else "no video"
        with open_container(f"file:{file}") as container:
            is_video = playing(container) is not None and not _NO_VIDEO.fullmatch(container.format.name)
    except av.error.PermissionError:
        return "it may not be read"
    except (av.error.FFmpegError, OSError, ValueError):
        return "no video"
    return "" if is_video else "no video"

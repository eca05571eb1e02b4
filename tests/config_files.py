"""Configuration files as short as they can be, for the tests of the configuration."""

from __future__ import annotations

from pathlib import Path

from pipeline.config import Config, load, problems
from pipeline.errors import Problem


def write(folder: Path, text: str) -> Path:
    path = folder / "streams.yaml"
    path.write_text(text)
    return path


def camera(folder: Path, lines: str, url: str = "rtsp://h/s") -> Path:
    """A file with the one camera `gate`: `site` on line 1, `cameras`, `gate`, `url` on line 4, yours from line 5."""
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return write(folder, f"site: {{id: here}}\ncameras:\n  gate:\n    url: {url!r}\n{body}")


def told(path: Path, env: dict[str, str] | None = None) -> list[Problem]:
    return problems(path, env or {})


def config(path: Path, env: dict[str, str] | None = None) -> Config:
    return load(path, env or {}).config

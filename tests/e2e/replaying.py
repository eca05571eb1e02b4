"""`zonewatch replay` as a process, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.sinks.message import Event
from tests.conftest import ROOT


def write_config(path: Path, cameras: Mapping[str, Any], **sections: Any) -> Path:
    path.write_text(yaml.safe_dump({"site": {"id": "test"}, "cameras": dict(cameras), **sections}))
    return path


def replay(
    config: Path, camera: str, *videos: object, env: Mapping[str, str] | None = None, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "replay", *map(str, videos)]
    command += ["--config", str(config), "--camera", camera, *options]
    return subprocess.run(command, capture_output=True, text=True, env=env or os.environ, cwd=ROOT, timeout=150)


def events(ended: subprocess.CompletedProcess[str]) -> list[Event]:
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]

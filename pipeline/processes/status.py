"""The supervisor's own account of itself: a small JSON file beside the journal, rewritten each second.

`zonewatch status` reads it; that the file is fresh and its process alive is part of the answer.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.clock import rfc3339
from pipeline.config import Config, Loaded
from pipeline.logs import Counted
from pipeline.processes.process import Process
from pipeline.processes.reports import WorkerReport
from pipeline.types import CameraReport, CameraState, Mode

log = logging.getLogger(__name__)
_complaints = Counted(log, every_s=60.0)


@dataclass(frozen=True, slots=True)
class Status:
    """What the file is made from."""

    state: str
    began: float
    written: float
    loaded: Loaded
    delivery: Process
    workers: Mapping[str, Process]
    crews: Mapping[str, list[str]]
    mode: Mode = field(default_factory=Mode)


def status_path(config: Config) -> Path:
    """Beside the journal and named after it: there is one supervisor a journal, and may be several in a folder."""
    return config.alerts.journal.with_name(f"{config.alerts.journal.name}.status.json")


def write_status(status: Status) -> None:
    """Whole or not at all; a full disk must not stop the supervisor."""
    path = status_path(status.loaded.config)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(_told(status), ensure_ascii=False), "utf-8")
        part.replace(path)
    except OSError as error:
        _complaints.warning(f"cannot write {path}: {os.strerror(error.errno or 0)}", status.written)


def _told(status: Status) -> dict[str, Any]:
    return {
        "state": status.state,
        "pid": os.getpid(),
        "began": rfc3339(status.began),
        "written": status.written,
        "site": status.loaded.config.site.id,
        "config": str(status.loaded.path),
        "config_hash": status.loaded.config.hash,
        "mode": {key: getattr(status.mode, key) for key in ("name", "since", "until", "by", "why")},
        "cameras": _cameras(status),
        "workers": {
            name: {
                "pid": process.pid,
                "restarts": process.restarts,
                "cameras": status.crews[name],
                "mode_since": process.last.mode.since if isinstance(process.last, WorkerReport) else None,
            }
            for name, process in status.workers.items()
        },
        "delivery": {
            "pid": status.delivery.pid,
            "restarts": status.delivery.restarts,
            **(asdict(status.delivery.last) if status.delivery.last else {}),
        },
    }


def _cameras(status: Status) -> dict[str, Any]:
    """Every camera of the file, with a report or without: silence must not look like absence."""
    reports: dict[str, CameraReport] = {}
    for process in status.workers.values():
        if isinstance(process.last, WorkerReport):
            reports.update({report.camera: report for report in process.last.cameras})
    told: dict[str, Any] = {}
    for name, camera in status.loaded.config.cameras.items():
        state = CameraState.OPENING if camera.enabled and status.state == "running" else CameraState.STOPPED
        told[name] = asdict(reports.get(name) or CameraReport(name, state, status.began, source=str(camera.url)))
    for name, problems in status.loaded.quarantined.items():
        error = "; ".join(str(problem) for problem in problems)
        if name in told:  # watched on as it was before the mistake
            told[name] |= {"error": error, "error_kind": "config"}
            continue
        told[name] = asdict(CameraReport(name, CameraState.BAD_CONFIG, status.began, error=error, error_kind="config"))
    return told

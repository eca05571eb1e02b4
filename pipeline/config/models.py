"""The keys of `streams.yaml`: one model a section, one field a key, with default, bounds and unit.

Not here: a rule (`rules`), shapes (`shapes`), what a value must look like (`fields`), reading a file (`__init__`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_core import InitErrorDetails

from pipeline.config import crosschecks as crosschecks
from pipeline.config.calendars import Calendar
from pipeline.config.fields import (
    AspectRatio,
    Host,
    LocalPath,
    Model,
    Name,
    Named,
    Number,
    Timezone,
    Whole,
)
from pipeline.config.modes import ModeName, ModeSettings
from pipeline.config.problems import Strict
from pipeline.config.rules import Heights, Rule
from pipeline.config.shapes import Ground, Line, Mask, Zone
from pipeline.config.url import Url


class Site(Strict):
    """The place that is watched."""

    id: Name = Field(description="Name of the site in every alert and in its id. Do not change it later.")
    name: str = Field("", max_length=200, description="What people call it.")
    timezone: Timezone = Field("UTC", description="IANA time zone of the site.")


class Redis(Strict):
    """The Redis or Valkey server that alerts are added to."""

    url: Url = Field(description="redis://, rediss:// (TLS) or unix:// url of the server.")
    stream: str = Field(
        "zonewatch:alerts", min_length=1, max_length=200, description="Key of the stream that alerts are added to."
    )
    keep_days: Number = Field(7.0, ge=0.01, le=3650, description="Entries older than this are trimmed; days.")
    wake_channel: str | None = Field(
        None, min_length=1, max_length=200, description="Channel on which a camera's name wakes it, if it rests."
    )
    control_stream: str | None = Field(
        None, min_length=1, max_length=200, description="Key of the stream from which modes are set."
    )
    access_stream: str | None = Field(
        None, min_length=1, max_length=200, description="Key of the stream that tells of doors' grants of entry."
    )

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        return crosschecks.redis(data)


class Alerts(Strict):
    """Where alerts are written down and sent to."""

    journal: LocalPath = Field(
        Path("var/alerts.db"), description="SQLite file in which every alert is written before it is sent."
    )
    snapshots: LocalPath = Field(Path("var/snapshots"), description="Folder of the alerts' pictures.")
    snapshots_gb: Number = Field(20.0, ge=0.001, le=100000, description="Beyond this the oldest pictures go; GB.")
    keep_days: Number = Field(30.0, ge=0.01, le=3650, description="Delivered alerts stay in the journal; days.")
    stdout: bool = Field(False, description="Print every alert on standard output too, one JSON object a line.")
    redis: Redis | None = Field(None, description="Server to deliver to; without it the journal is the feed.")


class Ledger(Strict):
    """Where what rules were given is kept, so that it can be judged again."""

    folder: LocalPath = Field(Path("var/ledger"), description="Folder of the ledgers, one below it for each camera.")
    keep_days: Number = Field(14.0, ge=0.01, le=3650, description="Older parts are deleted; days.")
    gb: Number = Field(20.0, ge=0.001, le=100000, description="Beyond this the oldest parts go; GB.")


class Detector(Strict):
    """What finds people in a picture."""

    model: Model = Field("builtin", description="`builtin`, a name of models/models.yaml, or the path of an ONNX file.")
    min_score: Number = Field(0.5, ge=0.01, le=0.99, description="Detections below it start no track; 0 to 1.")
    sweep_s: Number = Field(
        3.0,
        ge=0.2,
        le=3600,
        description="The whole picture is searched this often, seconds; more seldom once nothing has moved.",
    )


class Workers(Strict):
    """The processes that do the work."""

    cameras_each: Whole = Field(8, ge=1, le=256, description="Cameras a worker process holds; 1 isolates each.")
    heartbeat_s: Number = Field(
        10.0, ge=1, le=300, description="A worker that reports nothing for so long is replaced; seconds."
    )
    memory_gb: Number = Field(4.0, ge=0.25, le=1024, description="A worker that takes more memory is replaced; GB.")
    drain_s: Number = Field(
        10.0, ge=0, le=300, description="Time for the last alerts to be delivered when stopping; seconds."
    )


# HLS segments are 2 to 10 s long, and a player is told of the next one a segment later.
_SEGMENTS_S = 30.0


class Camera(Strict):
    """One source of pictures and what is watched in them. `name` is its key in the file."""

    name: str = Field(description="Its key in `cameras`; need not be written again.")
    url: Url = Field(description="rtsp(s)://, http(s):// or udp:// url, /dev/video0, or path of a file or a folder.")
    kind: Literal["auto", "hls"] = Field("auto", description="hls: the url is a playlist, though not named *.m3u8.")
    hosts: tuple[Host, ...] = Field((), description="Other hosts that its playlist or redirects may lead to.")
    max_pixels: Whole = Field(
        35_000_000, ge=10_000, le=500_000_000, description="Larger pictures are refused; width times height."
    )
    transport: Literal["tcp", "udp"] = Field("tcp", description="How RTSP carries the video: tcp or udp.")
    analyse_fps: Number = Field(5.0, ge=0.2, le=60, description="At most so many pictures a second are analysed.")
    stall_s: Number = Field(10.0, ge=1, le=600, description="No picture for so long is a lost connection; seconds.")
    connect_s: Number = Field(10.0, ge=1, le=120, description="Time to connect and to open the stream; seconds.")
    aspect: AspectRatio = Field(
        None, description="Width to height as the picture is meant to be seen, as 16:9; for cameras that squeeze it."
    )
    smallest: Number = Field(
        0.06, ge=0.02, le=1, description="Height of the smallest person who must be found; share of the picture's."
    )
    person_height: Heights | None = Field(None, description="People of other heights do not count.")
    enabled: bool = Field(True, description="false: keep the entry, leave the camera alone.")
    loop: bool = Field(False, description="Files and folders only: begin again at the end, for ever.")
    ground: Ground | None = Field(None, description="Where the ground is, for speeds in metres.")
    zones: Named[Zone] = Field(default_factory=dict, description="Areas of the picture, by name.")
    lines: Named[Line] = Field(default_factory=dict, description="Lines across the picture, by name.")
    masks: Named[Mask] = Field(default_factory=dict, description="Areas that do not count, by name.")
    rules: Named[Rule] = Field(default_factory=dict, description="What raises an alert, by name.")

    @property
    def judged(self) -> dict[str, Rule]:
        """Its rules that are not off."""
        return {name: rule for name, rule in self.rules.items() if rule.state != "off"}

    @property
    def silence_s(self) -> float:
        """Seconds without a picture after which it is lost: `stall_s`; a playlist has a pause after each segment."""
        return max(self.stall_s, _SEGMENTS_S) if self.playlist else self.stall_s

    @property
    def playlist(self) -> bool:
        """Whether its url is to be read as an HLS playlist."""
        return self.url.kind == "http" and (self.kind == "hls" or self.url.playlist)

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        return crosschecks.camera(data)


class Config(Strict):
    """The whole file."""

    site: Site = Field(description="The place that is watched.")
    alerts: Alerts = Field(default_factory=Alerts, description="Where alerts are written down and sent to.")
    ledger: Ledger | None = Field(
        None, description="Where what rules were given is kept, to be judged again; without it, nowhere."
    )
    detector: Detector = Field(default_factory=Detector, description="What finds people in a picture.")
    workers: Workers = Field(default_factory=Workers, description="The processes that do the work.")
    modes: dict[ModeName, ModeSettings] = Field(
        default_factory=dict, description="What lockdown, drill, evacuation, event and maintenance change."
    )
    calendars: Named[Calendar] = Field(default_factory=dict, description="Terms, holidays and periods, by name.")
    cameras: Named[Camera] = Field(default_factory=dict, description="The cameras, by name.")

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
        return crosschecks.whole(data)

    @field_validator("cameras", mode="before")
    @classmethod
    def _know_their_names(cls, cameras: Any) -> Any:
        if not isinstance(cameras, Mapping):
            return cameras
        return {name: {**one, "name": name} if isinstance(one, Mapping) else one for name, one in cameras.items()}

    @cached_property
    def hash(self) -> str:
        """`sha256:…` of what decides alerts, without secrets, and the same wherever this machine keeps its files."""
        told = self.model_dump(mode="json", exclude={"alerts": {"journal", "snapshots"}, "ledger": True})
        told["detector"]["model"] = Path(self.detector.model).name
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

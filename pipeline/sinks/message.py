"""What an incident looks like to the world: one CloudEvents 1.0 event, in structured JSON, for each revision.

The format is `docs/reference/incident.schema.json`. Not here: how and when a message travels.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from pipeline.clock import rfc3339
from pipeline.types import Incident, Mode, Moment, Severity

Event: TypeAlias = dict[str, Any]

SCHEMA = "urn:zonewatch:schema:incident:1"
TYPE = "zone.violation."
MODE_TYPE = "zonewatch.mode.changed"
PENDING = "pending"
"""What stands for the evidence as long as its pictures are being saved; an update follows, with or without them."""


def cloud_event(incident: Incident, site: str, emitted: float | None) -> Event:
    """The message for one revision; `emitted` is Unix seconds, None in a replay (same facts, same bytes)."""
    return _envelope(_data(incident, site, emitted))


def canonical(event: Event) -> str:
    """The event as one line of JSON; the same event always gives the same text."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def mode_event(mode: Mode, site: str, severity: Severity, event_id: str) -> Event:
    """The message that says that the site is in another mode."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"zonewatch/{quote(site, safe='')}",
        "type": MODE_TYPE,
        "subject": mode.name,
        "time": rfc3339(mode.since),
        "datacontenttype": "application/json",
        "dataschema": "urn:zonewatch:schema:mode:1",
        "data": {
            "site": site,
            "mode": mode.name,
            "before": mode.before.name if mode.before else "normal",
            "since": rfc3339(mode.since),
            "until": rfc3339(mode.until),
            "by": mode.by,
            "why": mode.why,
            "severity": severity.value,
        },
    }


def entry_fields(event: Event) -> dict[str, str]:
    """The flat fields of a Redis stream entry: enough to route and filter by, and the whole event as `data`."""
    data = event["data"]
    if event["type"] == MODE_TYPE:
        own = {
            "rev": "1",
            "incident": "",
            "camera": "",
            "rule": "",
            "severity": data["severity"],
            "state": data["mode"],
        }
        return {"type": MODE_TYPE, "id": event["id"], **own, "ts": event["time"] or "", "data": canonical(event)}
    return {
        "type": event["type"],
        "id": event["id"],
        "rev": str(data["revision"]),
        "incident": data["incident"],
        "camera": data["camera"],
        "rule": data["rule"],
        "severity": data["severity"],
        "state": data["state"],
        "ts": event.get("time") or data["times"]["emitted"] or "",
        "data": canonical(event),
    }


def closed_by_interruption(event: Event, wall: float, reason: str) -> Event:
    """The closing message of an incident whose worker died; `event` is the last told, `wall` when this was noticed.

    Nobody saw the person leave, so `left` stays as it was told and the media time is the last known one.
    """
    data = dict(event["data"])
    now = rfc3339(wall)
    data["revision"] += 1
    data["state"] = "closed"
    data["times"] = data["times"] | {
        "wall": now,
        "uncertainty_s": None,
        "received": None,
        "decided": now,
        "emitted": now,
    }
    data["why"] = _tidy(data["why"] | {"closed_because": reason})
    data["evidence"] = [] if data["evidence"] == PENDING else data["evidence"]
    return _envelope(data)


def _envelope(data: Event) -> Event:
    event = {
        "specversion": "1.0",
        "id": f"{data['incident']}:{data['revision']}",
        "source": f"zonewatch/{quote(data['site'], safe='')}/{quote(data['camera'], safe='')}",
        "type": TYPE + data["state"],
        "subject": data["rule"],
        "time": data["times"]["wall"],
        "datacontenttype": "application/json",
        "dataschema": f"{SCHEMA}#data",
        "data": data,
    }
    if event["time"] is None:
        del event["time"]
    return event


def _data(incident: Incident, site: str, emitted: float | None) -> Event:
    return {
        "incident": incident.id,
        "revision": incident.revision,
        "state": incident.state.value,
        "site": site,
        "camera": incident.camera,
        "rule": incident.rule,
        "trigger": incident.trigger,
        "zone": incident.zone,
        "line": incident.line,
        "direction": incident.direction,
        "severity": incident.severity.value,
        "track": int(incident.track),
        "times": _times(incident, emitted),
        "entered": _moment(incident.entered),
        "left": _moment(incident.left),
        "dwell_s": _seconds(incident.dwell_s),
        "geometry": _geometry(incident),
        "score": _number(incident.score, 4),
        "why": _tidy(incident.why),
        "evidence": _evidence(incident),
        "model": _tidy(incident.model),
        "config_hash": incident.config_hash,
        "mode": incident.mode,
        "audience": None if incident.audience is None else list(incident.audience),
        "group": incident.group,
    }


def _times(incident: Incident, emitted: float | None) -> Event:
    at = incident.at
    return {
        "media_s": _seconds(at.media),
        "wall": rfc3339(at.wall),
        "uncertainty_s": _seconds(at.uncertainty),
        "wall_from": at.wall_from,
        "received": rfc3339(incident.received),
        "decided": rfc3339(incident.decided),
        "emitted": rfc3339(emitted),
    }


def _geometry(incident: Incident) -> Event:
    return {
        "box": [_number(value, 4) for value in incident.box],
        "anchor": [_number(value, 4) for value in incident.anchor],
        "path": [[_seconds(at), _number(x, 4), _number(y, 4)] for at, x, y in incident.path],
        "frame_size": [int(value) for value in incident.frame_size],
    }


def _evidence(incident: Incident) -> list[Event] | str:
    if incident.evidence is None:
        return PENDING
    return [{"kind": e.kind, "uri": e.uri, "sha256": e.sha256, "media_type": e.media_type} for e in incident.evidence]


def _moment(moment: Moment | None) -> Event | None:
    if moment is None:
        return None
    return {
        "media_s": _seconds(moment.media),
        "wall": rfc3339(moment.wall),
        "uncertainty_s": _seconds(moment.uncertainty),
    }


def _seconds(value: float | None) -> float | None:
    return _number(value, 3)


def _number(value: float | None, digits: int) -> float | None:
    """Rounded; JSON has neither NaN nor infinity, and minus zero would be a second spelling of zero."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0


def _tidy(value: Any) -> Any:
    """Free-form values (`why`, `model`) as plain JSON: keys sorted, floats rounded, numpy scalars unwrapped."""
    if isinstance(value, Mapping):
        return {str(key): _tidy(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [_tidy(item) for item in value]
    if isinstance(value, float):
        return _number(value, 4)
    if value is None or isinstance(value, (str, int)):
        return str(value) if isinstance(value, str) else value
    return _tidy(value.item()) if hasattr(value, "item") else str(value)

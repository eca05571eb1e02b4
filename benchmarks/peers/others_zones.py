"""Zones and lines of others; run by the peers' Python.

    .build/peers/bin/python benchmarks/peers/others_zones.py METHOD WALK.npz

WALK has `boxes` (pictures, people, 4) in display units, `zones` (n, corners, 2) normalised, and `aspect`. Prints the
milliseconds of a picture with all zones.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import shapely
import supervision as sv

SIZE = np.array([1920, 1080])
RATE = 5


def polygon_zones(zones):
    """One after the other, as its documentation has it."""
    each = [sv.PolygonZone((zone * SIZE).astype(int)) for zone in zones]
    return lambda found, _: [zone.trigger(found) for zone in each]


def line_zones(zones):
    """The same, of lines."""
    ends = [(zone[0] * SIZE, zone[len(zone) // 2] * SIZE) for zone in zones]
    each = [sv.LineZone(sv.Point(*a), sv.Point(*b), triggering_anchors=[sv.Position.BOTTOM_CENTER]) for a, b in ends]
    return lambda found, _: [zone.trigger(found) for zone in each]


def prepared(zones):
    """As shapely is fastest."""
    polygons = [shapely.Polygon(zone) for zone in zones]
    shapely.prepare(polygons)
    return polygons


def zone_by_zone(zones):
    """As people write it."""
    polygons = prepared(zones)
    return lambda _, feet: [shapely.contains_xy(zone, feet[:, 0], feet[:, 1]) for zone in polygons]


def one_call(zones):
    """All points and all zones, broadcast."""
    polygons = np.array(prepared(zones))[:, None]
    return lambda _, feet: shapely.contains_xy(polygons, feet[None, :, 0], feet[None, :, 1])


METHODS = {
    "supervision PolygonZone": polygon_zones,
    "supervision LineZone": line_zones,
    "shapely, zone by zone": zone_by_zone,
    "shapely, one call": one_call,
}


def main() -> None:
    """Ask of each picture, and say what it took."""
    walk = np.load(sys.argv[2])
    step, spent = METHODS[sys.argv[1]](walk["zones"]), []
    for boxes in walk["boxes"]:
        pixels = boxes * np.tile(SIZE / (walk["aspect"], 1), 2)
        count = len(boxes)
        found = sv.Detections(
            pixels.astype(np.float32), confidence=np.ones(count, np.float32), class_id=np.zeros(count, int)
        )
        found.tracker_id = np.arange(count)
        feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2 / walk["aspect"], boxes[:, 3]], axis=1).astype(float)
        began = time.perf_counter()
        step(found, feet)
        spent.append(time.perf_counter() - began)
    print(json.dumps({"ms": 1000 * float(np.mean(spent[RATE:]))}))


if __name__ == "__main__":
    main()

"""Zonewatch: cameras in, zone violations out. Start reading at `workers/lane.py`."""

__version__ = "0.1.0"

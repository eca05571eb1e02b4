"""Zonewatch: cameras in, zone violations out. Start reading at `workers/lane.py`."""

import os

__version__ = "0.1.0"

# ONNX Runtime reports to its makers, by itself, what runs where, and keeps a number for the machine in its user's home.
# It asks for this once, when it is loaded. What watches a school tells nobody but those whom its owner names.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

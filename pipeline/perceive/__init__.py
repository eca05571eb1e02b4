"""Frame to Motion to Detections to Tracks. Pure: no I/O, no clock."""

"""Frame to Motion to Detections to Tracks. Pure: no I/O, no clock."""

from pathlib import Path

from pipeline.places import choose_compiled_code

# Before Numba is imported, which asks once; what it compiles here is kept for the next start.
choose_compiled_code(Path(__file__).parent)

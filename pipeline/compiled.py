"""Numba, once it has been told where it may keep what it compiles: it asks once, when it is imported.

The kernels take it from here; who imports none of them needs no place for machine code.
"""

from pathlib import Path

from pipeline.places import choose_compiled_code

choose_compiled_code(Path(__file__).parent)

import numba as nb  # noqa: E402

__all__ = ["nb"]

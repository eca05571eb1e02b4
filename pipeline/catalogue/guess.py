"""What kind of model an ONNX file without a description is, told by the names and shapes of its inputs and outputs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.catalogue.listing import ModelEntry
from pipeline.errors import ModelError

Shapes: TypeAlias = Mapping[str, list[Any]]
"""By name; a side that the graph leaves open is a text or None."""


def guess(path: Path) -> ModelEntry:
    """The entry of a file that has none. Raises `ModelError` when it does not load or its form is not known."""
    import onnxruntime  # dear to import, and needed only for a file without a description

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base
        raise ModelError(f"model {path}: ONNX Runtime cannot load it: {error}") from error
    entry = recognise(
        {node.name: node.shape for node in session.get_inputs()},
        {node.name: node.shape for node in session.get_outputs()},
        name=path.stem,
        file=path.name,
        person_class=_person_class(session.get_modelmeta().custom_metadata_map.get("names", "")),
    )
    if entry is None:
        raise ModelError(
            f"model {path}: its form is not known. Describe it in {path.name}.yaml beside it, with the keys that "
            "models/README.md lists."
        )
    return entry


def recognise(inputs: Shapes, outputs: Shapes, **known: Any) -> ModelEntry | None:
    """One of the three families in its usual form, or None; sizes that the graph leaves open cannot be guessed."""
    picture = next((shape for shape in inputs.values() if len(shape) == 4 and shape[1] == 3), [])
    if not picture or not all(isinstance(side, int) for side in picture[2:]):
        return None
    height, width = picture[2:]
    known |= {"width": width, "height": height}
    if {"labels", "boxes", "scores"} <= outputs.keys() and "orig_target_sizes" in inputs:
        return ModelEntry(family="detr", fit="stretch", channels="rgb", scale=255, **known)
    cells = sum((width // stride) * (height // stride) for stride in (8, 16, 32))
    match next(iter(outputs.values())):
        case [_, rows, int(columns)] if rows == cells and columns > 5:
            return ModelEntry(family="yolox", fit="letterbox", channels="bgr", scale=1, **known)
        case [_, _, int(columns)] if columns in (6, cells):
            return ModelEntry(family="yolo", fit="letterbox", channels="rgb", scale=255, **known)
    return None


def _person_class(names: str) -> int:
    """Ultralytics writes its class names into the file, as a Python dict in text; elsewhere people come first."""
    try:
        listed = ast.literal_eval(names) if names else {}
    except (ValueError, SyntaxError):
        listed = {}
    found = [number for number, name in listed.items() if name == "person"] if isinstance(listed, dict) else []
    return int(found[0]) if found else 0

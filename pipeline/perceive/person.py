"""Frames to people: fills the model's input, runs it, and maps its boxes back to the picture.

One detector serves all cameras of a worker. It keeps no state between calls. What the model's numbers mean is
`person_outputs.py`; which file it is, `pipeline/catalogue/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.catalogue import Model, ModelEntry
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.perceive.person_outputs import area, decode, intersection, iou
from pipeline.types import Boxes, Detections, Pixels, Region

View: TypeAlias = tuple[Frame, Region]
"""The part of a frame that is to be looked at."""

CUT_MARGIN = 0.025
"""Share of its region's height: a box this near to an inner edge of its region was cut there. A cell of the detector's
finest grid, 8 of 320 pixels: a box that it guesses where the picture ends is not better than that."""
SAME_PERSON = 0.55
"""IoU of two boxes from different regions above which they are one person."""
TURN_MS = 60.0
"""What the looks at one frame may take on a core, by the catalogue's figures."""
LOOKS = (3, 12)
"""At least and at most so many looks at one frame."""
CUT_INSIDE = 0.6
"""Share of a cut box inside another one above which it is a part of it."""


# Display units: less is a float's last digits.
_ROUNDING = 1e-4


class Node(Protocol):
    """An input or output of a graph."""

    name: str
    shape: list[Any]


class Session(Protocol):
    """What the detector needs of `onnxruntime.InferenceSession`."""

    def get_inputs(self) -> Sequence[Node]: ...

    def get_outputs(self) -> Sequence[Node]: ...

    def run(self, output_names: list[str] | None, input_feed: Mapping[str, Any]) -> Sequence[Any]: ...


def open_session(model: Model, threads: int = 1) -> Session:
    """Load the model's file into ONNX Runtime on the CPU.

    The bytes that are checked are those that are loaded. Raises `ModelError` when they are not those that were found,
    or do not load.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # planning ahead takes 5-8 MB a session and saves no time
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads would eat a core
    # A graph that keeps its weights in a file beside it looks for that file here.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(model.path.parent))
    content = _checked(model)
    try:
        session: Session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base
        raise ModelError(f"model {model.path}: ONNX Runtime cannot load it: {error}") from error
    return session


def _checked(model: Model) -> bytes:
    """The file's content, if it is still that which was found."""
    try:
        content = model.path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {model.path}: cannot be read: {error.strerror or error}") from error
    found = hashlib.sha256(content).hexdigest()
    if model.sha256 and found != model.sha256:
        raise ModelError(f"model {model.path}: its sha256 is {found}, expected was {model.sha256}: put the file back")
    return content


class PersonDetector:
    """Finds people in views of frames; `floor` is the least score that is told.

    `batch` views go through the graph at once, if the graph can. On one thread of a CPU that is no faster and costs
    memory (four views of DEIMv2-Femto: 5 ms a view slower, 90 MB more), hence 1. `beat` is called after each run: many
    views through a heavy model take seconds, and who waits for them should know that they go on.
    """

    def __init__(
        self,
        session: Session,
        entry: ModelEntry,
        floor: float = 0.1,
        batch: int = 1,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._entry = entry
        self._floor = floor
        self._beat = beat
        self._outputs = [node.name for node in session.get_outputs()]
        self._picture, self._sizes = _inputs(session, entry)
        batch = 1 if self._picture.shape[0] == 1 else batch
        self._buffer = np.full((batch, 3, entry.height, entry.width), entry.pad / entry.scale, np.float32)
        self._input_size = np.tile(np.array([[entry.width, entry.height]], np.int64), (batch, 1))

    @property
    def looks(self) -> int:
        """How many views of one frame are worth their time: more of a model that is quick."""
        return int(np.clip(round(TURN_MS / self._entry.cost_ms), *LOOKS))

    def detect(self, views: Sequence[View]) -> list[Detections]:
        """The people of each view, best first, in display units of its whole frame; boxes may reach beyond the view."""
        step = len(self._buffer)
        chunks = (views[start : start + step] for start in range(0, len(views), step))
        return [people for chunk in chunks for people in self._detect(chunk)]

    def _detect(self, views: Sequence[View]) -> list[Detections]:
        places = [self._fill(slot, frame, region) for slot, (frame, region) in enumerate(views)]
        outputs = self._run(len(views))
        self._beat()
        answers = ({name: part[i] for name, part in outputs.items()} for i in range(len(views)))
        return [
            place.to_frame(decode(answer, self._entry, self._floor))
            for place, answer in zip(places, answers, strict=True)
        ]

    def _fill(self, slot: int, frame: Frame, region: Region) -> _Place:
        """Write the view into its slot of the input and say where it lies there."""
        place = _place(frame.box(region), self._entry)
        (x, y), (w, h) = place.offset, place.size
        if (w, h) != (self._entry.width, self._entry.height):
            self._buffer[slot] = self._entry.pad / self._entry.scale
        _write(frame.rgb(region, place.size), self._entry, self._buffer[slot, :, y : y + h, x : x + w])
        return place

    def _run(self, count: int) -> dict[str, NDArray[Any]]:
        feed: dict[str, Any] = {self._picture.name: self._buffer[:count]}
        if self._sizes is not None:
            feed[self._sizes.name] = self._input_size[:count]
        try:
            return dict(zip(self._outputs, self._session.run(None, feed), strict=True))
        except Exception as error:
            raise ModelError(f"model {self._entry.name}: ONNX Runtime failed on it: {error}") from error


def merge(detections: Sequence[Detections], looked: Boxes, aspect: float) -> Detections:
    """Join what was found in several, perhaps overlapping, parts `looked` at (n, 4) of one picture.

    A person whom the edge of a part cut in two counts once: the piece goes where the whole was seen, and is told as
    `cut` where nobody saw it. People of one part are never taken for each other; the model has told them apart.
    """
    if len(detections) == 1:
        return replace(detections[0], cut=_cut(detections[0].boxes, looked[0], aspect))
    boxes = np.concatenate([d.boxes for d in detections]).reshape(-1, 4)
    scores = np.concatenate([d.scores for d in detections])
    cut = np.concatenate([_cut(d.boxes, part, aspect) for d, part in zip(detections, looked, strict=True)])
    origin = np.repeat(np.arange(len(detections)), [len(d) for d in detections])
    kept: list[int] = []
    for index in np.lexsort((-scores, cut)):  # whole ones first, the best of them first
        if not _told_already(index, kept, boxes, cut, origin):
            kept.append(int(index))
    return Detections(boxes[kept].reshape(-1, 4), scores[kept], cut[kept])


def _told_already(index: int, kept: list[int], boxes: Boxes, cut: NDArray[np.bool_], origin: NDArray[np.int64]) -> bool:
    others = [other for other in kept if origin[other] != origin[index]]
    if not others:
        return False
    box, whole = boxes[index], boxes[others]
    if (iou(box, whole) > SAME_PERSON).any():
        return True
    inside = intersection(box, whole) > CUT_INSIDE * area(box)
    return bool(cut[index] and (inside & (area(whole) > area(box))).any())


def _cut(boxes: Boxes, part: Boxes, aspect: float) -> NDArray[np.bool_]:
    """Which boxes reach an edge of their part (4,) that is not an edge of the picture."""
    low, high, margin = part[:2], part[2:], CUT_MARGIN * (part[3] - part[1])
    at_low = (boxes[:, :2] <= low + margin) & (low > 0)
    at_high = (boxes[:, 2:] >= high - margin) & (high < np.array([aspect, 1.0]) - _ROUNDING)
    return np.asarray((at_low | at_high).any(axis=1), np.bool_)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part of the picture, a box (4,), lies in the input: `offset` and `size` in input pixels."""

    part: Boxes
    offset: tuple[int, int]
    size: tuple[int, int]

    def to_frame(self, found: Detections) -> Detections:
        x1, y1, x2, y2 = self.part
        zoom = np.array([(x2 - x1) / self.size[0], (y2 - y1) / self.size[1]] * 2, np.float32)
        boxes = (found.boxes - np.array(self.offset * 2, np.float32)) * zoom + np.array([x1, y1, x1, y1], np.float32)
        return Detections(boxes, found.scores)


def _place(part: Boxes, entry: ModelEntry) -> _Place:
    """Stretched over the whole input, or letterboxed: yolo graphs were trained with the picture in the middle.

    Letterboxed in its true shape, however the camera squeezes it: that is how people look in training pictures.
    """
    whole = (entry.width, entry.height)
    if entry.fit == "stretch":
        return _Place(part, (0, 0), whole)
    w, h = float(part[2] - part[0]), float(part[3] - part[1])
    ratio = min(whole[0] / w, whole[1] / h)
    size = (max(1, min(whole[0], round(w * ratio))), max(1, min(whole[1], round(h * ratio))))
    middle = ((whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2)
    return _Place(part, middle if entry.family == "yolo" else (0, 0), size)


def _write(picture: Pixels, entry: ModelEntry, into: NDArray[np.float32]) -> None:
    planes = picture if entry.channels == "rgb" else picture[..., ::-1]
    np.multiply(planes.transpose(2, 0, 1), np.float32(1 / entry.scale), out=into, dtype=np.float32)


def _inputs(session: Session, entry: ModelEntry) -> tuple[Node, Node | None]:
    """The picture's input and, where the graph has it, the one for the picture's size."""
    nodes = session.get_inputs()
    picture = next((node for node in nodes if len(node.shape) == 4), None)
    if picture is None or any(isinstance(n, int) and n != m for n, m in zip(picture.shape, _shape(entry), strict=True)):
        shapes = {node.name: node.shape for node in nodes}
        raise ModelError(f"model {entry.name}: its inputs are {shapes}, its entry says {_shape(entry)}")
    return picture, next((node for node in nodes if node is not picture), None)


def _shape(entry: ModelEntry) -> tuple[int, int, int, int]:
    return 1, 3, entry.height, entry.width

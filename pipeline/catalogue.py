"""Which detector models there are, where their files lie, and how they are fetched and checked.

A model is one ONNX file and an entry that says what goes in and what comes out. This file knows files and the
catalogue; what a model says about a picture is `perceive/person.py`.
"""

from __future__ import annotations

import ast
import errno
import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass as plain_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pipeline.errors import ModelError
from pipeline.logs import redact

BUILTIN = "builtin"
FOLDERS_VARIABLE = "ZONEWATCH_MODELS"
TIMEOUT_S = 20.0

_CHECKOUT = Path(__file__).resolve().parent.parent / "models"
_CHUNK = 1 << 16

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes expected (0 when the server does not say)."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ModelEntry:
    """One model of the catalogue, or a sidecar: what the graph takes and gives.

    `width` and `height` are of the input, in pixels. `fit` says whether the picture is letterboxed (the rest filled
    with `pad`, 0–255) or stretched. Pixel values are divided by `scale`. `decoded` tells a `yolox` graph that gives
    pixels from one that gives offsets in the grid of each of `strides`.
    """

    family: Literal["yolox", "detr", "yolo"]
    width: Annotated[int, Field(ge=32, le=4096)]
    height: Annotated[int, Field(ge=32, le=4096)]
    fit: Literal["letterbox", "stretch"]
    channels: Literal["rgb", "bgr"]
    scale: Annotated[float, Field(gt=0)]
    pad: Annotated[int, Field(ge=0, le=255)] = 114
    person_class: Annotated[int, Field(ge=0)] = 0
    strides: tuple[int, ...] = (8, 16, 32)
    decoded: bool = False
    name: str = ""
    file: str = ""
    url: str | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    licence: str = "not said"
    source: str = ""


@plain_dataclass(frozen=True, slots=True)
class Model:
    """A model that was found: `note` says in one sentence which file it is and why that one."""

    entry: ModelEntry
    path: Path
    sha256: str
    note: str


_ENTRY = TypeAdapter(ModelEntry)


@cache
def entries() -> dict[str, ModelEntry]:
    """The catalogue, in its order: `models/models.yaml` of the checkout, else the copy inside the package."""
    path = _CHECKOUT / "models.yaml"
    if path.is_file():
        where, text = str(path), path.read_text("utf-8")
    else:
        packaged = resources.files("pipeline") / "_data" / "models.yaml"
        where, text = str(packaged), packaged.read_text("utf-8")
    listed = _mapping(text, where).get("models") or {}
    return {name: _entry({"name": name, **keys}, f"{where}: {name}") for name, keys in listed.items()}


def folders(env: Mapping[str, str] = os.environ) -> list[Path]:
    """Where model files are looked for, in order; the last is the user's cache, where `pull` puts them."""
    own = [_CHECKOUT] if (_CHECKOUT / "models.yaml").is_file() else []
    given = [Path(part).expanduser() for part in env.get(FOLDERS_VARIABLE, "").split(os.pathsep) if part]
    return [*own, *given, _cache_folder(env)]


def resolve(model: str, env: Mapping[str, str] = os.environ) -> Model:
    """Find the model that `detector.model` names: `builtin`, a name of the catalogue, or a path of an ONNX file.

    `builtin` is the first model of the catalogue that lies in a model folder, else the first that can be pulled.
    Raises `ModelError`, which says what to do.
    """
    if model == BUILTIN:
        return _builtin(env)
    if model in entries():
        return _by_name(model, env)
    if model.endswith(".onnx") or os.sep in model:
        return _by_path(Path(model).expanduser())
    raise ModelError(f"detector.model: {model!r} is neither a path of an .onnx file nor one of {_names()}")


def locate(entry: ModelEntry, env: Mapping[str, str] = os.environ) -> Path | None:
    """The first file of this entry's name and content in the model folders; None when there is none."""
    paths = (folder / entry.file for folder in folders(env))
    return next((path for path in paths if path.is_file() and digest(path) == entry.sha256), None)


def pull(name: str, env: Mapping[str, str] = os.environ, progress: Progress | None = None) -> Path:
    """Download a model of the catalogue into the user's cache; it gets its name once its sha256 is right."""
    entry = _known(name)
    if not entry.url:
        raise ModelError(
            f"model {name}: the catalogue has no url for it. Put {entry.file} into {_cache_folder(env)} "
            f"or into a folder that ${FOLDERS_VARIABLE} names."
        )
    if not entry.url.startswith("https://"):
        raise ModelError(f"model {name}: {redact(entry.url)} is not https; correct the url in models.yaml")
    target = _cache_folder(env) / entry.file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, suffix=".part") as part:
            found = _download(entry.url, part, progress)
            if found != entry.sha256:
                raise ModelError(
                    f"model {name}: {redact(entry.url)} gave a file with sha256 {found}, not {entry.sha256}; "
                    "nothing was kept. Try again, or report it: the file may have been changed."
                )
            _keep(Path(part.name), target)
    except (OSError, ValueError) as error:
        raise ModelError(f"model {name}: {_download_trouble(error, entry.url, target)}") from error
    return target


def verify(model: str, env: Mapping[str, str] = os.environ) -> Model:
    """Like `resolve`, but never fetches, and tells a damaged file from a missing one."""
    if model == BUILTIN:
        return _first_found(env) or _missing_builtin(env)
    if model not in entries():
        return resolve(model, env)
    entry = _known(model)
    lying = [path for folder in folders(env) if (path := folder / entry.file).is_file()]
    if lying and locate(entry, env) is None:
        raise ModelError(
            f"model {model}: {lying[0]} has sha256 {digest(lying[0])}, the catalogue says {entry.sha256}. "
            "Remove the file and put the right one in its place."
        )
    return _by_name(model, env)


def digest(path: Path) -> str:
    """The sha256 of a file, in hex. Raises `ModelError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"model {path}: cannot be read: {error.strerror or error}") from error


def _known(name: str) -> ModelEntry:
    entry = entries().get(name)
    if entry is None:
        raise ModelError(f"model {name!r} is not in the catalogue, which has {_names()}")
    return entry


def _names() -> str:
    return ", ".join([BUILTIN, *entries()])


def _cache_folder(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_CACHE_HOME") or str(Path(env.get("HOME", "~")).expanduser() / ".cache")
    return Path(base) / "zonewatch" / "models"


# -- finding ----------------------------------------------------------------------------------------------------------


def _by_name(name: str, env: Mapping[str, str]) -> Model:
    entry = _known(name)
    path = locate(entry, env)
    if path is None:
        places = ", ".join(str(folder) for folder in folders(env))
        how = f"Fetch it with: zonewatch model pull {name}" if entry.url else "Copy it there; it has no url to pull."
        raise ModelError(f"model {name}: {entry.file} lies in none of {places}. {how}")
    return Model(entry, path, entry.sha256 or "", f"{name} from {path.parent}")


def _builtin(env: Mapping[str, str]) -> Model:
    return _first_found(env) or _first_pulled(env) or _missing_builtin(env)


def _first_found(env: Mapping[str, str]) -> Model | None:
    for name, entry in entries().items():
        path = locate(entry, env)
        if path is not None:
            return Model(entry, path, entry.sha256 or "", f"builtin resolved to {name} from {path.parent}")
    return None


def _first_pulled(env: Mapping[str, str]) -> Model | None:
    name, entry = next(((name, entry) for name, entry in entries().items() if entry.url), (None, None))
    if name is None or entry is None:
        return None
    path = pull(name, env)
    return Model(entry, path, entry.sha256 or "", f"builtin resolved to {name}, pulled into {path.parent}")


def _missing_builtin(env: Mapping[str, str]) -> Model:
    files = ", ".join(entry.file for entry in entries().values())
    places = ", ".join(str(folder) for folder in folders(env))
    raise ModelError(f"detector.model: builtin: none of {files} lies in {places}. Put one there, or give a path.")


def _by_path(path: Path) -> Model:
    if not path.is_file():
        raise ModelError(f"detector.model: {path} is not a file")
    found = digest(path)
    sidecar = path.with_name(path.name + ".yaml")
    if not sidecar.is_file():
        entry = guess(path)
        return Model(entry, path, found, f"{path}, taken for a {entry.family} model by its inputs and outputs")
    keys = {"name": path.stem, "file": path.name, **_mapping(sidecar.read_text("utf-8"), str(sidecar))}
    entry = _entry(keys, str(sidecar))
    if entry.sha256 and entry.sha256 != found:
        raise ModelError(f"model {path}: its sha256 is {found}, but {sidecar} says {entry.sha256}")
    return Model(entry, path, found, f"{path}, described by {sidecar.name}")


# -- reading entries --------------------------------------------------------------------------------------------------


def _mapping(text: str, where: str) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ModelError(f"{where}: is not YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise ModelError(f"{where}: must be a mapping of keys to values; see models/README.md")
    return loaded


def _entry(keys: Mapping[str, Any], where: str) -> ModelEntry:
    try:
        return _ENTRY.validate_python(dict(keys))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ModelError(f"{where}: {wrong}. The keys are in models/README.md.") from error


def guess(path: Path) -> ModelEntry:
    """Tell the family of an ONNX file from the names and shapes of its inputs and outputs."""
    import onnxruntime  # the dear import, needed here only for a file without a description

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"model {path}: is not a model that ONNX Runtime can load: {error}") from error
    names = session.get_modelmeta().custom_metadata_map.get("names", "")
    entry = _guess(
        {node.name: node.shape for node in session.get_inputs()},
        {node.name: node.shape for node in session.get_outputs()},
        {"name": path.stem, "file": path.name, "person_class": _person_class(names)},
    )
    if entry is None:
        raise ModelError(f"model {path}: its form is not known. Describe it in {path.name}.yaml beside it.")
    return entry


Shapes = Mapping[str, list[Any]]


def _guess(inputs: Shapes, outputs: Shapes, keys: dict[str, Any]) -> ModelEntry | None:
    """The three families; sizes that the graph leaves open cannot be guessed."""
    picture = next((shape for shape in inputs.values() if len(shape) == 4 and shape[1] == 3), [])
    if len(picture) != 4 or not all(isinstance(side, int) for side in picture[2:]):
        return None
    height, width = picture[2:]
    keys = {**keys, "width": width, "height": height}
    if {"labels", "boxes", "scores"} <= set(outputs) and "orig_target_sizes" in inputs:
        return ModelEntry(family="detr", fit="stretch", channels="rgb", scale=255, **keys)
    shape = next(iter(outputs.values()))
    if len(shape) != 3 or not all(isinstance(side, int) for side in shape[1:]):
        return None
    cells = sum((width // stride) * (height // stride) for stride in (8, 16, 32))
    if shape[1] == cells and shape[2] > 5:
        return ModelEntry(family="yolox", fit="letterbox", channels="bgr", scale=1, **keys)
    if shape[2] == cells or shape[2] == 6:
        return ModelEntry(family="yolo", fit="letterbox", channels="rgb", scale=255, **keys)
    return None


def _person_class(names: str) -> int:
    """Ultralytics writes its class names into the file, as a Python dict in text."""
    try:
        listed = ast.literal_eval(names) if names else {}
    except (ValueError, SyntaxError):
        listed = {}
    found = [number for number, name in listed.items() if name == "person"] if isinstance(listed, dict) else []
    return int(found[0]) if found else 0


# -- fetching ---------------------------------------------------------------------------------------------------------


def _download(url: str, into: Any, progress: Progress | None) -> str:
    """Copy what the url serves into the open file; its sha256, in hex."""
    hasher = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 (the caller has checked for https)
        expected, done = int(answer.headers.get("Content-Length") or 0), 0
        while chunk := answer.read(_CHUNK):
            into.write(chunk)
            hasher.update(chunk)
            done += len(chunk)
            if progress:
                progress(done, expected)
    into.flush()
    os.fsync(into.fileno())
    return hasher.hexdigest()


def _keep(part: Path, target: Path) -> None:
    """Give the finished file its name in one step; the unfinished name is left for its owner to remove."""
    linked = part.with_suffix(".done")
    linked.unlink(missing_ok=True)
    os.link(part, linked)
    linked.chmod(0o644)
    linked.replace(target)


def _download_trouble(error: Exception, url: str, target: Path) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{redact(url)} answered {error.code} {error.reason}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no room left for {target}; free some disk space"
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"{target.parent} cannot be written; set XDG_CACHE_HOME to a folder that can"
    reason = getattr(error, "reason", None) or error
    return f"{redact(url)} cannot be fetched ({reason}). Offline? Copy the file by hand to {target}"

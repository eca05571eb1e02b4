"""The catalogue: finding, refusing and fetching model files. Downloads come from a real https server."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.catalogue import SHIPPED, ModelEntry, entries, folders, listing, pull, resolve
from pipeline.catalogue.fetch import fetch
from pipeline.catalogue.guess import recognise
from pipeline.catalogue.listing import read_catalogue
from pipeline.errors import ModelError
from tests.conftest import ROOT

BYTES = b"as if it were a model" * 5000
ENTRY = ModelEntry(
    name="some",
    file="some.onnx",
    sha256=hashlib.sha256(BYTES).hexdigest(),
    family="yolox",
    width=416,
    height=416,
    fit="letterbox",
    channels="bgr",
    scale=1,
)


def nowhere(tmp_path: Path, *more: Path) -> dict[str, str]:
    """An environment whose model folders are those given and an empty cache."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "ZONEWATCH_MODELS": ":".join(map(str, more))}


# -- finding ----------------------------------------------------------------------------------------------------------


def test_every_model_of_the_catalogue_has_a_file_a_sha256_and_a_licence():
    for name, entry in entries().items():
        assert entry.name == name
        assert entry.file.endswith(".onnx")
        assert entry.licence == "Apache-2.0"
        assert entry.url is None or entry.url.startswith("https://")


def test_folders_are_the_checkout_then_the_variable_then_the_cache(tmp_path):
    found = folders(nowhere(tmp_path, tmp_path / "a", tmp_path / "b"))
    assert found[0].name == "models"
    assert found[1:] == [tmp_path / "a", tmp_path / "b", tmp_path / "cache" / "zonewatch" / "models"]
    assert folders({"HOME": "/home/x"})[-1] == Path("/home/x/.cache/zonewatch/models")


def test_builtin_is_the_model_that_comes_with_the_program_whatever_lies_elsewhere(tmp_path):
    for entry in entries().values():
        (tmp_path / entry.file).write_bytes(b"something else")
    found = resolve("builtin", nowhere(tmp_path, tmp_path))
    assert (found.entry.name, found.path) == (SHIPPED, ROOT / "models" / "person-320.onnx")
    assert found == resolve("builtin", {})
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert found.note.startswith("builtin is person-320 from ")


@pytest.fixture
def own_folder(tmp_path, monkeypatch) -> Path:
    """The program's own folder of models, as a copy that may be damaged."""
    copy = shutil.copytree(ROOT / "models", tmp_path / "own")
    monkeypatch.setattr(listing, "_CHECKOUT", copy)
    return copy


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), r"builtin: .*person-320\.onnx is missing\. .*install it again"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), r"not the file that came with Zonewatch.*install it"),
        (lambda path: path.write_bytes(b"\0" + path.read_bytes()[1:]), r"not the file that came with Zonewatch"),
        (lambda path: path.write_bytes(BYTES), r"not the file that came with Zonewatch \(its sha256 is [0-9a-f]{64}, "),
    ],
    ids=["missing", "truncated", "tampered", "foreign"],
)
def test_a_built_in_model_that_is_not_ours_any_more_is_refused(own_folder, tmp_path, damage, said):
    shutil.copy(own_folder / "person-320.onnx", tmp_path)
    damage(own_folder / "person-320.onnx")
    with pytest.raises(ModelError, match=said):
        resolve("builtin", nowhere(tmp_path, tmp_path))


def test_a_catalogue_that_is_missing_is_said(own_folder):
    entries.cache_clear()
    (own_folder / "models.yaml").unlink()
    with pytest.raises(ModelError, match=r"models\.yaml: cannot be read: No such file.*install it again"):
        resolve("yolox-nano", {})
    entries.cache_clear()


def test_a_name_without_its_file_says_how_to_get_it(tmp_path):
    with pytest.raises(ModelError, match=r"model yolox-nano: no yolox_nano_416\.onnx"):
        resolve("yolox-nano", nowhere(tmp_path))


def test_a_damaged_file_is_not_used_and_told_from_a_missing_one(tmp_path):
    (tmp_path / "yolox_nano_416.onnx").write_bytes(b"half a model")
    with pytest.raises(ModelError, match=r"model yolox-nano: .*nano_416\.onnx has sha256 .*the catalogue says"):
        resolve("yolox-nano", nowhere(tmp_path, tmp_path))


def test_a_word_that_is_neither_name_nor_path_lists_the_names(tmp_path):
    with pytest.raises(ModelError, match=r"yolo9000.*builtin, person-320, yolox-nano"):
        resolve("yolo9000", nowhere(tmp_path))


# -- a model of one's own ---------------------------------------------------------------------------------------------

SIDECAR = "{family: yolo, width: 640, height: 480, fit: letterbox, channels: rgb, scale: 255}"


def own(tmp_path: Path, sidecar: str) -> str:
    (tmp_path / "mine.onnx").write_bytes(BYTES)
    (tmp_path / "mine.onnx.yaml").write_text(sidecar)
    return str(tmp_path / "mine.onnx")


def test_a_path_is_described_by_the_file_beside_it(tmp_path):
    found = resolve(own(tmp_path, SIDECAR), {})
    assert (found.entry.name, found.entry.family, found.entry.width, found.entry.height) == ("mine", "yolo", 640, 480)
    assert found.sha256 == ENTRY.sha256


@pytest.mark.parametrize(
    ("sidecar", "said"),
    [
        (SIDECAR.replace("yolo", "yollo"), "family: Input should be 'yolox', 'detr' or 'yolo'"),
        (SIDECAR.replace("width: 640, ", ""), "width: Field required"),
        (SIDECAR.replace("scale", "scael"), "scael: Unexpected keyword argument"),
        (SIDECAR.replace("}", f", sha256: {'a' * 64}}}"), "its sha256 is"),
        ("- a list", "must be a mapping"),
        ("{", "is not YAML"),
    ],
)
def test_a_mistake_in_the_description_is_told_with_file_and_key(tmp_path, sidecar, said):
    with pytest.raises(ModelError, match=r"mine\.onnx\.yaml") as told:
        resolve(own(tmp_path, sidecar), {})
    assert said in str(told.value)


def test_a_path_to_nothing_is_said():
    with pytest.raises(ModelError, match=r"no/such\.onnx is not a file"):
        resolve("no/such.onnx", {})


def test_an_entry_of_the_catalogue_must_have_file_and_sha256():
    with pytest.raises(ModelError, match=r"here: mine: .* must have file and sha256"):
        read_catalogue("models: {mine: " + SIDECAR + "}", "here")


@pytest.mark.parametrize(
    ("output", "family"),
    [
        ([1, 3549, 85], "yolox"),
        ([1, 84, 3549], "yolo"),
        (["n", 5, 3549], "yolo"),
        ([1, 300, 6], "yolo"),
        ([1, 1000], None),
        (["n", "m", "k"], None),
        ([1, 10647, 85], None),
    ],
)
def test_the_family_is_told_by_the_shape_of_the_output(output, family):
    entry = recognise({"images": [1, 3, 416, 416]}, {"out": output})
    assert (entry and entry.family) == family


def test_a_graph_of_open_size_cannot_be_guessed():
    assert recognise({"images": [1, 3, "height", "width"]}, {"out": [1, 300, 6]}) is None


# -- fetching ---------------------------------------------------------------------------------------------------------


class Shelf(http.server.BaseHTTPRequestHandler):
    """Serves BYTES at /some.onnx, other bytes at /other.onnx, and half of what it promised at /half.onnx."""

    def do_GET(self) -> None:
        body = {"/some.onnx": BYTES, "/other.onnx": b"something else", "/half.onnx": BYTES}.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write((body or b"")[: len(BYTES) // 2 if self.path == "/half.onnx" else None])

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what the client says."""


@pytest.fixture(scope="module")
def shelf(needs, tmp_path_factory) -> Iterator[str]:
    """The url of a real https server, whose certificate this process trusts while it is up."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    wanted = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    command = [needs("openssl"), *wanted.split(), "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(cert))
        patch.setenv("no_proxy", "localhost")
        yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def at(url: str) -> ModelEntry:
    return dataclasses.replace(ENTRY, url=url)


def test_a_model_is_fetched_checked_and_named(shelf, tmp_path):
    told: list[tuple[int, int]] = []
    path = fetch(at(f"{shelf}/some.onnx"), tmp_path / "new", lambda done, total: told.append((done, total)))
    assert path.read_bytes() == BYTES
    assert [file.name for file in path.parent.iterdir()] == ["some.onnx"]
    assert told[-1] == (len(BYTES), len(BYTES))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("other.onnx", "gave a file with sha256"),
        ("half.onnx", "sha256|cannot be fetched"),
        ("gone.onnx", "answered 404"),
    ],
)
def test_what_is_not_the_model_is_not_kept_and_an_older_file_stays(shelf, tmp_path, path, said):
    (tmp_path / "some.onnx").write_bytes(b"older")
    with pytest.raises(ModelError, match=f"model some: .*({said})"):
        fetch(at(f"{shelf}/{path}"), tmp_path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("some.onnx", b"older")]


def test_without_a_network_the_error_says_where_to_put_the_file(tmp_path):
    with pytest.raises(ModelError, match=r"cannot be fetched.*by hand at .*some\.onnx"):
        fetch(at("https://user:hunter2@localhost:1/some.onnx"), tmp_path)


def test_an_error_does_not_tell_the_password_of_the_url(tmp_path):
    with pytest.raises(ModelError) as told:
        fetch(at("https://user:hunter2@localhost:1/some.onnx"), tmp_path)
    assert "hunter2" not in str(told.value)


def test_a_folder_that_cannot_be_made_is_said(shelf, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match=r"cannot be written .*XDG_CACHE_HOME"):
        fetch(at(f"{shelf}/some.onnx"), tmp_path / "file" / "models")


def test_a_full_disk_is_said(shelf, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (tmp_path / f"some.onnx.{os.getpid()}.part").symlink_to("/dev/full")
    with pytest.raises(ModelError, match="no room left on the disk"):
        fetch(at(f"{shelf}/some.onnx"), tmp_path)


def test_only_https_is_fetched(tmp_path):
    with pytest.raises(ModelError, match="is not https"):
        fetch(at("http://localhost:1/some.onnx"), tmp_path)


def test_a_model_without_a_url_says_where_to_put_its_file(tmp_path):
    without = entries()["deimv2-atto"]
    with pytest.raises(ModelError, match=f"has no url for it. Put {without.file} into .*zonewatch/models"):
        pull(without.name, nowhere(tmp_path))

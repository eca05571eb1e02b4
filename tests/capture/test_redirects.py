"""Where an RTSP camera may lead."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, TypeAlias

import pytest

from pipeline.capture.redirects import Redirects
from pipeline.errors import SourceError, SourceFault
from pipeline.simulate.auth import Login
from pipeline.simulate.server import RtspServer
from tests.capture.conftest import PASSWORD, camera, opened

Answer: TypeAlias = Callable[[str, str], str]
"""To a method, and to the whole of what was said."""
CAN = "RTSP/1.0 200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
LOGIN = 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="there"'


class Talker:
    """Answers RTSP requests as told, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.slowly = False
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, host: str = "127.0.0.1", login: str = "") -> str:
        return f"rtsp://{login}{host}:{self.port}/video"

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=(self._listener.accept()[0],), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while said := connection.recv(4096).decode():
                self.asked.append(said)
                number = next(line for line in said.splitlines() if line.lower().startswith("cseq:"))
                answer = f"{self._answer(said.split()[0], said)}\r\n{number}\r\n\r\n".encode()
                for part in [answer[at : at + 1] for at in range(len(answer))] if self.slowly else [answer]:
                    connection.sendall(part)
                    time.sleep(0.3 if self.slowly else 0)


@contextmanager
def talker(answer: Answer) -> Iterator[Talker]:
    one = Talker(answer)
    try:
        yield one
    finally:
        one.close()


def leading(target: str, at: str = "DESCRIBE") -> Answer:
    """The answers of a camera that leads to `target` when asked to do `at`."""
    return lambda method, *_: f"RTSP/1.0 302 Found\r\nLocation: {target}" if method == at else CAN


def refusal(url: str, **keys: object) -> SourceError:
    with pytest.raises(SourceError) as told, opened(url, connect_s=1, **keys) as stream:
        list(islice(stream, 1))
    assert "s3cret" not in str(told.value)
    return told.value


@pytest.mark.parametrize("at", ["OPTIONS", "DESCRIBE"])
def test_a_camera_leads_to_no_other_host(at: str):
    with talker(lambda *_: LOGIN) as other, talker(leading(other.url("localhost"), at)) as here:
        told = refusal(here.url(login="cam:s3cret@"))
        again = refusal(here.url(login="cam:s3cret@"))
        assert not other.asked
    assert told.fault is again.fault is SourceFault.CONFIG
    assert "leads to another host, rtsp://localhost. If that is right, allow it: `hosts: [localhost]`" in str(told)


@pytest.mark.parametrize("scheme", ["tcp", "http", "https", "udp", "rtp", "srtp", "tls", "httpproxy", "file", "", "x"])
def test_nor_to_anything_but_a_camera(scheme: str):
    with talker(lambda *_: LOGIN) as other, talker(leading(f"{scheme}://127.0.0.1:{other.port}/video")) as here:
        told = refusal(here.url(login="cam:s3cret@"))
        assert not other.asked
    assert told.fault is SourceFault.CONFIG
    assert "leads " in str(told)


def test_nor_by_urls_that_might_be_read_otherwise():
    with talker(lambda *_: LOGIN) as other:
        for odd in (
            f"rtsp://127.0.0.1@localhost:{other.port}/",
            f"rtsp://127.0.0.1:554@x@localhost:{other.port}/",
            f"rtsp://127.0.0.1:{'9' * 1500}@localhost:{other.port}/",
            f"//localhost:{other.port}/",
            f"rtsp://local\thost:{other.port}/",
            f"rtsp://localhost:{other.port}\\@127.0.0.1:1/",
            f"rtsp://[localhost:{other.port}/",
            "rtsp://",
        ):
            with talker(leading(odd)) as here:
                refusal(here.url(login="cam:s3cret@"))
        assert not other.asked


@pytest.mark.parametrize("hops", [1, 2])
def test_on_its_own_host_it_is_followed_with_the_login(server: RtspServer, hops: int):
    login = server.url("plain", login=True).partition("://")[2].partition("@")[0]
    with talker(leading(server.url("plain"))) as last, talker(leading(last.url())) as first:
        start = last if hops == 1 else first
        stream = opened(start.url(login=f"{login}@"))
        with stream:
            assert len(list(islice(stream, 5))) == 5


def test_a_part_of_a_url_leads_on_its_own_host():
    with talker(lambda method, said: leading("/there")(method, said) if "/video" in said else CAN) as here:
        found = Redirects(camera(here.url(login="cam:s3cret@"))).landing()
    assert found == f"rtsp://cam:s3cret@127.0.0.1:{here.port}/there"


@pytest.mark.parametrize("basic", [False, True])
def test_a_camera_that_leads_only_those_it_knows_is_told_the_password(server: RtspServer, basic: bool):
    door = Login("cam", PASSWORD, basic=basic)

    def answer(method: str, said: str) -> str:
        given = next((line[15:] for line in said.splitlines() if line.startswith("Authorization: ")), "")
        if method == "DESCRIBE" and not door.accepts(method, given):
            return f"RTSP/1.0 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: {door.challenge()}"
        return leading(server.url("plain"))(method, said)

    login = server.url("plain", login=True).partition("://")[2].partition("@")[0]
    with talker(answer) as here, opened(here.url(login=f"{login}@")) as stream:
        assert len(list(islice(stream, 5))) == 5


def test_the_owner_may_allow_another_host_which_is_told_no_password_but_its_own(server: RtspServer):
    with talker(lambda *_: LOGIN) as other, talker(leading(other.url("localhost"))) as here:
        assert refusal(here.url(login="cam:s3cret@"), hosts=["localhost"]).fault is SourceFault.AUTH
        assert other.asked
        assert not [said for said in other.asked if "Authorization" in said]
    target = server.url("plain", login=True).replace("127.0.0.1", "localhost")
    with talker(leading(target)) as here, opened(here.url(), hosts=["localhost"]) as stream:
        assert len(list(islice(stream, 5))) == 5


def test_a_circle_ends():
    with talker(lambda *said: leading(round_.url())(*said)) as round_:
        told = refusal(round_.url())
    assert told.fault is SourceFault.CONFIG
    assert "a redirect, and that leads to no video" in str(told)


def test_who_answers_byte_by_byte_is_not_waited_for():
    """Nor who answers nonsense."""
    with talker(leading("rtsp://localhost/")) as here:
        redirects = Redirects(camera(here.url(), connect_s=1))
        here.slowly = True
        began = time.monotonic()
        assert redirects.landing() is None
        assert time.monotonic() - began < 3
    with talker(lambda *_: "nonsense") as here:
        assert Redirects(camera(here.url())).landing() is None


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    # RFC 7616, 3.9.1, without what changes from answer to answer: made anew by hashlib below.
    [("MD5", hashlib.md5), ("SHA-256", hashlib.sha256), ("sha", hashlib.sha1)],
)
def test_logins_of_every_known_kind_in_any_letters(algorithm: str, digest: Callable[[bytes], Any]):
    def h(text: str) -> str:
        return digest(text.encode()).hexdigest()

    def answer(method: str, said: str) -> str:
        response = h(f"{h('cäm:Tür:s3cret ß')}:n0nce:{h(f'{method}:{here.url()}')}")
        if method == "DESCRIBE" and f'response="{response}"' not in said:
            offers = (
                'Digest realm="x", nonce="y", algorithm="NEWER"',
                f'Digest realm="Tür", nonce="n0nce", algorithm="{algorithm}"',
            )
            return "RTSP/1.0 401 Unauthorized\r\n" + "\r\n".join(f"WWW-Authenticate: {one}" for one in offers)
        return leading("rtsp://127.0.0.1:9/there")(method, said)

    with talker(answer) as here:
        found = Redirects(camera(here.url(login="c%C3%A4m:s3cret%20%C3%9F@"))).landing()
    assert found == "rtsp://c%C3%A4m:s3cret%20%C3%9F@127.0.0.1:9/there"

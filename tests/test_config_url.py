"""Urls: what kind, what they show, what they refuse; and secrets filled into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import Url
from tests.config_files import camera, config, told

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rtsp://h/s", "rtsp"),
        ("RTSPS://h:322/s", "rtsp"),
        ("https://h/video.mjpg", "http"),
        ("udp://0.0.0.0:5000", "udp"),
        ("udp://@239.0.0.1:5000", "udp"),
        ("/dev/video0", "v4l2"),
        ("v4l2:/dev/video1", "v4l2"),
        ("clips/a.mp4", "file"),
        ("clips/10:30.mp4", "file"),
        ("clips/", "folder"),
        ("redis://h/0", "redis"),
        ("unix:///run/redis.sock", "redis"),
    ],
)
def test_the_kind_of_a_source_is_read_from_its_url(text: str, kind: str):
    assert Url(text).kind == kind


@pytest.mark.parametrize("text", ["RTSP://h/Live", "Http://h/A.mjpg", "REDISS://h/0"])
def test_what_is_opened_has_its_scheme_in_lower_case_and_the_rest_as_it_was_written(text: str):
    scheme, rest = text.split(":", 1)
    assert Url(text).reveal() == f"{scheme.lower()}:{rest}"
    assert str(Url(text)) == Url(text).reveal()


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("rtsp://Gate.School.Example./Live", "rtsp://gate.school.example/Live"),
        ("rtsp://Ann:B.@GATE.:0554/Live.", "rtsp://Ann:B.@gate:554/Live."),
        ("http://gate.:/a", "http://gate/a"),
        ("http://Gate.?a=B", "http://gate?a=B"),
        ("rtsp://[FE80::1]:554/s", "rtsp://[fe80::1]:554/s"),
        ("rtsp://[FE80::1]/s", "rtsp://[fe80::1]/s"),
        ("redis://:P.@Store.:6379/0", "redis://:P.@store:6379/0"),
        ("udp://@239.0.0.1:05000", "udp://@239.0.0.1:5000"),
        ("unix:///Run/redis.sock.", "unix:///Run/redis.sock."),
    ],
)
def test_a_host_is_written_in_one_way_and_what_was_checked_is_what_is_opened(text: str, opened: str):
    assert Url(text).reveal() == opened
    assert Url(text) == Url(opened)


def test_a_playlist_has_longer_for_its_next_picture_than_other_cameras(tmp_path: Path):
    playlist, plain = (
        config(camera(tmp_path, "", f"http://h/{name}?token=1")).cameras["gate"] for name in ("Live.M3U8", "video")
    )
    assert (playlist.url.playlist, plain.url.playlist) == (True, False)
    assert (playlist.silence_s, plain.silence_s) == (30.0, 10.0)


def test_a_stream_of_datagrams_has_a_port_and_a_group_no_user():
    assert str(Url("udp://@239.0.0.1:5000")) == "udp://@239.0.0.1:5000"
    with pytest.raises(ValueError, match="has no port"):
        Url("udp://239.0.0.1")


@pytest.mark.parametrize("text", ["foo://x", "foo_bar://x", "FOO://x/y", "rtsp2://h/s", "über://x"])
def test_what_looks_like_a_scheme_is_no_name_of_a_file(text: str):
    with pytest.raises(ValueError, match=f"has the unknown scheme `{text.split(':')[0].lower()}`"):
        Url(text)


def test_an_existing_folder_is_one_without_a_slash_too(tmp_path: Path):
    (tmp_path / "gate").mkdir()
    assert Url("gate", tmp_path).kind == "folder"


def test_a_device_is_opened_by_its_path():
    assert Url("v4l2:/dev/video1").reveal() == "/dev/video1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"rtsp://ann:{SECRET}@h:554/s", "rtsp://***@h:554/s"),
        (f"rtsp://{SECRET}@h/s", "rtsp://***@h/s"),
        (f"http://h/v?user=ann&token={SECRET}", "http://h/v?user=***&token=***"),
        (f"http://h/v?{SECRET}", "http://h/v?***"),
        (f"http://h/v#{SECRET}", "http://h/v#***"),
        (f"redis://:{SECRET}@[::1]:6379/0", "redis://***@[::1]:6379/0"),
        (f"unix://:{SECRET}@/run/redis.sock?db=0", "unix://***@/run/redis.sock?db=***"),
    ],
)
def test_only_reveal_shows_a_secret(text: str, shown: str):
    url = Url(text)
    assert str(url) == shown
    assert repr(url) == f"Url('{shown}')"
    assert url.reveal() == text


def test_urls_are_equal_by_their_whole_text():
    assert Url("rtsp://a:b@h/s") == Url("rtsp://a:b@h/s")
    assert Url("rtsp://a:b@h/s") != Url("rtsp://a:c@h/s")
    assert len({Url("rtsp://h/s"), Url("rtsp://h/s")}) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"rtps://ann:{SECRET}@h/s", "Did you mean rtsp"),
        (f"ann:{SECRET}@h/s", "no scheme"),
        (f"10.0.0.3:554/{SECRET}", "no scheme"),
        (f"rtsp:ann:{SECRET}@h", "no //"),
        (f"rtsp://ann:1/{SECRET}@h/s", "Percent-encode"),
        (f"rtsp://ann:{SECRET}/x@h/s", "Percent-encode"),
        (f"rtsp://ann:{SECRET}#x@h/s", "Percent-encode"),
        (f"rtsp://ann:{SECRET}[@h/s", "Percent-encode"),
        (f"rtsp://ann:{SECRET} x@h/s", "Percent-encode"),
        (f"rtsp://ann:{SECRET}\u2100@h/s", "Percent-encode"),
        (f"rtsp://ann:{SECRET}@/s", "no host"),
        (f"rtsp://ann:{SECRET}@h:0/s", "wrong port"),
        (f"rtsp://ann:{SECRET}@h../s", "no host"),
        (f"rtsp://ann:{SECRET}@./s", "no host"),
        (f"file:///{SECRET}.mp4", "one slash"),
        ("", "empty"),
    ],
)
def test_a_bad_url_is_refused_with_advice_and_without_its_secret(tmp_path: Path, text: str, says: str):
    problems = told(camera(tmp_path, "", url=text))
    assert [(problem.line, problem.key) for problem in problems] == [(4, "cameras.gate.url")]
    assert says in str(problems[0])
    assert SECRET not in str(problems[0])


@pytest.mark.parametrize(
    ("url", "becomes"),
    [
        ("rtsp://${U}:${P}@h/s", "rtsp://an%20n:p%40%3A%2F%3F%23%25@h/s"),
        ("rtsp://ann:x${P}y@h/s", "rtsp://ann:xp%40%3A%2F%3F%23%25y@h/s"),
        ("http://h/v?token=${P}", "http://h/v?token=p%40%3A%2F%3F%23%25"),
        ("rtsp://${H}/s", "rtsp://10.0.0.1:554/s"),
        ("rtsp://ann:b@${H}/${PATH_}", "rtsp://ann:b@10.0.0.1:554/a/b"),
        ("${WHOLE}", "rtsp://ann:b%40@h/s"),
        ("rtsp://h/$${H}", "rtsp://h/${H}"),
    ],
)
def test_a_secret_is_encoded_where_it_would_break_the_url(tmp_path: Path, url: str, becomes: str):
    env = {"U": "an n", "P": "p@:/?#%", "H": "10.0.0.1:554", "PATH_": "a/b", "WHOLE": "rtsp://ann:b%40@h/s"}
    assert config(camera(tmp_path, "", url=url), env).cameras["gate"].url.reveal() == becomes


def test_secrets_come_from_files_whole_or_in_part(tmp_path: Path):
    (tmp_path / "url").write_text("rtsp://ann:b@h/s\n")
    (tmp_path / "password").write_text("a/b\n")
    whole = config(camera(tmp_path, "", url=f"file:{tmp_path}/url"))
    part = config(camera(tmp_path, "", url=f"rtsp://ann:${{file:{tmp_path}/password}}@h/s"))
    assert whole.cameras["gate"].url.reveal() == "rtsp://ann:b@h/s"
    assert part.cameras["gate"].url.reveal() == "rtsp://ann:a%2Fb@h/s"


def test_a_reference_works_in_every_text_and_number(tmp_path: Path):
    made = config(camera(tmp_path, "analyse_fps: ${FPS}\nzones:\n  ${Z}: {polygon: [[0,0],[1,0],[1,1]]}"), {"FPS": "7"})
    assert made.cameras == {}  # a key is no value: `${Z}` is no name
    assert config(camera(tmp_path, "analyse_fps: ${FPS}"), {"FPS": "7"}).cameras["gate"].analyse_fps == 7


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("rtsp://${NOPE}:${EMPTY}@h/s", ["${NOPE}", "${EMPTY}"]),
        ("file:/no/such/secret", ["/no/such/secret: No such file"]),
        ("rtsp://a:${file:/no/such/secret}@h/s", ["/no/such/secret: No such file"]),
        ("rtsp://a:${file:relative}@h/s", ["names nothing"]),
        ("rtsp://a:${}@h/s", ["names nothing"]),
    ],
)
def test_a_missing_secret_is_named(tmp_path: Path, url: str, says: list[str]):
    problems = told(camera(tmp_path, "", url=url), {"EMPTY": ""})
    assert len(problems) == len(says)
    assert all(text in str(problem) for text, problem in zip(says, problems, strict=True))
    assert all(problem.line == 4 for problem in problems)


def test_a_video_given_as_a_secret_is_explained(tmp_path: Path):
    (tmp_path / "clip.mp4").write_bytes(bytes(range(256)))
    (problem,) = told(camera(tmp_path, "", url=f"file:{tmp_path}/clip.mp4"))
    assert "without file: in front" in problem.hint


def test_a_secret_that_makes_a_bad_number_is_not_shown(tmp_path: Path):
    (problem,) = told(camera(tmp_path, "analyse_fps: ${P}"), {"P": SECRET})
    assert SECRET not in str(problem)
    assert "must be a number, not `${P}`" in problem.message

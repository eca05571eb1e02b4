"""Every mistake is found at once, with its line and the path of its key, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config_files import camera, config, told, write

MANY = """\
site:
  id: North Campus
  timezone: Europe/Lodnon
alerts:
  keep_days: abc
  redis: {url: "http://10.0.0.1/0"}
detector:
  min_score: 0.4
  min_score: 0.6
cameras:
  front-gate:
    url: rtps://ann:hunter2@10.0.0.11/sub
    transprot: tcp
    analyse_fps: 500
    zones:
      gate: {polygon: [[0.42, 0.60], [0.80, 0.60], [1.80, 0.93], [0.42, 0.93]]}
      bow:
        polygon: [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]
      tiny: {polygon: [[0.1, 0.1], [0.11, 0.1], [0.11, 0.11]]}
    lines:
      door: {points: [[0.7, 0.3], [0.7, 0.3]]}
    rules:
      wrong-zone: {zone: gaet, trigger: enter}
      no-seconds: {zone: gate, trigger: dwell}
      wrong-word:
        line: door
        trigger: corss
        severity: ${SEVERITY}
  back-gate:
    url: rtsp://${NOPE}@10.0.0.12/sub
"""
IN_MANY = [
    (2, "site.id", "must be a name"),
    (3, "site.timezone", "Did you mean `Europe/London`?"),
    (5, "alerts.keep_days", "must be a number, not `abc`"),
    (6, "alerts.redis.url", "redis://host:6379/0"),
    (9, "detector.min_score", "given twice, first on line 8"),
    (12, "cameras.front-gate.url", "unknown scheme `rtps`"),
    (13, "cameras.front-gate.transprot", "Did you mean `transport`?"),
    (14, "cameras.front-gate.analyse_fps", "must be at most 60, not `500`"),
    (16, "cameras.front-gate.zones.gate.polygon[2]", "off the picture"),
    (18, "cameras.front-gate.zones.bow.polygon", "crosses itself"),
    (19, "cameras.front-gate.zones.tiny.polygon", "too small"),
    (21, "cameras.front-gate.lines.door.points", "no length"),
    (23, "cameras.front-gate.rules.wrong-zone.zone", "Did you mean `gate`? The zones of this camera: gate, bow, tiny"),
    (24, "cameras.front-gate.rules.no-seconds.seconds", "is required"),
    (27, "cameras.front-gate.rules.wrong-word.trigger", "Did you mean `cross`?"),
    (28, "cameras.front-gate.rules.wrong-word.severity", "${SEVERITY}, which is not set"),
    (30, "cameras.back-gate.url", "${NOPE}, which is not set"),
]


def test_many_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path):
    path = write(tmp_path, MANY)
    problems = told(path)
    assert [(problem.line, problem.key) for problem in problems] == [(line, key) for line, key, _ in IN_MANY]
    for problem, (line, key, says) in zip(problems, IN_MANY, strict=True):
        assert says in str(problem)
        assert str(problem).startswith(f"{path}:{line}: {key}: ")
        assert problem.camera == (key.split(".")[1] if key.startswith("cameras.") else None)
        assert "hunter2" not in str(problem)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b"", 1, "the file is empty"),
        (b"# nothing\n", 1, "the file is empty"),
        (b"site:\n\tid: a\n", 2, "blanks, not tabs"),
        (b"site: {id: a}\nname: caf\xe9\n", 2, "not UTF-8"),
        (b"- site\n- cameras\n", 1, "must be a map"),
        (b"site: {id: a\ncameras: {}\n", 2, "is not YAML"),
        (b"site: {id: a}\n---\nsite: {id: b}\n", 2, "is not YAML"),
        (b"site: {id: a}\ncameras: {c: {url: *gate}}\n", 2, "undefined alias"),
        (b"site: {id: a}\nname: a\x00b\n", 2, "#x0000"),
        (b"[" * 3000, 1, "nested too deeply"),
    ],
    ids=["empty", "comments", "tab", "not utf-8", "list", "unclosed", "two documents", "alias", "control", "deep"],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, text: bytes, line: int, says: str):
    path = tmp_path / "streams.yaml"
    path.write_bytes(text)
    (problem,) = told(path)
    assert (problem.line, problem.key) == (line, "(file)")
    assert says in str(problem)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    (problem,) = told(tmp_path / "none.yaml")
    assert str(problem) == f"{tmp_path}/none.yaml:1: (file): cannot be read: No such file or directory. Check the path."


def test_a_folder_is_no_file(tmp_path: Path):
    assert "Is a directory" in str(told(tmp_path)[0])


def test_a_broken_line_is_not_quoted(tmp_path: Path):
    path = write(tmp_path, 'site: {id: a}\ncameras:\n  c:\n    url: "rtsp://ann:hunter2@h/s\n')
    assert "hunter2" not in str(told(path)[0])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("site: {id: a}\nsite: {id: b}\ncameras: {c: {url: x.mp4}}\n", [(2, "site")]),
        ("site: {id: a}\ncameras:\n  c: {url: x.mp4}\n  d: {url: x.mp4}\n  c: {url: y.mp4}\n", [(5, "cameras.c")]),
        ("site: {id: a}\ncameras:\n  c:\n    url: x.mp4\n    'url': x.mp4\n", [(5, "cameras.c.url")]),
    ],
    ids=["section", "camera", "quoted"],
)
def test_a_key_given_twice_is_told_with_both_lines(tmp_path: Path, text: str, keys: list[tuple[int, str]]):
    problems = told(write(tmp_path, text))
    assert [(problem.line, problem.key) for problem in problems] == keys
    assert "first on line" in problems[0].message


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("!secret x", "has the tag !secret"),
        ("{? [a, b] : c}", "has a key that is no text"),
        ("&me {zones: *me}", "contains itself"),
        ("{<<: [1]}", "merges something that is no map"),
    ],
)
def test_yaml_that_means_nothing_here_is_refused(tmp_path: Path, value: str, says: str):
    problems = told(camera(tmp_path, f"zones: {value}"))
    assert any(says in problem.message and problem.line == 5 for problem in problems)


ZONE = "zones: {z: {polygon: [[0, 0], [1, 0], [1, 1]]}}\nlines: {l: {points: [[0, 0], [1, 1]]}}\n"


@pytest.mark.parametrize(
    ("lines", "key", "says"),
    [
        ("analyse_fps: true", "analyse_fps", "must be a number"),
        ("analyse_fps: .nan", "analyse_fps", "must be a number"),
        ("analyse_fps: nan", "analyse_fps", "must be a finite number"),
        ("analyse_fps: 0.1", "analyse_fps", "at least 0.2"),
        ("stall_s: [1]", "stall_s", "must be a number"),
        ("enabled: maybe", "enabled", "true or false"),
        ("transport: tpc", "transport", "Did you mean `tcp`?"),
        ("loop: true", "loop", "for files and folders"),
        ("kind: hls", "kind", "is for http:// and https:// urls"),
        ("max_pixels: 100", "max_pixels", "at least 10000"),
        ("max_pixels: 1.5", "max_pixels", "must be a whole number"),
        ("name: other", "name", "is not `gate`"),
        ("zones: [a]", "zones", "must be a map"),
        ("zones: {Big Zone: {polygon: [[0, 0], [1, 0], [1, 1]]}}", "zones.Big Zone", "must be a name"),
        ("zones: {z: }", "zones.z", "must be a map"),
        ("zones: {z: {}}", "zones.z.polygon", "is required"),
        ("zones: {z: {polygon: 3}}", "zones.z.polygon", "must be a list"),
        ("zones: {z: {polygon: [[0, 0], [1, 1]]}}", "zones.z.polygon", "has 2 points"),
        ("zones: {z: {polygon: [[0, 0], [1, 0], [1, x]]}}", "zones.z.polygon[2]", "two numbers"),
        ("zones: {z: {polygon: [[0, 0], [1, 0], [1, nan]]}}", "zones.z.polygon[2]", "off the picture"),
        ("zones: {z: {polygon: [[0, 0], [1, 0], 1]}}", "zones.z.polygon[2]", "must be a point"),
        ("zones: {z: {polygon: [[0, 0], [1, 0], [1, 1], [0, 0]]}}", "zones.z.polygon", "[0] and [3] are the same"),
        ("zones: {z: {polygon: [[0, 0], [1, 0], [0.5, 0], [0.5, 1]]}}", "zones.z.polygon", "crosses itself"),
        ("zones: {z: {polygon: [[0, 0], [1, 0], [1, 1], [0.5, 0]]}}", "zones.z.polygon", "crosses itself"),
        ("lines: {l: {points: [[0, 0]]}}", "lines.l.points", "has 1 points"),
        (
            "lines: {l: {points: [[0, 0], [0, 1], [1, 1], [1, 0], [0.5, 0.5], [0, 0]]}}",
            "lines.l.points",
            "crosses itself",
        ),
    ],
)
def test_a_wrong_value_is_told_at_its_key(tmp_path: Path, lines: str, key: str, says: str):
    (problem,) = told(camera(tmp_path, lines))
    assert (problem.line, problem.key) == (5, f"cameras.gate.{key}")
    assert says in str(problem)


def test_only_what_can_lead_elsewhere_has_other_hosts(tmp_path: Path):
    (problem,) = told(camera(tmp_path, "hosts: [cdn.example]", "udp://0.0.0.0:5000"))
    assert (problem.line, problem.key) == (5, "cameras.gate.hosts")
    assert "is for http:// and rtsp:// urls" in str(problem)
    assert not told(camera(tmp_path, "hosts: [cdn.example]", "rtsps://h/s"))


@pytest.mark.parametrize("host", ["http://cdn.example", "cdn.example/x", "cdn.example:80", "-", "ann@cdn"])
def test_a_host_is_a_name_or_an_address_and_nothing_else(tmp_path: Path, host: str):
    (problem,) = told(camera(tmp_path, f'hosts: [cdn.example, "::1", "{host}"]', "http://h/live"))
    assert problem.key == "cameras.gate.hosts[2]"
    assert "is no host" in str(problem)


@pytest.mark.parametrize(
    ("rule", "key", "says"),
    [
        ("{trigger: enter}", "zone", "is required"),
        ("{trigger: cross}", "line", "is required"),
        ("{zone: z}", "trigger", "is required"),
        ("{trigger: enter, zone: z, line: l}", "line", "does nothing"),
        ("{trigger: cross, zone: z, line: l}", "zone", "does nothing"),
        ("{trigger: enter, zone: y}", "zone", "no zone `y`"),
        ("{trigger: cross, line: m}", "line", "The lines of this camera: l"),
        ("{trigger: dwell, zone: z}", "seconds", "is required"),
        ("{trigger: dwell, zone: z, seconds: 0}", "seconds", "at least 0.1"),
        ("{trigger: exit, zone: z, seconds: 5}", "seconds", "does nothing"),
        ("{trigger: appear, zone: z, by: border}", "by", "does nothing"),
        ("{trigger: disappear}", "zone", "is required"),
        ("{trigger: exit, zone: z, direction: left_to_right}", "direction", "does nothing"),
        ("{trigger: cross, line: l, direction: left}", "direction", "must be one of"),
        ("{trigger: enter, zone: z, severity: hgih}", "severity", "Did you mean `high`?"),
        ("{trigger: enter, zone: [z]}", "zone", "must be a text"),
    ],
)
def test_a_rule_that_cannot_work_is_told(tmp_path: Path, rule: str, key: str, says: str):
    (problem,) = told(camera(tmp_path, f"{ZONE}rules: {{r: {rule}}}"))
    assert (problem.line, problem.key) == (7, f"cameras.gate.rules.r.{key}")
    assert says in str(problem)


@pytest.mark.parametrize(
    ("trigger", "fps", "needed"), [("cross", 0.9, 1), ("enter", 0.4, 0.5), ("exit", 0.4, 0.5), ("inside", 0.2, 0.5)]
)
def test_what_happens_between_two_pictures_is_not_asked_for(tmp_path: Path, trigger: str, fps: float, needed: float):
    where = "line: l" if trigger == "cross" else "zone: z"
    lines = f"{ZONE}rules: {{r: {{trigger: {trigger}, {where}}}}}\nanalyse_fps: %s"
    (problem,) = told(camera(tmp_path, lines % fps))
    assert problem.key == "cameras.gate.rules.r.trigger"
    assert f"`{trigger}` needs {needed:g} analysed pictures a second at least, not {fps:g}" in str(problem)
    assert not told(camera(tmp_path, lines % needed))


def test_a_dwell_has_a_picture_at_least(tmp_path: Path):
    lines = f"{ZONE}rules: {{r: {{trigger: dwell, zone: z, seconds: %s}}}}\nanalyse_fps: 0.5"
    (problem,) = told(camera(tmp_path, lines % 1.9))
    assert problem.key == "cameras.gate.rules.r.seconds"
    assert "wait 2 s" in str(problem)
    assert not told(camera(tmp_path, lines % 2))


@pytest.mark.parametrize(
    ("points", "direction", "instead"),
    [
        ("[[0.1, 0.5], [0.9, 0.5]]", "left_to_right", "top_to_bottom"),
        ("[[0.1, 0.5], [0.9, 0.5]]", "right_to_left", "bottom_to_top"),
        ("[[0.5, 0.1], [0.5, 0.9]]", "top_to_bottom", "left_to_right"),
        ("[[0.5, 0.1], [0.5, 0.9]]", "bottom_to_top", "right_to_left"),
    ],
)
def test_nobody_crosses_a_line_along_itself(tmp_path: Path, points: str, direction: str, instead: str):
    rules = f"lines: {{l: {{points: {points}}}}}\nrules: {{r: {{line: l, trigger: cross, direction: %s}}}}"
    (problem,) = told(camera(tmp_path, rules % direction))
    assert (problem.line, problem.key) == (6, "cameras.gate.rules.r.direction")
    assert instead in problem.hint
    assert not told(camera(tmp_path, rules % instead))
    assert not told(camera(tmp_path, rules % "any"))


@pytest.mark.parametrize(
    "points",
    [
        "[[0, 0], [1, 0], [1, 1], [0, 1]]",
        "[[0, 1], [1, 1], [1, 0], [0, 0]]",
        "[[0, 0], [0.5, 0], [1, 0], [1, 1]]",
        "[[0, 0], [1, 0], [1, 1], [0.5, 0.1], [0, 1]]",
        "[['0.0', '0'], [1.0, 0], [1, 1]]",
    ],
    ids=["square", "other way round", "point on an edge", "concave", "texts"],
)
def test_good_shapes_pass(tmp_path: Path, points: str):
    assert "z" in config(camera(tmp_path, f"zones: {{z: {{polygon: {points}}}}}")).cameras["gate"].zones


def test_a_mistake_in_a_merged_key_is_told_where_it_was_written(tmp_path: Path):
    text = "site: {id: a}\ncameras:\n  one: &c\n    url: a.mp4\n    stall_s: x\n  two:\n    <<: *c\n    url: b.mp4\n"
    problems = told(write(tmp_path, text))
    assert [(problem.line, problem.key) for problem in problems] == [
        (5, "cameras.one.stall_s"),
        (5, "cameras.two.stall_s"),
    ]


def test_an_unknown_section_is_told_with_those_there_are(tmp_path: Path):
    (problem,) = told(write(tmp_path, "site: {id: a}\ncamera: {}\ncameras: {c: {url: a.mp4}}\n"))
    assert (problem.line, problem.key, problem.camera) == (2, "camera", None)
    assert "Did you mean `cameras`?" in problem.hint
    assert "site, alerts, ledger, detector, workers, modes, calendars, cameras" in problem.hint

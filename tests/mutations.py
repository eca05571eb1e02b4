"""Small mistakes, made on purpose one after the other: do the tests of the room notice? Run by CI, about six minutes.

    python -m tests.mutations [--jobs 2] [--only TEXT]

Each is made in a copy of the clone, where the tests that ought to notice are run until the first that fails. It is one
that the tests of this project once let live, or of the kind: a limit, a comparison, a step left out. Ends with 1 where
fewer than `FLOOR` of them are noticed, and when one no longer fits the code: then write it anew.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FLOOR = 0.9
LIMIT_S = 60.0
COPIED = ("pipeline", "tests", "models", "benchmarks", "docs", "pyproject.toml", "streams.yaml")


class Mutation(NamedTuple):
    """In `file`, `before` becomes `after`; one of `tests` should fail."""

    file: str
    before: str
    after: str
    tests: str


MUTATIONS = [
    # capture
    Mutation("capture/rest.py", "_CALLED_S = 10.0", "_CALLED_S = 0.0", "capture/test_sparing.py"),
    Mutation("capture/timeline.py", "SETTLING_ERROR_S = 0.5", "SETTLING_ERROR_S = 0.0", "capture/test_timeline.py"),
    Mutation("capture/timeline.py", "JUMP_S = 0.5", "JUMP_S = 5.0", "capture/test_timeline.py"),
    Mutation("capture/timeline.py", "if step <= 0:", "if step < 0:", "capture/test_timeline.py"),
    Mutation(
        "capture/timeline.py",
        "self._offset = min(self._offset",
        "self._offset = max(self._offset",
        "capture/test_timeline.py",
    ),
    Mutation(
        "capture/timeline.py", "step *= self._pace.rate", "step *= 1.0", "capture/test_pace.py capture/test_timeline.py"
    ),
    Mutation("capture/pace.py", "if abs(self.rate - 1 - slope) <= noise:", "if True:", "capture/test_pace.py"),
    Mutation("capture/sampler.py", "_EARLY = 0.1", "_EARLY = 0.9", "capture/test_sampler.py"),
    Mutation(
        "capture/sampler.py",
        "period = self._period * self.stretch",
        "period = self._period",
        "capture/test_sampler.py capture/test_load.py",
    ),
    Mutation("capture/mailbox.py", "self.dropped += 1", "pass", "capture/test_mailbox.py"),
    Mutation("capture/mailbox.py", "if self.lossless and not", "if False and not", "capture/test_mailbox.py"),
    Mutation("capture/load.py", "_PATIENCE_S = 2.0", "_PATIENCE_S = 200.0", "capture/test_load.py"),
    Mutation("capture/load.py", "self.stretch / _FASTER, 1.0", "self.stretch, 1.0", "capture/test_load.py"),
    Mutation("capture/tape.py", "AHEAD = ", "AHEAD = 0 * ", "capture/test_tape.py"),
    Mutation("capture/rest.py", "_QUIET = 2", "_QUIET = 0", "capture/test_sparing.py"),
    Mutation("capture/rest.py", "_DISTRUST_S = 3600.0", "_DISTRUST_S = 0.0", "capture/test_sparing.py"),
    Mutation("capture/rest.py", "in_time = groups", "in_time = True or groups", "capture/test_sparing.py"),
    Mutation("capture/sparing.py", "if told:", "if True:", "capture/test_sparing.py"),
    Mutation(
        "capture/sparing.py",
        "if look:\n            groups.begin_at_last_key()",
        "if look:\n            pass",
        "capture/test_sparing.py",
    ),
    Mutation("capture/sparing.py", "yield from self.finish()", "pass", "capture/test_sparing.py"),
    Mutation("capture/decoder.py", "and not picture.is_corrupt", "", "capture/test_sparing.py"),
    Mutation(
        "workers/judge.py",
        "return not self.rules.open_incidents and not len",
        "return not len",
        "processes/test_post.py",
    ),
    Mutation("workers/lane.py", "_CALM_S = 2.0", "_CALM_S = 0.0", "processes/test_post.py"),
    Mutation("capture/gate.py", "_QUIET_BITS = 1.0", "_QUIET_BITS = 1e6", "capture/test_gate.py"),
    Mutation("capture/gate.py", "if tall > self._smallest:", "if False:", "capture/test_gate.py"),
    Mutation("capture/sparing.py", "groups.key_before(_BEFORE_S)", "0", "capture/test_gate.py"),
    Mutation(
        "capture/rest.py", "_SELDOM_S if self.trusts_gate else min(_LOOK_S", "min(_LOOK_S", "capture/test_gate.py"
    ),
    Mutation(
        "capture/turning.py", "if unknown and (picture.key_frame or upright):", "if True:", "capture/test_planes.py"
    ),
    Mutation("capture/backoff.py", "wait * (1 - self._chance() / 2)", "wait", "capture/test_camera.py"),
    Mutation("capture/reach.py", "host_of(url) in self._hosts", "True", "capture/test_web.py"),
    Mutation("capture/container.py", "width * height > camera.max_pixels", "False", "capture/test_web.py"),
    # perceive
    Mutation("perceive/restless.py", "if not thing.near:", "if True:", "perceive/test_restless.py"),
    Mutation(
        "perceive/restless.py",
        "_APART_S, _KNOWN_S = 6, 1.0, 60.0",
        "_APART_S, _KNOWN_S = 6, 0.0, 6e9",
        "perceive/test_restless.py",
    ),
    Mutation("perceive/motion.py", "(self._rain < _RAIN)", "True", "perceive/test_motion.py::test_rain_is_no_motion"),
    Mutation(
        "perceive/motion.py",
        "~fleeting | (self._rain < _RAIN)",
        "~fleeting",
        "perceive/test_motion.py::test_in_rain_what_is_a_cell_thin_counts_when_it_is_seen_again",
    ),
    Mutation(
        "perceive/affinity.py", "_SLICE = 0.75", "_SLICE = 0.99", "perceive/test_affinity.py perceive/test_track.py"
    ),
    Mutation("perceive/affinity.py", "_SAME = 0.6", "_SAME = 0.99", "perceive/test_affinity.py perceive/test_track.py"),
    Mutation(
        "perceive/affinity.py",
        "_SAME_LOOKS = 0.30",
        "_SAME_LOOKS = 3.0",
        "perceive/test_affinity.py perceive/test_track.py",
    ),
    Mutation(
        "perceive/track_settings.py", "confirm_s: float = 0.15", "confirm_s: float = 1.5", "perceive/test_track.py"
    ),
    Mutation("perceive/track_settings.py", "lost_s: float = 2.0", "lost_s: float = 200.0", "perceive/test_track.py"),
    Mutation("perceive/track.py", "self._roll.missed_s[rows] += elapsed", "pass", "perceive/test_track.py"),
    Mutation(
        "perceive/background.py",
        "_PLAINER, _LEAST_BORDER = 0.6, 0.8, 3",
        "_PLAINER, _LEAST_BORDER = 0.6, 0.0, 3",
        "perceive/test_motion.py",
    ),
    Mutation("perceive/background.py", "_TIMES = 0.4, 0.92, 2", "_TIMES = 0.4, 0.0, 2", "perceive/test_motion.py"),
    Mutation(
        "perceive/background.py",
        "_ABSORB_S, _FORGET_S = 15.0, 120.0",
        "_ABSORB_S, _FORGET_S = 1.0, 120.0",
        "perceive/test_motion.py",
    ),
    Mutation(
        "perceive/background_kernels.py",
        "if lasted[r, c] >= absorb_s:",
        "if False:",
        "perceive/test_motion.py",
    ),
    Mutation("perceive/sweep.py", "_OVERLAP = 0.3", "_OVERLAP = 0.0", "perceive/test_sweep.py"),
    Mutation("perceive/sweep.py", "return False\n", "return True\n", "perceive/test_attention.py"),
    Mutation("perceive/sieve.py", ">=", "<", "perceive/test_sieve.py"),
    # rules
    Mutation("rules/calendar.py", "if settings.disarms(rule.tags):", "if False:", "rules/test_modes.py"),
    Mutation("rules/calendar.py", "_ordered(rule, ours):", "_ordered(rule, wall):", "rules/test_modes.py"),
    Mutation(
        "rules/cases.py",
        "self._wall.moment(media).wall, now.ours(media))",
        "self._wall.moment(media).wall, now.ours(now.at.media))",
        "rules/test_modes.py",
    ),
    Mutation("rules/cases.py", "if mode != case.mode:", "if False:", "rules/test_modes.py"),
    Mutation("types.py", "self.before.at(wall) if", "Mode() if", "rules/test_modes.py"),
    Mutation("rules/calendar.py", "if wall is None:", "if False:", "rules/test_calendar.py"),
    Mutation("rules/calendar.py", "in reversed(told.overrides)", "in told.overrides", "rules/test_calendar.py"),
    Mutation(
        "rules/calendar.py",
        "for _, end in self._spans(name, yesterday) if end > DAY",
        "for _, end in ()",
        "rules/test_calendar.py",
    ),
    Mutation("rules/calendar.py", "or not self.school(day):", "or False:", "rules/test_calendar.py"),
    Mutation(
        "rules/cases.py", "and watch.trigger.there_at >= self._minute(now):", "and True:", "rules/test_calendar.py"
    ),
    Mutation("rules/cases.py", "severity=case.severity", "severity=rule.severity", "rules/test_calendar.py"),
    Mutation("rules/cases.py", "at=max(fact.at, self._minute(now))", "at=fact.at", "rules/test_calendar.py"),
    Mutation(
        "rules/area.py",
        "CLEAR_OF_ZONE = 0.05",
        "CLEAR_OF_ZONE = 0.0",
        "rules/test_zone_triggers.py rules/test_peer_bugs.py",
    ),
    Mutation("rules/area.py", "_BLUR = 0.03", "_BLUR = 0.3", "rules/test_zone_triggers.py rules/test_peer_bugs.py"),
    Mutation(
        "rules/visits.py",
        "State.LOST: max(self.release_s, OUT_OF_SIGHT_S)",
        "State.LOST: self.release_s",
        "rules/test_visits.py",
    ),
    Mutation(
        "rules/visits.py",
        "State.LEAVING: {Signal.IN: State.INSIDE, ",
        "State.LEAVING: {",
        "rules/test_zone_triggers.py rules/test_peer_bugs.py",
    ),
    Mutation("rules/visits.py", "seen >= self.confirm_samples and", "seen >= 1 and", "rules/test_shapes.py"),
    Mutation("rules/access.py", "own.used = True", "pass", "rules/test_access.py"),
    Mutation("rules/access.py", "at >= self.began and", "True and", "rules/test_access.py"),
    Mutation("rules/access.py", "_LATE_S, _AHEAD_S = 2.0", "_LATE_S, _AHEAD_S = 0.0", "rules/test_access.py"),
    Mutation("rules/gatherings.py", "crowd.granted(self._granted)", "pass", "rules/test_access.py"),
    Mutation("rules/in_zone.py", "self.visit.samples += times", "pass", "rules/test_quiet.py"),
    Mutation("rules/in_zone.py", "return 2, self.due()", "return 2, math.inf", "rules/test_quiet.py"),
    Mutation("rules/quiet.py", "min(due, news_at)", "due", "rules/test_quiet.py"),
    Mutation("rules/cases.py", "if fact.at < watch.cool_at:", "if False:", "rules/test_filters.py"),
    Mutation("rules/cases.py", "if at - last <= watch.rule.group_s", "if at < last", "rules/test_filters.py"),
    Mutation("workers/relive.py", "(told in self._pictured and revision > 1)", "0", "workers/test_ledger.py"),
    Mutation("processes/ledgers.py", "self._lost += lost + len(waiting)", "pass", "processes/test_ledgers.py"),
    Mutation("rules/cross.py", "_CLEAR_OF_LINE = 0.05", "_CLEAR_OF_LINE = 0.0", "rules/test_cross.py"),
    Mutation(
        "rules/cross.py",
        "self._pending = None if self._pending else crossing",
        "self._pending = crossing",
        "rules/test_cross.py rules/test_peer_bugs.py",
    ),
    Mutation("rules/cross.py", '"a_to_b": crossing.side', '"a_to_b": not crossing.side', "rules/test_shapes.py"),
    Mutation("rules/cross.py", "-abs(side), side)", "abs(side), side)", "rules/test_cross.py"),
    Mutation(
        "rules/incidents.py",
        "_WAITED_FOR_S = 10.0",
        "_WAITED_FOR_S = 0.0",
        "rules/test_cross.py",
    ),
    Mutation("rules/incidents.py", "if person.farthest < rule.displacement:", "if False:", "rules/test_shapes.py"),
    Mutation("rules/cases.py", "case.revision += 1\n", "case.revision += 2\n", "rules/test_incidents.py"),
    Mutation(
        "rules/triggers.py",
        "return self.visit.found",
        "return True",
        "rules/test_zone_triggers.py rules/test_peer_bugs.py",
    ),
    Mutation("rules/triggers.py", "_STEP = 0.3", "_STEP = 30.0", "rules/test_zone_triggers.py rules/test_peer_bugs.py"),
    Mutation("rules/geometry_kernels.py", "odd = not odd", "odd = True", "rules/test_shapes.py"),
    Mutation("rules/several.py", "before[-1].entered >= spell.entered", "False", "rules/test_several.py"),
    Mutation(
        "rules/several.py",
        "goes_on = stay.spells[-1:] if stay.sure else []",
        "goes_on = stay.spells",
        "rules/test_several.py",
    ),
    Mutation("rules/stays.py", "reached = max(reached, end)", "pass", "rules/test_several.py"),
    Mutation("rules/stays.py", "return now if self.sure else", "return now if True else", "rules/test_several.py"),
    Mutation("rules/moving.py", "_BASE_S = 1.0", "_BASE_S = 5.0", "rules/test_moving.py"),
    Mutation("rules/moving.py", "min(_mean(steps), _mean(", "max(_mean(steps), _mean(", "rules/test_peer_bugs.py"),
    Mutation("rules/moving.py", "- _BASE_S + _EPSILON_S", "- _BASE_S", "rules/test_every_trigger.py"),
    Mutation("rules/moving.py", "_STILL if self._open else 1.0", "1.0", "rules/test_moving.py"),
    Mutation("rules/crowd.py", "if beyond is not None:", "if True:", "rules/test_crowd.py"),
    Mutation("rules/crowd.py", "self.since = found", "pass", "rules/test_crowd.py"),
    Mutation("rules/crowd.py", "one.direction == fact.direction and ", "", "rules/test_crowd.py"),
    Mutation("rules/crowd.py", "max(at - window, since)", "at - window", "rules/test_crowd.py"),
    # sinks
    Mutation(
        "sinks/mode_log.py", "WHERE id = ?1)", "WHERE id = '')", "sinks/test_mode_log.py processes/test_control.py"
    ),
    Mutation("processes/control.py", 'or f"{max(0,', 'and f"{max(0,', "processes/test_control.py"),
    Mutation("sinks/outbox.py", 'return mark.id in ("", found)', "return True", "sinks/test_outbox.py"),
    Mutation("sinks/outbox.py", "WHERE at < ? AND +seq <= ?", "WHERE at < ? AND +seq > -?", "sinks/test_outbox.py"),
    Mutation("sinks/journal_file.py", "WHEN NEW.state = 'closed'", "WHEN 0", "sinks/test_outbox.py"),
    Mutation("sinks/journal_file.py", "if moved or", "if", "sinks/test_outbox.py"),
    Mutation("sinks/redis_stream.py", "if mark ~= ARGV[2] then return mark end", "", "sinks/test_redis_stream.py"),
    Mutation("sinks/redis_stream.py", 'if group["name"].startswith(FEEDS):', "if True:", "sinks/test_redis_stream.py"),
    Mutation("sinks/message.py", 'data["revision"] += 1', "pass", "sinks/test_message.py processes/test_teller.py"),
    # replay
    Mutation("capture/reels.py", "_REORDERED_S = 1.0", "_REORDERED_S = 1e6", "capture/test_reels.py"),
    Mutation("workers/stretch.py", "at - WARM_S", "at", "workers/test_stretch.py"),
    Mutation("workers/seam.py", "_SAME_PLACE = 0.5", "_SAME_PLACE = 1.0", "workers/test_seam.py"),
    Mutation("workers/seam.py", "-one[1], one[0]", "one[0]", "workers/test_seam.py"),
    Mutation("workers/seam.py", "if one.at <= self._until:", "if False:", "workers/test_seam.py"),
    Mutation("workers/exhaustive.py", "known.remove(same)", "pass", "workers/test_exhaustive.py"),
    Mutation("workers/exhaustive.py", "self.rule == other.rule and", "", "workers/test_exhaustive.py"),
    # workers
    Mutation("processes/turns.py", "post.due_at(now))", "0.0)", "processes/test_turns.py"),
    Mutation("processes/turns.py", "return waiting[:room]", "return waiting", "processes/test_turns.py"),
    Mutation("processes/post.py", "self._fed_at + _LONGEST_WAIT_S", "1e9", "processes/test_turns.py"),
    Mutation("perceive/sweep.py", "STILL = 4.0", "STILL = 1.0", "perceive/test_attention.py"),
    Mutation("perceive/affinity.py", "same | slices | legs", "same | slices", "perceive/test_affinity.py"),
    Mutation("processes/worker.py", "_STUCK_LIMIT = 3", "_STUCK_LIMIT = 300", "processes/test_worker.py"),
    Mutation("processes/worker.py", "self._teller.close_orphans(camera.name)", "pass", "processes/test_worker.py"),
    Mutation(
        "processes/post.py",
        'reason = "end_of_recording" if self.finished else "camera_lost"',
        "return []",
        "processes/test_post.py",
    ),
    Mutation("processes/post.py", "_HOPELESS = 5", "_HOPELESS = 500", "processes/test_post.py"),
    Mutation(
        "processes/process.py",
        "self._not_before = now + self._pause",
        "self._not_before = now",
        "processes/test_process.py",
    ),
    Mutation(
        "processes/process.py", "_LONGEST_PAUSE_S = 30.0", "_LONGEST_PAUSE_S = 3000.0", "processes/test_process.py"
    ),
    Mutation(
        "processes/supervisor.py",
        "            self._replace_all()\n",
        "            pass\n",
        "processes/test_supervisor.py",
    ),
    Mutation("processes/supervisor.py", "if len(crew) < most:", "if True:", "processes/test_supervisor.py"),
    Mutation("processes/teller.py", "_PATIENCE_S = 5.0", "_PATIENCE_S = 500.0", "processes/test_teller.py"),
    Mutation("processes/waiting.py", "self._read = self._after_first\n", "pass\n", "processes/test_waiting.py"),
    Mutation("processes/retention.py", "> self._alerts.snapshots_gb * 1e9", "> inf", "processes/test_retention.py"),
]


def main() -> None:
    """Make them all, and say which live."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="those with this in their file or text")
    args = parser.parse_args()
    chosen = [one for one in MUTATIONS if args.only in f"{one.file} {one.before}"]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(args.jobs):
            copies.put(_copy(Path(folder) / str(number)))
        with ThreadPoolExecutor(args.jobs) as pool:
            noticed = list(pool.map(lambda one: _noticed(one, copies), chosen))
    living = [one for one, seen in zip(chosen, noticed, strict=True) if not seen]
    for one in living:
        print(f"lives: pipeline/{one.file}: {one.before!r} -> {one.after!r}")
    print(f"{len(chosen) - len(living)} of {len(chosen)} mutations noticed, {time.monotonic() - began:.0f} s")
    if len(living) > (1 - FLOOR) * len(chosen):
        raise SystemExit(1)


def _copy(to: Path) -> Path:
    """With its compiled code, which is found by the time and the size of its source."""
    to.mkdir()
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, to / name)
    return to


def _noticed(one: Mutation, copies: SimpleQueue[Path]) -> bool:
    copy = copies.get()
    file = copy / "pipeline" / one.file
    before, stat = file.read_text("utf-8"), file.stat()
    if before.count(one.before) == 0:
        raise SystemExit(f"tests/mutations.py: {one.before!r} is no longer in pipeline/{one.file}: write it anew")
    try:
        file.write_text(before.replace(one.before, one.after, 1), "utf-8")
        return _fails(copy, one.tests.split())
    finally:
        file.write_text(before, "utf-8")
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        copies.put(copy)


def _fails(copy: Path, tests: list[str]) -> bool:
    """A test that hangs has noticed too; one that cannot be collected has not: the mutation is no program."""
    command = [sys.executable, "-m", "pytest", "-xq", "-p", "no:cacheprovider", *(f"tests/{test}" for test in tests)]
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(command, cwd=copy, env=env, capture_output=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return True
    if ended.returncode not in (0, 1):
        raise SystemExit(f"tests/mutations.py: the tests cannot be run:\n{ended.stdout.decode()[-2000:]}")
    return ended.returncode == 1


if __name__ == "__main__":
    main()

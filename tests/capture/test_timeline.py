from __future__ import annotations

import random
from itertools import pairwise

import pytest

from pipeline.capture.timeline import LATE_S, SLEW, Placed, Timeline

WALL = 1_800_000_000.0  # wall time at monotonic 0
FRAME = 0.1


def play(timeline: Timeline, frames: list[tuple[float | None, float]]) -> list[Placed]:
    """`frames`: PTS and monotonic arrival. Repeats are left out."""
    placed = [timeline.place(pts, WALL + arrival, arrival) for pts, arrival in frames]
    return [one for one in placed if one is not None]


def steady(count: int, pts: float = 0.0, arrival: float = 100.0) -> list[tuple[float | None, float]]:
    return [(pts + n * FRAME, arrival + n * FRAME) for n in range(count)]


def steps(placed: list[Placed]) -> list[float]:
    return [later.media - one.media for one, later in pairwise(placed)]


def test_media_time_starts_at_the_wall_time_of_the_first_frame():
    (first,) = play(Timeline(), [(12345.0, 100.0)])
    assert first.media == first.at == WALL + 100


def test_pts_decides_how_long_things_take_however_frames_arrive():
    jittered = [(n * FRAME, 100 + n * FRAME + (0.3 if n % 3 else 0.0)) for n in range(30)]
    assert steps(play(Timeline(), jittered)) == pytest.approx([FRAME] * 29, abs=1e-6)


@pytest.mark.parametrize("jump", [3600.0, -1800.0, 45_922.0, 5.2 + FRAME])
def test_over_a_jump_of_the_timestamps_the_local_clock_counts(jump: float):
    placed = play(Timeline(), steady(10) + steady(10, pts=1.0 + jump, arrival=101.0))
    assert steps(placed) == pytest.approx([FRAME] * 19, abs=1e-6)
    assert placed[-1].at == pytest.approx(WALL + 101.9, abs=0.01)


@pytest.mark.parametrize("jump", [0.8, 2.0, 4.9])
def test_a_clock_that_is_set_forward_is_no_time_spent_once_a_connection_has_settled(jump: float):
    placed = play(Timeline(), steady(40) + steady(10, pts=4.0 + jump, arrival=104.0))
    assert steps(placed) == pytest.approx([FRAME] * 49, abs=1e-3)


def test_until_a_connection_has_settled_nobody_knows_how_late_its_first_picture_was():
    placed = play(Timeline(), steady(30))
    assert [one.at_error for one in placed[1:20]] == pytest.approx([0.5 + FRAME] * 19, abs=1e-3)
    assert [one.at_error for one in placed[21:]] == pytest.approx([FRAME] * 9, abs=1e-3)


@pytest.mark.parametrize("stray", [1000.0, -1000.0, 6.0])
def test_stray_stamps_of_pictures_that_come_many_at_once_are_no_time_lost(stray: float):
    """As segments of HLS come: two seconds of pictures in some milliseconds, three of them to begin with."""
    frames = [(n * FRAME + stray * (n % 37 == 36), 100 + max(0, n // 20 - 2) * 2 + n * 0.001) for n in range(200)]
    assert steps(play(Timeline(), frames)) == pytest.approx([FRAME] * 199, abs=0.002)


def test_stamps_that_are_nonsense_do_not_make_time_run_faster_than_the_clock():
    noise = random.Random(3)
    arrivals = [100 + n * FRAME + noise.uniform(-0.04, 0.04) for n in range(600)]
    placed = play(Timeline(), [(noise.uniform(0, 1e6), at) for at in arrivals])
    assert placed[-1].media - placed[0].media == pytest.approx(arrivals[-1] - arrivals[0], abs=1.0)


def test_a_gap_that_the_timestamps_tell_is_kept():
    placed = play(Timeline(), steady(10) + steady(10, pts=31.0, arrival=131.0))
    assert steps(placed)[9] == pytest.approx(30.1)


@pytest.mark.parametrize("pts", [0.9, 0.8, 0.1])
def test_a_repeated_timestamp_is_dropped(pts: float):
    timeline = Timeline()
    play(timeline, steady(10))
    assert timeline.place(pts, WALL + 101, 101.0) is None
    assert timeline.frames == 10


def test_a_camera_whose_timestamps_stand_still_is_placed_by_the_clock():
    placed = play(Timeline(), [(5.0, 100 + n * FRAME) for n in range(50)])
    assert len(placed) >= 4
    assert placed[-1].at == pytest.approx(WALL + 104.9, abs=1.1)


def test_a_camera_without_timestamps_is_placed_by_the_clock():
    placed = play(Timeline(), [(None, 100 + n * FRAME) for n in range(10)])
    assert steps(placed) == pytest.approx([FRAME] * 9, abs=1e-6)


def test_media_time_always_increases_even_when_frames_come_at_the_same_instant():
    timeline = Timeline()
    placed = play(timeline, [(1.0, 100.0), (9000.0, 100.0), (3.0, 100.0), (None, 100.0)])
    timeline.begin()
    placed += play(timeline, [(1.0, 100.0), (1.0 + 1e-9, 100.0)])
    assert len(placed) == 6
    assert all(step > 0 for step in steps(placed))


def test_a_new_connection_goes_on_where_the_clock_is():
    timeline = Timeline()
    before = play(timeline, steady(10))
    timeline.begin()
    after = play(timeline, steady(10, pts=777.0, arrival=120.0))
    assert after[0].media - before[-1].media == pytest.approx(120.0 - 100.9)
    assert after[0].at == pytest.approx(WALL + 120.0)


def test_the_least_delayed_frame_decides_the_wall_time():
    """The first frame came 0.5 s late; the second did not."""
    first, second = play(Timeline(), [(0.0, 100.5), (0.1, 100.1)])
    assert first.lag == 0
    assert second.at == pytest.approx(WALL + 100.1)
    (late,) = play(timeline := Timeline(), [(0.0, 100.0)])
    assert late.at == WALL + 100
    late = play(timeline, [(0.1, 100.6)])[0]
    assert (late.lag, late.at) == (pytest.approx(0.5, abs=1e-3), pytest.approx(WALL + 100.1, abs=1e-3))


@pytest.mark.parametrize("drift", [-200e-6, 200e-6])
def test_the_wall_time_follows_a_camera_whose_clock_runs_wrong(drift: float):
    frames = [(n * (1 + drift), 100.0 + n) for n in range(3600)]
    placed = play(Timeline(), frames)
    assert placed[-1].at == pytest.approx(WALL + 100 + 3599, abs=0.01)


def test_the_mapping_is_slewed_no_faster_than_it_may():
    """From frame 10 on all come 0.5 s later: the wall time follows by half a millisecond a second."""
    late = [(1.0 + n * FRAME, 101.5 + n * FRAME) for n in range(101)]
    placed = play(Timeline(), steady(10) + late)
    followed = (placed[-1].at or 0) - (placed[9].at or 0) - 10.1
    assert 0 < followed <= SLEW * 10.1 + 1e-6


def test_a_correction_of_the_wall_clock_moves_the_wall_time_and_nothing_else():
    timeline = Timeline()
    before = play(timeline, steady(10))
    moved = timeline.place(1.0, WALL + 101 + 3600, 101.0)
    assert moved is not None
    assert moved.media - before[-1].media == pytest.approx(FRAME)
    assert (moved.at or 0) - (before[-1].at or 0) == pytest.approx(3600 + FRAME, abs=1e-3)
    assert moved.lag < 0.01


def test_a_backlog_is_late_and_catches_up_in_its_own_time():
    """8 s of frames held up, then handed over at once."""
    burst = [(1.0 + n * FRAME, 109.0 + n * 0.001) for n in range(80)]
    placed = play(Timeline(), steady(10) + burst)
    assert placed[10].lag == pytest.approx(8.0, abs=0.05)
    assert placed[-1].lag < 0.2
    assert steps(placed) == pytest.approx([FRAME] * 89, abs=1e-6)
    assert placed[10].at == pytest.approx(WALL + 101, abs=0.01)


def test_a_jump_inside_a_backlog_that_lost_frames_is_a_gap():
    """25 s held up; of these only the first and the last are handed over."""
    placed = play(Timeline(), [*steady(10), (1.0, 126.0), (26.0, 126.01)])
    assert placed[-1].media - placed[-2].media == pytest.approx(25.0)
    assert placed[-1].lag < 0.1


def test_a_camera_that_stopped_its_clock_is_not_late_for_ever():
    """Nothing for 30 s, then it goes on with the next timestamp: after a while the gap is put in, and doubted."""
    placed = play(Timeline(), steady(10) + steady(200, pts=1.0, arrival=131.0))
    assert placed[10].lag > LATE_S
    assert placed[-1].lag < 0.1
    assert placed[-1].at == pytest.approx(WALL + 131 + 19.9, abs=0.1)
    assert (placed[-1].at_error or 0) > 29
    assert all(step > 0 for step in steps(placed))


def test_uncertainty_falls_once_settled_and_grows_with_jitter():
    calm = play(Timeline(), steady(100))
    jumpy = play(Timeline(), [(n * FRAME, 100 + n * FRAME + 0.4 * (n % 2)) for n in range(100)])
    assert (calm[0].at_error or 0) >= 0.5
    assert (calm[-1].at_error or 0) == pytest.approx(FRAME, abs=0.01)
    assert (jumpy[-1].at_error or 0) > 0.3

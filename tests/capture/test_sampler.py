from __future__ import annotations

import pytest

from pipeline.capture.sampler import Sampler


def chosen(fps: float | None, times: list[float]) -> list[int]:
    sampler = Sampler(fps)
    return [n for n, pts in enumerate(times) if sampler.wants(pts)]


def test_every_third_of_fifteen_frames_a_second_makes_five():
    assert chosen(5, [n / 15 for n in range(150)]) == list(range(0, 150, 3))


def test_the_choice_is_the_same_at_the_size_of_unix_times():
    assert chosen(5, [1.8e9 + n / 15 for n in range(150)]) == list(range(0, 150, 3))


@pytest.mark.parametrize(("camera", "wanted"), [(25, 4), (12, 5), (29.97, 7), (10, 9), (30, 0.5)])
def test_an_hour_has_as_many_as_asked_for(camera: float, wanted: float):
    assert len(chosen(wanted, [n / camera for n in range(round(3600 * camera))])) == pytest.approx(
        3600 * wanted, rel=0.002
    )


def test_a_slower_camera_is_taken_whole():
    assert len(chosen(5, [n / 4 for n in range(40)])) == 40


def test_no_rate_takes_all():
    assert len(chosen(None, [n / 30 for n in range(40)])) == 40


def test_after_a_gap_it_does_not_catch_up():
    assert chosen(1, [0.0, 0.5, 10.0, 10.5, 11.0, 11.5]) == [0, 2, 4]


def test_timestamps_rounded_to_milliseconds_do_not_matter():
    assert chosen(5, [round(n / 15, 3) for n in range(150)]) == list(range(0, 150, 3))


def test_while_there_is_no_time_for_all_as_many_times_fewer_are_taken_evenly():
    sampler = Sampler(5)
    sampler.stretch = 2.0
    assert [n for n in range(100) if sampler.wants(n / 10)] == list(range(0, 100, 4))

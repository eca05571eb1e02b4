from __future__ import annotations

import threading

import numpy as np

from pipeline.capture.mailbox import Mailbox
from pipeline.frame import Frame
from tests.capture.conftest import wait_for


def frame(seq: int) -> Frame:
    return Frame("gate", seq, float(seq), np.zeros((2, 2), np.uint8))


def taken(mailbox: Mailbox) -> list[int]:
    """The numbers of all that is in it, in the order in which it comes out."""
    return [one.seq for one in iter(mailbox.take, None)]


def test_frames_come_out_in_order_each_once():
    mailbox = Mailbox(room=4)
    for seq in range(3):
        mailbox.put(frame(seq))
    assert taken(mailbox) == [0, 1, 2]
    assert mailbox.dropped == 0


def test_when_there_is_no_room_the_oldest_gives_way_and_is_counted():
    mailbox = Mailbox(room=3)
    for seq in range(7):
        assert mailbox.has_room() is (seq < 3)
        mailbox.put(frame(seq))
    assert mailbox.dropped == 4
    assert taken(mailbox) == [4, 5, 6]


def test_large_pictures_take_no_more_memory_than_there_is_for_them():
    mailbox, large = Mailbox(room=50), np.zeros((4000, 6000), np.uint8)
    for seq in range(9):
        mailbox.put(Frame("gate", seq, float(seq), large))
    assert taken(mailbox) == [7, 8]


def test_room_is_waited_for_a_while_and_no_longer_than_that():
    mailbox = Mailbox()
    mailbox.put(frame(0))
    assert not mailbox.has_room(0.05)
    threading.Timer(0.1, mailbox.take).start()
    assert mailbox.has_room(10.0)


def test_a_frame_rings_the_worker_s_bell():
    wake = threading.Event()
    Mailbox(wake).put(frame(0))
    assert wake.is_set()


def test_a_lossless_mailbox_waits_until_each_frame_is_taken():
    mailbox = Mailbox(lossless=True)
    thread = threading.Thread(target=lambda: [mailbox.put(frame(seq)) for seq in range(50)])
    thread.start()
    got: list[int] = []

    def all_came() -> bool:
        if (one := mailbox.take()) is not None:
            got.append(one.seq)
        return len(got) == 50

    wait_for(all_came)
    thread.join(5)
    assert got == list(range(50))
    assert mailbox.dropped == 0


def test_whoever_waits_for_the_slot_can_be_stopped():
    mailbox, stop, results = Mailbox(lossless=True), threading.Event(), []
    mailbox.put(frame(0))
    thread = threading.Thread(target=lambda: results.append(mailbox.put(frame(1), stop)))
    thread.start()
    stop.set()
    thread.join(5)
    assert results == [False]

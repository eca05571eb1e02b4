from __future__ import annotations

import threading

import numpy as np

from pipeline.capture.mailbox import Mailbox
from pipeline.types import Frame
from tests.capture.conftest import wait_for


def frame(seq: int) -> Frame:
    return Frame("gate", seq, float(seq), np.zeros((2, 2), np.uint8))


def test_the_newest_frame_wins_and_the_lost_ones_are_counted():
    mailbox = Mailbox()
    for seq in range(3):
        mailbox.put(frame(seq))
    taken = mailbox.take()
    assert taken is not None
    assert taken.seq == 2
    assert mailbox.dropped == 2
    assert mailbox.take() is None


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

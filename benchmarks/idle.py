"""What does a camera cost in whose picture nobody is? Milliseconds of CPU for each second of 1080p at 25 pictures.

    python -m benchmarks.idle [--rounds 7] [--smoke] [--write]

Ours is the whole of a watched camera but for the network: packets, what is decoded of them, motion, the sweeps of the
detector, rules. It is measured from the 34th second to the 66th, resting on key frames alone (`key frames`), or on the
sizes of packets too (`packets`), and in full (`all`). The peers are cv2.VideoCapture with MOG2 on each picture, which
detects nothing here, on ten seconds of the same recording. Recordings: a drawn yard with fresh noise in each picture, a
key frame each 2 s: x264 with a quality that codes the noise (CRF 24), with one that does not (QP 30), and at a strict
constant rate.
"""

from __future__ import annotations

import json
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from benchmarks.corpus.resting import Played
from benchmarks.needs import errors_told, models_env
from benchmarks.pairs import ROUNDS, Row, alternate, asked, fresh, ratio, tell
from pipeline.catalogue import resolve
from pipeline.perceive.person import PersonDetector, open_session
from pipeline.simulate.scene import Play, yard
from pipeline.simulate.scene.render import Scene
from pipeline.types import Pixels

SIZE, FPS, SECONDS, FROM_S, TO_S, PEER_S = (1920, 1080), 25, 78, 33.9, 65.9, 10.0
CODED = {
    "crf": {"crf": "24"},
    "qp": {"qp": "30"},
    "cbr": {"nal-hrd": "cbr", **dict.fromkeys(("b", "minrate", "maxrate", "bufsize"), "6000k")},
}
# By row: what is measured of ours on which recording, against what, and the goal.
CLAIMS = (
    ("idle camera, key frames", "key frames", "crf", "all", 7.0),
    ("idle camera, trusted packets", "packets", "qp", "all", 15.0),
    ("idle camera, strict constant rate", "key frames", "cbr", "all", 30.0),
    ("idle camera, key frames", "key frames", "crf", "cv2 + MOG2", 150.0),
    ("idle camera, trusted packets", "packets", "qp", "cv2 + MOG2", 150.0),
)


def main() -> None:
    """Measure and print, or with `--one` be one of the measured processes."""
    given = asked(__doc__, ("METHOD", "CLIP"), smoke="one round, key frames against all", rounds=ROUNDS)
    with errors_told(), tempfile.TemporaryDirectory(prefix="zonewatch-bench-") as folder:
        if given.one:
            print(json.dumps(_measured(given.one[0], Path(given.one[1]))))
            return
        claims, rounds = (CLAIMS[:1], 1) if given.smoke else (CLAIMS, given.rounds)
        rows = _rows(claims, rounds, Path(folder))
    tell("idle", rows, given)


def _rows(claims: tuple[tuple[str, str, str, str, float], ...], rounds: int, folder: Path) -> list[Row]:
    rows = []
    for coded in dict.fromkeys(claim[2] for claim in claims):
        path = clip(folder / f"{coded}.mp4", CODED[coded])
        mine = [claim for claim in claims if claim[2] == coded]
        methods = list(dict.fromkeys(method for _, ours, _, peer, _ in mine for method in (ours, peer)))
        found = alternate(methods, rounds, lambda method, path=path: fresh("benchmarks.idle", method, str(path)))
        for claim, ours, _, peer, goal in mine:
            cost = {method: [one["ms"] for one in found[method]] for method in (ours, peer)}
            side = {f"ms, {method}": float(np.median(values)) for method, values in cost.items()}
            decoded = float(np.median([one["decoded"] for one in found[ours]]))
            rows.append(Row(claim, peer, ratio(cost[peer], cost[ours]), goal, side={**side, "decoded": decoded}))
    return rows


def clip(path: Path, options: dict[str, str], seconds: int = SECONDS) -> Path:
    """One picture of the empty yard, and over it noise that is never the same."""
    # What is drawn is sharper than a lens can show.
    still = cv2.GaussianBlur(Scene(yard.PLACE, Play(1.0), SIZE).picture(0.0), (0, 0), 1.2)
    grain = np.rint(np.random.default_rng(5).normal(0, 1.7, (SIZE[1] + 256, SIZE[0] + 256, 1))).astype(np.int16)
    grain = np.repeat(grain, 3, axis=2)
    chance = np.random.default_rng(6)
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream("libx264", rate=FPS))
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.gop_size, stream.time_base = 2 * FPS, Fraction(1, FPS)
        stream.options = {"preset": "superfast", "tune": "zerolatency", "bf": "0", "sc_threshold": "0", **options}
        for number in range(seconds * FPS):
            y, x = chance.integers(0, 256, 2)
            noisy: Pixels = np.asarray(
                cv2.add(still, grain[y : y + SIZE[1], x : x + SIZE[0]], dtype=cv2.CV_8U), np.uint8
            )
            frame = av.VideoFrame.from_ndarray(noisy, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _measured(method: str, path: Path) -> dict[str, float]:
    """Milliseconds of CPU for a second of video, and the share of pictures that was decoded for it."""
    cv2.setNumThreads(1)
    return _peer(path) if method == "cv2 + MOG2" else _ours(method, path)


def _ours(method: str, path: Path) -> dict[str, float]:
    model = resolve("builtin", models_env())
    detector = PersonDetector(open_session(model), model.entry)
    shapes = yard.PLACE.shapes(SIZE[0] / SIZE[1])
    rules = {zone: {"trigger": "enter", "zone": zone} for zone in shapes["zones"]}
    # Who is so small shows in no packet: then key frames alone tell.
    playing = Played(path, {**shapes, "rules": rules}, detector, 5.0, method != "all")
    if playing.rest is not None and method == "key frames":
        playing.rest.smallest = 1e-6
    marks = []
    for at, stream in playing:
        # At its end what lies undecoded would be decoded, as where a connection breaks.
        if at >= (FROM_S, TO_S)[len(marks)]:
            marks.append((time.process_time(), playing.pictures, stream.decoded))
        if len(marks) == 2:
            break
    (began, first, before), (ended, last, after) = marks
    return {"ms": 1000 * (ended - began) / ((last - first) / FPS), "decoded": (after - before) / (last - first)}


def _peer(path: Path) -> dict[str, float]:
    background = cv2.createBackgroundSubtractorMOG2()
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    background.apply(video.read()[1])
    began, count = time.process_time(), round(PEER_S * FPS)
    for _ in range(count):
        background.apply(video.read()[1])
    return {"ms": 1000 * (time.process_time() - began) / (count / FPS), "decoded": 1.0}


if __name__ == "__main__":
    main()

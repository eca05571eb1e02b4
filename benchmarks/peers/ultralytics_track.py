"""`YOLO.track` and Supervision's `PolygonZone` on a video, as their documentation shows it; run by their own Python.

    .build/peers/bin/python benchmarks/peers/ultralytics_track.py CLIP [--stride N] [--pictures N] [--cameras N]

The network is built from its description, with random weights: there are none here, and it takes the same time with
them. Prints one object: seconds of CPU and of the clock from the second picture on, seconds from the start to the
first, how many pictures, seconds of video, and the memory it has in the end.
"""

from __future__ import annotations

import argparse
import json
import time

import cv2
import numpy as np
import psutil
import supervision as sv
from ultralytics import YOLO


def main() -> None:
    """Track, and say what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip")
    parser.add_argument("--stride", type=int, default=1, help="one picture in so many is tracked")
    parser.add_argument("--pictures", type=int, default=10**9)
    parser.add_argument("--began", type=float, default=0.0, help="when it was started, Unix seconds")
    parser.add_argument("--cameras", type=int, default=1, help="so many at once, each with a network of its own")
    given = parser.parse_args()
    watching = [(cv2.VideoCapture(given.clip), YOLO("yolo11n.yaml")) for _ in range(given.cameras)]
    rate = watching[0][0].get(cv2.CAP_PROP_FPS)
    zone = sv.PolygonZone(np.array([[600, 400], [1200, 400], [1300, 1000], [500, 1000]]))
    marks, count = [], 0
    while count < given.pictures:
        pictures = [video.read() for video, _ in watching]
        if not all(read for read, _ in pictures):
            break
        if count % given.stride == 0:
            for (_, picture), (_, model) in zip(pictures, watching, strict=True):
                found = model.track(picture, persist=True, imgsz=640, classes=[0], verbose=False)[0]
                zone.trigger(sv.Detections.from_ultralytics(found))
        marks = marks or [time.process_time(), time.perf_counter(), time.time()]
        count += 1
    told = {
        "cpu_s": time.process_time() - marks[0],
        "wall_s": time.perf_counter() - marks[1],
        "first_s": marks[2] - given.began,
        "pictures": count - 1,
        "video_s": (count - 1) / rate,
        "memory_mb": psutil.Process().memory_full_info().pss / 2**20,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()

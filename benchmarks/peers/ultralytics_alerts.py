"""What people write first for several cameras: a thread each that keeps the newest picture, one network for all.

    .build/peers/bin/python benchmarks/peers/ultralytics_alerts.py REDIS-URL SECONDS BUSY RTSP-URL…

Prints the seconds from reading a picture to its entry in Redis, for the first BUSY of the cameras.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

import cv2
import redis
from ultralytics import YOLO


class Newest(threading.Thread):
    """Reads on and on."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.picture = None
        self.at = 0.0

    def run(self) -> None:
        """Until the program ends."""
        video = cv2.VideoCapture(self.url)
        while True:
            read, picture = video.read()
            if read:
                self.picture, self.at = picture, time.time()


def main() -> None:
    """Watch for so long."""
    store, seconds, busy = redis.Redis.from_url(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    cameras = [Newest(url) for url in sys.argv[4:]]
    models = [YOLO("yolo11n.yaml") for _ in cameras]
    for camera in cameras:
        camera.start()
    waits, seen, end = [], [0.0] * len(cameras), time.time() + seconds
    while time.time() < end:
        for number, (camera, model) in enumerate(zip(cameras, models, strict=True)):
            picture, at = camera.picture, camera.at
            if picture is None or at == seen[number]:
                continue
            seen[number] = at
            found = model.track(picture, persist=True, imgsz=640, classes=[0], verbose=False)[0]
            store.xadd("peer", {"camera": number, "people": len(found.boxes)})
            if number < busy:
                waits.append(time.time() - at)
    print(json.dumps(waits), flush=True)
    os._exit(0)  # FFmpeg's threads in OpenCV end an orderly exit with an abort


if __name__ == "__main__":
    main()

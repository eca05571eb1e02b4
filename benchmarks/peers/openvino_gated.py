"""cv2 reads, MOG2 subtracts, OpenVINO runs our model on pictures in which something moves; run by the peers' Python.

    .build/peers/bin/python benchmarks/peers/openvino_gated.py CLIP MODEL

OpenVINO as it comes, with its hint for latency and one thread. Boxes are not decoded, which is to its favour. Prints
milliseconds of CPU for a second of video.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
import numpy as np
import openvino

_SIDE, _MOVES = 320, 0.005


def main() -> None:
    """Play it all, and say what it took."""
    cv2.setNumThreads(1)
    told = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1}
    model = openvino.Core().compile_model(sys.argv[2], "CPU", told)
    kind = np.uint8 if "u8" in str(model.inputs[0].element_type) else np.float32
    video = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    rate, background = video.get(cv2.CAP_PROP_FPS), cv2.createBackgroundSubtractorMOG2()
    background.apply(video.read()[1])
    count, began = 0, time.process_time()
    while (read := video.read())[0]:
        count += 1
        if float(np.mean(background.apply(read[1]) == 255)) > _MOVES:
            small = cv2.cvtColor(cv2.resize(read[1], (_SIDE, _SIDE)), cv2.COLOR_BGR2RGB)
            model(small.transpose(2, 0, 1)[None].astype(kind))
    print(json.dumps({"ms": 1000 * (time.process_time() - began) / (count / rate)}))


if __name__ == "__main__":
    main()

"""OpenCV's other background subtractors, as they come; run by the peers' Python, which has opencv-contrib.

    .build/peers/bin/python benchmarks/peers/others_motion.py METHOD PICTURES.npy WARM COUNT

PICTURES are BGR uint8 (n, height, width, 3), played over and over. Prints the median milliseconds of a picture.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import cycle, islice

import cv2
import numpy as np

MAKERS = {
    "KNN": lambda: cv2.createBackgroundSubtractorKNN(),
    "CNT": lambda: cv2.bgsegm.createBackgroundSubtractorCNT(),
    "GSOC": lambda: cv2.bgsegm.createBackgroundSubtractorGSOC(),
}


def main() -> None:
    """Apply, and say what it took."""
    method, path, warm, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    cv2.setNumThreads(1)
    pictures, subtractor = np.load(path, mmap_mode="r"), MAKERS[method]()
    spent = []
    for picture in islice(cycle(pictures), warm + count):
        picture = np.ascontiguousarray(picture)
        began = time.perf_counter()
        subtractor.apply(picture)
        spent.append(time.perf_counter() - began)
    print(json.dumps({"ms": 1000 * float(np.median(spent[warm:]))}))


if __name__ == "__main__":
    main()

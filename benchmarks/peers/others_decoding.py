"""Other readers of video for Python, one thread each, to a grey picture; run by the peers' Python.

    .build/peers/bin/python benchmarks/peers/others_decoding.py METHOD CLIP

Prints milliseconds of CPU a picture. Neither gives the decoder's plane: what they give is made grey as far as needed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

import cv2
import numpy as np

cv2.setNumThreads(1)


def decord(path: str) -> Iterator[np.ndarray]:
    """Decord's reader, picture by picture."""
    import decord

    reader = decord.VideoReader(path, ctx=decord.cpu(0), num_threads=1)
    for _ in range(len(reader)):
        yield cv2.cvtColor(reader.next().asnumpy(), cv2.COLOR_RGB2GRAY)


def torchcodec(path: str) -> Iterator[np.ndarray]:
    """TorchCodec's decoder, in the order of the file."""
    import torch
    from torchcodec.decoders import VideoDecoder

    torch.set_num_threads(1)
    for frame in VideoDecoder(path, num_ffmpeg_threads=1, dimension_order="NHWC", seek_mode="approximate"):
        yield cv2.cvtColor(frame.numpy(), cv2.COLOR_RGB2GRAY)


def main() -> None:
    """Read it all, and say what it took."""
    pictures = {"decord": decord, "torchcodec": torchcodec}[sys.argv[1]](sys.argv[2])
    total = int(next(pictures)[0, 0])
    count, began = 0, time.process_time()
    for luma in pictures:
        count, total = count + 1, total + int(luma[0, 0])
    print(json.dumps({"ms": 1000 * (time.process_time() - began) / count}))


if __name__ == "__main__":
    main()

"""The true shape of a picture: what the file says, the stream, the format; and pictures made in it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.capture.aspect import FORMATS, display_aspect
from pipeline.capture.decode import open_stream
from pipeline.capture.timeline import Timeline
from pipeline.clock import SystemClock
from pipeline.config import Camera
from pipeline.frame import Frame


def clip(path: Path, size: tuple[int, int], sample: Fraction | None = None, codec: str = "libx264") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if sample:
            stream.codec_context.sample_aspect_ratio = sample
        for number in range(3):
            picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 40 * number, np.uint8), format="bgr24")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def first(path: Path, **keys: object) -> Frame:
    camera = Camera.model_validate({"name": "gate", "url": str(path), **keys})
    with open_stream(camera, SystemClock(), Timeline()) as stream:
        return next(iter(stream))


@pytest.mark.parametrize(
    ("size", "sample", "configured", "ratio", "why"),
    [
        ((960, 1088), None, None, 16 / 9, "960x1088 is a squeezed 16:9"),
        ((960, 1080), Fraction(1), None, 16 / 9, "960x1080 is a squeezed 16:9"),
        ((704, 576), None, None, 4 / 3, "704x576 is a squeezed 4:3"),
        ((960, 576), None, None, 4 / 3, "a squeezed 4:3"),
        ((704, 288), None, None, 4 / 3, "a squeezed 4:3"),
        ((704, 576), Fraction(16, 11), None, 16 / 9, "as the stream says: pixels 16:11"),
        ((704, 576), Fraction(16, 11), 1.5, 1.5, "as `aspect` says"),
        ((1920, 1080), None, None, 16 / 9, "taken for square"),
        ((1920, 1080), Fraction(1), None, 16 / 9, "as the stream says: square"),
        ((1080, 1920), None, None, 9 / 16, "taken for square"),
        ((640, 480), Fraction(100), None, 4 / 3, "taken for square"),
    ],
)
def test_the_shape_is_what_file_stream_and_format_say_in_this_order(size, sample, configured, ratio, why):
    found = display_aspect(size, sample, configured)
    assert found.ratio == pytest.approx(ratio, rel=0.001)
    assert why in found.why


def test_no_size_that_sensors_have_is_in_the_table():
    square = [(1280, 720), (1920, 1080), (640, 480), (640, 360), (800, 600), (2560, 1440), (3840, 2160), (2592, 1944)]
    square += [(1280, 960), (2048, 1536), (320, 240), (1024, 768), (1280, 1024), (960, 540), (960, 720), (768, 432)]
    assert not set(square) & set(FORMATS)
    assert all(abs(w / h / float(shape) - 1) > 0.01 for (w, h), shape in FORMATS.items())


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_what_the_stream_says_of_its_pixels_is_read(tmp_path, codec: str):
    frame = first(clip(tmp_path / "a.mp4", (704, 576), Fraction(16, 11), codec))
    assert frame.aspect == pytest.approx(16 / 9)
    assert frame.true_size == (1024, 576)


def test_the_word_of_the_file_is_the_last(tmp_path):
    path = clip(tmp_path / "a.mp4", (640, 480))
    assert first(path).aspect == pytest.approx(4 / 3)
    for word in ("16:9", "16/9", "1.7777778", 16 / 9):
        assert first(path, aspect=word).aspect == pytest.approx(16 / 9)
    assert first(path, aspect="auto").aspect == pytest.approx(4 / 3)


@pytest.mark.parametrize("word", ["wide", "16:0", "0:9", "100:1", "-4:3", ""])
def test_a_word_that_is_no_shape_is_refused(word: str):
    with pytest.raises(ValueError, match="is no shape of a picture"):
        Camera.model_validate({"name": "gate", "url": "rtsp://127.0.0.1/gate", "aspect": word})


@pytest.mark.parametrize(
    ("size", "aspect", "true"), [((960, 1088), 16 / 9, (1934, 1088)), ((704, 288), 4 / 3, (704, 528))]
)
def test_a_picture_in_its_true_shape_loses_nothing(size, aspect, true):
    luma = np.zeros((size[1], size[0]), np.uint8)
    luma[: size[1] // 2] = 255
    frame = Frame("gate", 0, 0.0, luma, full_range=True, display_aspect=aspect)
    assert frame.true_size == true
    picture = frame.rgb(size=frame.true_size)
    assert picture.shape == (true[1], true[0], 3)
    assert abs((picture[:, 0, 0] > 127).mean() - 0.5) < 0.01


def test_what_is_hidden_is_black_in_every_picture_that_is_made(tmp_path):
    path = clip(tmp_path / "a.mp4", (320, 240))
    mask = {"desk": {"polygon": [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]], "of": "privacy"}}
    camera = Camera.model_validate({"name": "gate", "url": str(path), "masks": mask})
    with open_stream(camera, SystemClock(), Timeline()) as stream:
        bright = list(stream)[-1]
    for picture in (bright.rgb(), bright.rgb(size=(640, 480)), bright.rgb((100, 60, 320, 240), (220, 180))):
        h, w = picture.shape[:2]
        assert picture[-h // 8 :, -w // 8 :].max() == 0
        assert picture[: h // 8, : w // 8].min() > 40

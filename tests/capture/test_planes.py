from __future__ import annotations

import gc
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from pipeline.capture.planes import planes
from pipeline.frame import Frame
from tests.capture.conftest import opened
from tests.media import make_clip, turned


def picture(format_name: str, size: tuple[int, int] = (318, 238)) -> av.VideoFrame:
    """Smooth colours: sharp ones would measure how chroma is scaled."""
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rgb = np.stack([40 + 180 * x, 60 + 120 * y, 200 - 150 * x * y], axis=2).astype(np.uint8)
    wide = ColorRange.JPEG if format_name.startswith("yuvj") else ColorRange.MPEG
    source = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    return source if format_name == "rgb24" else source.reformat(format=format_name, dst_color_range=wide)


def frame_of(source: av.VideoFrame) -> Frame:
    luma, chroma, full_range = planes(source)
    return Frame("gate", 0, 0.0, luma, chroma, full_range)


@pytest.mark.parametrize(
    "name",
    ["yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv420p10le", "nv12", "yuyv422", "rgb24"],
)
def test_colours_are_right_in_every_pixel_format(name: str):
    source = picture(name)
    ours = frame_of(source).rgb().astype(int)
    theirs = source.reformat(format="rgb24").to_ndarray().astype(int)
    difference = np.abs(ours - theirs)
    assert difference.mean() < 2
    assert np.percentile(difference, 99) <= 6


def test_luma_is_a_view_of_the_decoder_s_plane(clips: Path):
    with av.open(str(clips / "plain.mp4")) as container:
        source = next(container.decode(video=0))
        luma, chroma, _ = planes(source)
        assert luma.__array_interface__["data"][0] == source.planes[0].buffer_ptr
        assert chroma is not None
        assert chroma[1].__array_interface__["data"][0] == source.planes[2].buffer_ptr
        assert luma.strides == (source.planes[0].line_size, 1)


def test_a_stride_wider_than_the_picture_is_respected():
    source = picture("yuv420p", (318, 238))
    luma, chroma, _ = planes(source)
    assert source.planes[0].line_size > 318
    assert luma.shape == (238, 318)
    assert chroma is not None
    assert chroma[0].shape == (119, 159)
    assert np.array_equal(luma, source.to_ndarray()[:238, :318])


def test_odd_sizes_have_their_last_column_of_colour():
    luma, chroma, _ = planes(picture("yuv420p", (317, 237)))
    assert luma.shape == (237, 317)
    assert chroma is not None
    assert chroma[0].shape == (119, 159)


def test_views_outlive_the_decoder_and_its_frames(clips: Path):
    with opened(clips / "plain.mp4") as stream:
        kept = [(frame.luma, frame.luma.copy()) for frame in stream]
    del stream
    gc.collect()
    assert all(np.array_equal(view, copy) for view, copy in kept)


def test_grey_video_has_no_chroma():
    frame = frame_of(av.VideoFrame.from_ndarray(np.full((8, 10), 77, np.uint8), format="gray"))
    assert frame.chroma is None
    assert frame.luma[0, 0] == 77


def test_ten_bit_video_becomes_eight():
    frame, eight = frame_of(picture("yuv420p10le")), frame_of(picture("yuv420p"))
    assert np.abs(frame.luma.astype(int) - eight.luma).max() <= 1


@pytest.mark.parametrize("on_its_side", [False, True])
def test_a_picture_that_nobody_has_any_longer_is_freed_at_once(tmp_path: Path, on_its_side: bool):
    """PyAV's pictures and their side data hold each other: megabytes that the garbage collector may never come by."""
    clip = make_clip(tmp_path / "clip.mp4", seconds=20, gop=5)
    if on_its_side:
        clip = turned(clip, tmp_path / "turned.mp4", (0, 1, -1, 0))
    gc.collect()
    gc.disable()
    try:
        with opened(clip) as stream:
            held = [0] * 200
            for number, frame in enumerate(stream):
                assert frame.size == ((240, 320) if on_its_side else (320, 240))
                held[number] = sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())
    finally:
        gc.enable()
    # The next three tell where a picture belongs; those of turned key frames are collected from time to time.
    assert max(held) <= (24 if on_its_side else 7)

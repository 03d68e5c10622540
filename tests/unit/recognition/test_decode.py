"""What becomes of good pictures, how files are read, and how the pool of children behaves."""

from __future__ import annotations

import io
import os
import threading
import warnings
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.factories import pictures
from tests.factories.decoders import Children, refused

from plainview.recognition import decode as decode_module
from plainview.recognition.decode import DecodeLimits, Decoder, _Worker, read_file
from plainview.recognition.decode_wire import REFUSALS, Reply, Status
from plainview.recognition.errors import BadMedia
from plainview.recognition.sandbox import ChildLost


def bgr(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference, in grey levels."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


# What comes out


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("JPEG", {"quality": 95}, 5),
        ("JPEG", {"quality": 95, "progressive": True}, 5),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {}, 6),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "jpeg", "quality": 95}, 5),
        ("BMP", {}, 0),
        ("GIF", {}, 12),
        ("HEIF", {"quality": 95}, 6),
        ("AVIF", {"quality": 95}, 6),
        ("JPEG2000", {}, 0),
        ("JPEG2000", {"no_jp2": True}, 0),
    ],
)
def test_every_allowed_format_decodes_as_the_first_picture_of_a_fresh_child(
    name: str, options: dict[str, object], tolerance: float
) -> None:
    # A fresh child each: an import that a codec puts off would fail once the locks are closed.
    source = pictures.portrait()
    with Decoder() as fresh:
        picture = fresh.decode(pictures.saved(source, name, **options))
    assert picture.format == name
    assert picture.stored_size == source.size
    assert picture.captured_on is None
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert difference(picture.pixels, bgr(source)) <= tolerance


def test_the_first_frame_stands_for_an_mpo(decoder: Decoder) -> None:
    picture = decoder.decode(pictures.mpo())
    assert (picture.format, picture.notes) == ("MPO", ())
    assert difference(picture.pixels, bgr(pictures.portrait())) < 5


def test_channels_are_blue_green_red(decoder: Decoder) -> None:
    picture = decoder.decode(pictures.saved(Image.new("RGB", (20, 20), (250, 100, 10)), "PNG"))
    assert picture.pixels[0, 0].tolist() == [10, 100, 250]


def test_a_picture_of_many_bands_has_no_seam(decoder: Decoder) -> None:
    source = pictures.portrait((1500, 333))  # 65,536 pixels a band do not divide it
    assert np.array_equal(decoder.decode(pictures.saved(source, "BMP")).pixels, bgr(source))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_is_applied(decoder: Decoder, name: str, orientation: int) -> None:
    options = {"lossless": True} if name == "WEBP" else {"quality": 95} if name == "JPEG" else {}
    picture = decoder.decode(pictures.rotated(orientation, name, **options))
    width, height = pictures.portrait().size
    assert picture.stored_size == ((height, width) if orientation >= 5 else (width, height))
    assert difference(picture.pixels, bgr(pictures.portrait())) < 5


def test_a_turned_heic_comes_out_upright_once(decoder: Decoder) -> None:
    picture = decoder.decode(pictures.rotated(6, "HEIF", quality=90))
    assert difference(picture.pixels, bgr(pictures.portrait())) < 8


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("2019:07:04 23:59:59", date(2019, 7, 4)),
        ("0000:00:00 00:00:00", None),
        ("2019:02:30 10:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_capture_date(decoder: Decoder, taken: str, expected: date | None) -> None:
    assert decoder.decode(pictures.jpeg(exif=pictures.exif(taken=taken))).captured_on == expected


def test_damaged_exif_does_not_cost_the_picture(decoder: Decoder) -> None:
    for garbage in (
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(40),
    ):
        picture = decoder.decode(pictures.jpeg(exif=garbage))
        assert picture.captured_on is None
        assert picture.pixels.shape == (112, 96, 3)


def test_a_senseless_orientation_counts_as_upright(decoder: Decoder) -> None:
    picture = decoder.decode(pictures.jpeg(exif=pictures.exif(orientation=77)))
    assert picture.pixels.shape == (112, 96, 3)


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_grey_black_and_white_and_palette_become_bgr(decoder: Decoder, mode: str) -> None:
    source = pictures.portrait(mode=mode)
    assert np.array_equal(decoder.decode(pictures.saved(source, "PNG")).pixels, bgr(source))


def test_black_and_white_tiff(decoder: Decoder) -> None:
    source = pictures.portrait(mode="1")
    picture = decoder.decode(pictures.saved(source, "TIFF", compression="group4"))
    assert np.array_equal(picture.pixels, bgr(source))


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [("PNG", "RGBA", {}), ("PNG", "LA", {}), ("WEBP", "RGBA", {"lossless": True}), ("TIFF", "RGBA", {})],
)
def test_transparency_shows_neutral_grey(decoder: Decoder, name: str, mode: str, options: dict[str, object]) -> None:
    pixels = decoder.decode(pictures.half_transparent(name, mode, **options)).pixels
    assert (pixels[:, :16] == 255).all()
    assert (pixels[:, 16:] == 128).all()


def test_a_transparent_palette_entry_shows_neutral_grey(decoder: Decoder) -> None:
    pixels = decoder.decode(pictures.palette_alpha_png()).pixels
    assert (pixels[:, :16] == (0, 0, 255)).all()
    assert (pixels[:, 16:] == 128).all()


# The pool


def test_a_header_refusal_keeps_the_child_and_an_upset_one_is_replaced(children: Children) -> None:
    with Decoder() as decoder:
        decoder.decode(pictures.png())
        first = children.now()
        for make in (pictures.huge_png, pictures.jpeg_12_bit, pictures.float_rgb_tiff, lambda: b"text"):
            refused(decoder, make())
            decoder.decode(pictures.png())
            assert children.now() == first
        for make in (pictures.jpeg_without_end_marker, pictures.png_with_changed_pixels):
            refused(decoder, make())
            decoder.decode(pictures.png())
            assert children.now() != first
            first = children.now()


def test_a_child_serves_only_so_many_pictures(monkeypatch: pytest.MonkeyPatch, children: Children) -> None:
    monkeypatch.setattr(decode_module, "_PICTURES_PER_CHILD", 3)
    with Decoder() as decoder:
        served_by = []
        for _ in range(6):
            decoder.decode(pictures.png())
            served_by.append(children.now())
    assert served_by[0] == served_by[1] != served_by[3] == served_by[4]
    assert served_by[2] == served_by[5] == set()  # retired at once, replaced when needed


def test_many_threads_get_their_own_pictures() -> None:
    colours = [(shade, 255 - shade, shade // 2) for shade in range(0, 250, 5)]
    files = [pictures.saved(Image.new("RGB", (40, 30), colour), "PNG") for colour in colours]
    with Decoder(children=2) as decoder, ThreadPoolExecutor(8) as threads:
        results = list(threads.map(decoder.decode, files))
    assert [tuple(picture.pixels[0, 0][::-1]) for picture in results] == colours


def test_a_child_outlives_the_thread_that_asked_first(children: Children) -> None:
    with Decoder() as decoder:
        thread = threading.Thread(target=decoder.decode, args=(pictures.png(),))
        thread.start()
        thread.join()
        first = children.now()
        decoder.decode(pictures.png())
        assert children.now() == first


def test_the_pixels_are_the_callers_own() -> None:
    with Decoder() as decoder:
        white = decoder.decode(pictures.saved(Image.new("RGB", (40, 40), "white"), "PNG"))
        decoder.decode(pictures.saved(Image.new("RGB", (40, 40), "black"), "PNG"))
    assert (white.pixels == 255).all()


def test_the_memory_of_a_large_picture_is_given_back() -> None:
    with Decoder() as decoder:
        assert decoder.decode(pictures.black_png(5000)).pixels.shape == (5000, 5000, 3)
        assert os.fstat(decoder._workers[0]._sandbox._arena_fd).st_blocks == 0


def test_submit_works_in_the_background_and_carries_refusals() -> None:
    with Decoder() as decoder:
        good, bad = decoder.submit(pictures.png()), decoder.submit(b"text")
        assert good.result().format == "PNG"
        assert isinstance(bad.exception(), BadMedia)


def test_close_leaves_no_process_no_descriptor_and_no_warning(children: Children) -> None:
    with Decoder() as decoder:
        decoder.decode(pictures.png())
    files_before = len(list(Path("/proc/self/fd").iterdir()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            decoder = Decoder(children=2)
            decoder.decode(pictures.png())
            refused(decoder, pictures.jpeg_without_end_marker())
            decoder.close()
            decoder.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == files_before
    assert children.now() == set()
    with pytest.raises(RuntimeError):
        decoder.decode(pictures.png())


def test_close_cancels_what_has_not_begun() -> None:
    decoder = Decoder()
    futures = [decoder.submit(pictures.jpeg((1500, 1500))) for _ in range(20)]
    decoder.close()
    assert futures[-1].cancelled()
    with pytest.raises(CancelledError):
        futures[-1].result()


def test_a_decoder_needs_a_child() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Decoder(children=0)


# Files


def test_read_file_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"12345")
    assert read_file(path) == b"12345"
    assert read_file(path, DecodeLimits(max_bytes=5)) == b"12345"


def test_read_file_refuses_what_is_empty_or_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    with pytest.raises(BadMedia) as caught:
        read_file(path)
    assert caught.value.code == "empty"
    path.write_bytes(b"123456")
    with pytest.raises(BadMedia) as caught:
        read_file(path, DecodeLimits(max_bytes=5))
    assert caught.value.code == "too_large"


def test_read_file_does_not_wait_for_a_pipe_or_read_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, word in ((tmp_path / "pipe", "pipe"), (Path("/dev/zero"), "device"), (tmp_path, "folder")):
        with pytest.raises(BadMedia) as caught:
            read_file(path)
        assert caught.value.code == "unreadable_file"
        assert word in caught.value.why


@pytest.mark.parametrize("name", ["missing.jpg", "nul\0.jpg", "x" * 300])
def test_read_file_names_what_it_cannot_open(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadMedia) as caught:
        read_file(tmp_path / name)
    assert caught.value.code == "unreadable_file"


def test_a_picture_read_from_a_file_decodes(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "portrait.jpg"
    path.write_bytes(pictures.jpeg())
    with Image.open(io.BytesIO(pictures.jpeg())) as image:
        assert np.array_equal(decoder.decode(read_file(path)).pixels, bgr(image))


class Answers:
    """A sandbox whose replies a test gives; it counts how often its child is replaced."""

    def __init__(self, *replies: Reply | ChildLost) -> None:
        self.replies, self.retired = list(replies), 0
        self.pixels, self.released = bytes(16 * 16 * 3), list[int]()

    def exchange(self, data: bytes) -> Reply:
        reply = self.replies.pop(0)
        if isinstance(reply, ChildLost):
            raise reply
        return reply

    def release(self, used: int) -> None:
        self.released.append(used)

    def retire(self) -> None:
        self.retired += 1


def test_a_child_is_replaced_after_256_pictures_and_after_one_that_upset_it() -> None:
    def refusal(code: str) -> Reply:
        return Reply(1, Status.REFUSED, REFUSALS.index(code))

    worker = _Worker(DecodeLimits())
    worker._sandbox.close()
    picture = Reply(1, Status.PICTURE, 0, 16, 16, 16, 16)
    sandbox = Answers(*[picture] * 255, refusal("not_an_image"), *[picture] * 10)
    worker._sandbox = sandbox  # type: ignore[assignment]

    def decoded(times: int) -> int:
        for _ in range(times):
            with suppress(BadMedia):
                worker.decode(b"data")
        return sandbox.retired

    assert (decoded(255), decoded(1), decoded(10)) == (0, 1, 1)  # a refusal counts as well
    assert sandbox.released == [768] * 265
    sandbox.replies = [refusal("corrupt"), *[picture] * 255, picture]
    assert (decoded(1), decoded(255), decoded(1)) == (2, 2, 3)
    sandbox.replies = [picture, ChildLost(over_limit=False), *[picture] * 255, picture]
    assert (decoded(2), decoded(255), decoded(1)) == (3, 3, 4)
    for code in ("truncated", "corrupt", "decoder_limit"):
        sandbox.replies = [refusal(code)]
        decoded(1)
    assert sandbox.retired == 7

"""Pictures as people have them: deep, printed, in several frames, with long histories; and that their colours are right."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin
from tests.factories import pictures

from plainview.recognition.decode import Decoder
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Pixels

INPUTS = Path(__file__).parents[2] / "inputs"


def source() -> Pixels:
    return np.ascontiguousarray(np.asarray(pictures.portrait())[:, :, ::-1])


def written(name: str, pixels: np.ndarray, *options: int) -> bytes:
    """A file as OpenCV writes it, which shares no code with what decodes it here."""
    done, data = cv2.imencode(name, pixels, list(options))
    assert done
    return bytes(data)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def sixteen() -> np.ndarray:
    """The portrait with 16 bits a channel: noise below the upper 8, and both ends of the scale."""
    noise = np.random.default_rng(1).integers(0, 256, source().shape, dtype=np.uint16)
    deep = source().astype(np.uint16) * 256 + noise
    deep[0, 0], deep[0, 1] = 65535, 0
    return deep


DEEP: dict[str, tuple[Callable[[], bytes], float]] = {
    "PNG": (lambda: written(".png", sixteen()), 0),
    "TIFF, LZW": (lambda: written(".tiff", sixteen()), 0),
    "TIFF, uncompressed": (lambda: written(".tiff", sixteen(), cv2.IMWRITE_TIFF_COMPRESSION, 1), 0),
    "AVIF of 10 bits": (
        lambda: written(".avif", sixteen() >> 6, cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 100),
        4,
    ),
    "AVIF of 12 bits": (
        lambda: written(".avif", sixteen() >> 4, cv2.IMWRITE_AVIF_DEPTH, 12, cv2.IMWRITE_AVIF_QUALITY, 100),
        4,
    ),
    "HEIC of 10 bits": (lambda: heic_of_ten_bits(), 4),
}


def heic_of_ten_bits() -> bytes:
    file = io.BytesIO()
    height, width, _ = sixteen().shape
    pixels = np.ascontiguousarray(sixteen()[:, :, ::-1]).tobytes()
    pillow_heif.encode("RGB;16", (width, height), pixels, file, quality=95)
    return file.getvalue()


@pytest.mark.parametrize("name", DEEP)
def test_deep_colour_is_used_with_its_upper_eight_bits_and_said(decoder: Decoder, name: str) -> None:
    make, tolerance = DEEP[name]
    picture = decoder.decode(make())
    assert difference(picture.pixels, (sixteen() >> 8).astype(np.uint8)) <= tolerance
    assert any("bits per channel" in note for note in picture.notes)


@pytest.mark.parametrize("name", [".png", ".tiff"])
def test_deep_grey_is_scaled_not_cut_off(decoder: Decoder, name: str) -> None:
    deep = np.ascontiguousarray(sixteen()[:, :, 1])
    picture = decoder.decode(written(name, deep))
    assert (picture.pixels == (deep >> 8).astype(np.uint8)[:, :, np.newaxis]).all()
    assert picture.notes == ("The picture has 16 bits per channel. It is used with 8.",)


def test_grey_of_twelve_bits_in_jpeg_2000_is_not_scaled_twice(decoder: Decoder) -> None:
    """Written by OpenJPEG: 64 x 64, the numbers from 0 to 4095."""
    picture = decoder.decode((INPUTS / "grey-12-bits.jp2").read_bytes())
    assert (picture.pixels[:, :, 0].ravel() == np.arange(4096) >> 4).all()


def test_big_endian_deep_grey_is_the_same_picture(decoder: Decoder) -> None:
    deep = sixteen()[:, :, 1]
    file = io.BytesIO()
    Image.frombytes("I;16B", (deep.shape[1], deep.shape[0]), deep.astype(">u2").tobytes()).save(file, "TIFF")
    assert (decoder.decode(file.getvalue()).pixels[:, :, 0] == (deep >> 8)).all()


def test_deep_colour_with_transparency_shows_neutral_grey(decoder: Decoder) -> None:
    deep = np.dstack([sixteen(), np.full(sixteen().shape[:2], 65535, np.uint16)])
    deep[:, :20, 3] = 0
    picture = decoder.decode(written(".png", deep))
    assert (picture.pixels[:, :20] == 128).all()
    assert (picture.pixels[:, 20:] == (deep[:, 20:, :3] >> 8)).all()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_print_colours_look_as_another_decoder_shows_them(decoder: Decoder, kind: str) -> None:
    printed = pictures.portrait(mode="CMYK")
    data = pictures.saved(printed, kind, **({"quality": 98} if kind == "JPEG" else {}))
    picture = decoder.decode(data)
    # A JPEG of print colours has them inverted, as Adobe began; OpenCV knows that too. Its TIFF reader does not do CMYK.
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if kind == "JPEG" else source()
    assert difference(picture.pixels, np.asarray(other)) < 4
    assert "without a colour profile" in picture.notes[0]


def test_print_colours_are_converted_with_their_own_profile(decoder: Decoder) -> None:
    # In this profile every ink but black looks like a clear blue: CIE L* 50, a* 0, b* -60.
    profile = pictures.print_profile((128, 128, 68))
    inks = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    picture = decoder.decode(pictures.saved(inks, "TIFF", icc_profile=profile))
    blue, green, red = picture.pixels[5, 5].tolist()
    assert blue > 180
    assert blue > red + 80
    assert blue > green + 40
    assert picture.notes == ("Print colours (CMYK) were converted with the colour profile of the file.",)


def test_a_damaged_print_profile_does_not_cost_the_picture(decoder: Decoder) -> None:
    profile = pictures.print_profile((128, 128, 68))
    data = pictures.saved(pictures.portrait(mode="CMYK"), "TIFF", icc_profile=profile[:300])
    assert "without a colour profile" in decoder.decode(data).notes[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GIF", "several frames or pages. Only the first one"),
        ("PNG", "3 frames or pages. Only the first one"),
        ("WEBP", "3 frames or pages. Only the first one"),
        ("AVIF", "3 frames or pages. Only the first one"),
        ("TIFF", "several frames or pages. Only the first one"),
    ],
)
def test_the_first_frame_is_used_and_said(decoder: Decoder, name: str, words: str) -> None:
    picture = decoder.decode(pictures.animated(name))
    assert difference(picture.pixels, source()) < 14
    assert words in picture.notes[0]


def test_the_primary_picture_of_a_burst_is_used_and_said(decoder: Decoder) -> None:
    burst = pillow_heif.from_pillow(pictures.portrait().rotate(90, expand=True))
    burst.add_from_pillow(pictures.portrait())
    file = io.BytesIO()
    burst.save(file, primary_index=1, quality=90)
    picture = decoder.decode(file.getvalue())
    assert difference(picture.pixels, source()) < 8
    assert picture.notes == ("The file has 2 frames or pages. Only the primary picture is used.",)


def test_a_small_version_in_front_of_the_page_is_passed_over(decoder: Decoder) -> None:
    data = bytearray(
        pictures.saved(
            pictures.portrait((32, 40)), "TIFF", save_all=True, append_images=[pictures.portrait()], tiffinfo={254: 0}
        )
    )
    entry = data.index(struct.pack("<HHI", 254, 4, 1))
    data[entry + 8 : entry + 12] = struct.pack("<I", 1)  # of the first page only: a version of reduced resolution
    picture = decoder.decode(bytes(data))
    assert (picture.pixels == source()).all()


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 95}, {"use_container": True, "quality": 95}])
def test_jpeg_xl_is_read(decoder: Decoder, options: dict[str, object]) -> None:
    picture = decoder.decode(pictures.saved(pictures.portrait(), "JXL", **options))
    assert picture.format == "JXL"
    assert picture.notes == ()
    assert difference(picture.pixels, source()) < (0.01 if "lossless" in options else 5)


def test_a_jpeg_xl_with_a_huge_canvas_is_refused_by_its_size(decoder: Decoder) -> None:
    sides = (1 << 17) - 1  # in 18 bits: the selector 2
    bits, value = 0, 0
    for field, width in ((0, 1), (2, 2), (sides, 18), (0, 3), (2, 2), (sides, 18)):
        value |= field << bits
        bits += width
    with pytest.raises(BadMedia) as caught:
        decoder.decode(b"\xff\x0a" + value.to_bytes(8, "little") + bytes(50))
    assert caught.value.code == "too_many_pixels"
    assert "131,072 x 131,072" in caught.value.why


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_jpeg_xl_is_turned_once(decoder: Decoder, orientation: int) -> None:
    data = pictures.rotated(orientation, "JXL", lossless=True)
    # The format says: a turn is in the codestream; EXIF's is a copy. Ours has none in the codestream.
    assert (
        decoder.decode(data).pixels.shape[:2]
        == pictures.portrait().transpose(pictures._STORED_AS[orientation]).size[::-1]
    )


def test_half_a_jpeg_xl_is_refused(decoder: Decoder) -> None:
    with pytest.raises(BadMedia) as caught:
        decoder.decode(pictures.saved(pictures.portrait(), "JXL", lossless=True)[:900])
    assert caught.value.code in ("truncated", "corrupt")


# What editors and writers add


def texts(**chunks: int) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, size in chunks.items():
        text = "é" + "x" * size
        if name == "itxt":
            info.add_itxt("XML:com.adobe.xmp", text, zip=True)
        elif name == "ztxt":
            info.add_text("history", text, zip=True)
        else:
            info.add_text("history", text)
    return pictures.png(pnginfo=info)


@pytest.mark.parametrize(
    ("chunk", "size"), [("itxt", 2 << 20), ("itxt", 40 << 20), ("ztxt", 2 << 20), ("ztxt", 40 << 20), ("text", 2 << 20)]
)
def test_a_png_with_megabytes_of_text_is_read(decoder: Decoder, chunk: str, size: int) -> None:
    assert (decoder.decode(texts(**{chunk: size})).pixels == source()).all()


def test_a_png_with_a_profile_of_megabytes_is_read(decoder: Decoder) -> None:
    assert (decoder.decode(pictures.png(icc_profile=bytes(20 << 20))).pixels == source()).all()


@pytest.mark.parametrize(("kind", "reads"), [(b"tEXt", True), (b"tIME", True), (b"gAMA", False), (b"pHYs", False)])
def test_a_wrong_checksum_costs_the_picture_only_where_it_may_change_it(
    decoder: Decoder, kind: bytes, reads: bool
) -> None:
    chunk = pictures.png_chunk(kind, bytes([7, 234, 1, 2, 3, 4, 5, 6, 7]))
    whole, at = pictures.png(), 33  # behind the header
    data = whole[:at] + chunk[:-1] + bytes([chunk[-1] ^ 1]) + whole[at:]
    if reads:
        assert (decoder.decode(data).pixels == source()).all()
    else:
        with pytest.raises(BadMedia) as caught:
            decoder.decode(data)
        assert caught.value.code == "corrupt"


def test_text_that_is_damaged_does_not_cost_the_picture(decoder: Decoder) -> None:
    whole = pictures.png()
    damaged = pictures.png_chunk(b"zTXt", b"history\0\0not deflated at all")
    at = whole.index(b"IDAT") - 4
    assert (decoder.decode(whole[:at] + damaged + whole[at:]).pixels == source()).all()


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("count", [60_000, 0, 40])
def test_a_tiff_whose_last_count_is_wrong_is_read(decoder: Decoder, compression: str, count: int) -> None:
    whole = pictures.saved(pictures.portrait(), "TIFF", compression=compression, strip_size=8192)
    with Image.open(io.BytesIO(whole)) as image:
        counts = image.tag_v2[279]
        expected = np.asarray(image.convert("RGB"))[:, :, ::-1]
    packed = [np.array(counts, kind).tobytes() for kind in ("<u4", "<u2")]
    at, kind = next((whole.index(row), row) for row in packed if row in whole)
    width = len(kind) // len(counts)
    wrong = whole[: at + len(kind) - width] + count.to_bytes(width, "little") + whole[at + len(kind) :]
    assert difference(decoder.decode(wrong).pixels, expected) == 0


@pytest.mark.parametrize("name", ["png-xmp-over-1-mb.png", "tiff-last-strip-count-too-large.tif"])
def test_the_pictures_of_strangers_show_the_same_portrait(decoder: Decoder, name: str) -> None:
    picture = decoder.decode((INPUTS / name).read_bytes())
    other = cv2.imdecode(np.frombuffer((INPUTS / "png-xmp-over-1-mb.png").read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert (picture.pixels == np.asarray(other)).all()
    assert picture.notes == ()


def test_a_trailer_behind_a_heic_is_no_concern(decoder: Decoder) -> None:
    # Telephones append their own boxes and bytes; what is there counts.
    for trailer in (b"\0\0\0\x20sefd" + bytes(24), b"\0\0\1\0sefd", b"MotionPhoto_Data" + bytes(60)):
        assert decoder.decode(pictures.heic() + trailer).format == "HEIF"

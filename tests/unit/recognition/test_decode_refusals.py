"""Every picture that must not be used is refused, with the right code and words that help."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.factories import pictures
from tests.factories.decoders import Children, refused

from plainview.recognition import decode as decode_module
from plainview.recognition.decode import DecodeLimits, Decoder
from plainview.recognition.decode_wire import FORMATS, OTHER_FORMATS
from plainview.recognition.errors import CODES

# What is refused

REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "empty": (lambda: b"", "empty", "0 bytes"),
    "text": (lambda: b"This is not a picture at all.\n" * 9, "not_an_image", "not a picture"),
    "one byte": (lambda: b"\xff", "not_an_image", "not a picture"),
    "text that begins like a BMP": (lambda: b"BMW drives past the camera", "not_an_image", "not a"),
    "half a JPEG": (pictures.jpeg_that_stops_in_the_middle, "truncated", "ends before"),
    "JPEG without its last two bytes": (pictures.jpeg_without_end_marker, "truncated", "ends before"),
    "half a JPEG, end marker put behind": (pictures.jpeg_with_made_up_end, "truncated", "ends before"),
    "half a progressive JPEG, end marker put behind": (
        lambda: pictures.jpeg_with_made_up_end(progressive=True),
        "truncated",
        "ends before",
    ),
    "PNG without IEND": (pictures.png_without_end_chunk, "truncated", "ends before"),
    "half a PNG": (lambda: pictures.png()[:9000], "truncated", "ends"),
    "half a WebP": (lambda: pictures.saved(pictures.portrait(), "WEBP")[:1500], "truncated", "ends before"),
    "half a GIF": (lambda: pictures.saved(pictures.portrait(), "GIF")[:5000], "truncated", "ends before"),
    "half a BMP": (lambda: pictures.saved(pictures.portrait(), "BMP")[:5000], "truncated", "ends before"),
    "half a TIFF": (lambda: pictures.tiff()[:1500], "truncated", "ends before"),
    "half an LZW TIFF": (
        lambda: pictures.saved(pictures.portrait(), "TIFF", compression="tiff_lzw")[:9000],
        "truncated",
        "",
    ),
    "half a HEIC": (lambda: pictures.heic()[:4000], "truncated", "ends before"),
    "half an AVIF": (lambda: pictures.saved(pictures.portrait(), "AVIF")[:1500], "truncated", "ends before"),
    "half a JPEG 2000": (lambda: pictures.saved(pictures.portrait(), "JPEG2000")[:9000], "truncated", "ends"),
    "half a JPEG 2000 codestream": (
        lambda: pictures.saved(pictures.portrait(), "JPEG2000", no_jp2=True)[:9000],
        "truncated",
        "ends",
    ),
    "PNG with a wrong checksum": (pictures.png_with_wrong_checksum, "corrupt", "damaged"),
    "PNG with changed pixel data": (pictures.png_with_changed_pixels, "corrupt", "damaged"),
    "JPEG without a picture": (lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50) + b"\xff\xd9", "corrupt", "damaged"),
    "30,000 x 30,000 PNG": (pictures.huge_png, "too_many_pixels", "30,000 x 30,000"),
    "long thin PNG": (lambda: pictures.handmade_png(40_000, 20, 8, 0, bytes(40_000)), "too_many_pixels", "40,000"),
    "GIF with a huge canvas": (lambda: pictures.huge_canvas("GIF"), "too_many_pixels", "16,000 x 16,000"),
    "BMP with a huge canvas": (lambda: pictures.huge_canvas("BMP"), "too_many_pixels", "16,000 x 16,000"),
    "WebP with a huge canvas": (lambda: pictures.huge_canvas("WEBP"), "too_many_pixels", "16,000 x 16,000"),
    "8 x 8": (lambda: pictures.png((8, 8)), "too_small", "8 x 8"),
    "32-bit integer TIFF": (lambda: pictures.saved(pictures.portrait(mode="I"), "TIFF"), "deep_colour", "32 bits"),
    "RGB float TIFF": (pictures.float_rgb_tiff, "kind_not_decodable", "Nothing is wrong"),
    "TIFF of WebP strips": (lambda: pictures.tiff(t259=50001), "kind_not_decodable", "Nothing is wrong"),
    "JPEG-LS": (
        lambda: b"\xff\xd8\xff\xf7\0\x0b\x08\0\x10\0\x10\1\1\x11\0" + bytes(30),
        "format_not_allowed",
        "JPEG-LS",
    ),
    "float TIFF": (lambda: pictures.saved(pictures.portrait(mode="F"), "TIFF"), "deep_colour", "32 bits"),
    "12-bit JPEG": (pictures.jpeg_12_bit, "deep_colour", "12 bits"),
    "16-bit JPEG 2000": (pictures.deep_jpeg2000, "deep_colour", "16 bits"),
    "DNG": (lambda: pictures.tiff(t50706=1), "format_not_allowed", "camera raw (DNG)"),
    "TIFF that is only a preview": (lambda: pictures.tiff(t254=1), "format_not_allowed", "camera raw"),
    "NEF": (lambda: pictures.camera_raw("NIKON CORPORATION"), "format_not_allowed", "Nikon camera raw (NEF)"),
    "ARW": (lambda: pictures.camera_raw("SONY"), "format_not_allowed", "Sony camera raw (ARW)"),
    "CR2": (lambda: b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "format_not_allowed", "Canon camera raw (CR2)"),
    "CR3": (lambda: b"\0\0\0\x18ftypcrx " + bytes(99), "format_not_allowed", "Canon camera raw (CR3)"),
    "RAF": (lambda: b"FUJIFILMCCD-RAW 0201" + bytes(99), "format_not_allowed", "Fujifilm camera raw (RAF)"),
    "ORF": (lambda: b"IIRS\x08\0\0\0" + bytes(99), "format_not_allowed", "Olympus camera raw (ORF)"),
    "page saved as a picture": (lambda: b"<!DOCTYPE html><html><body>Sign in</body>", "format_not_allowed", "web page"),
    "page with an XML head": (lambda: b"<?xml version='1.0'?>\n<html xmlns='x'>", "format_not_allowed", "web page"),
    "Word document": (lambda: b"PK\3\4" + bytes(40), "format_not_allowed", "ZIP archive or Office document"),
    "7-Zip archive": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(40), "format_not_allowed", "archive: pictures in it"),
    "gzip archive": (lambda: b"\x1f\x8b\x08\0" + bytes(40), "format_not_allowed", "a RAR, 7-Zip or gzip archive"),
    "DICOM": (lambda: bytes(128) + b"DICM" + bytes(40), "format_not_allowed", "DICOM"),
    "WSQ fingerprint": (lambda: b"\xff\xa0\xff\xa4" + bytes(40), "format_not_allowed", "WSQ fingerprint"),
    "ANSI/NIST file": (lambda: b"1.001:129\x1d1.002:0501\x1d", "format_not_allowed", "ANSI/NIST-ITL file"),
    "ANSI/NIST file in XML": (
        lambda: (
            b'\xef\xbb\xbf<?xml version="1.0"?><itl:NISTBiometricInformationExchangePackage '
            b'xmlns:itl="http://biometrics.nist.gov/standard/2011">'
        ),
        "format_not_allowed",
        "in its XML encoding",
    ),
    "Lab TIFF": (lambda: pictures.saved(pictures.portrait(mode="LAB"), "TIFF"), "format_not_allowed", "Lab"),
    "MP4": (lambda: b"\0\0\0\x20ftypisom" + bytes(99), "format_not_allowed", "The file is a video, no picture."),
    "JPEG behind a blank line": (lambda: b"\r\n" + pictures.jpeg(), "not_an_image", "begins inside the file"),
    "base64": (lambda: base64.b64encode(pictures.png()), "not_an_image", "written as text"),
    "zeros": (lambda: bytes(50_000), "not_an_image", "only zeros"),
    "file of macOS": (lambda: b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(66), "not_an_image", "macOS"),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format_not_allowed", "SVG"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_right_code_and_words(decoder: Decoder, case: str) -> None:
    make, code, words = REFUSED[case]
    error = refused(decoder, make())
    assert error.code == code
    assert words in error.why
    assert error.why.endswith(".")
    assert error.next_step.endswith(".")
    for leak in ("Traceback", "0x", "Error", "<", "PIL"):
        assert leak not in str(error)
    assert error.__cause__ is None
    assert decoder.decode(pictures.png()).format == "PNG"  # and the next picture is none the worse


def test_every_code_of_the_child_is_known() -> None:
    assert set(decode_module.REFUSALS) <= set(CODES)


def test_a_jpeg_cut_anywhere_is_refused(decoder: Decoder) -> None:
    whole = pictures.jpeg((64, 64))
    for end in (len(whole) - 1, len(whole) - 3, len(whole) - 20, len(whole) // 3):
        assert refused(decoder, whole[:end]).code == "truncated"


def test_bytes_behind_the_end_marker_do_no_harm(decoder: Decoder) -> None:
    whole = decoder.decode(pictures.jpeg())
    followed = decoder.decode(pictures.jpeg() + b"a maker's trailer \xff\xd8 and more")
    assert (followed.pixels == whole.pixels).all()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_a_picture_that_really_is_neutral_grey_is_whole(decoder: Decoder, options: dict[str, bool]) -> None:
    grey = Image.new("RGB", (64, 64), (128, 128, 128))
    grey.paste(pictures.portrait((32, 32)), (0, 0))
    assert decoder.decode(pictures.saved(grey, "JPEG", **options)).pixels[-1, -1].tolist() == [128, 128, 128]


def test_other_formats_are_refused_by_name(decoder: Decoder) -> None:
    Image.init()
    named = set()
    # Palm and SPIDER files carry no signature, so nobody can name them.
    for name in set(Image.SAVE) - set(FORMATS) - {"PALM", "SPIDER"}:
        for mode in ("RGB", "P", "1"):
            try:
                with warnings.catch_warnings(action="ignore"):  # some are deprecated
                    data = pictures.saved(pictures.portrait((32, 32), mode), name)
            except (OSError, ValueError, KeyError):
                continue
            error = refused(decoder, data)
            assert error.code == "format_not_allowed", name
            assert any(other in error.why for other in OTHER_FORMATS)
            assert error.next_step.endswith(".")
            named.add(name)
            break
    assert {"ICO", "TGA", "PPM", "PDF", "PCX"} <= named


def test_the_huge_png_is_refused_before_it_takes_memory(children: Children) -> None:
    bomb = pictures.huge_png()
    assert len(bomb) < 1_000_000
    with Decoder() as decoder:
        decoder.decode(pictures.png())
        (child,) = children.now()
        peak_before = _peak_bytes(child)
        assert refused(decoder, bomb).code == "too_many_pixels"
        assert _peak_bytes(child) - peak_before < 16 * 2**20


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def test_more_bytes_than_allowed_are_refused_before_anything_else() -> None:
    with Decoder(limits=DecodeLimits(max_bytes=1000)) as decoder:
        error = refused(decoder, pictures.png())
    assert error.code == "too_large"
    assert "1,000" in error.why


def test_too_little_memory_for_a_picture_is_a_refusal() -> None:
    limits = DecodeLimits(max_pixels=6_000_000, memory_bytes=150 * 2**20)
    with Decoder(limits=limits) as decoder:
        decoder.decode(pictures.png())
        error = refused(decoder, pictures.saved(Image.new("RGBA", (3000, 2000)), "WEBP", lossless=True))
        assert error.code == "decoder_limit"
        assert "150 MiB" in error.why
        assert decoder.decode(pictures.png()).format == "PNG"


def test_too_much_time_for_a_picture_is_a_refusal() -> None:
    with Decoder(limits=DecodeLimits(wall_seconds=0.02)) as decoder:
        error = refused(decoder, pictures.black_png(8000))
        assert error.code == "decoder_limit"
        assert "0.02 s" in error.why


@pytest.mark.parametrize("limits", [{"max_pixels": 0}, {"cpu_seconds": -1}, {"min_side": 50, "max_side": 40}])
def test_senseless_limits_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="limit"):
        DecodeLimits(**limits)

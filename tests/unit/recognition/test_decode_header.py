"""What can be read without decoding: the facts that no refusal test can see from outside."""

from __future__ import annotations

import struct
import zlib

import pillow_jxl  # noqa: F401  Pillow learns the format
import pytest
from PIL import Image
from tests.factories import pictures

from plainview.recognition.decode_header import (
    _OTHER_SIGNATURES,
    Header,
    is_exchange,
    raw_format,
    read_header,
    sniff,
    sniff_other,
)
from plainview.recognition.decode_tiff import read_directory
from plainview.recognition.decode_wire import OTHER_FORMATS


@pytest.mark.parametrize(
    "data",
    [
        pictures.saved(pictures.portrait(), "WEBP"),
        pictures.saved(pictures.portrait(), "WEBP", lossless=True),
        pictures.saved(pictures.portrait(), "WEBP", exif=pictures.exif(orientation=1)),
    ],
    ids=["VP8", "VP8L", "VP8X"],
)
def test_every_kind_of_webp_tells_its_size(data: bytes) -> None:
    assert read_header("WEBP", data).size == (96, 112)


def test_a_jpeg_tells_where_its_coded_data_ends() -> None:
    whole = pictures.jpeg()
    header = read_header("JPEG", whole + b"\xff\xd9 behind")
    assert header.size == (96, 112)
    assert header.end == len(whole) - 2
    assert not header.cut_short


def test_arithmetic_coding_has_no_end_that_bytes_could_be_put_before() -> None:
    arithmetic = pictures.jpeg().replace(b"\xff\xc0", b"\xff\xc9")
    assert read_header("JPEG", arithmetic).end == 0


def test_any_still_picture_container_is_told_by_its_compatible_brands() -> None:
    heic, avif = pictures.heic(), pictures.saved(pictures.portrait(), "AVIF")
    assert sniff(heic[:8] + b"mif1" + heic[12:]) == "HEIF"
    assert sniff(avif[:8] + b"mif1" + avif[12:]) == "AVIF"


def plain(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (90, 120, 60))


# Every ratio of a SizeHeader, both scales, and three of its lengths of a side: what libjxl writes for these sizes.
@pytest.mark.parametrize(
    "size",
    [
        (8, 8),
        (256, 256),
        (96, 80),
        (64, 48),
        (72, 48),
        (128, 72),
        (80, 64),
        (96, 48),
        (8, 256),
        (97, 61),
        (513, 512),
        (7, 9000),
        (9000, 1),
    ],
)
@pytest.mark.parametrize("boxes", [False, True])
def test_jpeg_xl_tells_its_size(size: tuple[int, int], boxes: bool) -> None:
    data = pictures.saved(plain(size), "JXL", use_container=boxes, effort=1)
    assert sniff(data) == "JXL"
    assert read_header("JXL", data).size == size


def test_jpeg_xl_in_boxes_without_a_codestream_ends_too_early() -> None:
    data = pictures.saved(plain((8, 8)), "JXL", use_container=True, effort=1)
    assert read_header("JXL", data[: data.index(b"\xff\x0a", 12)]).cut_short


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": pictures.exif(orientation=1)}])
@pytest.mark.parametrize("size", [(1, 1), (300, 700), (700, 300), (16383, 2)])
def test_webp_tells_its_size_and_whether_it_is_whole(size: tuple[int, int], options: dict[str, object]) -> None:
    data = pictures.saved(plain(size), "WEBP", **options)
    assert read_header("WEBP", data) == Header(size=size)
    assert read_header("WEBP", data + b"behind") == Header(size=size)
    assert read_header("WEBP", data[:-1]) == Header(size=size, cut_short=True)


@pytest.mark.parametrize(("mode", "bits"), [("RGB", 8), ("1", 1), ("I;16", 16)])
def test_png_tells_its_size_and_bits(mode: str, bits: int) -> None:
    data = pictures.saved(Image.new(mode, (300, 70)), "PNG")
    assert read_header("PNG", data) == Header(size=(300, 70), bits=bits)
    assert read_header("PNG", data + b"behind") == Header(size=(300, 70), bits=bits)
    assert read_header("PNG", data[:-1]).cut_short
    assert read_header("PNG", data[:20]).cut_short


def test_each_checksum_of_a_png_is_checked_except_that_of_a_text() -> None:
    data = pictures.png()
    data = data[:-12] + pictures.png_chunk(b"tEXt", b"a\0b") + data[-12:]
    at, kinds = 8, []
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        altered = bytearray(data)
        altered[at + 11 + length] ^= 1  # the checksum's last byte
        assert read_header("PNG", bytes(altered)).damaged is (kind != b"tEXt"), kind
        kinds.append(kind)
        at += 12 + length
    assert kinds[0] == b"IHDR"
    assert kinds[-2:] == [b"tEXt", b"IEND"]
    assert zlib.crc32(b"IEND") == int.from_bytes(data[-4:], "big")


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}, {"exif": pictures.exif(orientation=6)}]
)
def test_jpeg_tells_its_size_and_its_end(options: dict[str, object]) -> None:
    data = pictures.jpeg((300, 70), **options)
    assert read_header("JPEG", data) == Header(size=(300, 70), end=len(data) - 2)
    assert read_header("JPEG", data + data) == Header(size=(300, 70), end=len(data) - 2)
    assert read_header("JPEG", data[:-2]) == Header(size=(300, 70), cut_short=True)
    assert read_header("JPEG", data[:3]).cut_short


def test_markers_of_a_jpeg_may_be_filled_up_and_stand_alone() -> None:
    data = pictures.jpeg((300, 70))
    table = data.index(b"\xff\xdb")
    for between in (b"\xff\xff", b"\xff\x01", b"\xff\xfe\0\x02", b"\xff\xfe\0\x06\xff\xc0\xff\xd9"):
        longer = data[:table] + between + data[table:]
        assert read_header("JPEG", longer) == Header(size=(300, 70), end=len(longer) - 2)


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_every_frame_of_a_jpeg_tells_its_size_and_only_huffman_coding_its_end(marker: int) -> None:
    data = pictures.jpeg((300, 70)).replace(b"\xff\xc0", bytes([0xFF, marker]))
    header = read_header("JPEG", data)
    assert header.size == (300, 70)
    assert header.end == (len(data) - 2 if marker <= 0xC2 else 0)


def test_the_first_frame_of_a_jpeg_counts() -> None:
    data = pictures.jpeg((300, 70))
    frame = data.index(b"\xff\xc0")
    second = data[:frame] + data[frame : frame + 19] + data[frame:].replace(b"\0\x46\x01\x2c", b"\0\x40\x01\x20", 1)
    assert read_header("JPEG", second).size == (300, 70)
    deep = data[: frame + 4] + b"\x0c" + data[frame + 5 :]
    assert read_header("JPEG", deep).bits == 12


def test_jpeg_ls_is_another_format() -> None:
    data = pictures.jpeg().replace(b"\xff\xc0", b"\xff\xf7")
    assert read_header("JPEG", data).other == OTHER_FORMATS.index("JPEG-LS")


def box(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(body) if length is None else length, kind) + body


FTYP = box(b"ftyp", b"avif\0\0\0\0avif")
LARGE = struct.pack(">I4sQ", 1, b"mdat", 20) + b"long"


@pytest.mark.parametrize(
    ("data", "cut"),
    [
        (FTYP, False),
        (FTYP + box(b"mdat", b"xxxx"), False),
        (FTYP + box(b"mdat", b"xxxx")[:-1], True),
        (FTYP + box(b"mdat", b"xxxx", 0), False),  # to the end of the file
        (FTYP + LARGE, False),
        (FTYP + LARGE[:-1], True),
        (FTYP + LARGE + box(b"meta", b"xx")[:-1], True),
        (FTYP + box(b"meta", b"", 7), True),
        (FTYP + box(b"sefd", b"", 900), False),  # a telephone's trailer
        (FTYP + b"\0\0\0", False),
        (FTYP[:-1], True),
        (box(b"junk", b"", 900), True),
    ],
)
def test_a_box_that_reaches_past_the_end_is_cut_short_but_not_a_trailer(data: bytes, cut: bool) -> None:
    assert read_header("AVIF", data).cut_short is cut


@pytest.mark.parametrize(("flags", "bits"), [(0x00, 8), (0x20, 8), (0x40, 10), (0x60, 12)])
def test_av1_tells_its_bits(flags: int, bits: int) -> None:
    assert read_header("AVIF", FTYP + box(b"av1C", bytes([0x81, 0, flags, 0]))).bits == bits


@pytest.mark.parametrize(
    ("tones", "hdr"), [(1, False), (13, False), (16, True), (17, False), (18, True), (4096, False)]
)
def test_tones_of_a_high_dynamic_range_screen_are_told(tones: int, hdr: bool) -> None:
    colour = box(b"colr", b"nclx" + struct.pack(">HHHB", 16, tones, 16, 0))  # not at its first number, nor its last
    assert read_header("HEIF", FTYP + colour).hdr is hdr
    assert not read_header("HEIF", FTYP).hdr


@pytest.mark.parametrize("boxes", [False, True])
@pytest.mark.parametrize(("mode", "bits"), [("RGB", 8), ("L", 8), ("I;16", 16)])
def test_jpeg_2000_tells_its_bits_and_whether_it_is_whole(mode: str, bits: int, boxes: bool) -> None:
    data = pictures.saved(Image.new(mode, (40, 30)), "JPEG2000", no_jp2=not boxes)
    assert sniff(data) == "JPEG2000"
    assert read_header("JPEG2000", data) == Header(bits=bits)
    assert read_header("JPEG2000", data + b"\0\r\n") == Header(bits=bits)
    assert read_header("JPEG2000", data[:-1]).cut_short
    assert read_header("JPEG2000", data[: 80 if boxes else 3]).cut_short


def test_the_deepest_component_of_a_jpeg_2000_counts_with_or_without_a_sign() -> None:
    whole = bytearray(pictures.saved(plain((40, 30)), "JPEG2000", no_jp2=True))
    whole[45] = 0x80 | 11  # the second of three components, signed
    assert read_header("JPEG2000", bytes(whole)).bits == 12
    whole[51:54] = bytes([15, 15, 15])  # behind the three
    assert read_header("JPEG2000", bytes(whole)).bits == 12


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\xff\xd8\xfe\xe0", None),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\x89PNG\n\x1a\n", None),
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"GIF88a", None),
        (b"RIFF\0\0\0\0WEBP", "WEBP"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"RIFX\0\0\0\0WEBP", None),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"II+\0\x08\0\0\0", "TIFF"),
        (b"MM\0+\0\x08\0\0", "TIFF"),
        (b"II*\0\x10\0\0\0CR\2\0", None),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "BMP"),
        (b"BM" + bytes(12) + b"\x28\0\0", None),
        (b"BM" + bytes(12) + b"\x28\0\0\1", None),
        (b"BM" + bytes(12) + b"\x28\1\0\0", None),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF"),
        (b"\0\0\0\x18ftyphevc\0\0\0\0", "HEIF"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypavis\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypmsf1\0\0\0\0heicmif1", "HEIF"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0miafavif", "AVIF"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0avif", "AVIF"),
        (b"\0\0\0\x10ftypmif1\0\0\0\0avif", "HEIF"),  # behind the box
        (b"\0\0\0\x18ftypisom\0\0\0\0avifavif", None),
    ],
)
def test_a_format_is_told_by_its_signature(data: bytes, name: str | None) -> None:
    assert sniff(data) == name


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\2\0" + bytes(40) + b"TRUEVISION-XFILE.\0", "Truevision (TGA)"),
        (b"\0\0\2\0" + bytes(40), "Windows cursor (CUR)"),
        (b"P6\n9", "portable map (PPM, PGM, PBM, PFM)"),
        (b"\1\0\0\0" + bytes(36) + b" EMF", "Windows metafile (WMF, EMF)"),
        (bytes(128) + b"DICM", "DICOM"),
        (b"    \x11\xaf", "FLI or FLC animation"),
        (b"RIFF\0\0\0\0AVI ", "video"),
        (b"\0\0\0\x18ftypisom", "video"),
        (b"\0\0\0\x18ftypcrx ", "Canon camera raw (CR3)"),
        (b"II*\0\x10\0\0\0CR\2\0", "Canon camera raw (CR2)"),
        (b"II\x1a\0\0\0HEAPCCDR", "Canon camera raw (CRW)"),
        (b"<?xml ?><svg/>", "SVG drawing"),
        (b"<?xml ?><html/>", "web page (HTML)"),
        (b"<?xml ?><a/>", "XML text"),
        (b"<?xml ?><biometrics:NISTBiometricInformationExchangePackage/>", "ANSI/NIST-ITL file in XML"),
        (b"<?xml ?><NISTBiometricInformationExchangePackage/>", "XML text"),
        (b"<?xml ?><biometrics/>", "XML text"),
        (b"<?xml ?><p xmlns='http://x/itl/2011'/>", "ANSI/NIST-ITL file in XML"),
        (b"<?xml ?>" + b" " * 4083 + b"<svg/>", "SVG drawing"),
        (b"<?xml ?>" + b" " * 4085 + b"<svg/>", "XML text"),
        (b"1.001:200\x1d1.002:0500", "ANSI/NIST-ITL file"),
        ((b"G" + b"\n" * 187) * 3, "video"),
        ((bytes(4) + b"G" + b"\xff" * 187) * 3, "video"),
        ((b"G" + bytes(186)) * 3, None),
        (b"DHAV\xfd", "video"),
        (b"\0\0\0\1\x67\x64", "video"),
        (b"\n\xff\xd8\xff\xe0", "picture behind other bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n\x89PNG\r\n\x1a\n", "picture behind other bytes"),
        (b"x" * 4092 + b"\xff\xd8\xff\xe0", "picture behind other bytes"),
        (b"x" * 4093 + b"\xff\xd8\xff\xe0", None),
        (b"\xef\xbb\xbf/9j/4AAQ", "picture as base64"),
        (b" data:image/png;base64,iVBOR", "picture as base64"),
        (bytes(20), "file of zeros"),
        (b"", None),
        (bytes(20) + b"x", None),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble"),
        (b"short", None),
    ],
)
def test_a_format_that_is_not_read_is_told_too(data: bytes, name: str | None) -> None:
    found = sniff_other(data)
    assert (None if found is None else OTHER_FORMATS[found]) == name


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (b"1.001:200\x1d", True),
        (b"1.01:200\x1d", True),
        (b"\xef\xbb\xbf1.001: 200\x1d", True),
        (b"1.001:\x1d", False),
        (b"1.002:200\x1d", False),
        (b"x1.001:200\x1d", False),
    ],
)
def test_an_exchange_file_begins_with_its_length(data: bytes, is_one: bool) -> None:
    assert is_exchange(data) is is_one


@pytest.mark.parametrize(
    ("maker", "name"),
    [
        ("NIKON CORPORATION", "Nikon camera raw (NEF)"),
        ("Ricoh", "Pentax camera raw (PEF)"),
        ("", "camera raw"),
        ("Leica", "camera raw"),
    ],
)
def test_a_camera_raw_is_named_by_its_maker(maker: str, name: str) -> None:
    assert OTHER_FORMATS[raw_format(maker)] == name


def test_the_facts_of_a_tiff_are_those_of_its_directory_and_other_formats_have_none() -> None:
    whole = pictures.tiff()
    assert read_header("TIFF", whole) == Header(**read_directory(whole)._asdict())
    assert not read_header("TIFF", whole).overrun
    assert read_header("TIFF", whole[: len(whole) // 2]).overrun
    assert read_header("TIFF", whole[:6]).cut_short
    assert read_header("BMP", b"BM") == Header()


BEGINNINGS: dict[str, list[bytes]] = {
    "Truevision (TGA)": [bytes(64) + b"TRUEVISION-XFILE.\0"],
    "Photoshop (PSD)": [b"8BPS\0\1"],
    "PDF": [b"%PDF-1.7"],
    "PostScript (EPS)": [b"%!PS-Adobe-3.0 EPSF-3.0", b"\xc5\xd0\xd3\xc6\x20\0\0\0"],
    "Windows icon (ICO)": [b"\0\0\1\0\1\0"],
    "Windows cursor (CUR)": [b"\0\0\2\0\1\0"],
    "portable map (PPM, PGM, PBM, PFM)": [
        b"P1 3",
        b"P2\t3",
        b"P3\r3",
        b"P4\n3",
        b"P5 3",
        b"P6 3",
        b"P7\nWIDTH",
        b"PF\n3",
        b"Pf\n3",
        b"Py 3",
    ],
    "QOI": [b"qoif\0\0\1\0"],
    "DirectDraw surface (DDS)": [b"DDS \x7c\0\0\0"],
    "PCX": [b"\x0a\5\1\x08", b"\x0a\3\1\x08", b"\x0a\2\1\x08", b"\xb1\x68\xde\x3a\1"],
    "SGI": [b"\x01\xda\0\1", b"\x01\xda\1\1"],
    "Sun raster": [b"\x59\xa6\x6a\x95\0\0"],
    "FITS": [b"SIMPLE  =                    T"],
    "Apple icon (ICNS)": [b"icns\0\0\1\0"],
    "Windows metafile (WMF, EMF)": [b"\xd7\xcd\xc6\x9a\0\0", b"\1\0\0\0" + bytes(36) + b" EMF\0\0"],
    "X pixmap or bitmap (XPM, XBM)": [b"/* XPM */\nstatic", b"#define im_width 8"],
    "game texture (BLP, FTEX)": [b"BLP1\0", b"BLP2\0", b"FTEX\0"],
    "SVG drawing": [b"<svg xmlns="],
    "web page (HTML)": [b"<!DOCTYPE html>", b"<!doctype html>", b"<html>", b"<HTML>"],
    "XML text": [b"<?xml version='1.0'?>", b"\xef\xbb\xbf<?xml version='1.0'?>"],
    "ZIP archive or Office document": [b"PK\3\4\x14\0"],
    "old Office document": [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0"],
    "RAR, 7-Zip or gzip archive": [b"Rar!\x1a\7\0", b"7z\xbc\xaf\x27\x1c\0", b"\x1f\x8b\x08"],
    "DICOM": [bytes(128) + b"DICM\2\0"],
    "OpenEXR": [b"\x76\x2f\x31\1\2"],
    "Radiance HDR": [b"#?RADIANCE\n", b"#?RGBE\n"],
    "GIMP (XCF)": [b"gimp xcf file"],
    "DjVu": [b"AT&TFORM\0"],
    "JPEG XR": [b"II\xbc\1"],
    "WSQ fingerprint": [b"\xff\xa0\xff\xa4"],
    "IFUNC image (IM)": [b"Image type: 1 1"],
    "Microsoft Paint (MSP)": [b"DanM\0", b"LinS\0"],
    "headerless bitmap (DIB)": [b"\x28\0\0\0\x10"],
    "scientific grid (HDF5, GRIB, BUFR)": [b"\x89HDF\r\n", b"GRIB\0", b"BUFR\0"],
    "FLI or FLC animation": [b"\x80\1\0\0\x11\xaf\1", b"\x80\1\0\0\x12\xaf\1"],
    "video": [
        b"\x1a\x45\xdf\xa3\x01",
        b"\0\0\1\xba\x44",
        b"\0\0\1\xb3\x16",
        b"FLV\1\5\0",
        b"OggS\0\2",
        b"DHAV\xfd",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6",
        b"\0\0\0\1\x67\x64",
        b"\0\0\0\1\x27\x64",
        b"\0\0\0\1\x40\1\x0c",
        b"RIFF\1\2\3\4AVI LIST",
        *(
            b"\0\0\0\x18ftyp" + brand
            for brand in (b"isom", b"mp42", b"avc1", b"M4V ", b"3gp5", b"qt  ", b"dash", b"MSNV", b"cmfc")
        ),
        b"\0\0\1\x18moov\0",
        b"\0\0\0\x18stypmsdh",
    ],
    "Canon camera raw (CR3)": [b"\0\0\0\x18ftypcrx "],
    "Canon camera raw (CR2)": [b"II*\0\x10\0\0\0CR\2\0"],
    "Canon camera raw (CRW)": [b"II\x1a\0\0\0HEAPCCDR\2"],
    "Fujifilm camera raw (RAF)": [b"FUJIFILMCCD-RAW 0201"],
    "Olympus camera raw (ORF)": [b"IIRO\x08\0", b"IIRS\x08\0", b"MMOR\0\0"],
    "Panasonic camera raw (RW2)": [b"IIU\0\x18"],
    "Sigma camera raw (X3F)": [b"FOVb\0"],
    "Minolta camera raw (MRW)": [b"\0MRM\0"],
    "AppleDouble": [b"\0\x05\x16\x07\0\2"],
}
"""Format -> how its files begin, from the formats' own descriptions (the TGA's signature is at its end)."""


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_format_is_told_by_how_its_files_begin_and_not_a_byte_later(name: str) -> None:
    for data in BEGINNINGS[name]:
        assert OTHER_FORMATS[sniff_other(data) or 0] == name, data
        later = sniff_other(b"~" + data)
        assert name == "Truevision (TGA)" or later is None, data


def test_every_format_with_a_signature_has_its_beginnings_here() -> None:
    assert sorted(BEGINNINGS) == sorted({name for name, _, _ in _OTHER_SIGNATURES})
    count = {name: sum(len(some) for other, _, some in _OTHER_SIGNATURES if other == name) for name in BEGINNINGS}
    count["portable map (PPM, PGM, PBM, PFM)"] //= 4  # the four blanks
    assert {name: len(some) for name, some in BEGINNINGS.items()} == count

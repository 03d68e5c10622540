"""What a file's own headers say, read before any codec is trusted with it.

Owns the naming of formats by their signatures, and for the formats where a codec would stay silent the few
facts that decide a refusal: bits a channel, and whether the file ends before its data does. Reads bytes only,
decodes no pixel. Standard library only, because the decoder's child imports this module.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple

from plainview.recognition.decode_tiff import read_directory
from plainview.recognition.decode_wire import OTHER_FORMATS


class Header(NamedTuple):
    """What could be read without decoding.

    Attributes:
        size: (width, height) in pixels as stored, or None where the codec can be left to read it.
        bits: bits a channel; 8 where the format has no other depth or another way to tell it.
        cut_short: the file ends before its own structure says that it should.
        damaged: a checksum of the file does not fit its bytes.
        end: JPEG in Huffman coding: where the end-of-image marker is; else 0.
        hdr: HEIF and AVIF: the tones are those of a high dynamic range screen (PQ or HLG, ITU-T H.273 table 3).
        rare: TIFF: the compression is one that few programs read; a failure to decode it is no sign of damage.
        overrun: TIFF: something is said to reach past the end of the file.
        jpeg_strips: TIFF: its strips are JPEG, in which libjpeg fills what is missing and tells nobody.
        other: index into `decode_wire.OTHER_FORMATS` of what it really is, or None.
    """

    size: tuple[int, int] | None = None
    bits: int = 8
    cut_short: bool = False
    damaged: bool = False
    end: int = 0
    hdr: bool = False
    rare: bool = False
    overrun: bool = False
    jpeg_strips: bool = False
    other: int | None = None


_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"  # JPEG 2000: SOC marker, then SIZ marker
_JXL_CODESTREAM, _JXL_BOXES = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"


def sniff(data: bytes) -> str | None:
    """Name the allowed format that the signature claims, as Pillow names it, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith(_TIFF_SIGNATURES) and data[8:11] != b"CR\2":
        return "TIFF"
    if data.startswith((_JP2_SIGNATURE, _CODESTREAM)):
        return "JPEG2000"
    if data.startswith((_JXL_CODESTREAM, _JXL_BOXES)):
        return "JXL"
    if data[4:8] == b"ftyp":
        return _iso_format(data)
    if data.startswith(b"BM") and len(data) >= 18 and data[15:18] == b"\0\0\0":  # little-endian header size
        return "BMP"
    return None


def _iso_format(data: bytes) -> str | None:
    """HEIF or AVIF by brand; a file that only says "mif1" (any still picture) by its compatible brands."""
    length = min(int.from_bytes(data[:4], "big"), 4096)
    brand, compatible = data[8:12], [data[i : i + 4] for i in range(16, length - 3, 4)]
    if brand in (b"avif", b"avis"):
        return "AVIF"
    if brand in _HEIF_BRANDS:
        return "HEIF"
    if brand in (b"mif1", b"msf1"):
        return "AVIF" if b"avif" in compatible else "HEIF"
    return None


_OTHER_SIGNATURES: tuple[tuple[str, int, tuple[bytes, ...]], ...] = (
    ("Truevision (TGA)", -18, (b"TRUEVISION-XFILE",)),  # first: its header looks like a cursor's
    ("Photoshop (PSD)", 0, (b"8BPS",)),
    ("PDF", 0, (b"%PDF",)),
    ("PostScript (EPS)", 0, (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    ("Windows icon (ICO)", 0, (b"\0\0\1\0",)),
    ("Windows cursor (CUR)", 0, (b"\0\0\2\0",)),
    (
        "portable map (PPM, PGM, PBM, PFM)",
        0,
        tuple(b"P%c%c" % (c, s) for c in b"1234567fFy" for s in b" \t\r\n"),
    ),
    ("QOI", 0, (b"qoif",)),
    ("DirectDraw surface (DDS)", 0, (b"DDS ",)),
    ("PCX", 0, (b"\x0a\x05\x01", b"\x0a\x03\x01", b"\x0a\x02\x01", b"\xb1\x68\xde\x3a")),
    ("SGI", 0, (b"\x01\xda\0", b"\x01\xda\1")),
    ("Sun raster", 0, (b"\x59\xa6\x6a\x95",)),
    ("FITS", 0, (b"SIMPLE  =",)),
    ("Apple icon (ICNS)", 0, (b"icns",)),
    ("Windows metafile (WMF, EMF)", 0, (b"\xd7\xcd\xc6\x9a",)),
    ("Windows metafile (WMF, EMF)", 40, (b" EMF",)),
    ("X pixmap or bitmap (XPM, XBM)", 0, (b"/* XPM */", b"#define ")),
    ("game texture (BLP, FTEX)", 0, (b"BLP1", b"BLP2", b"FTEX")),
    ("SVG drawing", 0, (b"<svg",)),
    ("web page (HTML)", 0, (b"<!DOCTYPE html", b"<!doctype html", b"<html", b"<HTML")),
    ("XML text", 0, (b"<?xml", b"\xef\xbb\xbf<?xml")),
    ("ZIP archive or Office document", 0, (b"PK\3\4",)),
    ("old Office document", 0, (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    ("RAR, 7-Zip or gzip archive", 0, (b"Rar!\x1a\7", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b")),
    ("DICOM", 128, (b"DICM",)),
    ("OpenEXR", 0, (b"\x76\x2f\x31\1",)),
    ("Radiance HDR", 0, (b"#?RADIANCE", b"#?RGBE")),
    ("GIMP (XCF)", 0, (b"gimp xcf",)),
    ("DjVu", 0, (b"AT&TFORM",)),
    ("JPEG XR", 0, (b"II\xbc",)),
    ("WSQ fingerprint", 0, (b"\xff\xa0",)),
    ("IFUNC image (IM)", 0, (b"Image type: ",)),
    ("Microsoft Paint (MSP)", 0, (b"DanM", b"LinS")),
    ("headerless bitmap (DIB)", 0, (b"\x28\0\0\0",)),
    ("scientific grid (HDF5, GRIB, BUFR)", 0, (b"\x89HDF", b"GRIB", b"BUFR")),
    ("FLI or FLC animation", 4, (b"\x11\xaf", b"\x12\xaf")),
    ("video", 0, (b"\x1a\x45\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1", b"OggS")),
    ("video", 0, (b"DHAV", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),  # recorders of Dahua; ASF and WMV
    ("video", 0, (b"\0\0\0\1\x67", b"\0\0\0\1\x27", b"\0\0\0\1\x40\1")),  # H.264 and H.265 without a container
    ("video", 8, (b"AVI ",)),
    (
        "video",
        4,
        (
            b"ftypiso",
            b"ftypmp4",
            b"ftypavc1",
            b"ftypM4V",
            b"ftyp3g",
            b"ftypqt",
            b"ftypdash",
            b"ftypMSNV",
            b"ftypcmf",
            b"moov",
            b"styp",
        ),
    ),
    ("Canon camera raw (CR3)", 4, (b"ftypcrx",)),
    ("Canon camera raw (CR2)", 8, (b"CR\2",)),
    ("Canon camera raw (CRW)", 6, (b"HEAPCCDR",)),
    ("Fujifilm camera raw (RAF)", 0, (b"FUJIFILMCCD-RAW",)),
    ("Olympus camera raw (ORF)", 0, (b"IIRO", b"IIRS", b"MMOR")),
    ("Panasonic camera raw (RW2)", 0, (b"IIU\0",)),
    ("Sigma camera raw (X3F)", 0, (b"FOVb",)),
    ("Minolta camera raw (MRW)", 0, (b"\0MRM",)),
    ("AppleDouble", 0, (b"\0\x05\x16\x07",)),
)


_EXCHANGE = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,8}1\.0{0,7}1:\s?[0-9]{1,10}\s{0,2}\x1d")
_XML_HEAD = 4096  # bytes in which the kind of an XML file shows


def is_exchange(data: bytes) -> bool:
    """Say whether a file begins as an ANSI/NIST-ITL file in the traditional encoding does: with field 1.001."""
    return _EXCHANGE.match(data) is not None


def sniff_other(data: bytes) -> int | None:
    """Recognise a format that is not allowed: its index in `decode_wire.OTHER_FORMATS`, or None."""
    for name, offset, signatures in _OTHER_SIGNATURES:
        at = offset if offset >= 0 else len(data) + offset
        if at >= 0 and data.startswith(signatures, at):
            return OTHER_FORMATS.index(_xml_kind(data) if name == "XML text" else name)
    if is_exchange(data):
        return OTHER_FORMATS.index("ANSI/NIST-ITL file")
    if _TRANSPORT.match(data):
        return OTHER_FORMATS.index("video")
    carried = _carried(data)
    return None if carried is None else OTHER_FORMATS.index(carried)


_TRANSPORT = re.compile(
    rb"(?s)(?:.{4})?G(?:.{187}|.{191})G(?:.{187}|.{191})G"
)  # MPEG-TS and M2TS: packets begin with 0x47
_BASE64 = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,8}(?:data:image/|/9j/|iVBORw0KGgo|R0lGOD|UklGR)")
_INSIDE = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n\x1a\n")
_INSIDE_BY = 4096  # bytes in which a picture begins behind a blank line, the head of an answer of HTTP, or MacBinary's


def _carried(data: bytes) -> str | None:
    """Name how a file has a picture in it that programs which look for one would find, or has nothing at all."""
    if _BASE64.match(data):
        return "picture as base64"
    if _INSIDE.search(data, 0, _INSIDE_BY):
        return "picture behind other bytes"
    return "file of zeros" if data and not data.strip(b"\0") else None


def _xml_kind(data: bytes) -> str:
    head = data[:_XML_HEAD]
    if b"<svg" in head:
        return "SVG drawing"
    if b"<html" in head or b"<HTML" in head:
        return "web page (HTML)"
    if (b"biometrics" in head and b"NISTBiometricInformationExchangePackage" in head) or b"/itl/" in head:
        return "ANSI/NIST-ITL file in XML"
    return "XML text"


_RAW_MAKERS = {
    "nikon": "Nikon camera raw (NEF)",
    "sony": "Sony camera raw (ARW)",
    "pentax": "Pentax camera raw (PEF)",
    "ricoh": "Pentax camera raw (PEF)",
    "samsung": "Samsung camera raw (SRW)",
    "canon": "Canon camera raw (CR2)",
}


def raw_format(maker: str) -> int:
    """Return the index in `decode_wire.OTHER_FORMATS` of the camera raw format that a maker writes as TIFF."""
    word = (maker.lower().split() or [""])[0]
    return OTHER_FORMATS.index(_RAW_MAKERS.get(word, "camera raw"))


def read_header(name: str, data: bytes) -> Header:
    """Read the facts of one file; damage that stops the reading counts as the end of the file.

    Args:
        name: what `sniff` said.
        data: the whole file.
    """
    try:
        if name == "JPEG":
            return _jpeg(data)
        if name == "PNG":
            return _png(data)
        if name == "WEBP":
            return _webp(data)
        if name == "TIFF":
            return Header(**read_directory(data)._asdict())
        if name in ("HEIF", "AVIF"):
            return _iso(data)
        if name == "JPEG2000":
            return _jpeg2000(data)
        if name == "JXL":
            return _jxl(data)
    except (struct.error, IndexError):
        return Header(cut_short=True)
    return Header()


_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # in coded data FF00 is a byte, FFD0-FFD7 restart it


def _jpeg(data: bytes) -> Header:
    """Walk the markers to the end-of-image marker.

    A file that lost only that marker counts as cut short as well: nobody can tell it from one that lost the
    last coded blocks, and it is not the file that the camera wrote. Bytes after the marker (more MPO frames,
    a maker's trailer) are no concern.
    """
    at, size, bits, huffman = 2, None, 8, False
    while match := _JPEG_MARKER.search(data, at):
        marker, at = data[match.end() - 1], match.end()
        if marker == 0xD9:
            return Header(size=size, bits=bits, end=match.start() if huffman else 0)
        if marker == 0x01 or marker == 0xD8:  # TEM and SOI stand alone
            continue
        if marker == 0xF7:  # SOF55 of ITU-T T.87, before any picture of ours
            return Header(other=OTHER_FORMATS.index("JPEG-LS"))
        (length,) = struct.unpack_from(">H", data, at)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and size is None:
            bits, height, width = struct.unpack_from(">BHH", data, at + 2)
            size, huffman = (width, height), marker <= 0xC2
        at += max(length, 2)
    return Header(size=size, bits=bits, cut_short=True)


PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME"})
"""Chunks that say something about a picture and change nothing in it."""


def _png(data: bytes) -> Header:
    """Walk the chunks to IEND and check every checksum, which Pillow skips for pixel data.

    A wrong one of a text is no damage to the picture: libpng passes such a chunk over, and so does the child.
    """
    at, view = 8, memoryview(data)
    width, height, bits = struct.unpack_from(">IIB", data, 16)
    damaged = False
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        damaged |= kind not in PNG_TEXTS and zlib.crc32(view[at + 4 : at + 8 + length]) != checksum
        if damaged or kind == b"IEND":
            return Header(size=(width, height), bits=bits, damaged=damaged)
        at += 12 + length


def _webp(data: bytes) -> Header:
    """The RIFF length, and the size of the canvas, which libwebp allocates as soon as it opens the file."""
    (length,) = struct.unpack_from("<I", data, 4)
    kind, size = data[12:16], None
    if kind == b"VP8X":
        size = (1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little"))
    elif kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        size = (1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF))
    elif kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        size = (width & 0x3FFF, height & 0x3FFF)
    return Header(size=size, cut_short=8 + length > len(data))


_HDR_TONES = (16, 18)  # PQ and HLG


def _iso(data: bytes) -> Header:
    """The top-level boxes, and AV1's bit depth and the tones, which Pillow does not tell."""
    bits = 8
    if (at := data.find(b"av1C")) >= 0:  # AV1CodecConfigurationRecord: high_bitdepth and twelve_bit
        flags = data[at + 6]
        bits = (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    tones = data.find(b"colrnclx")
    hdr = tones >= 0 and struct.unpack_from(">H", data, tones + 10)[0] in _HDR_TONES
    return Header(bits=bits, cut_short=_boxes_run_out(data), hdr=hdr)


_TOP_BOXES = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"jp2h", b"jp2c", b"idat"})


def _boxes_run_out(data: bytes) -> bool:
    """Whether a top-level box of an ISO base media file (or a JP2 file) reaches past the end of the file.

    What follows the last known box is a maker's trailer (telephones append their own) and no concern.
    """
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length == 0:  # to the end of the file
            return False
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if length < 8 or at + length > len(data):
            return kind in _TOP_BOXES or at == 0
        at += length
    return False


_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_JXL_SIDES = (9, 13, 18, 30)  # bits of a side, by its two-bit selector


def _jxl(data: bytes) -> Header:
    """The size, which the decoder allocates as soon as it opens the file (ISO/IEC 18181-1, SizeHeader)."""
    at = 0
    if data.startswith(_JXL_BOXES):
        at = max(data.find(b"jxlc"), data.find(b"jxlp") + 4)
        at = data.find(_JXL_CODESTREAM, at)
        if at < 0:
            return Header(cut_short=True)
    packed, used = int.from_bytes(data[at + 2 : at + 14], "little"), 0

    def take(bits: int) -> int:
        nonlocal used
        value = packed >> used & ((1 << bits) - 1)
        used += bits
        return value

    def side(small: bool) -> int:
        return 8 * (take(5) + 1) if small else take(_JXL_SIDES[take(2)]) + 1

    small = take(1) == 1
    height, ratio = side(small), 0
    ratio = take(3)
    if ratio:
        wide, high = _JXL_RATIOS[ratio - 1]
        width = height * wide // high
    else:
        width = side(small)
    return Header(size=(width, height))


def _jpeg2000(data: bytes) -> Header:
    """Bits of the deepest component, which Pillow scales down silently, and the end of the codestream."""
    start = data.find(_CODESTREAM)
    if start < 0:
        return Header(cut_short=True)
    (components,) = struct.unpack_from(">H", data, start + 40)
    depths = data[start + 42 : start + 42 + 3 * components : 3]
    bits = max(((depth & 0x7F) + 1 for depth in depths), default=8)
    end = data.rstrip(b"\0\r\n").endswith(b"\xff\xd9")
    boxes = data.startswith(_JP2_SIGNATURE)
    return Header(bits=bits, cut_short=_boxes_run_out(data) if boxes else not end)

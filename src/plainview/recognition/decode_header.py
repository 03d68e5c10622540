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

from plainview.recognition.decode_wire import OTHER_FORMATS


class Header(NamedTuple):
    """What could be read without decoding.

    Attributes:
        size: (width, height) in pixels as stored, or None where the codec can be left to read it.
        bits: bits a channel; 8 where the format has no other depth or another way to tell it.
        cut_short: the file ends before its own structure says that it should.
        damaged: a checksum of the file does not fit its bytes.
        end: JPEG in Huffman coding: where the end-of-image marker is; else 0.
    """

    size: tuple[int, int] | None = None
    bits: int = 8
    cut_short: bool = False
    damaged: bool = False
    end: int = 0


_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"  # JPEG 2000: SOC marker, then SIZ marker


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
    if data.startswith(_TIFF_SIGNATURES) and data[8:10] != b"CR":
        return "TIFF"
    if data.startswith((_JP2_SIGNATURE, _CODESTREAM)):
        return "JPEG2000"
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
    ("SVG drawing", 0, (b"<svg", b"<?xml")),
    ("JPEG XL", 0, (b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    ("IFUNC image (IM)", 0, (b"Image type: ",)),
    ("Microsoft Paint (MSP)", 0, (b"DanM", b"LinS")),
    ("headerless bitmap (DIB)", 0, (b"\x28\0\0\0",)),
    ("scientific grid (HDF5, GRIB, BUFR)", 0, (b"\x89HDF", b"GRIB", b"BUFR")),
    ("FLI or FLC animation", 4, (b"\x11\xaf", b"\x12\xaf")),
    ("video", 0, (b"\x1a\x45\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1", b"OggS")),
    ("video", 8, (b"AVI ",)),
    (
        "video",
        4,
        (b"ftypisom", b"ftypiso", b"ftypmp4", b"ftypavc1", b"ftypM4V", b"ftyp3g", b"ftypqt", b"moov"),
    ),
    ("camera raw", 4, (b"ftypcrx",)),
    ("camera raw", 8, (b"CR",)),
    ("camera raw", 0, (b"FUJIFILMCCD-RAW", b"IIRO", b"IIU\0")),
)


def sniff_other(data: bytes) -> int | None:
    """Recognise a format that is not allowed: its index in `decode_wire.OTHER_FORMATS`, or None."""
    for name, offset, signatures in _OTHER_SIGNATURES:
        at = offset if offset >= 0 else len(data) + offset
        if at >= 0 and data.startswith(signatures, at):
            return OTHER_FORMATS.index(name)
    return None


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
            return _tiff(data)
        if name in ("HEIF", "AVIF"):
            return _iso(data)
        if name == "JPEG2000":
            return _jpeg2000(data)
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
        (length,) = struct.unpack_from(">H", data, at)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and size is None:
            bits, height, width = struct.unpack_from(">BHH", data, at + 2)
            size, huffman = (width, height), marker <= 0xC2
        at += max(length, 2)
    return Header(size=size, bits=bits, cut_short=True)


def _png(data: bytes) -> Header:
    """Walk the chunks to IEND and check every checksum, which Pillow skips for pixel data."""
    at, view = 8, memoryview(data)
    width, height, bits = struct.unpack_from(">IIB", data, 16)
    damaged = False
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        damaged |= zlib.crc32(view[at + 4 : at + 8 + length]) != checksum
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


def _tiff(data: bytes) -> Header:
    """Where the first directory is; the rest is read through Pillow's tags."""
    order = "<" if data.startswith(b"II") else ">"
    layout, offset = ("Q", 8) if data[2:4] in (b"+\0", b"\0+") else ("I", 4)
    (directory,) = struct.unpack_from(order + layout, data, offset)
    return Header(cut_short=directory + 2 > len(data))


def _iso(data: bytes) -> Header:
    """The top-level boxes, and AV1's bit depth, which Pillow does not tell."""
    bits = 8
    if (at := data.find(b"av1C")) >= 0:  # AV1CodecConfigurationRecord: high_bitdepth and twelve_bit
        flags = data[at + 6]
        bits = (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    return Header(bits=bits, cut_short=_boxes_run_out(data))


def _boxes_run_out(data: bytes) -> bool:
    """Whether a top-level box of an ISO base media file (or a JP2 file) reaches past the end of the file."""
    at = 0
    while at < len(data):
        length, _kind = struct.unpack_from(">I4s", data, at)
        if length == 0:  # to the end of the file
            return False
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if length < 8 or at + length > len(data):
            return True
        at += length
    return False


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

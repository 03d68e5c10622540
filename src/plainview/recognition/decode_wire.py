"""What the parent and the decoder's child say to each other, byte for byte.

Owns the request and the reply, which the child fills and the parent believes only after checking every field.
A reply is a few dozen bytes of numbers: the child cannot send text, so a hostile picture that took it over
cannot put words on a page. Standard library only, because the child imports this module too.
"""

from __future__ import annotations

import struct
from datetime import date
from enum import IntEnum
from typing import NamedTuple

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JPEG2000", "JXL")
"""The allow-list, as Pillow names the formats. MPO is a JPEG with more JPEGs behind it: the first is used."""

OTHER_FORMATS = (
    "Photoshop (PSD)",
    "PDF",
    "PostScript (EPS)",
    "Windows icon (ICO)",
    "Windows cursor (CUR)",
    "portable map (PPM, PGM, PBM, PFM)",
    "QOI",
    "DirectDraw surface (DDS)",
    "PCX",
    "SGI",
    "Sun raster",
    "FITS",
    "Apple icon (ICNS)",
    "Windows metafile (WMF, EMF)",
    "X pixmap or bitmap (XPM, XBM)",
    "game texture (BLP, FTEX)",
    "Truevision (TGA)",
    "SVG drawing",
    "XML text",
    "web page (HTML)",
    "ANSI/NIST-ITL file in XML",
    "ANSI/NIST-ITL file",
    "WSQ fingerprint",
    "ZIP archive or Office document",
    "old Office document",
    "RAR, 7-Zip or gzip archive",
    "DICOM",
    "OpenEXR",
    "Radiance HDR",
    "GIMP (XCF)",
    "DjVu",
    "JPEG XR",
    "JPEG-LS",
    "IFUNC image (IM)",
    "Microsoft Paint (MSP)",
    "headerless bitmap (DIB)",
    "scientific grid (HDF5, GRIB, BUFR)",
    "FLI or FLC animation",
    "video",
    "Canon camera raw (CR2)",
    "Canon camera raw (CR3)",
    "Canon camera raw (CRW)",
    "Nikon camera raw (NEF)",
    "Sony camera raw (ARW)",
    "Olympus camera raw (ORF)",
    "Panasonic camera raw (RW2)",
    "Fujifilm camera raw (RAF)",
    "Pentax camera raw (PEF)",
    "Samsung camera raw (SRW)",
    "Sigma camera raw (X3F)",
    "Minolta camera raw (MRW)",
    "camera raw (DNG)",
    "camera raw",
    "TIFF in Lab colour",
    "AVIF",
    "picture behind other bytes",
    "picture as base64",
    "file of zeros",
    "AppleDouble",
)
"""Formats that are recognised, so that the refusal can name them, and never decoded. AVIF is here for a
Pillow that was built without it."""

REFUSALS = (
    "not_an_image",
    "format_not_allowed",
    "truncated",
    "corrupt",
    "too_many_pixels",
    "too_small",
    "deep_colour",
    "kind_not_decodable",
    "decoder_limit",
)
"""The codes of `errors.CODES` that a child may answer, in the order of their numbers in a reply."""

CHANGES = ("first_frame", "reduced_depth", "print_colours", "print_profile", "high_dynamic_range")
"""What decoding changed or left out, in the order of the bits of `Reply.changes`."""


class Status(IntEnum):
    """What kind of reply this is."""

    READY = 1
    PICTURE = 2
    REFUSED = 3
    TOO_LITTLE_MEMORY = 4


class Reply(NamedTuple):
    """One answer of the child.

    Attributes:
        serial: the number of the request that is answered; 0 before the first request.
        status: see `Status`.
        kind: PICTURE: index into `FORMATS`. REFUSED: index into `REFUSALS`.
        width: pixels, upright; 0 when a refusal does not know it.
        height: pixels, upright; 0 when a refusal does not know it.
        stored_width: pixels, before EXIF orientation.
        stored_height: pixels, before EXIF orientation.
        day: proleptic Gregorian ordinal of the capture date (`date.fromordinal`), 0 for none.
        detail: PICTURE: bits a channel as stored, 0 for 8. deep_colour: bits a channel.
            format_not_allowed: index into `OTHER_FORMATS`. TOO_LITTLE_MEMORY: bytes that are needed.
        frames: PICTURE: number of frames or pages in the file, 0 for one or unknown.
        changes: PICTURE: one bit for each of `CHANGES`.
    """

    serial: int
    status: int
    kind: int = 0
    width: int = 0
    height: int = 0
    stored_width: int = 0
    stored_height: int = 0
    day: int = 0
    detail: int = 0
    frames: int = 0
    changes: int = 0

    def pack(self) -> bytes:
        """The reply as `REPLY_BYTES` bytes."""
        return _REPLY.pack(_MAGIC, *self)


REQUEST = struct.Struct("<QQ")
"""Serial number of the request and number of picture bytes that follow, both little-endian uint64."""

_REPLY = struct.Struct("<4sQBBIIIIIQIB")
_MAGIC = b"PVd2"
REPLY_BYTES = _REPLY.size
BYTES_PER_PIXEL = 3
_MOST_BITS = 64  # a channel, in any format


class Nonsense(Exception):
    """A reply that an honest child cannot have written."""


def parse_reply(raw: bytes, *, serial: int, max_pixels: int, max_side: int, min_side: int) -> Reply:
    """Read one reply and believe nothing that does not fit.

    Args:
        raw: exactly `REPLY_BYTES` bytes from the child.
        serial: the request that should be answered.
        max_pixels: the pixel budget that the child was given.
        max_side: the longest side that the child was given, pixels.
        min_side: the shortest side that the child was given, pixels.

    Raises:
        Nonsense: a field is out of range, or the reply answers another request.
    """
    magic, *fields = _REPLY.unpack(raw)
    reply = Reply(*fields)
    if magic != _MAGIC or reply.serial != serial:
        raise Nonsense("not the answer to this request")
    if reply.status == Status.PICTURE:
        upright = (reply.width, reply.height)
        stored = (reply.stored_width, reply.stored_height)
        if (
            reply.kind >= len(FORMATS)
            or min(upright) < min_side
            or max(upright) > max_side
            or reply.width * reply.height > max_pixels
            or sorted(stored) != sorted(upright)
            or reply.day > date.max.toordinal()
            or reply.detail > _MOST_BITS
            or reply.changes >= 1 << len(CHANGES)
        ):
            raise Nonsense("a picture outside its limits")
    elif reply.status == Status.REFUSED:
        if reply.kind >= len(REFUSALS):
            raise Nonsense("an unknown refusal")
        if REFUSALS[reply.kind] == "format_not_allowed" and reply.detail >= len(OTHER_FORMATS):
            raise Nonsense("an unknown format")
    elif reply.status not in (Status.READY, Status.TOO_LITTLE_MEMORY):
        raise Nonsense("an unknown status")
    return reply

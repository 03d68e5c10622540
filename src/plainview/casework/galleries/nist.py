"""Reading facial photographs (Type-10 records) from ANSI/NIST-ITL files.

Owns the fields that say where a picture came from. It must never take anything about a person from a file: it skips
descriptive text (Type-2 records) and all other records. No Django here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import cv2
import numpy as np

from plainview.recognition.decode_header import is_exchange, sniff
from plainview.recognition.errors import BadMedia
from plainview.recognition.foreign import foreign, reason
from plainview.recognition.sandbox import DecodeLimits
from plainview.tables.dates import FIRST, Precision, is_future, last_day, read_date

__all__ = ["FACE", "STORED_FIELDS", "FaceRecord", "Provenance", "is_exchange", "photographed_on", "read_nist"]

SUFFIXES = (".an2", ".an2k", ".an", ".nist", ".nst", ".eft", ".ebts")
"""Usual file name endings of ANSI/NIST-ITL files. What a file is, its first bytes say (`is_exchange`)."""

HEAD = 64
"""Bytes of a file that are enough for `is_exchange`."""

MAX_RECORDS = 1000
"""Most records in one file: an agency's booking has a handful."""

STORED_FIELDS = {
    3: "IMT",
    4: "SRC",
    5: "PHD",
    13: "SAP",
    20: "POS",
    24: "SQS",
    44: "ITX",
    45: "OCC",
    902: "ANN",
    996: "HAS",
    997: "SOR",
}
"""Fields of a Type-10 record that stay with the reference, by number (ANSI/NIST-ITL 1-2011, table 57)."""

PERSON_FIELDS = (15, 14)
"""Fields of a Type-2 record that number a person: the state's number (SID, 2.015), else the first FBI number (2.014); source:
FBI EFTS 7.1, appendix C, and NIST's table of EBTS. Other domains (DOM, 1.013) than the default, NORAM, give the fields of
a Type-2 record other meanings, so that nothing is read there."""

FACE = "FACE"
_DIGITS = re.compile(r"[0-9]{4,8}")
_FS, _GS, _RS, _US = b"\x1c", b"\x1d", b"\x1e", b"\x1f"  # end of record, field, subfield, item (table 3)
_BEGIN = re.compile(rb"([0-9]{1,2})\.0*1:\s?([0-9]{1,10})\s?\x1d")
"""The first field of a tagged record: its type, and its length in bytes."""

_NEXT = re.compile(rb"\x1c(?=[0-9]{1,2}\.0*1:\s?[0-9]{1,10}\s?\x1d)")
_BOM = b"\xef\xbb\xbf"
_PADDING = b"\0\r\n \t\x1a\x1c"  # what programs and transfers append to a file
_RAW_COLOURS = {"GRAY": 1, "GREY": 1, "RGB": 3, "SRGB": 3, "YCC": 3, "SYCC": 3}
"""Colour space (CSP) of a picture without compression -> its channels of 8 bits (ANSI/NIST-ITL 1-2011, 7.7.11)."""

_TEXT, _ROWS = 1000, 100  # most characters of a value and rows of a field
_SHOWN = 40  # characters of a value in a refusal

Provenance = Mapping[str, Any]
"""Name of a field -> its text, or its rows of texts."""


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """One Type-10 record.

    Attributes:
        number: its number in the file (IDC).
        captured_on: the field PHD, if it is a date; the first day of a month or year.
        provenance: its fields among `STORED_FIELDS`, and the file's ORI (originating agency) and TCN (its number).
        picture: returns the bytes of the picture; raises BadMedia if it is not a face, is of the future, or does not
            match HAS.
        captured_precision: how much of the date PHD states.
        subject: the number of the person in the file's Type-2 record, or empty; see `PERSON_FIELDS`.
    """

    number: int
    captured_on: date | None
    provenance: Provenance
    picture: Callable[[], bytes]
    captured_precision: Precision = "day"
    subject: str = ""


def read_nist(data: bytes) -> list[FaceRecord]:
    """Return the Type-10 records of a file; other records are skipped.

    A file may differ from the standard as files of other programs do: a byte order mark in front, padding behind, a wrong
    number of records (CNT) or a wrong length of one. What was lost on the way is still found: a record that ends early.

    Raises:
        BadMedia: exchange_damaged, exchange_xml, exchange_no_face.
    """
    if data[: len(_BOM)] == _BOM:
        data = data[len(_BOM) :]
    if data.lstrip()[:5] == b"<?xml":
        raise BadMedia(
            "exchange_xml",
            "The file is an ANSI/NIST-ITL file in its XML encoding, which Plainview does not read.",
            "Ask the sender for the traditional encoding (.an2).",
        )
    with foreign(lambda error: _damaged(reason(error))):
        records = list(_walk(data))
        head = _fields(records[0][1])
        shared = {name: value for tag, name in ((8, "ORI"), (9, "TCN")) if (value := _value(head.get(tag, b"")))}
        subject = _person(head, [record for kind, record in records if kind == _PERSON_RECORD])
        faces = [_record(_fields(record), shared, subject) for kind, record in records if kind == _FACE_RECORD]
    if not faces:
        kinds = ", ".join(str(kind) for kind in sorted({kind for kind, _ in records if kind}))
        raise BadMedia(
            "exchange_no_face",
            f"The ANSI/NIST-ITL file contains no photograph (Type-10 record); it has records of type {kinds}.",
            "Ask the sender for a file with photographs.",
        )
    return faces


_PERSON_RECORD, _FACE_RECORD = 2, 10


def _person(head: Mapping[int, bytes], records: Sequence[memoryview]) -> str:
    """Return the number of the person whom a file is about; "" if it says none, or is about several people."""
    if len(records) != 1 or (_first(head.get(13, b"")).upper() or "NORAM") != "NORAM":
        return ""
    fields = _fields(records[0])
    return next((number for tag in PERSON_FIELDS if (number := _first(fields.get(tag, b"")))), "")


def _first(field: bytes) -> str:
    """Return the first item of a field's first row, as text."""
    return _decoded(bytes(field).split(_RS)[0].split(_US)[0]).strip()


def _walk(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """Yield (type, bytes) of each record; type 0 for those in binary form, which are not read.

    The cost of a hostile file is bounded by its size: every byte is passed once.
    """
    offset = number = 0
    stated = 0
    view = memoryview(data)
    if not data:
        raise _damaged("it is empty")
    while offset < len(data):
        begin = _BEGIN.match(data, offset)
        length = int(begin[2]) if begin else int.from_bytes(data[offset : offset + 4], "big")
        end = offset + length
        if begin and (length < len(begin[0]) or end > len(data) or data[end - 1 : end] != _FS):
            end = _found_end(data, begin.end(), number + 1, stated)
        elif not begin and (number == 0 or length < 5 or end > len(data)):  # 5: no record is shorter
            if number == 0:
                raise _damaged("it does not begin with a Type-1 record")
            if data[offset:].strip(_PADDING) and number <= stated:
                raise _damaged(f"record {number + 1} of {stated + 1} does not end where it says")
            return  # bytes after the last record
        number += 1
        if number > MAX_RECORDS:
            raise _damaged(f"it has more than {MAX_RECORDS} records")
        if number == 1:
            stated = _stated_records(view[offset:end])
        yield (int(begin[1]) if begin else 0), view[offset:end]
        offset = end


def _found_end(data: bytes, inside: int, number: int, stated: int) -> int:
    """Return where a record ends whose length is wrong: before the next one begins, or with the last separator."""
    after = _NEXT.search(data, inside)
    if after is not None:
        return after.end()
    whole = data.rstrip(_PADDING.replace(_FS, b""))
    if whole.endswith(_FS) and number > stated:
        return len(whole)
    raise _damaged(f"record {number} does not end where it says")


def _stated_records(first: memoryview) -> int:
    """Return how many records follow the first one, as it says itself (CNT); 0 if it does not."""
    parts = bytes(_fields(first).get(3, b"")).split(_RS)[0].split(_US)
    return int(parts[1]) if len(parts) == 2 and parts[1].strip().isdigit() else 0


def _fields(record: memoryview) -> dict[int, bytes]:
    """Return the fields of a tagged record by number; the picture, which is the last one, may contain any byte."""
    fields: dict[int, bytes] = {}
    data, at = bytes(record), 0
    while at < len(data) - 1:
        colon = data.find(b":", at, at + 32)
        if colon < 0:
            break
        number = data[at:colon].rpartition(b".")[2].strip()
        if not number.isdigit():
            break
        if int(number) == _PICTURE:
            fields[_PICTURE] = data[colon + 1 : -1]
            break
        end = min(place for place in (data.find(_GS, colon), len(data) - 1) if place >= 0)
        fields.setdefault(int(number), data[colon + 1 : end])
        at = end + 1
    return fields


_PICTURE = 999


def _record(fields: Mapping[int, bytes], shared: Mapping[str, Any], subject: str) -> FaceRecord:
    stored = {name: _value(fields.get(tag, b"")) for tag, name in STORED_FIELDS.items()}
    provenance = {name: value for name, value in {**shared, **stored}.items() if value}
    data = fields.get(_PICTURE, b"")
    shape = {name: _value(fields.get(tag, b"")) for tag, name in ((6, "HLL"), (7, "VLL"), (11, "CGA"), (12, "CSP"))}
    captured_on, precision = photographed_on(provenance.get("PHD"))

    def picture() -> bytes:
        if captured_on and is_future(captured_on):
            raise BadMedia(
                "exchange_date",
                f"The date of the photograph (PHD {str(provenance['PHD'])[:_SHOWN]}) is in the future.",
                "Ask the sender for the file again.",
            )
        if str(provenance.get("IMT", FACE)).strip().upper() != FACE:
            raise BadMedia(
                "exchange_no_face",
                f"The record shows {str(provenance['IMT'])[:_SHOWN]!r} instead of a face.",
                "Leave this record out.",
            )
        if not data:
            raise BadMedia("empty", "The record contains no picture.", "Ask the sender for the file again.")
        stated = str(provenance.get("HAS", "")).strip().lower()
        if stated and stated != hashlib.sha256(data).hexdigest():
            raise BadMedia(
                "exchange_hash",
                "The picture does not match the hash (HAS) in its record.",
                "Do not use this picture. Ask the sender for the file again.",
            )
        return _as_png(data, shape) if str(shape["CGA"]).strip().upper() == "NONE" else data

    number = _value(fields.get(2, b""))
    return FaceRecord(
        int(number) if str(number).isdecimal() else 0, captured_on, provenance, picture, precision, subject
    )


def _as_png(data: bytes, shape: Mapping[str, Any]) -> bytes:
    """Return pixels without compression as PNG, which keeps every one of them; a picture that is compressed as it is.

    Args:
        data: rows from the top, from the left, channels together, 8 bits each.
        shape: HLL (width), VLL (height) and CSP (colours) of the record.

    Raises:
        BadMedia: exchange_damaged, when there are not as many bytes as the record says; deep_colour.
    """
    width, height = (int(side) if str(side).isdecimal() else 0 for side in (shape["HLL"], shape["VLL"]))
    limits = DecodeLimits()
    if not 0 < width * height <= limits.max_pixels or max(width, height) > limits.max_side:
        raise _damaged(f"its picture is said to be {width} x {height} pixels")
    channels = _RAW_COLOURS.get(str(shape["CSP"]).upper(), len(data) // (width * height))
    if channels not in (1, 3) or len(data) != width * height * channels:
        if sniff(data[:HEAD]):
            return data  # some programs write NONE whatever the picture is
        size = f"{width} x {height} pixels without compression"
        raise _damaged(f"its picture is said to be {size}, and has {len(data):,} bytes")
    pixels = np.frombuffer(data, np.uint8).reshape(height, width, channels)
    if channels == 3 and str(shape["CSP"]).upper() in ("YCC", "SYCC"):
        pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[:, :, [0, 2, 1]]), cv2.COLOR_YCrCb2RGB), np.uint8)
    done, png = cv2.imencode(".png", pixels[:, :, ::-1] if channels == 3 else pixels)
    if not done:
        raise _damaged("its picture cannot be kept as PNG")
    return bytes(np.asarray(png, np.uint8))


def _value(field: bytes) -> Any:
    """Return the text of a field, or its rows of texts, cut to the stored length."""
    subfields = [
        [_decoded(item) for item in subfield.split(_US)[:_ROWS]] for subfield in field.rstrip(_FS).split(_RS)[:_ROWS]
    ]
    return subfields[0][0] if len(subfields) == 1 and len(subfields[0]) == 1 else subfields


def _decoded(item: bytes) -> str:
    """Return a text: ASCII by default, UTF-8 where a file says so, and Latin-1 where it is neither."""
    try:
        return item.decode("utf-8")[:_TEXT]
    except UnicodeDecodeError:
        return item.decode("latin-1")[:_TEXT]


def photographed_on(text: object) -> tuple[date | None, Precision]:
    """Return a date YYYYMMDD (field 10.005, PHD), whose unknown parts are zeros or missing, and its precision.

    Some programs write it with hyphens.
    """
    digits = _DIGITS.match(str(text or "").replace("-", ""))
    if digits is None or len(digits[0]) % 2:
        return None, "day"
    year, month, number = digits[0][:4], digits[0][4:6].strip("0"), digits[0][6:8].strip("0")
    parts = [year] + [digits[0][4:6]] * bool(month) + [digits[0][6:8]] * bool(month and number)
    try:
        first, precision = read_date("-".join(parts))
    except ValueError:  # the date is unknown
        return None, "day"
    return (first, precision) if last_day(first, precision) >= FIRST else (None, "day")


def _damaged(why: str) -> BadMedia:
    return BadMedia(
        "exchange_damaged", f"The ANSI/NIST-ITL file cannot be read: {why}.", "Ask the sender for the file again."
    )

"""Reading facial photographs (Type-10 records) from ANSI/NIST-ITL files, and writing such files.

Owns the fields that say where a picture came from. It must never take anything about a person from a file: it skips
descriptive text (Type-2 records) and all other records. No Django here.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import nistitl

from plainview.recognition.errors import BadMedia
from plainview.recognition.foreign import foreign, reason
from plainview.tables.dates import Precision, is_future, iso, read_date

SUFFIXES = (".an2", ".an", ".nist", ".nst", ".eft")
"""File name endings of ANSI/NIST-ITL files."""

MAX_RECORDS = 1000
"""Most records in one file: an agency's booking has a handful; nistitl's time grows with their square."""

IDC_MAX = 99
"""Highest record number in a file (ANSI/NIST-ITL 1-2011, 7.3.1), and so the most records written to one."""

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

_FACE = "FACE"
_COMPRESSED = {"JPEG": "JPEGB", "MPO": "JPEGB", "PNG": "PNG", "JPEG2000": "JP2"}
"""Container as Pillow names it -> the field CGA; a picture in any other container cannot be exported."""

_LENGTH = re.compile(rb"[0-9]{1,2}\.001:([0-9]{1,10})\x1d")
_DIGITS = re.compile(r"[0-9]{4,8}")
_TEXT, _ROWS = 1000, 100  # most characters of a value and rows of a field

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
    """

    number: int
    captured_on: date | None
    provenance: Provenance
    picture: Callable[[], bytes]
    captured_precision: Precision = "day"


@dataclass(frozen=True, slots=True)
class Exported:
    """A picture to write, with its container as Pillow names it and its width and height in pixels."""

    data: bytes = field(repr=False)
    container: str
    size: tuple[int, int]
    captured_on: date | None
    provenance: Provenance
    captured_precision: str = "day"


def read_nist(data: bytes) -> list[FaceRecord]:
    """Return the Type-10 records of a file; other records are skipped.

    Raises:
        BadMedia: exchange_damaged, exchange_no_face.
    """
    _walk(data)
    message = nistitl.Message()
    with foreign(lambda error: _damaged(reason(error))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # about record types that are no longer written
            message.parse(data)
        shared = {name: _value(message[0][tag]) for tag, name in ((8, "ORI"), (9, "TCN"))}
        faces = [_record(record, shared) for record in message if record.type == 10]
    if not faces:
        raise BadMedia(
            "exchange_no_face",
            "The ANSI/NIST-ITL file contains no Type-10 record.",
            "Ask the sender for a file with photographs.",
        )
    return faces


def _walk(data: bytes) -> None:
    """Walk the records by their stated lengths, so that the cost of a hostile file is bounded by its size."""
    offset = records = 0
    while offset < len(data):
        text = _LENGTH.match(data, offset)
        length = int(text[1]) if text else int.from_bytes(data[offset : offset + 4], "big")
        records += 1
        if length < 5 or offset + length > len(data):
            raise _damaged(f"record {records} does not end where it says")
        if records > MAX_RECORDS:
            raise _damaged(f"it has more than {MAX_RECORDS} records")
        offset += length
    if not records:
        raise _damaged("it is empty")


def _record(record: Any, shared: Mapping[str, Any]) -> FaceRecord:
    stored = {name: _value(record[tag]) for tag, name in STORED_FIELDS.items()}
    provenance = {name: value for name, value in {**shared, **stored}.items() if value}
    data = record[999].value if record[999] is not None else b""
    captured_on, precision = _date(str(provenance.get("PHD", "")))

    def picture() -> bytes:
        if captured_on and is_future(captured_on):
            raise BadMedia(
                "exchange_date",
                f"The date of the photograph (PHD {provenance['PHD']}) is in the future.",
                "Ask the sender for the file again.",
            )
        if provenance.get("IMT", _FACE) != _FACE:
            raise BadMedia(
                "exchange_no_face",
                f"The record shows {provenance['IMT']!r} instead of a face.",
                "Leave this record out.",
            )
        if not isinstance(data, bytes) or not data:
            raise BadMedia("empty", "The record contains no picture.", "Ask the sender for the file again.")
        stated = str(provenance.get("HAS", "")).strip().lower()
        if stated and stated != hashlib.sha256(data).hexdigest():
            raise BadMedia(
                "exchange_hash",
                "The picture does not match the hash (HAS) in its record.",
                "Do not use this picture. Ask the sender for the file again.",
            )
        return data

    return FaceRecord(int(record[2].value), captured_on, provenance, picture, precision)


def _value(field: Any) -> Any:
    """Return the text of a field, or its rows of texts, cut to the stored length."""
    if field is None or not field.value:
        return ""
    if isinstance(field.value, str):
        return field.value[:_TEXT]
    rows = [[subfield] if isinstance(subfield, str) else subfield for subfield in field.value[:_ROWS]]
    return [[str(text)[:_TEXT] for text in subfield[:_ROWS]] for subfield in rows]


def _date(text: str) -> tuple[date | None, Precision]:
    """Return a date YYYYMMDD (field 10.005, PHD), whose unknown parts are zeros or missing, and its precision."""
    digits = _DIGITS.match(text)
    if digits is None or len(digits[0]) % 2:
        return None, "day"
    year, month, number = digits[0][:4], digits[0][4:6].strip("0"), digits[0][6:8].strip("0")
    parts = [year] + [digits[0][4:6]] * bool(month) + [digits[0][6:8]] * bool(month and number)
    try:
        return read_date("-".join(parts))
    except ValueError:  # the date is unknown
        return None, "day"


def _damaged(why: str) -> BadMedia:
    return BadMedia(
        "exchange_damaged", f"The ANSI/NIST-ITL file cannot be read: {why}.", "Ask the sender for the file again."
    )


def exchangeable(container: str) -> bool:
    """Say whether a picture in this container can be written to an ANSI/NIST-ITL file."""
    return container in _COMPRESSED


def write_nist(pictures: Iterable[Exported], *, agency: str, number: str, software: str) -> bytes:
    """Return one ANSI/NIST-ITL file with a Type-10 record for each picture, at most `IDC_MAX`.

    A record keeps what it says about its source; its annotations gain one line with the time and the software.

    Args:
        pictures: each `exchangeable`.
        agency: the sender, for ORI and, if no source is known, SRC.
        number: the file's number, unique for the sender (TCN).
        software: name and version, for the annotation.
    """
    now = datetime.now(UTC)
    message = nistitl.Message()
    message.TOT = _FACE
    head = message[0]
    head.DAT, head.ORI, head.TCN = f"{now:%Y%m%d}", agency, number
    for idc, picture in enumerate(pictures, start=1):
        stored = dict(picture.provenance)
        record = nistitl.AsciiRecord(10)
        record.IDC = idc
        stated = iso(picture.captured_on, picture.captured_precision) if picture.captured_on else ""
        taken = stated.replace("-", "").ljust(8, "0")
        width, height = picture.size
        fixed = {
            3: _FACE,
            4: str(stored.get("SRC") or agency),
            5: taken,
            6: width,
            7: height,
            8: 0,
            9: 1,
            10: 1,
            11: _COMPRESSED[picture.container],
            12: "UNK",
            996: hashlib.sha256(picture.data).hexdigest().upper(),
        }
        stored["ANN"] = [*stored.get("ANN", []), [f"{now:%Y%m%d%H%M%S}Z", software, "Plainview", "exported"]]
        for tag, value in fixed.items():
            record += nistitl.Field(10, tag, str(value))
        for tag, name in STORED_FIELDS.items():
            if tag not in fixed and stored.get(name):
                record += _field(tag, stored[name])
        record += nistitl.BinaryField(10, 999, picture.data)
        message += record
    return bytes(message.NIST)


def _field(tag: int, value: Any) -> Any:
    if isinstance(value, str):
        return nistitl.Field(10, tag, value)
    field = nistitl.Field(10, tag)
    for subfield in value:
        part = nistitl.SubField()
        part.add_values(*subfield)
        field.add_subfields(part)
    return field

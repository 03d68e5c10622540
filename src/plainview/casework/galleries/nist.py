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
_TEXT, _ROWS = 1000, 100  # most characters of a value and rows of a field

Provenance = Mapping[str, Any]
"""Name of a field -> its text, or its rows of texts."""


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """One Type-10 record.

    Attributes:
        number: its number in the file (IDC).
        captured_on: the field PHD, if it is a date.
        provenance: its fields among `STORED_FIELDS`, and the file's ORI (originating agency) and TCN (its number).
        picture: returns the bytes of the picture; raises BadMedia if it is not a face or does not match HAS.
    """

    number: int
    captured_on: date | None
    provenance: Provenance
    picture: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Exported:
    """A picture to write, with its container as Pillow names it and its width and height in pixels."""

    data: bytes = field(repr=False)
    container: str
    size: tuple[int, int]
    captured_on: date | None
    provenance: Provenance


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

    def picture() -> bytes:
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

    return FaceRecord(int(record[2].value), _date(provenance.get("PHD")), provenance, picture)


def _value(field: Any) -> Any:
    """Return the text of a field, or its rows of texts, cut to the stored length."""
    if field is None or not field.value:
        return ""
    if isinstance(field.value, str):
        return field.value[:_TEXT]
    rows = [[subfield] if isinstance(subfield, str) else subfield for subfield in field.value[:_ROWS]]
    return [[str(text)[:_TEXT] for text in subfield[:_ROWS]] for subfield in rows]


def _date(text: object) -> date | None:
    try:
        return datetime.strptime(str(text)[:8], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:  # the date is unknown, or only a year
        return None


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
        taken = f"{picture.captured_on:%Y%m%d}" if picture.captured_on else "00000000"
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

"""Writing ANSI/NIST-ITL files of facial photographs (Type-10 records).

Owns what a record says about its source, and the encoding of texts. It must never write anything about a person. No Django
here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import nistitl

from plainview.casework.galleries.nist import FACE, STORED_FIELDS, Provenance, photographed_on
from plainview.tables.dates import iso

IDC_MAX = 99
"""Highest record number in a file (ANSI/NIST-ITL 1-2011, 7.3.1), and so the most records written to one."""

_COMPRESSED = {"JPEG": "JPEGB", "MPO": "JPEGB", "PNG": "PNG", "JPEG2000": "JP2"}
"""Container as Pillow names it -> the field CGA; a picture in any other container cannot be exported."""

_VERSION = "0500"
"""VER (1.002) of what is written: ANSI/NIST-ITL 1-2011, which has the fields ANN, HAS and SOR."""

_UTF8 = [["003", "UTF-8"]]
"""DCS (1.015) of a file with other characters than ASCII (ANSI/NIST-ITL 1-2011, table 4)."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Exported:
    """A picture to write, with its container as Pillow names it and its width and height in pixels."""

    data: bytes = field(repr=False)
    container: str
    size: tuple[int, int]
    captured_on: date | None
    provenance: Provenance
    captured_precision: str = "day"


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
    message.TOT = FACE
    head = message[0]
    head.VER, head.DAT, head.ORI, head.TCN = _VERSION, f"{now:%Y%m%d}", _text(agency), _text(number)
    plain = head.ORI.isascii() and head.TCN.isascii() and software.isascii()
    for idc, picture in enumerate(pictures, start=1):
        stored = dict(picture.provenance)
        record = nistitl.AsciiRecord(10)
        record.IDC = idc
        known, precision = (
            (picture.captured_on, picture.captured_precision)
            if picture.captured_on
            else photographed_on(stored.get("PHD"))
        )
        taken = iso(known, precision).replace("-", "").ljust(8, "0") if known else "0" * 8  # zeros: not known (7.7.2.3)
        width, height = picture.size
        fixed = {
            3: FACE,
            4: _text(stored.get("SRC") or agency),
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
                record += _field(10, tag, stored[name])
        plain = plain and all(_text(value).isascii() for value in stored.values())
        record += nistitl.BinaryField(10, 999, picture.data)
        message += record
    if not plain:
        head += _field(1, 15, _UTF8)
    return bytes(message.NIST)


def _text(value: object) -> str:
    """Return a text as nistitl must have it, which writes Latin-1: its UTF-8 bytes, one a character; a separator is a space."""
    return _CONTROLS.sub(" ", str(value)).encode("utf-8", "replace").decode("latin-1")


def _field(kind: int, tag: int, value: Any) -> Any:
    if isinstance(value, str):
        return nistitl.Field(kind, tag, _text(value))
    field = nistitl.Field(kind, tag)
    for subfield in value:
        part = nistitl.SubField()
        part.add_values(*map(_text, subfield))
        field.add_subfields(part)
    return field

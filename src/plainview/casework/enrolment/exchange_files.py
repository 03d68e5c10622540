"""ANSI/NIST-ITL files among what is enrolled: recognised by their first bytes, whatever their name ends in.

Owns how such a file becomes its pictures, for a folder and for an upload. One that cannot be read is one failure in the
list, with the reason.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plainview.casework.enrolment.items import Unusable
from plainview.casework.galleries.nist import HEAD, SUFFIXES, is_exchange, read_nist
from plainview.casework.galleries.subjects import WAITING, normal
from plainview.casework.workspace.services import services
from plainview.policy.decision import Allow, Refused
from plainview.policy.subjects import usable_number
from plainview.recognition.decode_header import sniff
from plainview.recognition.errors import BadMedia
from plainview.tables.dates import iso

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".avif"})
"""Endings of pictures: such files are opened once, by the decoder, which names an exchange file among them."""


def is_exchange_file(path: Path) -> bool:
    """Say whether a file is an ANSI/NIST-ITL file, or is called one and is no picture."""
    if path.suffix.lower() in _PICTURES:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return is_exchange(head) or (path.suffix.lower() in SUFFIXES and sniff(head) is None)


def numbered(subject: str) -> Unusable | None:
    """Return why a number that a file states for its person cannot be used; None if it can, or if the file states no number."""
    decision = usable_number(normal(subject)) if subject else Allow()
    if not isinstance(decision, Refused):
        return None
    return Unusable("subject_number", f"The number of the person in the file cannot be used. {decision.why}")


def waiting(subject: str) -> dict[str, str]:
    """Return what an upload keeps of its subject's number until it is enrolled, sealed; empty without one."""
    if not subject:
        return {}
    return {"subject": base64.b64encode(services().templates.seal(normal(subject).encode(), WAITING)).decode()}


def waited(file: Mapping[str, Any]) -> str:
    """Return the number that `waiting` sealed; "" if it sealed no number."""
    sealed = file.get("subject")
    return services().templates.open(base64.b64decode(sealed), WAITING).decode() if sealed else ""


def stored_records(name: str, data: bytes) -> Iterator[dict[str, Any]]:
    """Store the pictures of an uploaded file; yield what the enrolment keeps of each while it waits.

    Args:
        name: of the file.
        data: the whole file; see `is_exchange`.
    """
    try:
        records = read_nist(data)
    except BadMedia as bad:
        yield _refused(name, bad)
        return
    for record in records:
        label = f"{name}#{record.number}"
        try:
            unusable = numbered(record.subject)
            if unusable is not None:
                raise unusable
            picture = record.picture()
        except (BadMedia, Unusable) as bad:
            yield _refused(label, bad)
            continue
        captured = iso(record.captured_on, record.captured_precision) if record.captured_on else ""
        facts = {"captured_on": captured, "provenance": dict(record.provenance), **waiting(record.subject)}
        yield {"name": label, "blob": services().blobs.put(picture), **facts}


def _refused(name: str, bad: BadMedia | Unusable) -> dict[str, Any]:
    return {"name": name, "blob": "", "code": bad.code, "why": bad.why}

"""Requests of people about themselves, in process: filed, confirmed, searched, decided."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import cv2
from pypdf import PdfReader
from tests.factories.models import collins, scaled
from tests.factories.work import person

from plainview.casework.models import Agency, Reference, SubjectRequest
from plainview.casework.rights.checks import confirm
from plainview.casework.rights.filing import Filed, file_request
from plainview.casework.rights.read import answer_pdf
from plainview.casework.rights.search import decide, search_person
from plainview.policy.rights import Filing, read_filing

HOW = "passport shown at the desk, face compared by two officers"
NETWORK = "192.0.2.7"


def photo(factor: float = 0.85) -> bytes:
    """Eileen Collins asks: another rendering of the portrait, as JPEG bytes."""
    return bytes(cv2.imencode(".jpg", scaled(collins(), factor).pixels)[1])


def filing(*wishes: str, **fields: Any) -> Filing:
    told = {
        "own": True,
        "name": "Eileen Collins",
        "email": "eileen@person.example",
        "post": "",
        "about": "a shop in May",
        "named": "",
    }
    return read_filing(wishes or ("access",), **(told | fields))


def file(*wishes: str, picture: bytes | None = None, agency: Agency | None = None, **fields: Any) -> Filed:
    """File a request to the sample agency."""
    asked = agency or person("admin").agency
    return file_request(asked.public_id, filing(*wishes, **fields), picture, network=NETWORK)


def confirmed(*wishes: str, picture: bytes | None = None, **fields: Any) -> SubjectRequest:
    """A request whose identity was checked; with the photograph unless references are named."""
    sent = picture if picture is not None or fields.get("named") else photo()
    return confirm(file(*wishes, picture=sent, **fields).request.public_id, HOW, acting_member=person("supervisor"))


def decided(*wishes: str, **fields: Any) -> tuple[SubjectRequest, Reference]:
    """A request with Collins' reference found to be the person's, and everybody else's not."""
    row = confirmed(*wishes, **fields)
    found = search_person(row.public_id, acting_member=person("admin"))
    mine = [one for one in found if one.reference.file_name == "collins.png"]
    others = [one.pk for one in found if one not in mine]
    decide(row.public_id, [one.pk for one in mine], others, acting_member=person("admin"))
    row.refresh_from_db()
    return row, mine[0].reference


def text_of(pdf: bytes | None) -> str:
    """The words of a PDF."""
    assert pdf is not None
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def letter_of(row: SubjectRequest) -> str:
    """The words of the letter of an answered request."""
    return text_of(answer_pdf(row))

"""Enrolling many pictures in one request: a line of JSON for each picture, a line of JSON for each result (NDJSON).

Owns the form of the lines. A bad line is answered with its reason and never ends the run; lines are read one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from pydantic import Field, ValidationError

from plainview.api.common import Base64, In, Out, Short, member_of
from plainview.api.plain import read_json
from plainview.api.problems import Unusable
from plainview.casework.enrolment.incoming import MAX_FILE_BYTES, MAX_FILES
from plainview.casework.enrolment.sent import Sent, enrol_sent

MEDIA_TYPE = "application/x-ndjson"

MOST_BYTES = 1 << 30
"""Bytes of a request: chosen; 5,000 photographs of 150 kB as base64."""

_LINE = MAX_FILE_BYTES * 4 // 3 + (64 << 10)  # bytes of a line: a picture as base64, and what is said about it


class PictureIn(In):
    """A line of the request: a picture and where it comes from."""

    image: Annotated[Base64, Field(description="The picture's file, base64.")]
    name: Short = ""
    id: Short = Field(default="", description="Your own name for the picture; it is kept with the reference.")
    source_url: Short = ""
    page_url: Short = ""
    captured_on: Short = ""
    subject: Short = Field(default="", description="Your source's number of the person, never a name.")


class ResultOut(Out):
    """A line of the answer: the result for the picture in the same line of the request."""

    line: int
    id: str
    outcome: str = Field(description="enrolled, duplicate, or the code of a failure")
    why: str = ""
    references: list[str] = Field(default=[], description="Ids of the references that the gallery has of the picture.")


def reference_bulk(request: HttpRequest, name: str) -> HttpResponse:
    """Enrol many pictures: send NDJSON, one picture a line; a result for each line comes back.

    Lines: {"image": base64, "name"?, "id"?, "source_url"?, "page_url"?, "captured_on"?, "subject"?}. At most 5,000.
    """
    results: dict[int, dict[str, Any]] = {}
    enrolled = enrol_sent(
        name,
        _pictures(request, results),
        acting_member=member_of(request),
        settled=lambda number, outcome: results[number].update(outcome=outcome),
    )
    why = {failure["code"]: failure["why"] for failure in enrolled.result.failed}
    lines = []
    for number, result in sorted(results.items()):
        result["references"] = [
            reference.public_id for reference in enrolled.references.get(enrolled.digests.get(number, ""), ())
        ]
        result["why"] = result["why"] or why.get(result["outcome"], "")
        lines.append(ResultOut(line=number, **result).model_dump_json())
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type=MEDIA_TYPE)


def _pictures(request: HttpRequest, results: dict[int, dict[str, Any]]) -> Iterator[Sent]:
    number = 0
    while raw := request.readline(_LINE + 1):
        number += 1
        result = results[number] = {"id": "", "outcome": "not_read", "why": ""}
        if not raw.strip():
            del results[number]
            continue
        if number > MAX_FILES:
            result |= {"outcome": "too_many", "why": f"More than {MAX_FILES:,} pictures. Send the rest afterwards."}
            return
        if len(raw) > _LINE:
            result |= {"outcome": "too_large", "why": "The line is too long; the lines after it were not read."}
            return
        try:
            picture = PictureIn.model_validate(read_json(raw))
        except Unusable as bad:
            result |= {"outcome": "bad_line", "why": bad.why}
        except ValidationError as bad:
            first = bad.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            result |= {"outcome": "bad_line", "why": f"{field}: {first['msg']}."}
        else:
            result["id"] = picture.id
            label = picture.name or picture.id
            origin = (picture.source_url, picture.page_url, picture.captured_on)
            yield Sent(label, picture.image, *origin, number=number, external_id=picture.id, subject=picture.subject)

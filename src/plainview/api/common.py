"""What the operations share: the acting member, types of fields, and how a page of a list is cut.

Owns these types. A field of a request that is not named in its operation is refused, and no text has control characters.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from plainview.api.problems import Fault, Unusable
from plainview.casework.models import Member, Token
from plainview.policy.decision import Refused

M = TypeVar("M", bound=Model)

MOST_ROWS = 100
"""Rows of a list at once, unless fewer are asked for: as GitHub's API."""


def _clean(text: str) -> str:
    if any((ord(char) < 32 and char not in "\t\n\r") or char == "\x7f" for char in text):
        raise ValueError("has a control character")
    return text


Text = Annotated[str, Field(max_length=10_000), AfterValidator(_clean)]
"""A text of a request."""

Short = Annotated[str, Field(max_length=500), AfterValidator(_clean)]
"""A line of a request: a number, a name, a link."""


def _decoded(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except ValueError:  # also a character that is not ASCII
        raise ValueError("is not base64") from None


Base64 = Annotated[bytes, BeforeValidator(_decoded), Field(min_length=1)]
"""A file as base64 text."""


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Moment = Annotated[AwareDatetime, PlainSerializer(_utc, return_type=str, when_used="unless-none")]
"""A moment of an answer, UTC: 2026-11-05T22:29:00Z."""


class In(BaseModel):
    """A JSON body: a value of another type is refused, and not turned into the wanted one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, strict=True)


class FormIn(BaseModel):
    """The fields of a form, which are all texts."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _day(value: Any) -> Any:
    """Return the value, unless it is anything but the text of a day: pydantic also takes seconds since 1970 and moments."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("is not a day such as 2026-11-05")


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Day = Annotated[date, Field(strict=False), BeforeValidator(_day)]
"""A day of a request, as text: 2026-11-05."""


class Because(In):
    """A reason."""

    reason: Text


class Out(BaseModel):
    """A part of an answer. Later versions may add fields."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Page(BaseModel):
    """Which part of a list: `limit` rows after the `cursor` that the part before it ended with."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="Rows at most.")
    cursor: str = Field(default="", max_length=100, description="`next` of the part before; empty for the first.")


Cut = Annotated[Page, Query()]


def member_of(request: HttpRequest) -> Member:
    """Return the acting member."""
    assert isinstance(request.user, Member)  # noqa: S101  the entry put it there
    return request.user


def token_of(request: HttpRequest) -> Token:
    """Return the token that stands for the member."""
    token = getattr(request, "auth", None)
    assert isinstance(token, Token)  # noqa: S101  the entry put it there
    return token


def bytes_of(file: UploadedFile[Any], most: int, field: str = "image") -> bytes:
    """Return the bytes of an uploaded file.

    Raises:
        Unusable: it has more than `most` bytes, or none.
    """
    size = file.size or 0
    if not 0 < size <= most:
        why = f"The file has {size:,} bytes; the limit is {most:,}." if size else "The file is empty."
        fault = Fault(pointer=f"#/{field}", where="file", detail=why)
        raise Unusable(
            413 if size else 422, "api.file", why, "Send a smaller copy." if size else "Send a file.", [fault]
        )
    return bytes(file.read())


def part_of(rows: QuerySet[M], page: Page, shown: Callable[[M], Any], *, by: str = "pk") -> dict[str, Any]:
    """Return one part of a list, newest first, and the cursor of the next."""
    begin = after(page.cursor)
    wanted = rows.filter(**{f"{by}__lt": begin}) if begin is not None else rows
    part = list(wanted.order_by(f"-{by}")[: page.limit + 1])
    more = len(part) > page.limit
    part = part[: page.limit]
    return {"items": [shown(record) for record in part], "next": cursor(getattr(part[-1], by)) if more else None}


def slice_of(rows: Sequence[Any], page: Page, shown: Callable[[Any], Any]) -> dict[str, Any]:
    """Return one part of a list that is in memory, and the cursor of the next."""
    first = after(page.cursor) or 0
    part = rows[first : first + page.limit]
    more = first + page.limit < len(rows)
    return {"items": [shown(entry) for entry in part], "next": cursor(first + page.limit) if more else None}


def cursor(number: int) -> str:
    """Return the cursor of a place in a list."""
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode().rstrip("=")


def after(cursor: str) -> int | None:
    """Return the place of a cursor; None if it is empty.

    Raises:
        Unusable: it is not a cursor.
    """
    if not cursor:
        return None
    try:
        word, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        word, number = "", ""
    if word != "after" or not number.isdecimal() or len(number) > 18:
        fault = Fault(pointer="#/cursor", where="query", detail="It is not a cursor of this list.")
        raise Unusable(422, "api.cursor", "The cursor cannot be read.", "Take `next` of the part before it.", [fault])
    return int(number)


def whole_number(value: Any) -> Any:
    """Return the value, unless it is a text that only looks like a whole number (1e3, 1_000, " 1")."""
    if isinstance(value, str) and not (value.removeprefix("-").isascii() and value.removeprefix("-").isdigit()):
        raise ValueError("is not a whole number")
    return value


Whole = Annotated[int, BeforeValidator(whole_number)]
"""A whole number of a form or a query."""


def etag_of(*parts: object) -> str:
    """Return the version of what is shown, for the header ETag: it changes whenever a part does."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"'


def require_match(request: HttpRequest, etag: str) -> None:
    """Refuse a change that was made of another version (If-Match, RFC 9110).

    Raises:
        Refused: api.changed.
    """
    wanted = request.META.get("HTTP_IF_MATCH", "*")
    if wanted.strip() != "*" and etag not in [tag.strip() for tag in wanted.split(",")]:
        raise Refused(
            "api.changed",
            "Not saved",
            "It was changed since you read it.",
            "Read it again, then send your change with the new version.",
        )


FaceNumber = Annotated[int, Field(ge=1, le=9_999), BeforeValidator(whole_number)]
"""Number of a face in its picture; 1 is the largest."""

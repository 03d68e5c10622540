"""Calls of operations, before they are sent: the same for the client with asyncio and for the one without."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from plainview.client.operations import OPERATIONS, Name
from plainview.client.types import Picture


@dataclass
class Call:
    """One request before it is sent: the operation's id in the OpenAPI document, and what goes where."""

    operation: str
    method: str
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    fields: dict[str, Any] = field(default_factory=dict)
    image: str | Path | bytes | None = None
    file_field: str = "image"
    lines: Callable[[], Iterator[bytes]] | None = None
    headers: dict[str, str] = field(default_factory=dict)


def fields_of(**values: Any) -> dict[str, Any]:
    """Return the values that are stated."""
    return {name: value for name, value in values.items() if value is not None and value != ""}


def operation(name: Name, values: dict[str, Any]) -> Call:
    """Return the call of any operation of the document; its path, its query and its body get the values of their names.

    Raises:
        TypeError: a value that the path needs is missing.
    """
    method, path, *rest = OPERATIONS[name].split()
    left = dict(values)
    for part in re.findall(r"{(\w+)}", path):
        if part not in left:
            raise TypeError(f"{name} needs {part}")
        path = path.replace(f"{{{part}}}", quote(str(left.pop(part)), safe=""))
    query = next((part[1:].split(",") for part in rest if part.startswith("?")), [])
    body = next((part for part in rest if not part.startswith("?")), "")
    asked = {part: left.pop(part) for part in query if part in left}
    call = Call(name, method, path, query=asked)
    if body == "json":
        call.body = left
    elif body.startswith("form"):
        call.file_field = body.partition(":")[2]
        call.image = left.pop(call.file_field, None)
        call.fields = left
    elif left:
        raise TypeError(f"{name} has no {', '.join(left)}")
    return call


def open_case(number: str, offence: str, jurisdiction: str = "") -> Call:
    """Return the call that opens a case."""
    body = fields_of(number=number, offence=offence, jurisdiction=jurisdiction)
    return Call("case_open", "POST", "/cases", body=body)


def search(
    image: str | Path | bytes,
    *,
    case: str,
    purpose: str,
    gallery: str,
    origin: str | None = None,
    top: int | None = None,
    face: int | None = None,
) -> Call:
    """Return the call that searches a gallery."""
    fields = fields_of(case=case, purpose=purpose, gallery=gallery, origin=origin, top=top, face=face)
    return Call("search_run", "POST", "/searches", fields=fields, image=image)


def enrol(
    gallery: str,
    image: str | Path | bytes,
    *,
    source_url: str = "",
    page_url: str = "",
    captured_on: str = "",
) -> Call:
    """Return the call that enrols one picture."""
    fields = fields_of(source_url=source_url, page_url=page_url, captured_on=captured_on)
    return Call(
        "reference_enrol", "POST", f"/galleries/{quote(gallery, safe='')}/references", fields=fields, image=image
    )


def enrol_many(gallery: str, pictures: list[Picture]) -> Call:
    """Return the call that enrols many pictures, at most 5,000; their files are read when it is sent, all of them."""
    path = f"/galleries/{quote(gallery, safe='')}/references/bulk"
    headers = {"Content-Type": "application/x-ndjson"}
    return Call("reference_bulk", "POST", path, lines=lambda: map(_line, pictures), headers=headers)


def _line(picture: Picture) -> bytes:
    about = {name: value for name, value in picture.items() if name != "image"}
    image = picture["image"]
    data = image if isinstance(image, bytes) else Path(image).read_bytes()
    return json.dumps({"image": base64.b64encode(data).decode(), **about}).encode() + b"\n"


def entries(*, before: int | None = None, action: str | None = None, limit: int = 100) -> Call:
    """Return the call that lists entries of the log, newest first."""
    return Call("log_entries", "GET", "/log/entries", query=fields_of(before=before, action=action, limit=limit))


def report(since: str | None = None, until: str | None = None) -> Call:
    """Return the call that makes a report of a period (days as 2026-11-05)."""
    return Call("report_make", "POST", "/reports", body=fields_of(since=since, until=until))

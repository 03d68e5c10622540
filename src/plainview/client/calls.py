"""Calls of operations, before they are sent: the same for the client with asyncio and for the one without."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Generic
from urllib.parse import quote

from plainview.client import operations
from plainview.client.operation import Answer, Operation
from plainview.client.types import Case, Enrolled, Entries, Picture, Report, Result, Search

File = str | Path | bytes
"""A file that is sent: its path, or its bytes."""

PIECE_BYTES = 8 << 20
"""Bytes of a video that are sent at once: the longest piece that the server stores as one."""

_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass
class Call(Generic[Answer]):
    """One request before it is sent: the operation's id in the OpenAPI document, what goes where, and what it answers."""

    operation: str
    method: str
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    fields: dict[str, Any] = field(default_factory=dict)
    files: dict[str, list[File]] = field(default_factory=dict)
    lines: list[Picture] | None = None
    piece: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def fields_of(**values: Any) -> dict[str, Any]:
    """Return the values that are stated."""
    return {name: value for name, value in values.items() if value is not None and value != ""}


def operation(named: Operation[Answer] | str, values: Mapping[str, Any]) -> Call[Answer]:
    """Return the call of an operation; its path, its query and its body get the values of their names.

    Args:
        named: the operation, or its id in the document.
        values: what it is called with. A file is a path or bytes; where several are taken, a list of them.

    Raises:
        TypeError: a value that the path needs is missing, it takes no such value, or there is no such operation.
    """
    wanted = named if isinstance(named, Operation) else getattr(operations, named, None)
    if not isinstance(wanted, Operation):
        raise TypeError(f"the API has no operation {named}")
    method, path, *rest = wanted.split()
    left = dict(values)
    for part in re.findall(r"{(\w+)}", path):
        if part not in left:
            raise TypeError(f"{method} {path} needs {part}")
        path = path.replace(f"{{{part}}}", quote(str(left.pop(part)), safe=""))
    query = next((part[1:].split(",") for part in rest if part.startswith("?")), [])
    body = next((part for part in rest if not part.startswith("?")), "")
    asked = {part: left.pop(part) for part in query if part in left}
    call: Call[Answer] = Call(str(wanted), method, path, query=asked)
    if body == "json":
        call.body = left
    elif body.startswith("form"):
        call.files = {name: _listed(left.pop(name)) for name in body.partition(":")[2].split(",") if name in left}
        call.fields = left
    elif left:
        raise TypeError(f"{method} {path} has no {', '.join(left)}")
    return call


def _listed(files: File | Sequence[File]) -> list[File]:
    return [files] if isinstance(files, File) else list(files)


def open_case(number: str, offence: str, jurisdiction: str = "") -> Call[Case]:
    """Return the call that opens a case."""
    return operation(operations.case_open, fields_of(number=number, offence=offence, jurisdiction=jurisdiction))


def search(
    image: File,
    *,
    case: str,
    purpose: str,
    gallery: str,
    origin: str | None = None,
    top: int | None = None,
    face: int | None = None,
    also: Sequence[File] = (),
) -> Call[Search]:
    """Return the call that searches a gallery; `also` are up to three more photographs of the same person."""
    fields = fields_of(case=case, purpose=purpose, gallery=gallery, origin=origin, top=top, face=face)
    return operation(operations.search_run, fields | {"image": image} | ({"also": list(also)} if also else {}))


def enrol(
    gallery: str, image: File, *, source_url: str = "", page_url: str = "", captured_on: str = "", subject: str = ""
) -> Call[Enrolled]:
    """Return the call that enrols one picture."""
    origin = fields_of(source_url=source_url, page_url=page_url, captured_on=captured_on, subject=subject)
    return operation(operations.reference_enrol, origin | {"name": gallery, "image": image})


def enrol_many(gallery: str, pictures: list[Picture]) -> Call[list[Result]]:
    """Return the call that enrols many pictures, at most 5,000; each file is read when its line is sent."""
    path = f"/galleries/{quote(gallery, safe='')}/references/bulk"
    return Call("reference_bulk", "POST", path, lines=pictures, headers={"Content-Type": "application/x-ndjson"})


def lines_of(pictures: list[Picture]) -> Iterator[bytes]:
    """Yield the lines of a bulk enrolment; one picture is in memory at a time."""
    for picture in pictures:
        head, tail = _around(picture)
        image = picture["image"]
        data = image if isinstance(image, bytes) else Path(image).read_bytes()
        yield head + base64.b64encode(data) + tail


def length_of(pictures: list[Picture]) -> int:
    """Return how many bytes the lines of a bulk enrolment have."""
    length = 0
    for picture in pictures:
        image = picture["image"]
        size = len(image) if isinstance(image, bytes) else Path(image).stat().st_size
        length += sum(map(len, _around(picture))) + (size + 2) // 3 * 4
    return length


def _around(picture: Picture) -> tuple[bytes, bytes]:
    """Return what of a line is before and after its picture."""
    about = json.dumps({name: value for name, value in picture.items() if name != "image"})[1:]
    return b'{"image": "', b'"' + (b", " if about != "}" else b"") + about.encode() + b"\n"


def entries(*, before: int | None = None, action: str | None = None, limit: int = 100) -> Call[Entries]:
    """Return the call that lists entries of the log, newest first."""
    return operation(operations.log_entries, fields_of(before=before, action=action, limit=limit))


def report(since: str | None = None, until: str | None = None) -> Call[Report]:
    """Return the call that makes a report of a period (days as 2026-11-05)."""
    return operation(operations.report_make, fields_of(since=since, until=until))


def upload(file: IO[bytes], name: str, size: int, case: str) -> Generator[Call[None], Mapping[str, str], str]:
    """Yield the calls that upload a video (tus 1.0.0), each after the headers of the answer before; return its id.

    An answer whose connection broke is no loss: the next one says how much has arrived, and that is continued.
    """
    about = ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in (("filename", name), ("case", case))
    )
    begin = _TUS | {"Upload-Length": str(size), "Upload-Metadata": about}
    answer = yield Call("video_begin", "POST", "/videos", headers=begin)
    where = answer["location"].removeprefix("/api/v1")
    offset = 0
    while offset < size:
        file.seek(offset)
        headers = _TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        answer = yield Call("video_piece", "PATCH", where, piece=file.read(PIECE_BYTES), headers=headers)
        offset = int(answer["upload-offset"])
    return where.split("/")[2]

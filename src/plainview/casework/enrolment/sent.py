"""Pictures that a program sends one by one, each with its origin, enrolled at once.

Owns what a sent picture may state. The enrolment itself is `casework.enrolment.enrol`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from plainview.casework.enrolment.enrol import EnrolmentResult, Options, enrol
from plainview.casework.enrolment.exchange_files import numbered
from plainview.casework.enrolment.items import Item, Unusable
from plainview.casework.enrolment.pairing import LINKS
from plainview.casework.galleries.subjects import normal
from plainview.casework.models import Member, Reference
from plainview.storage.base import digest_of
from plainview.tables.dates import Precision, read_capture_date
from plainview.tables.names import readable
from plainview.tables.shape import clip

_KEYS = 500  # parameters of one statement: every database accepts this many


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture and what its sender says about it; `number` is its place among those sent together, from 1.

    `only`: numbers of the faces to enrol, see `Item`; `external_id`: the sender's own name for the picture; `subject`: the
    source's number of the person.
    """

    name: str
    data: bytes
    source_url: str = ""
    page_url: str = ""
    captured_on: str = ""
    number: int = 1
    external_id: str = ""
    only: frozenset[int] | None = None
    subject: str = ""


Settled = Callable[[int, str], None]
"""Is called with the number of a picture, and "enrolled", "duplicate" or the code of its failure."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A run, the digest of each picture by its number, and the references that the gallery has now, by digest."""

    result: EnrolmentResult
    digests: dict[int, str]
    references: dict[str, list[Reference]]


def enrol_sent(
    gallery: str,
    pictures: Iterable[Sent],
    *,
    acting_member: Member,
    cores: int | None = None,
    settled: Settled = lambda _number, _outcome: None,
) -> Enrolled:
    """Enrol pictures that were sent.

    Args:
        gallery: name of a gallery of the member's agency.
        pictures: in the order in which they were sent; read one at a time.
        acting_member: the member who enrols.
        cores: pictures processed at the same time; by default one per core.
        settled: see `Settled`.

    Raises:
        Refused: as `enrol`.
    """
    digests: dict[int, str] = {}

    def items() -> Iterator[Item]:
        for sent in pictures:
            digests[sent.number] = digest_of(sent.data)
            yield _item(sent, digests[sent.number])

    def report(batch: Sequence[Item], outcome: str) -> None:
        for item in batch:
            settled(int(item.path.name), outcome)

    result = enrol(gallery, items(), acting_member=acting_member, options=Options(cores=cores, settled=report))
    return Enrolled(result, digests, _references(gallery, sorted(set(digests.values())), acting_member))


def _references(gallery: str, digests: Sequence[str], member: Member) -> dict[str, list[Reference]]:
    by_digest: dict[str, list[Reference]] = {}
    rows = Reference.objects.filter(gallery__agency=member.agency, gallery__name=gallery).exclude(template=b"")
    for first in range(0, len(digests), _KEYS):
        for reference in rows.filter(blob__in=digests[first : first + _KEYS]).order_by("pk").defer("template"):
            by_digest.setdefault(reference.blob, []).append(reference)
    return by_digest


def _item(sent: Sent, digest: str) -> Item:
    captured_on: date | None = None
    precision: Precision = "day"
    bad: Unusable | None = None
    for column, link in (("source_url", sent.source_url), ("page_url", sent.page_url)):
        if link and not link.startswith(LINKS):
            bad = Unusable("bad_link", f"{column} {clip(link)!r} is not a link (http, https, file or urn).")
    if sent.captured_on:
        try:
            captured_on, precision = read_capture_date(sent.captured_on)
        except ValueError as error:
            bad = Unusable("bad_date", f"captured_on {error}.")

    bad = numbered(sent.subject) or bad

    def data() -> bytes:
        if bad is not None:
            raise bad
        return sent.data

    provenance: dict[str, Any] = {"external_id": sent.external_id} if sent.external_id else {}
    return Item(
        Path(digest) / str(sent.number),
        readable(sent.name) or f"picture {sent.number}",
        sent.source_url or f"urn:plainview:sent:{digest[:16]}",
        sent.page_url,
        captured_on,
        provenance,
        data=data,
        captured_precision=precision,
        subject=normal(sent.subject),
        only=sent.only,
    )

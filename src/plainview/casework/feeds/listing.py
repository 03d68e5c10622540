"""Reading a publisher's whole list, page by page, and saying whether it is complete.

Owns what "complete" means: every page answered, as many notices as the publisher states, none passed over, no page
twice. Only a complete list can show that a notice was withdrawn, so in doubt a list is incomplete, and says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.feeds.fetching import Fetcher
from plainview.casework.feeds.mapping import Mapping
from plainview.casework.feeds.reading import LIST_BYTES, ListPage, Notice, read_page
from plainview.policy.wording import counted

MAX_PAGES = 1000
"""Most pages of a list: chosen, fifty thousand notices at the usual fifty a page."""

_SHOWN = 5  # rows that are named in a sentence


@dataclass
class Listing:
    """A list as it was read.

    Attributes:
        notices: each once, in the publisher's order.
        pages: pages that answered.
        incomplete: why the list is not complete, in sentences; empty: it is.
        passed_over: rows that cannot be used, with their page, row and reason.
        unchanged: the host says that the list is the one of the last run; it was not sent again.
        validators: what the host gave to ask so the next time (ETag, Last-Modified).
    """

    notices: list[Notice] = field(default_factory=list)
    pages: int = 0
    incomplete: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    unchanged: bool = False
    validators: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the publisher's numbers, sorted: what the log keeps of a list."""
        return hashlib.sha256("\n".join(sorted({notice.id for notice in self.notices})).encode()).hexdigest()


def read_listing(
    url: str,
    mapping: Mapping,
    fetcher: Fetcher,
    *,
    validators: dict[str, str] | None = None,
    pages: int = MAX_PAGES,
    progress: Callable[[int, int | None], None] = lambda _pages, _total: None,
) -> Listing:
    """Read a list.

    Args:
        url: its address, without the parameters of `mapping.pages`.
        mapping: what it means.
        fetcher: the publisher's hosts.
        validators: of the last run; the host may answer that nothing changed.
        pages: most pages to read.
        progress: called after each page with the pages so far and the notices that the publisher states.

    Raises:
        Unusable: the first page cannot be used. A later one that cannot makes the list incomplete.
    """
    listing, seen = Listing(), _Seen()
    address: str | None = first_address(url, mapping)
    while address is not None:
        if listing.pages == min(pages, MAX_PAGES):
            listing.incomplete.append(f"Only {counted(listing.pages, 'page')} were read.")
            break
        try:
            reply = fetcher.get(address, max_bytes=LIST_BYTES, headers=_conditions(listing, mapping, validators))
            if reply.status == 304:
                listing.unchanged, listing.validators = True, dict(validators or {})
                return listing
            page = read_page(reply.body, mapping)
        except Unusable as error:
            if not listing.pages:
                raise
            listing.incomplete.append(f"Page {listing.pages + 1}: {error.why}")
            break
        listing.pages += 1
        if mapping.pages.by == "none":
            names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
            listing.validators = {asked: reply.headers[name] for name, asked in names.items() if name in reply.headers}
        if seen.repeats(page):
            listing.incomplete.append(f"Page {listing.pages} repeats an earlier one: the publisher does not go on.")
            break
        seen.add(page, listing)
        progress(listing.pages, page.total)
        address = _next(address, url, mapping, page, seen)
    _judge(listing, mapping, seen)
    return listing


@dataclass
class _Seen:
    """What the pages so far had."""

    ids: set[str] = field(default_factory=set)
    rows: int = 0
    addresses: set[str] = field(default_factory=set)
    totals: list[int] = field(default_factory=list)

    def repeats(self, page: ListPage) -> bool:
        """Return True for a page all of whose notices were on earlier ones."""
        return bool(page.rows) and bool(self.ids) and all(number in self.ids for number in page.ids if number)

    def add(self, page: ListPage, listing: Listing) -> None:
        """Take the page's notices."""
        for notice in page.notices:
            if notice.id not in self.ids:
                listing.notices.append(notice)
        self.ids.update(number for number in page.ids if number)
        self.rows += page.rows
        if page.total is not None:
            self.totals.append(page.total)
        listing.passed_over += [f"page {listing.pages}, row {number}: {why}" for number, why in page.passed_over]


def _judge(listing: Listing, mapping: Mapping, seen: _Seen) -> None:
    """Say everything that makes the list incomplete."""
    if not mapping.complete:
        listing.incomplete.append("By its mapping this list has only some of the notices, such as the newest.")
    if not listing.notices:
        listing.incomplete.append("It has no notice.")
    elif not any(notice.images or notice.left_out or notice.details for notice in listing.notices):
        listing.incomplete.append(f"No notice has a picture at `{mapping.image or mapping.details}`.")
    if listing.passed_over:
        shown = "; ".join(listing.passed_over[:_SHOWN]) + ("; …" if len(listing.passed_over) > _SHOWN else "")
        listing.incomplete.append(f"{counted(len(listing.passed_over), 'row')} cannot be used: {shown}.")
    if len(set(seen.totals)) > 1:
        listing.incomplete.append("The publisher changed the list while it was read.")
    elif seen.totals and len(seen.ids) != seen.totals[0]:
        stated = counted(seen.totals[0], "notice")
        listing.incomplete.append(f"The publisher states {stated}, and {len(seen.ids):,} could be read.")


def first_address(url: str, mapping: Mapping) -> str:
    """Return the address of the first page."""
    pages = mapping.pages
    extra = {pages.size_parameter: str(pages.size)} if pages.size_parameter and pages.size else {}
    if pages.by == "page":
        extra[pages.parameter] = str(pages.start)
    elif pages.by == "offset":
        extra[pages.parameter] = "0"
    return with_query(url, extra)


def with_query(url: str, values: dict[str, str]) -> str:
    """Return an address with these query parameters, instead of others of the same names."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in values]
    return urlunsplit(parts._replace(query=urlencode([*query, *values.items()])))


def _next(address: str, url: str, mapping: Mapping, page: ListPage, seen: _Seen) -> str | None:
    """Return the address of the next page; None after the last."""
    pages = mapping.pages
    following: str | None = None
    enough = page.total is not None and seen.rows >= page.total
    if pages.by in ("page", "offset"):
        short = page.total is None and bool(pages.size) and page.rows < pages.size
        if page.rows and not enough and not short:
            at = pages.start + len(seen.addresses) + 1 if pages.by == "page" else seen.rows
            following = with_query(address, {pages.parameter: str(at)})
    elif pages.by == "cursor" and page.next:
        following = with_query(address, {pages.parameter: page.next})
    elif pages.by == "next" and page.next:
        following = urljoin(url, page.next)
    seen.addresses.add(address)
    return None if following in seen.addresses else following


def _conditions(listing: Listing, mapping: Mapping, validators: dict[str, str] | None) -> dict[str, str]:
    return dict(validators or {}) if mapping.pages.by == "none" and not listing.pages else {}

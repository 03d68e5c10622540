"""Trying a feed: its first page is read and its first pictures fetched, and nothing of them is kept.

Owns what "tried" means: a mapping that has shown at least one notice with a picture on the feed's hosts. A feed with a
mapping is not run before.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.enrolment.enrol import EnrolmentResult, Options, enrol
from plainview.casework.enrolment.manifest import Items, Unusable
from plainview.casework.feeds.listing import Listing, read_listing
from plainview.casework.feeds.mapping import of_table
from plainview.casework.feeds.run import Collected, hosts_of, opened
from plainview.casework.log.guard import refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.models import Feed, Member
from plainview.casework.outgoing import Connection
from plainview.policy import feeds, rules
from plainview.policy.decision import Allow, Refused
from plainview.policy.permissions import Permission


@dataclass(frozen=True, slots=True)
class Shown:
    """One notice as it would be enrolled.

    Attributes:
        number, page, kind, captured_on: what the publisher says; captured_on is a date or "".
        pictures: (link, caption, "" or why it would not be fetched).
        left_out: pictures that are not photographs by their captions.
        withdrawn: the publisher calls the notice over, so nothing is enrolled.
        details: link to the second list with its pictures, or "".
    """

    number: str
    page: str
    kind: str
    captured_on: str
    pictures: tuple[tuple[str, str, str], ...]
    left_out: int
    withdrawn: bool
    details: str


@dataclass(frozen=True, slots=True)
class Trial:
    """The result: the first page as it was read, its first notices, and a rehearsal of the first pictures."""

    feed: Feed
    listing: Listing
    total: int | None
    notices: tuple[Shown, ...]
    rehearsal: EnrolmentResult


def try_feed(
    public_id: str,
    *,
    acting_member: Member,
    notices: int = 5,
    pictures: int = 3,
    connection: Connection | None = None,
) -> Trial:
    """Read the first page of a feed's list and rehearse the enrolment of its first pictures.

    Args:
        public_id: the feed.
        acting_member: the member who tries it.
        notices: most notices to show.
        pictures: most pictures to fetch.
        connection: how to reach the hosts; None: as workspace.toml says.

    Raises:
        Refused: no permission, unknown, stopped, or the host, its robots.txt or the list cannot be used, or no notice
            has a picture that may be fetched; recorded.
    """
    with refusals_recorded("feed.try", acting_member):
        standing(acting_member, Permission.GALLERY_CREATE)
        feed = find.feed(public_id, acting_member)
        rules.require(
            feeds.feed_runs(feed.publisher, feed.stopped_at is not None),
            rules.gallery_current(feed.gallery.name, feed.gallery.expires_on, timezone.now().date()),
        )
    mapping, totals = of_table(feed.mapping or {}), list[int | None]()
    with opened(feed, connection) as fetcher:
        with refusals_recorded("feed.try", acting_member):
            try:
                listing = read_listing(
                    feed.list_url, mapping, fetcher, pages=1, progress=lambda _pages, total: totals.append(total)
                )
            except Unusable as bad:
                raise Refused(
                    bad.code,
                    "Feed not usable",
                    bad.why,
                    "Nothing was enrolled. Correct the mapping by adding the feed again, or ask the publisher.",
                ) from None
            hosts = hosts_of(feed)
            taken = [notice for notice in listing.notices if not notice.withdrawn]
            useful = [n for n in taken if n.details or any(_why(image.link, hosts) == "" for image in n.images)]
            if not useful:
                raise Refused(
                    "feed.nothing",
                    "Feed not usable",
                    f"The first page has no notice with a picture on {' or '.join(sorted(hosts))}.",
                    "Correct the mapping or name the hosts of the pictures by adding the feed again.",
                    act=Permission.GALLERY_CREATE,
                )
        collected = Collected(feed, mapping, fetcher)
        waiting = collected.waiting(listing, pictures, again=True)
        items = Items("feed", feed.publisher, lambda: collected.items(waiting), len(waiting))
        rehearsal = enrol(feed.gallery.name, items, acting_member=acting_member, options=Options(rehearsal=True))
    with transaction.atomic():
        Feed.objects.filter(pk=feed.pk).update(tried_at=timezone.now())
        write_entry(
            "feed.tried",
            {"agency": acting_member.agency.public_id, "feed": feed.public_id, "notices": len(listing.notices)},
            acting_member=acting_member,
        )
    shown = tuple(
        Shown(
            notice.id,
            notice.page,
            notice.kind,
            notice.captured_on.isoformat() if notice.captured_on else "",
            tuple((image.link, image.caption, _why(image.link, hosts)) for image in notice.images),
            notice.left_out,
            notice.withdrawn,
            notice.details,
        )
        for notice in listing.notices[:notices]
    )
    return Trial(feed, listing, totals[0] if totals else None, shown, rehearsal)


def _why(link: str, hosts: set[str]) -> str:
    allowed = feeds.feed_link(link, hosts)
    return "" if isinstance(allowed, Allow) else allowed.why

"""Adding a publisher's list to a gallery under its legal basis, and stopping it.

Owns what a feed is allowed to be before anything of it is fetched. It must never fetch anything itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from plainview.casework import find
from plainview.casework.feeds.mapping import OWN, Mapping, as_table, of_table
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Feed, Member
from plainview.policy import feeds, rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

SECONDS_BETWEEN, MAX_BYTES, GRACE_DAYS = 2.0, 16 << 20, 7
"""Defaults of a feed: the pause in seconds, the largest picture in bytes, and the days for which a withdrawn notice is
kept: chosen, so that a publisher's mistake of a weekend erases nothing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A publisher's list as an administrator or a preset describes it.

    Attributes:
        list_url: https address of the list.
        publisher: who publishes it.
        mapping: what the list means.
        hosts: more hosts of this publisher, for its pictures.
        terms: the publisher's terms of use, or where they are.
        purpose: what searches and alerts of it are for.
        seconds_between: pause between two requests to one host.
        max_bytes: largest picture.
        grace_days: days after which what a withdrawn notice brought is erased; None: never for being missing.
        every_hours: hours between two runs of the worker; 0: by hand.
        preset: the name of the preset, or "".
    """

    list_url: str
    publisher: str
    mapping: Mapping = OWN
    hosts: Sequence[str] = ()
    terms: str = ""
    purpose: str = ""
    seconds_between: float = SECONDS_BETWEEN
    max_bytes: int = MAX_BYTES
    grace_days: int | None = GRACE_DAYS
    every_hours: int = 0
    preset: str = field(default="")

    def check(self) -> None:
        """Raise unless a feed may be like this.

        Raises:
            Refused: feed.address, feed.rate, feed.times, feed.hosts, feed.mapping.
        """
        rules.require(
            feeds.feed_address(self.list_url.strip()),
            feeds.feed_rate(self.seconds_between),
            feeds.feed_hosts(self.hosts),
            feeds.feed_withdrawal(self.grace_days or 0, self.every_hours),
        )
        of_table(as_table(self.mapping))


def add_feed(gallery_name: str, source: Terms, *, legal_basis: str, acting_member: Member) -> Feed:
    """Add a publisher's list to a gallery's passport; nothing is fetched yet.

    Raises:
        Refused: no permission, gallery unknown or expired, incomplete, no https address, or already a feed.
    """
    with acting("feed.add", Permission.GALLERY_CREATE, acting_member):
        gallery = find.gallery(gallery_name, acting_member)
        rules.require(
            rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()),
            feeds.feed_passport(source.publisher, legal_basis),
        )
        source.check()
        url = source.list_url.strip()
        if Feed.objects.filter(gallery=gallery, list_url=url).exists():
            raise Refused(
                "feed.known",
                "Feed refused",
                "The gallery already has this list.",
                "Use the existing feed.",
                act=Permission.GALLERY_LIST,
            )
        host = feeds.host_of(url)
        assert host is not None  # noqa: S101  feed_address() refuses otherwise
        feed = Feed.objects.create(
            gallery=gallery,
            publisher=source.publisher.strip(),
            legal_basis=legal_basis.strip(),
            list_url=url,
            host=host,
            seconds_between=source.seconds_between,
            max_bytes=source.max_bytes,
            created_by=acting_member,
            preset=source.preset,
            mapping=as_table(source.mapping) or None,
            hosts=[name for name in source.hosts if name != host],
            terms=source.terms.strip(),
            purpose=source.purpose.strip(),
            grace_days=source.grace_days,
            every_hours=source.every_hours,
        )
        write_entry(
            "feed.added",
            {
                "agency": acting_member.agency.public_id,
                "gallery": gallery.pk,
                "feed": feed.public_id,
                "publisher": feed.publisher,
                "legal_basis": feed.legal_basis,
                "list": feed.list_url,
                "host": feed.host,
                "hosts": feed.hosts,
                "preset": feed.preset,
                "grace_days": feed.grace_days,
                "every_hours": feed.every_hours,
            },
            acting_member=acting_member,
        )
    return feed


def stop_feed(public_id: str, *, reason: str, acting_member: Member) -> Feed:
    """Stop a feed permanently; a run in progress ends before its next picture.

    Raises:
        Refused: no permission, unknown, already stopped, or no reason.
    """
    with acting("feed.stop", Permission.GALLERY_CREATE, acting_member):
        feed = find.feed(public_id, acting_member)
        rules.require(feeds.feed_runs(feed.publisher, feed.stopped_at is not None))
        if not reason.strip():
            raise Refused("gallery.why", "Nothing changed", "The reason is missing.", "State the reason.")
        feed.stopped_at, feed.validators = timezone.now(), None
        feed.save(update_fields=["stopped_at", "validators"])
        write_entry(
            "feed.stopped",
            {"agency": acting_member.agency.public_id, "feed": feed.public_id},
            {"why": reason.strip()},
            acting_member=acting_member,
        )
    return feed

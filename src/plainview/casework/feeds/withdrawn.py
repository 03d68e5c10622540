"""Settling what a publisher withdrew: noted at once, erased with proof after the feed's days of grace.

Owns the two grounds: a notice is missing from a complete list, or the publisher itself calls it over. It must never
erase by a list that is not complete, nor without a second look: a notice is erased only if the run that erases it
found it withdrawn too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.erasure.expunge import erase_reference, finish, forget_pages
from plainview.casework.erasure.expunged import mark
from plainview.casework.feeds.listing import Listing
from plainview.casework.log.write import write_entry
from plainview.casework.models import Feed, FeedLink, FeedWithdrawal, Member, Reference
from plainview.policy.decision import Refused
from plainview.policy.wording import counted

MISSING, STATED = "missing", "stated"
WHY = {
    MISSING: "The publisher no longer lists the notice.",
    STATED: "The publisher states that the notice is over.",
}
"""The reason in words, sealed in the entry of each erased reference."""


@dataclass
class Settled:
    """The result: notices newly withdrawn, come back, erased, kept by a hold; references erased.

    `waiting` counts the notices that are withdrawn and not erased, `overdue` those whose grace has ended; `due_on` is
    the day on which the newly withdrawn are erased.
    """

    withdrawn: int = 0
    returned: int = 0
    erased: int = 0
    references: int = 0
    on_hold: int = 0
    waiting: int = 0
    overdue: int = 0
    due_on: datetime | None = None

    @property
    def notes(self) -> list[str]:
        """Return what a person should know, in sentences."""
        notes = []
        if self.withdrawn and self.due_on:
            notes.append(
                f"{counted(self.withdrawn, 'notice')} withdrawn by the publisher; to be erased by the first complete "
                f"list from {self.due_on:%-d %b %Y} on, unless they return."
            )
        if self.returned:
            notes.append(f"{counted(self.returned, 'notice')} returned and will not be erased.")
        if self.erased:
            notes.append(
                f"{counted(self.references, 'reference')} of {counted(self.erased, 'withdrawn notice')} erased."
            )
        if self.on_hold:
            notes.append(f"{counted(self.on_hold, 'withdrawn notice')} kept: a hold is in force.")
        if self.overdue:
            notes.append(
                f"{counted(self.overdue, 'withdrawn notice')} overdue: only a complete list can confirm the withdrawal."
            )
        return notes


def settle(feed: Feed, listing: Listing, *, acting_member: Member) -> Settled:
    """Note what the list shows as withdrawn, forget what came back, erase what is due; log the list.

    Raises:
        StorageError: a picture could not be removed; the next start removes it.
    """
    settled, now = Settled(), timezone.now()
    complete = not listing.incomplete
    living = _living(feed)
    gone = _gone(feed, listing, living)
    with transaction.atomic():
        write_entry(
            "feed.listed",
            {
                "agency": feed.gallery.agency.public_id,
                "feed": feed.public_id,
                "notices": len(listing.notices),
                "pages": listing.pages,
                "complete": complete,
                "unchanged": listing.unchanged,
                "list_sha256": listing.digest,
            },
            acting_member=acting_member,
        )
        if complete:
            fresh = {} if listing.unchanged else {"listed": len(listing.notices)}
            Feed.objects.filter(pk=feed.pk).update(listed_at=now, **fresh)
        if feed.grace_days is None:
            return settled
        if not listing.unchanged:
            settled.returned = _returned(feed, listing)
        _note(feed, gone, now, settled)
    grace = timedelta(days=feed.grace_days)
    for withdrawal in FeedWithdrawal.objects.filter(feed=feed, erased_at=None).order_by("pk"):
        if withdrawal.mark in gone and withdrawal.since + grace <= now:
            _erase(feed, withdrawal, living.get(withdrawal.mark, []), settled)
    if settled.erased:
        # A picture that was already there when another notice brought it: that notice is asked for it again.
        FeedLink.objects.filter(feed=feed, outcome__in=("duplicate", "near duplicate")).delete()
        finish(feed.gallery)
        forget_pages()
    left = FeedWithdrawal.objects.filter(feed=feed, erased_at=None)
    settled.waiting = left.count()
    settled.overdue = left.filter(since__lte=now - grace).count() - settled.on_hold
    return settled


def notice_mark(feed: Feed, number: str) -> str:
    """Return the keyed digest of a publisher's number."""
    return mark(f"{feed.public_id} notice {number}")


def _living(feed: Feed) -> dict[str, list[int]]:
    """Return the feed's living references by the digest of their notice."""
    rows = Reference.objects.filter(gallery=feed.gallery, provenance__feed=feed.public_id).exclude(template=b"")
    living: dict[str, list[int]] = defaultdict(list)
    for key, provenance in rows.values_list("pk", "provenance").iterator():
        number = provenance.get("notice")
        if number:  # references of older versions have none
            living[notice_mark(feed, number)].append(key)
    return living


def _gone(feed: Feed, listing: Listing, living: Table[str, list[int]]) -> dict[str, str]:
    """Return why each notice with living references is withdrawn, by its digest."""
    if listing.unchanged:  # the host says that the list is the one that showed them
        rows = FeedWithdrawal.objects.filter(feed=feed, erased_at=None)
        return dict(rows.values_list("mark", "why"))
    stated = {notice_mark(feed, notice.id) for notice in listing.notices if notice.withdrawn}
    listed = {notice_mark(feed, notice.id) for notice in listing.notices}
    gone = {number: STATED for number in living if number in stated}
    if not listing.incomplete:
        gone |= {number: MISSING for number in living if number not in listed}
    return gone


def _returned(feed: Feed, listing: Listing) -> int:
    shown = {notice_mark(feed, notice.id) for notice in listing.notices if not notice.withdrawn}
    rows = FeedWithdrawal.objects.filter(feed=feed, erased_at=None)
    back = [withdrawal.pk for withdrawal in rows if withdrawal.mark in shown]
    return FeedWithdrawal.objects.filter(pk__in=back).delete()[0]


def _note(feed: Feed, gone: Table[str, str], now: datetime, settled: Settled) -> None:
    known = set(FeedWithdrawal.objects.filter(feed=feed, erased_at=None).values_list("mark", flat=True))
    fresh = {number: why for number, why in gone.items() if number not in known}
    if not fresh:
        return
    settled.withdrawn, settled.due_on = len(fresh), now + timedelta(days=feed.grace_days or 0)
    receipt = write_entry(
        "feed.withdrawn",
        {
            "agency": feed.gallery.agency.public_id,
            "feed": feed.public_id,
            "notices": len(fresh),
            "stated": sum(why == STATED for why in fresh.values()),
            "erased_from": settled.due_on.date().isoformat(),
        },
        acting_member=None,
    )
    FeedWithdrawal.objects.bulk_create(
        FeedWithdrawal(feed=feed, mark=number, why=why, since=now, entry=receipt.entry) for number, why in fresh.items()
    )


def _erase(feed: Feed, withdrawal: FeedWithdrawal, references: list[int], settled: Settled) -> None:
    """Erase the references of one notice, in one transaction; a hold keeps all of them."""
    cause: dict[str, Value] = {"feed": feed.public_id, "withdrawn": withdrawal.why, "withdrawn_in": withdrawal.entry}
    try:
        with transaction.atomic():
            entries = []
            rows = Reference.objects.select_for_update(of=("self",)).filter(pk__in=references)
            for reference in rows.select_related("gallery__agency", "enrolment").order_by("pk"):
                entries.append(erase_reference(reference, WHY[withdrawal.why], cause=cause, acting_member=None)[1])
            # If the publisher shows it again, it is fetched again.
            FeedLink.objects.filter(feed=feed, notice=withdrawal.mark).delete()
            withdrawal.erased_at, withdrawal.erased_entries = timezone.now(), entries
            withdrawal.save(update_fields=["erased_at", "erased_entries"])
    except Refused:
        settled.on_hold += 1
        return
    settled.erased += 1
    settled.references += len(entries)

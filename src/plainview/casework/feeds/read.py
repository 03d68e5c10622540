"""Reads published feeds, always those of the member's own agency."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from plainview.casework import find
from plainview.casework.models import Feed, FeedWithdrawal, Gallery, Member


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed, with its links dealt with, the pictures enrolled from them, and its notices withdrawn and not yet erased."""

    feed: Feed
    dealt_with: int
    enrolled: int
    withdrawn: int


def feeds(member: Member) -> list[FeedState]:
    """Return the feeds of the member's agency, oldest first."""
    rows = Feed.objects.filter(gallery__agency=member.agency).select_related("gallery").order_by("pk")
    counted = rows.annotate(
        dealt_with=Count("feedlink"), enrolled=Count("feedlink", filter=Q(feedlink__outcome="enrolled"))
    )
    waiting = dict(
        FeedWithdrawal.objects.filter(feed__in=rows, erased_at=None)
        .values_list("feed_id")
        .annotate(count=Count("pk"))
        .values_list("feed_id", "count")
    )
    return [FeedState(feed, feed.dealt_with, feed.enrolled, waiting.get(feed.pk, 0)) for feed in counted]


def feeds_of(gallery: Gallery) -> list[Feed]:
    """Return the feeds of a gallery's passport."""
    return list(Feed.objects.filter(gallery=gallery).order_by("pk"))


def withdrawals(public_id: str, member: Member) -> list[FeedWithdrawal]:
    """Return what the publisher of a feed withdrew, newest first.

    Raises:
        Refused: feed.unknown.
    """
    feed = find.feed(public_id, member)
    return list(FeedWithdrawal.objects.filter(feed=feed).order_by("-pk"))

"""Reads enrolments and published feeds, always those of the member's own agency."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from plainview.casework.models import Enrolment, Feed, Gallery, Member, Reference


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed, with the number of links dealt with and of pictures enrolled from them."""

    feed: Feed
    dealt_with: int
    enrolled: int


def doubtful(run: Enrolment, most: int) -> list[tuple[Reference, list[str]]]:
    """Return the first enrolled faces of a run that may be hard to compare, with the advice; erased ones are left out."""
    listed = run.doubtful[:most]
    known = {
        reference.public_id: reference
        for reference in Reference.objects.filter(enrolment=run, public_id__in=[face["reference"] for face in listed])
    }
    return [(known[face["reference"]], face["advice"]) for face in listed if face["reference"] in known]


def feeds(member: Member) -> list[FeedState]:
    """Return the feeds of the member's agency, oldest first."""
    rows = Feed.objects.filter(gallery__agency=member.agency).select_related("gallery").order_by("pk")
    counted = rows.annotate(
        dealt_with=Count("feedlink"), enrolled=Count("feedlink", filter=Q(feedlink__outcome="enrolled"))
    )
    return [FeedState(feed, feed.dealt_with, feed.enrolled) for feed in counted]


def feeds_of(gallery: Gallery) -> list[Feed]:
    """Return the feeds of a gallery's passport."""
    return list(Feed.objects.filter(gallery=gallery).order_by("pk"))

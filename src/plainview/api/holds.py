"""Holds: what may not be erased until a person ends the hold."""

from __future__ import annotations

from datetime import date
from typing import Literal

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import Because, Cut, Day, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.casework.erasure import read
from plainview.casework.erasure.holds import end_hold, place_hold
from plainview.casework.models import Hold


class HoldIn(In):
    """What a hold keeps, and why."""

    kind: Literal["case", "search", "reference", "gallery"] = Field(description="What it keeps, with all in it.")
    name: Short = Field(description="Number of the case, id of the search or the reference, name of the gallery.")
    reason: Text
    authority: Text = Field(description="The court, office or letter that requires it; sealed in the log.")
    review_on: Day | None = Field(default=None, description="A hold never ends by itself.")


class HoldOut(Out):
    """A hold."""

    id: str
    on: str
    reason: str
    authority: str
    placed_by: str
    placed_at: Moment
    review_on: date | None
    ended_by: str | None
    ended_at: Moment | None
    end_reason: str


class HoldsOut(Out):
    """A part of the list of holds."""

    items: list[HoldOut]
    next: str | None


def _shown(hold: Hold) -> HoldOut:
    return HoldOut(
        id=hold.public_id,
        on=hold.on,
        reason=hold.reason,
        authority=hold.authority,
        placed_by=hold.placed_by.email,
        placed_at=hold.placed_at,
        review_on=hold.review_on,
        ended_by=hold.ended_by.email if hold.ended_by else None,
        ended_at=hold.ended_at,
        end_reason=hold.end_reason,
    )


def hold_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's holds: those in force first, then the ended ones."""
    return slice_of(read.holds(member_of(request)), page, _shown)


def hold_place(request: HttpRequest, wanted: Body[HoldIn]) -> HoldOut:
    """Keep a case, a search, a reference or a gallery from being erased."""
    hold = place_hold(
        reason=wanted.reason,
        authority=wanted.authority,
        review_on=wanted.review_on,
        acting_member=member_of(request),
        **{wanted.kind: wanted.name},
    )
    return _shown(hold)


def hold_end(request: HttpRequest, id: str, because: Body[Because]) -> HoldOut:  # noqa: A002  the name in the path
    """End a hold; other holds on the same record continue."""
    return _shown(end_hold(id, reason=because.reason, acting_member=member_of(request)))

"""Alerts: saved probes that are compared with every new reference until they expire."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Body, File, Form, UploadedFile
from pydantic import Field

from plainview.api.common import (
    Cut,
    Day,
    FaceNumber,
    FormIn,
    In,
    Moment,
    Out,
    Short,
    Text,
    Whole,
    bytes_of,
    member_of,
    slice_of,
)
from plainview.casework.alerts.ends import close_alert, mute_alert, renew_alert
from plainview.casework.alerts.open import alert_from_search, create_alert
from plainview.casework.alerts.read import alerts, raised_for, state_of
from plainview.casework.models import Alert, Member
from plainview.casework.probes.preparations import MAX_BYTES
from plainview.casework.probes.probe import probe_of
from plainview.casework.search.run import Request
from plainview.policy.alerts import DEFAULT_ONE_IN
from plainview.policy.search import ORIGINS, UNDECLARED
from plainview.tables.names import readable


class AlertIn(FormIn):
    """What is asked of an alert, beside the picture."""

    case: Short
    purpose: Text
    gallery: list[Short] = Field(min_length=1, max_length=100, description="Galleries; repeat the field.")
    days: Whole = Field(default=30, ge=-9_999, le=9_999, description="Days until it expires.")
    one_in: Whole = Field(
        default=DEFAULT_ONE_IN, ge=1, le=10**12, description="At most one false alert in so many new references."
    )
    since: Day | None = Field(default=None, description="Also compare references enrolled since this day.")
    face: FaceNumber | None = None
    origin: Short = Field(default=UNDECLARED, description=f"Origin of the probe: {', '.join(ORIGINS)}.")


class AlertFromSearch(In):
    """What is asked of an alert with the probe of a search."""

    galleries: list[Short] = Field(min_length=1, max_length=100)
    days: int = Field(default=30, ge=-9_999, le=9_999, description="Days until it expires.")
    one_in: int = Field(default=DEFAULT_ONE_IN, ge=1, le=10**12, description="As of an alert with a picture.")
    since: Day | None = Field(default=None, description="Also compare references enrolled since this day.")


class RaisedOut(Out):
    """A candidate that an alert raised."""

    search_id: str
    rank: int
    reference_id: str
    source_url: str
    score: float
    seen: bool


class AlertOut(Out):
    """An alert with its candidates."""

    id: str
    case: str
    by: str
    state: str
    expires: Moment
    candidates: list[RaisedOut]


class AlertsOut(Out):
    """A part of the list of alerts."""

    items: list[AlertOut]
    next: str | None


class Ending(In):
    """Why an alert ends."""

    reason: Text


class Renewal(In):
    """How long an alert runs on, and why."""

    days: int = Field(ge=-9_999, le=9_999)
    reason: Text


class Muting(In):
    """Why its messages stop; an empty reason starts them again."""

    reason: Text = ""


def _shown(alert: Alert, member: Member) -> AlertOut:
    return AlertOut(
        id=alert.public_id,
        case=alert.case.number,
        by=alert.member.email,
        state=state_of(alert),
        expires=alert.expires_at,
        candidates=[
            RaisedOut(
                search_id=raised.search.public_id,
                rank=raised.candidate.rank,
                reference_id=raised.candidate.reference.public_id,
                source_url=raised.candidate.reference.source_url,
                score=float(raised.candidate.score),
                seen=raised.seen,
            )
            for raised in raised_for(alert, member)
        ],
    )


def alert_create(
    request: HttpRequest, image: Annotated[UploadedFile, File(description="The probe.")], wanted: Form[AlertIn]
) -> AlertOut:
    """Save a probe; every new reference of the galleries is compared with it."""
    member, data = member_of(request), bytes_of(image, MAX_BYTES)
    alert = create_alert(
        probe_of(readable(image.name or "probe"), data, wanted.face),
        Request(wanted.case, wanted.purpose, "", origin=wanted.origin),
        wanted.gallery,
        days=wanted.days,
        one_in=wanted.one_in,
        since=wanted.since,
        acting_member=member,
    )
    return _shown(alert, member)


def search_alert(request: HttpRequest, id: str, wanted: Body[AlertFromSearch]) -> AlertOut:  # noqa: A002
    """Save the probe of a search as an alert, under its case and its purpose."""
    member = member_of(request)
    alert = alert_from_search(
        id, wanted.galleries, days=wanted.days, one_in=wanted.one_in, since=wanted.since, acting_member=member
    )
    return _shown(alert, member)


def alert_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's alerts and their candidates, the newest first."""
    member = member_of(request)
    return slice_of(alerts(member), page, lambda alert: _shown(alert, member))


def alert_close(request: HttpRequest, id: str, ending: Body[Ending]) -> AlertOut:  # noqa: A002  the name in the path
    """End an alert now."""
    member = member_of(request)
    return _shown(close_alert(id, reason=ending.reason, acting_member=member), member)


def alert_renew(request: HttpRequest, id: str, renewal: Body[Renewal]) -> AlertOut:  # noqa: A002
    """Extend a colleague's alert."""
    member = member_of(request)
    return _shown(renew_alert(id, days=renewal.days, reason=renewal.reason, acting_member=member), member)


def alert_mute(request: HttpRequest, id: str, muting: Body[Muting]) -> AlertOut:  # noqa: A002
    """Stop the messages about your own alert, or start them again."""
    member = member_of(request)
    return _shown(mute_alert(id, reason=muting.reason, acting_member=member), member)

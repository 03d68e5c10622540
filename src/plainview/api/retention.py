"""Retention: what is due, the rules, events that rules count from, and lists from their proposal to their proof.

Owns their fields on the API. A list is proposed by one person and approved by another, as on its page.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, File, Form, UploadedFile
from pydantic import Field

from plainview.api import proposals
from plainview.api.common import (
    Because,
    Cut,
    Day,
    FormIn,
    In,
    Moment,
    Out,
    Short,
    Text,
    bytes_of,
    etag_of,
    member_of,
    require_match,
    slice_of,
)
from plainview.casework import find
from plainview.casework.models import RetentionEvent, RetentionItem, RetentionRun
from plainview.casework.proposals.make import propose
from plainview.casework.retention import read, rules, runs
from plainview.casework.retention.court_orders import COLUMNS, MAX_BYTES
from plainview.casework.retention.outlook import ahead
from plainview.casework.retention.proof import proof_of_run
from plainview.policy.proposals import Kind
from plainview.policy.retention import BEGINNING, After


class DueOut(Out):
    """What a retention rule will reach."""

    rule: str
    place: str
    count: int
    first: date
    on_hold: int
    says: str


class UpcomingOut(Out):
    """What is due now and in the next 90 days."""

    now: int
    on_hold: int
    items: list[DueOut]


class RunOut(Out):
    """A list of things to be erased."""

    id: str
    state: str
    day: date
    digest: str
    proposed_by: str | None
    proposed_at: Moment


class RunsOut(Out):
    """A part of the lists."""

    items: list[RunOut]
    next: str | None


class ItemOut(Out):
    """One line of a list."""

    number: int
    kind: str
    id: str
    place: str
    rule: str
    due_on: date
    state: str = Field(description="planned, held, erased, gone or kept")
    holds: list[str]
    entry: int | None


class ItemsOut(Out):
    """A part of a list's lines."""

    items: list[ItemOut]
    next: str | None


class RulesOut(Out):
    """The agency's retention rules."""

    version: int = Field(description="0: those with which an agency begins.")
    text: str = Field(description="TOML.")
    says: list[str] = Field(description="Each rule in words.")


class RulesIn(In):
    """Other rules, whole."""

    text: str = Field(max_length=100_000, description="TOML, as the rules in force are answered.")
    reason: Text


class EventIn(In):
    """An event outside the agency that a rule counts from."""

    kind: Literal["acquittal", "dismissal", "consent end", "court order"]
    happened_on: Day
    authority: Text = Field(description="The court, file or letter; sealed in the log.")
    case: Short = Field(default="", description="Number of a case, if it concerns a whole one.")
    references: list[Short] = Field(default=[], max_length=1000, description="Ids of references.")


class EventRecorded(Out):
    """How many events were recorded; 0 when all of them were recorded before."""

    new: int


class EventOut(Out):
    """A recorded event."""

    kind: str
    happened_on: date
    case: str | None
    reference: str | None
    recorded_by: str
    recorded_at: Moment


class EventsOut(Out):
    """A part of the list of events."""

    items: list[EventOut]
    next: str | None


class OrderIn(FormIn):
    """What a court's list does not say itself."""

    authority: Short = Field(default="", description="Court and order, for rows that name none.")


class ImportedOut(Out):
    """A court's list, recorded whole. Nothing is erased by it."""

    rows: int
    new: int
    known: int
    erased: int
    notes: list[str]


def _run(run: RetentionRun) -> RunOut:
    return RunOut(
        id=run.public_id,
        state=run.state,
        day=run.day,
        digest=run.digest,
        proposed_by=run.proposed_by.email if run.proposed_by else None,
        proposed_at=run.proposed_at,
    )


def _item(item: RetentionItem) -> ItemOut:
    return ItemOut(
        number=item.number,
        kind=item.what,
        id=item.subject,
        place=item.place,
        rule=item.rule,
        due_on=item.due_on,
        state=item.state,
        holds=list(item.held_by or item.holds),
        entry=item.entry,
    )


def _event(event: RetentionEvent) -> EventOut:
    return EventOut(
        kind=event.kind,
        happened_on=event.happened_on,
        case=event.case.number if event.case else None,
        reference=event.reference.public_id if event.reference else None,
        recorded_by=event.recorded_by.email,
        recorded_at=event.recorded_at,
    )


def retention_upcoming(request: HttpRequest) -> UpcomingOut:
    """Count what the retention rules reach now and in the next 90 days."""
    outlook = ahead(member_of(request).agency, timezone.now().date())
    items = [
        DueOut(rule=rule.id, place=place, count=count, first=first, on_hold=on_hold, says=rule.says)
        for rule, place, count, first, on_hold in outlook.rows
    ]
    return UpcomingOut(now=outlook.now, on_hold=outlook.on_hold, items=items)


def retention_rules(request: HttpRequest, response: HttpResponse) -> RulesOut:
    """Return the retention rules in force; their version is in the header ETag."""
    version, in_force = read.rules_of(member_of(request).agency)
    text = version.text if version else BEGINNING
    response.headers["ETag"] = etag_of(text)
    says = [rule.says for rule in in_force.rules]
    return RulesOut(version=version.number if version else 0, text=text, says=says)


def retention_change(request: HttpRequest, response: HttpResponse, wanted: Body[RulesIn]) -> proposals.ProposalOut:
    """Propose other retention rules; another member approves them. With If-Match, only of that version."""
    member = member_of(request)
    version, _ = read.rules_of(member.agency)
    response.headers["ETag"] = etag_of(version.text if version else BEGINNING)
    require_match(request, response.headers["ETag"])
    proposed = propose(Kind.RETENTION, {"text": wanted.text}, reason=wanted.reason, acting_member=member)
    return proposals.shown(proposed)


def event_list(request: HttpRequest, page: Cut) -> object:
    """List the newest events that rules count from, the newest first."""
    return slice_of(read.events(member_of(request), limit=1000), page, _event)


def event_record(request: HttpRequest, event: Body[EventIn]) -> EventRecorded:
    """Record an event that a rule counts from, for instance an acquittal."""
    new = rules.record_event(
        After(event.kind),
        happened_on=event.happened_on,
        authority=event.authority,
        case=event.case,
        references=event.references,
        acting_member=member_of(request),
    )
    return EventRecorded(new=new)


def order_import(
    request: HttpRequest,
    file: Annotated[
        UploadedFile, File(description=f"A court's list (CSV, Excel) with the columns {', '.join(COLUMNS)}.")
    ],
    about: Form[OrderIn],
) -> ImportedOut:
    """Record a court's list of references to erase: whole, or not at all."""
    data = bytes_of(file, MAX_BYTES, "file")
    done = rules.import_order(
        data, file.name or "order.csv", authority=about.authority, acting_member=member_of(request)
    )
    return ImportedOut(rows=done.rows, new=done.new, known=done.known, erased=done.erased, notes=list(done.how))


def retention_runs(request: HttpRequest, page: Cut) -> object:
    """List the lists of things to be erased, the newest first."""
    return slice_of(read.runs(member_of(request)), page, _run)


def retention_run(request: HttpRequest, id: str) -> RunOut:  # noqa: A002  the name in the path
    """Return a list of things to be erased."""
    return _run(find.retention_run(id, member_of(request)))


def retention_items(request: HttpRequest, id: str, page: Cut) -> object:  # noqa: A002
    """List the lines of a list."""
    return slice_of(read.items_of(find.retention_run(id, member_of(request))), page, _item)


def retention_propose(request: HttpRequest) -> RunOut:
    """Propose a list of everything that is due."""
    return _run(runs.propose_run(acting_member=member_of(request)))


def retention_approve(request: HttpRequest, id: str, because: Body[Because]) -> RunOut:  # noqa: A002
    """Approve another member's list; a job carries it out."""
    return _run(runs.approve_run(id, reason=because.reason, acting_member=member_of(request))[0])


def retention_again(request: HttpRequest, id: str) -> RunOut:  # noqa: A002
    """Continue an approved list whose job failed or was cancelled."""
    return _run(runs.ask_run_again(id, acting_member=member_of(request))[0])


def retention_withdraw(request: HttpRequest, id: str, because: Body[Because]) -> RunOut:  # noqa: A002
    """Withdraw a list that was not approved."""
    return _run(runs.withdraw_run(id, reason=because.reason, acting_member=member_of(request)))


def retention_proof(request: HttpRequest, id: str) -> dict[str, Any]:  # noqa: A002
    """Return the proof of a finished list, as `plainview retention check-proof` reads it; the export is an entry of the log."""
    return dict(proof_of_run(id, acting_member=member_of(request)))

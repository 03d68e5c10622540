"""What administrators and supervisors look after: passports, large enrolments, retention, requests of people.

Owns their fields on the API. The acts are those of the pages and commands.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, File, Form, UploadedFile
from pydantic import Field

from plainview.api import galleries, jobs
from plainview.api.common import Cut, Day, FormIn, In, Moment, Out, Short, Text, member_of, require_match, slice_of
from plainview.casework import find
from plainview.casework.enrolment.intake import ask_files
from plainview.casework.galleries.passports import PassportChange, change_passport
from plainview.casework.models import RetentionRun, SubjectRequest
from plainview.casework.retention.read import ahead, runs
from plainview.casework.retention.runs import approve_run, propose_run, withdraw_run
from plainview.casework.rights.read import is_overdue, requests_of


class PassportIn(In):
    """A change of a passport; what is left out stays."""

    reason: Text
    basis: Text | None = None
    source: Text | None = None
    owner: Short | None = Field(default=None, max_length=200)
    expires: Day | None = None
    offences: list[Short] | None = Field(default=None, max_length=100, description="An empty list allows all.")


class LinkIn(FormIn):
    """Where pictures come from, if no manifest says it."""

    source_url: Short = ""


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


class Because(In):
    """A reason."""

    reason: Text


class RightsOut(Out):
    """A request of a person about themselves; who asks is on its page alone."""

    id: str
    state: str
    due_on: date
    overdue: bool
    outcome: str


class RightsListOut(Out):
    """A part of the requests."""

    items: list[RightsOut]
    next: str | None


def passport_change(
    request: HttpRequest, response: HttpResponse, name: str, changes: Body[PassportIn]
) -> galleries.GalleryOut:
    """Change a gallery's passport, for instance when its legal basis was renewed. With If-Match, only that version."""
    member = member_of(request)
    require_match(request, galleries.version_of(find.gallery(name, member)))
    change = PassportChange(changes.basis, changes.source, changes.owner, changes.expires, changes.offences)
    changed = change_passport(name, change, reason=changes.reason, acting_member=member)
    response.headers["ETag"] = galleries.version_of(changed)
    return galleries.shown(changed)


def enrolment_ask(
    request: HttpRequest,
    name: str,
    files: Annotated[
        list[UploadedFile], File(description="Pictures, ZIP files, manifests (CSV, Excel, JSONL), ANSI/NIST-ITL files.")
    ],
    link: Form[LinkIn],
) -> jobs.JobOut:
    """Enrol files in the background; the answer is the job to follow."""
    member = member_of(request)
    gallery = find.gallery(name, member)
    uploads = [(str(file.name), file.file) for file in files]
    return jobs.shown(ask_files(gallery.pk, uploads, source_url=link.source_url, acting_member=member))  # type: ignore[arg-type]


def retention_upcoming(request: HttpRequest) -> UpcomingOut:
    """Count what the retention rules reach now and in the next 90 days."""
    outlook = ahead(member_of(request).agency, timezone.now().date())
    items = [
        DueOut(rule=rule.id, place=place, count=count, first=first, on_hold=on_hold, says=rule.says)
        for rule, place, count, first, on_hold in outlook.rows
    ]
    return UpcomingOut(now=outlook.now, on_hold=outlook.on_hold, items=items)


def _run(run: RetentionRun) -> RunOut:
    return RunOut(
        id=run.public_id,
        state=run.state,
        day=run.day,
        digest=run.digest,
        proposed_by=run.proposed_by.email if run.proposed_by else None,
        proposed_at=run.proposed_at,
    )


def retention_runs(request: HttpRequest, page: Cut) -> object:
    """List the lists of things to be erased, the newest first."""
    return slice_of(runs(member_of(request)), page, _run)


def retention_propose(request: HttpRequest) -> RunOut:
    """Propose a list of everything that is due."""
    return _run(propose_run(acting_member=member_of(request)))


def retention_approve(request: HttpRequest, id: str, because: Body[Because]) -> RunOut:  # noqa: A002
    """Approve another member's list; a job carries it out."""
    return _run(approve_run(id, reason=because.reason, acting_member=member_of(request))[0])


def retention_withdraw(request: HttpRequest, id: str, because: Body[Because]) -> RunOut:  # noqa: A002
    """Withdraw a list that was not approved."""
    return _run(withdraw_run(id, reason=because.reason, acting_member=member_of(request)))


def _rights(request: SubjectRequest) -> RightsOut:
    return RightsOut(
        id=request.public_id,
        state=request.state,
        due_on=request.due_on,
        overdue=is_overdue(request),
        outcome=request.outcome,
    )


def rights_list(request: HttpRequest, page: Cut) -> object:
    """List the requests of people about themselves, those with the nearest deadline first; who asks is not shown."""
    return slice_of(requests_of(member_of(request)), page, _rights)

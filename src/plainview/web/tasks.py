"""A member's tasks: one list of everything that waits for them.

Owns its order and its words. It must never name a score, or show a verifier anything of what a task is about.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import apnumber
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone

from plainview.casework.alerts.read import unseen as unseen_alerts
from plainview.casework.erasure.read import reviews_due
from plainview.casework.examination.blind import waiting
from plainview.casework.leads.read import decisions, outcomes_due
from plainview.casework.misuse.read import flags
from plainview.casework.models import Member, Search
from plainview.casework.models.subjects import RECEIVED
from plainview.casework.people import desk
from plainview.casework.people.read import policy_text
from plainview.casework.probes.approvals import approvals_waiting, urgent_waiting
from plainview.casework.probes.read import drafts
from plainview.casework.proposals.read import to_decide
from plainview.casework.retention.read import to_approve
from plainview.casework.rights.read import requests_to_answer
from plainview.casework.sharing.read import waiting as shared_waiting
from plainview.casework.triage.read import progress
from plainview.casework.upkeep.clock import faults
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.wording import counted

FACE = 96
"""Pixels of a face on the list: half as many again as on the page, for screens of more density."""


@dataclass(frozen=True, slots=True)
class Task:
    """One duty.

    Attributes:
        title, about: what is to be done, and the case or record it is about.
        verb: what the link does.
        url: where.
        at: since when it waits; None for a standing condition.
        faces: addresses of pictures, the probe first.
        icon: of `_icon.html`, where there is no face.
        due: by when; `late` marks it.
        shows: the examination whose faces these are, if a view of them is to be an entry of the log.
    """

    title: str
    about: str
    verb: str
    url: str
    at: datetime | None = None
    faces: tuple[str, ...] = ()
    icon: str = "page"
    due: str = ""
    late: bool = False
    shows: str = ""


def tasks_of(member: Member) -> list[Task]:
    """Return everything that waits for this member: what is late first, then newest first."""
    rows = list(_tasks(member))
    now = timezone.now()
    return sorted(rows, key=lambda task: (not task.late, -(task.at or now).timestamp()))


_FRESH = 15.0  # seconds for which a count is shown again, unless the member acts
_counts: dict[int, tuple[float, int]] = {}
_lock = threading.Lock()


def count(member: Member, *, acted: float = 0.0) -> int:
    """Return the number of the member's tasks, as it was a few seconds ago unless they acted since (time.monotonic())."""
    with _lock:
        earlier = _counts.get(member.pk)
    now = time.monotonic()
    if earlier is not None and max(acted, now - _FRESH) < earlier[0]:
        return earlier[1]
    return remember(member, len(list(_tasks(member))), now)


def remember(member: Member, number: int, at: float) -> int:
    """Keep a count that was begun at this time."""
    with _lock:
        _counts[member.pk] = (at, number)
    return number


def forget(member: Member) -> None:
    """Count again at the next page: the member acted, or was told something."""
    with _lock:
        _counts.pop(member.pk, None)


def _tasks(member: Member) -> Iterator[Task]:
    roles = member.roles
    if holds(roles, Permission.DISCLOSURE_READ):
        return
    if holds(roles, Permission.SEARCH_RUN):
        yield from _examiner(member)
    if holds(roles, Permission.VERIFICATION_RECORD):
        yield from _verifier(member)
    if holds(roles, Permission.LEAD_RELEASE):
        yield from _supervisor(member)
    yield from _others(member)


def _case(search: Search) -> str:
    return f"{search.case.number}, {search.case.offence} · {search.purpose}"


def _examiner(member: Member) -> Iterator[Task]:
    alerted = set()
    if holds(member.roles, Permission.ALERT_CREATE):
        for search in unseen_alerts(member):
            alerted.add(search.pk)
            yield Task(
                "Alert: a new picture resembles your probe",
                f"{_case(search)} · {search.gallery.name}",
                "Look",
                reverse("search", args=[search.public_id]),
                search.answered_at or search.requested_at,
                _faces(search, first=True),
            )
    reviewed = progress(desk.to_examine(member), member)
    for search, done, total in reviewed:
        if search.pk in alerted:
            continue
        yield Task(
            "Review the candidates" if not done else "Continue the review",
            f"{_case(search)} · {search.gallery.name}, {counted(total, 'candidate')}, {done} reviewed",
            "Review",
            reverse("search", args=[search.public_id]),
            search.answered_at,
            _faces(search),
        )
    for draft in drafts(member):
        yield Task(
            "Continue a draft" if draft.face else "Continue a draft: no face chosen",
            f"{draft.case.number}, {draft.case.offence} · {draft.file_name}",
            "Continue",
            reverse("preparation", args=[draft.public_id]),
            draft.changed_at,
            (f"{reverse('preparation-thumbnail', args=[draft.public_id])}?side={FACE}",),
        )


def _verifier(member: Member) -> Iterator[Task]:
    for task in waiting(member):
        yield Task(
            f"Verify {apnumber(task.faces)} face{pluralize(task.faces)}, blind",
            f"{task.public_id} · assigned to you by lot; the case is not shown",
            "Continue" if task.begun else "Verify",
            reverse("verification", args=[task.public_id]),
            task.assigned_at,
            icon="eye",
        )


def _supervisor(member: Member) -> Iterator[Task]:
    for search in urgent_waiting(member):
        yield Task(
            "Authorise an urgent search",
            f"{search.case.number} · {search.member.name}",
            "Decide",
            reverse("urgent-authorise", args=[search.public_id]),
            search.requested_at,
            icon="clock",
            due=f"erased unless authorised within {_until(search.authorise_by)}",
            late=True,
        )
    for approval in approvals_waiting(member):
        yield Task(
            "Approve a search",
            f"{approval.case.number}, {approval.case.offence} · {approval.member.name}: {approval.purpose}",
            "Decide",
            reverse("approvals"),
            approval.requested_at,
            icon="lock",
        )
    for decision in decisions(member):
        if decision.state == "waiting":
            continue
        examination = decision.examination
        yield Task(
            "Release as a lead?" if decision.state == "ready" else "Release as a lead? The verifiers disagreed",
            f"{_case(examination.candidate.search)} · examined by {examination.member.name}",
            "Decide",
            reverse("release", args=[examination.public_id]),
            examination.recorded_at,
            tuple(
                reverse("release-picture", args=[examination.public_id, which]) + f"?side={FACE}"
                for which in ("probe", "candidate")
            ),
            late=decision.state == "divided",
            shows=examination.public_id,
        )


def _others(member: Member) -> Iterator[Task]:
    roles = member.roles
    for lead in outcomes_due(member):
        yield Task(
            "Report the outcome",
            f"Lead {lead.public_id}, released {lead.released_at:%-d %b %Y}",
            "Report",
            reverse("lead", args=[lead.public_id]) + "#outcome",
            lead.released_at,
            icon="lead",
            due="overdue",
            late=True,
        )
    for turn in (Permission.SHARED_AUTHORISE, Permission.SHARED_ANSWER):
        if holds(roles, turn):
            for shared in shared_waiting(member, turn):
                agreement = shared.request.agreement
                whom = f"to {agreement.holder.name}" if shared.asked_by_us else f"from {agreement.asker.name}"
                yield Task(
                    "Search for another agency",
                    f"Request {shared.request.public_id} {whom} · {shared.state}",
                    "Open",
                    reverse("shared-request", args=[shared.request.public_id]),
                    icon="share",
                    due=f"{_until(shared.request.expires_at)} left",
                )
    for proposal in to_decide(member):
        concerns = f": {proposal.concerns.name}" if proposal.concerns else ""
        proposer = proposal.proposed_by.name if proposal.proposed_by else "the platform operator"
        yield Task(
            "Decide on a proposal",
            f"{proposal.power.name}{concerns}, proposed by {proposer}",
            "Decide",
            reverse("proposal", args=[proposal.public_id]),
            icon="lock",
            due=f"{_until(proposal.expires_at)} left",
        )
    if holds(roles, Permission.RETENTION_APPROVE):
        yield from _keeping(member)
    yield from _requests(member)
    if holds(roles, Permission.FLAG_DECIDE):
        for flag in flags(member, undecided=True):
            yield Task(
                "Decide on a flag",
                flag.rule,
                "Open",
                reverse("flag", args=[flag.public_id]),
                flag.raised_at,
                icon="look",
            )
    if holds(roles, Permission.CLOCK_SETTLE):
        for fault in faults():
            yield Task(
                "The log is ahead of the clock",
                f"Since entry {fault.first}",
                "Confirm" if fault.explained_by else "Explain",
                reverse("clock"),
                icon="clock",
                late=True,
            )
    if holds(roles, Permission.POLICY_CHANGE):
        for name, value in policy_text(member.agency)[1].items():
            yield Task(
                "Decide on a new field of the policy",
                f"{name}; until then {value}, the strictest value",
                "Decide",
                reverse("policy-change"),
            )
    if holds(roles, Permission.GALLERY_CREATE):
        yield from _administrator(member)


def _keeping(member: Member) -> Iterator[Task]:
    for run in to_approve(member):
        yield Task(
            "Approve an erasure",
            f"Retention run {run.public_id}, proposed by {run.proposed_by.name if run.proposed_by else 'the clock'}",
            "Decide",
            reverse("retention-run", args=[run.public_id]),
            icon="cross",
        )
    for hold in reviews_due(member):
        yield Task(
            "Review a hold",
            hold.on,
            "Review",
            f"{reverse('holds')}#{hold.public_id}",
            icon="lock",
            due="due",
            late=True,
        )


def _requests(member: Member) -> Iterator[Task]:
    if holds(member.roles, Permission.RIGHTS_ANSWER):
        rows = requests_to_answer(member)
    elif holds(member.roles, Permission.RIGHTS_CONFIRM):
        rows = [item for item in requests_to_answer(member) if item.request.state == RECEIVED]
    else:
        rows = []
    for item in rows:
        yield Task(
            "Answer a person's request",
            f"{item.request.public_id}: {', '.join(item.request.wishes)}",
            "Answer",
            reverse("rights-request", args=[item.request.public_id]),
            icon="person",
            due=f"{'overdue since' if item.left < 0 else 'until'} {item.request.due_on:%-d %b %Y}",
            late=item.left < 0 or bool(item.pressing),
        )


def _administrator(member: Member) -> Iterator[Task]:
    today = timezone.now().date()
    for gallery in desk.ending_galleries(member):
        ended = gallery.expires_on < today
        yield Task(
            "Legal basis ended" if ended else "Legal basis ending",
            gallery.name,
            "Renew",
            reverse("gallery", args=[gallery.pk]),
            due=f"{gallery.expires_on:%-d %b %Y}",
            late=ended,
        )
    for other in desk.untrained(member):
        yield Task(
            "Record training",
            f"{other.name}, {', '.join(other.roles)}: no current training",
            "Open",
            reverse("member", args=[other.public_id]),
            icon="person",
        )


def _faces(search: Search, *, first: bool = False) -> tuple[str, ...]:
    probe = f"{reverse('search-probe', args=[search.public_id])}?side={FACE}"
    if not first:
        return (probe,)
    return probe, f"{reverse('candidate-face', args=[search.public_id, 1])}?side={FACE}"


def _until(moment: datetime | None) -> str:
    left = max(moment - timezone.now(), timedelta()) if moment else timedelta()
    hours = int(left.total_seconds() // 3600)
    return counted(hours, "hour") if hours < 48 else counted(hours // 24, "day")

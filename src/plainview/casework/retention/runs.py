"""Retention runs: a list of what is due, proposed by one member, approved unchanged by another, carried out by a job.

Owns the order of these steps and the frozen list. It must never erase (`retention.work` does), nor approve a list that
differs from the proposed one.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find, jobs
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import (
    Agency,
    Job,
    Member,
    RetentionItem,
    RetentionRun,
    RetentionVersion,
)
from plainview.casework.retention.read import Judged, changes_since, digest_of_lines, due, rules_of
from plainview.policy import joining, retention, rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.retention import State
from plainview.policy.roles import holds
from plainview.policy.wording import counted

KIND = "retention"
"""The kind of a run's job."""


def propose_run(*, acting_member: Member) -> RetentionRun:
    """List what is due today and what is on hold; erase nothing.

    Raises:
        Refused: no permission, a run is already open, or nothing is due.
    """
    with acting("retention.propose", Permission.RETENTION_PROPOSE, acting_member):
        agency = Agency.objects.select_for_update().get(pk=acting_member.agency_id)
        waiting = _open_runs(agency).first()
        if waiting is not None:
            raise Refused(
                "retention.open_run",
                "Nothing proposed",
                f"Run {waiting.public_id} is {waiting.state}.",
                "Decide on that run, or wait until it is done. If its list is out of date, withdraw it.",
                act=Permission.RETENTION_APPROVE,
            )
        today = timezone.now().date()
        judgements = due(agency, today)
        if not any(judgement.verdict.state is State.DUE for judgement in judgements):
            raise Refused(
                "retention.nothing_due",
                "Nothing proposed",
                f"Nothing that is due may be erased; {counted(len(judgements), 'item is', 'items are')} held back.",
                "Check what is due next.",
                act=Permission.RETENTION_READ,
            )
        return _propose(agency, judgements, today, acting_member)


def propose_due() -> list[str]:
    """Propose a run for every agency in which something is due, and write to the members who may approve it. Run daily.

    An open proposal that no longer matches what is due is withdrawn and replaced; one that does is left as it is. Only
    if the agency's own rules say `automatic` is the run also approved, in the name of the member who set these rules.

    Returns:
        The ids of the proposed runs.
    """
    proposed = []
    for agency in Agency.objects.exclude(opened_at=None).filter(suspended_at=None):
        with transaction.atomic():
            locked_agency = Agency.objects.select_for_update().get(pk=agency.pk)
            today = timezone.now().date()
            if _open_runs(locked_agency).filter(state=RetentionRun.State.APPROVED).exists():
                continue
            judgements = due(locked_agency, today)
            lines = digest_of_lines([judgement.line for judgement in judgements])
            waiting = _open_runs(locked_agency).first()
            if waiting is not None and waiting.digest == lines:
                continue
            if waiting is not None:
                _withdraw(waiting, "its list was out of date", None)
            if not any(judgement.verdict.state is State.DUE for judgement in judgements):
                continue
            run = _propose(locked_agency, judgements, today, None)
            version, agency_rules = rules_of(locked_agency)
            if agency_rules.automatic and version is not None:
                _approve(run, "the agency's rules say automatic", version.changed_by, by_rule=True)
            else:
                _tell(run)
            proposed.append(run.public_id)
    return proposed


def _open_runs(agency: Agency) -> QuerySet[RetentionRun]:
    states = (RetentionRun.State.PROPOSED, RetentionRun.State.APPROVED)
    return RetentionRun.objects.filter(agency=agency, state__in=states).order_by("pk")


def _propose(agency: Agency, judgements: list[Judged], today: date, member: Member | None) -> RetentionRun:
    version: RetentionVersion | None = rules_of(agency)[0]
    run = RetentionRun(
        agency=agency,
        rules=version,
        day=today,
        digest=digest_of_lines([judgement.line for judgement in judgements]),
        proposed_by=member,
        proposed_at=timezone.now(),
    )
    run.proposed_entry = write_entry(
        "retention.proposed",
        {
            "agency": agency.public_id,
            "run": run.public_id,
            "rules": version.number if version else 0,
            "day": today.isoformat(),
            "list_sha256": run.digest,
            **_counts(judgements),
        },
        acting_member=member,
    ).entry
    run.save()
    RetentionItem.objects.bulk_create(
        (_item(run, number, judgement) for number, judgement in enumerate(judgements, start=1)), batch_size=500
    )
    return run


def _counts(judgements: list[Judged]) -> dict[str, Value]:
    due_now = Counter(judgement.kind.value for judgement in judgements if judgement.verdict.state is State.DUE)
    return {
        "due": dict(sorted(due_now.items())),
        "held": sum(bool(judgement.verdict.holds) for judgement in judgements),
    }


def _item(run: RetentionRun, number: int, judgement: Judged) -> RetentionItem:
    verdict = judgement.verdict
    assert verdict.rule is not None  # noqa: S101  only a rule makes an item due
    assert verdict.on is not None  # noqa: S101
    planned = verdict.state is State.DUE
    return RetentionItem(
        run=run,
        number=number,
        what=judgement.kind,
        subject=judgement.subject,
        place=judgement.place,
        rule=verdict.rule.id,
        due_on=verdict.on,
        planned=planned,
        holds=list(verdict.holds),
        held_by=list(verdict.holds),
        state=RetentionItem.State.PLANNED if planned else RetentionItem.State.HELD,
    )


def approve_run(public_id: str, *, reason: str, acting_member: Member) -> tuple[RetentionRun, Job]:
    """Approve a colleague's list unchanged; the caller enqueues the job or runs it.

    Raises:
        Refused: no permission, unknown, the member's own, not proposed, no reason, or the list has changed since.
    """
    with acting("retention.approve", Permission.RETENTION_APPROVE, acting_member):
        run = find.retention_run(public_id, acting_member, lock=True)
        if run.state != RetentionRun.State.PROPOSED:
            raise Refused(
                "retention.not_waiting",
                "Run refused",
                f"The run is {run.state}.",
                "Check the state of the run.",
                act=Permission.RETENTION_READ,
            )
        proposer = run.proposed_by.public_id if run.proposed_by else ""
        rules.require(
            joining.another_person(acting_member.public_id, proposer, "Approval"),
            explained(reason, "The note"),
            retention.list_unchanged(*changes_since(run)),
        )
        return run, _approve(run, reason.strip(), acting_member)


def _approve(run: RetentionRun, note: str, member: Member, *, by_rule: bool = False) -> Job:
    run.state, run.approved_by, run.approved_at = RetentionRun.State.APPROVED, member, timezone.now()
    run.note, run.automatic = note, by_rule
    run.approved_entry = write_entry(
        "retention.approved",
        {
            "agency": run.agency.public_id,
            "run": run.public_id,
            "list_sha256": run.digest,
            "automatic": by_rule,
        },
        {"note": note},
        acting_member=None if by_rule else member,
    ).entry
    run.save()
    total = run.items.filter(planned=True).count()
    return jobs.ask(KIND, run.pk, total=total, acting_member=member)


def ask_run_again(public_id: str, *, acting_member: Member) -> tuple[RetentionRun, Job]:
    """Create another job for an approved run that is not done: the first was cancelled or failed, or runs here.

    Raises:
        Refused: no permission, unknown, not approved, or done.
    """
    with acting("retention.run", Permission.RETENTION_APPROVE, acting_member):
        run = find.retention_run(public_id, acting_member, lock=True)
        if run.state != RetentionRun.State.APPROVED:
            raise Refused(
                "retention.not_approved",
                "Nothing run",
                f"The run is {run.state}.",
                "A member who did not propose the run has to approve it first.",
                act=Permission.RETENTION_APPROVE,
            )
        return run, jobs.ask_again(KIND, run.pk, acting_member=acting_member)


def withdraw_run(public_id: str, *, reason: str, acting_member: Member) -> RetentionRun:
    """Withdraw a proposed list, which has erased nothing.

    Raises:
        Refused: no permission, unknown, not proposed, or no reason in words.
    """
    with acting("retention.withdraw", Permission.RETENTION_PROPOSE, acting_member):
        run = find.retention_run(public_id, acting_member, lock=True)
        rules.require(explained(reason, "The reason"))
        if run.state != RetentionRun.State.PROPOSED:
            raise Refused(
                "retention.not_waiting",
                "Run refused",
                f"The run is {run.state}.",
                "Check the state of the run.",
                act=Permission.RETENTION_READ,
            )
        _withdraw(run, reason.strip(), acting_member)
    return run


def _withdraw(run: RetentionRun, reason: str, member: Member | None) -> None:
    run.state, run.note, run.ended_at = RetentionRun.State.WITHDRAWN, reason, timezone.now()
    run.ended_entry = write_entry(
        "retention.withdrawn",
        {"agency": run.agency.public_id, "run": run.public_id},
        {"reason": reason},
        acting_member=member,
    ).entry
    run.save()


def _tell(run: RetentionRun) -> None:
    """Write to the members who may approve; the e-mail has only the address of the page."""
    people = [
        member.email
        for member in Member.objects.filter(agency=run.agency, is_active=True, is_sample=False).order_by("pk")
        if holds(member.roles, Permission.RETENTION_APPROVE)
    ]
    text = (
        "Your agency's retention rules require something to be erased. Nothing is erased until one of you has "
        f"checked the list and approved it:\n\n{address()}/retention/runs/{run.public_id}/\n\n"
        "This message gives no details, because other people may read your e-mail.\n"
    )
    write_letters("retention.proposed", people, "Plainview: a list to approve", text, about=run.public_id)

"""Retention runs: a list of what is due, proposed by one, approved by another as it stands, worked off by a job.

Owns the order of these steps and the frozen list. Nothing is erased here (actions.retention_work), and nothing is ever
approved that differs from what was proposed.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find, jobs
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
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
"""The kind of a run's job (jobs.tasks)."""


def propose_run(*, acting_member: Member) -> RetentionRun:
    """List what is due today and what holds keep back of it; erase nothing.

    Raises:
        Refused: no permission, a run is open already, or nothing is due.
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
        found = due(agency, today)
        if not any(one.verdict.state is State.DUE for one in found):
            raise Refused(
                "retention.nothing_due",
                "Nothing proposed",
                f"Nothing that is due may be erased; {counted(len(found), 'item is', 'items are')} held back.",
                "Check what is due next.",
                act=Permission.RETENTION_READ,
            )
        return _propose(agency, found, today, acting_member)


def propose_due() -> list[str]:
    """Propose a run for every agency in which something is due, and tell who may approve it. Run daily by the clock.

    A proposal that waits and no longer says what is due is withdrawn and made anew; one that does is left as it is.
    Only where the agency's own rules say `automatic`, the run is also approved, in the name of who set these rules.

    Returns:
        Ids of the runs that were proposed.
    """
    proposed = []
    for agency in Agency.objects.exclude(opened_at=None).filter(suspended_at=None):
        with transaction.atomic():
            held = Agency.objects.select_for_update().get(pk=agency.pk)
            today = timezone.now().date()
            if _open_runs(held).filter(state=RetentionRun.State.APPROVED).exists():
                continue
            found = due(held, today)
            lines = digest_of_lines([one.line for one in found])
            waiting = _open_runs(held).first()
            if waiting is not None and waiting.digest == lines:
                continue
            if waiting is not None:
                _withdraw(waiting, "its list was out of date", None)
            if not any(one.verdict.state is State.DUE for one in found):
                continue
            run = _propose(held, found, today, None)
            version, told = rules_of(held)
            if told.automatic and version is not None:
                _approve(run, "the agency's rules say automatic", version.changed_by, by_rule=True)
            else:
                _tell(run)
            proposed.append(run.public_id)
    return proposed


def _open_runs(agency: Agency) -> QuerySet[RetentionRun]:
    states = (RetentionRun.State.PROPOSED, RetentionRun.State.APPROVED)
    return RetentionRun.objects.filter(agency=agency, state__in=states).order_by("pk")


def _propose(agency: Agency, found: list[Judged], today: date, member: Member | None) -> RetentionRun:
    version: RetentionVersion | None = rules_of(agency)[0]
    run = RetentionRun(
        agency=agency,
        rules=version,
        day=today,
        digest=digest_of_lines([one.line for one in found]),
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
            **_counts(found),
        },
        acting_member=member,
    ).entry
    run.save()
    RetentionItem.objects.bulk_create(
        (_item(run, number, one) for number, one in enumerate(found, start=1)), batch_size=500
    )
    return run


def _counts(found: list[Judged]) -> dict[str, Value]:
    due_now = Counter(one.what.value for one in found if one.verdict.state is State.DUE)
    return {"due": dict(sorted(due_now.items())), "held": sum(bool(one.verdict.holds) for one in found)}


def _item(run: RetentionRun, number: int, one: Judged) -> RetentionItem:
    verdict = one.verdict
    assert verdict.rule is not None  # noqa: S101  what is due is due by a rule
    assert verdict.on is not None  # noqa: S101
    planned = verdict.state is State.DUE
    return RetentionItem(
        run=run,
        number=number,
        what=one.what,
        subject=one.subject,
        place=one.place,
        rule=verdict.rule.id,
        due_on=verdict.on,
        planned=planned,
        holds=list(verdict.holds),
        held_by=list(verdict.holds),
        state=RetentionItem.State.PLANNED if planned else RetentionItem.State.HELD,
    )


def approve_run(public_id: str, *, reason: str, acting_member: Member) -> tuple[RetentionRun, Job]:
    """Approve a colleague's list as it stands; the caller hands the job to the queue, or runs it.

    Raises:
        Refused: no permission, unknown, one's own, not waiting, no reason, or the list has changed since.
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
    """Ask for the job of an approved run that is not done: it was cancelled, failed, or is to be run here.

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
                "Another member than the one who proposed the run has to approve it first.",
                act=Permission.RETENTION_APPROVE,
            )
        return run, jobs.ask_again(KIND, run.pk, acting_member=acting_member)


def withdraw_run(public_id: str, *, reason: str, acting_member: Member) -> RetentionRun:
    """Give a proposed list up; nothing was erased by it.

    Raises:
        Refused: no permission, unknown, not waiting, or no reason in words.
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
    """Write to who may approve, after the commit; the letter names nothing but the page."""
    people = [
        member.email
        for member in Member.objects.filter(agency=run.agency, is_active=True, is_sample=False).order_by("pk")
        if holds(member.roles, Permission.RETENTION_APPROVE)
    ]
    text = (
        "By your agency's retention rules something is due to be erased. Nothing is erased until one of you has "
        f"looked at the list and approved it:\n\n{address()}/retention/runs/{run.public_id}/\n\n"
        "This letter says no more on purpose.\n"
    )
    if people:
        transaction.on_commit(lambda: send_mail("Plainview: a list to approve", text, None, people), robust=True)

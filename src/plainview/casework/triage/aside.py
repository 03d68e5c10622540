"""Setting candidates aside, concluding a whole list, and taking either back. Each is an entry of its own.

Owns the order: the entry and the row are one transaction. It must never change or remove an earlier row.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import saved_with, write_entry
from plainview.casework.models import Candidate, Examination, Member, NoneOfThese, Search, SetAside
from plainview.casework.models.rows import Recorded
from plainview.casework.people.read import binding, training_facts
from plainview.casework.search.candidates import answered
from plainview.policy import rules, triage
from plainview.policy.decision import Refused
from plainview.policy.examination import POTENTIAL
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.policy.search import trained


def set_aside(search_id: str, rank: int, reason: str, *, acting_member: Member) -> SetAside:
    """Set a candidate aside; a second time for the same candidate changes nothing.

    Raises:
        Refused: no permission or training, unknown, erased, no such reason, or the member examined the candidate.
    """
    with acting("candidate.set_aside", Permission.EXAMINATION_RECORD, acting_member):
        candidate = find.candidate(search_id, rank, acting_member)
        earlier = SetAside.objects.filter(candidate=candidate, member=acting_member, undone_at=None).first()
        if earlier is not None:
            return earlier
        _allowed(acting_member)
        rules.require(
            triage.reason_known(reason),
            triage.not_examined(
                Examination.objects.filter(candidate=candidate, member=acting_member).exists(), candidate.rank
            ),
        )
        aside = SetAside(candidate=candidate, member=acting_member, reason=reason)
        write_entry(
            "candidate.set_aside",
            {
                "agency": acting_member.agency.public_id,
                "search": candidate.search.public_id,
                "rank": rank,
                "reason": reason,
                "is": triage.REVIEW,
            },
            acting_member=acting_member,
            rows=lambda entry: saved_with(aside, entry),
        )
    return aside


def take_back(search_id: str, rank: int, *, acting_member: Member) -> SetAside:
    """Take back that a candidate was set aside; the first decision stays on record.

    Raises:
        Refused: no permission, unknown, or the member has not set it aside.
    """
    with acting("candidate.take_back", Permission.EXAMINATION_RECORD, acting_member):
        candidate = find.candidate(search_id, rank, acting_member)
        aside = SetAside.objects.filter(candidate=candidate, member=acting_member, undone_at=None).first()
        if aside is None:
            raise Refused(
                "triage.nothing_to_undo",
                "Nothing changed",
                f"You have not set candidate {rank} aside.",
                "Nothing more is needed.",
            )
        write_entry(
            "candidate.taken_back",
            {
                "agency": acting_member.agency.public_id,
                "search": candidate.search.public_id,
                "rank": rank,
                "set_aside": aside.entry,
            },
            acting_member=acting_member,
            rows=lambda entry: _undone(aside, entry),
        )
    return aside


def none_of_these(search_id: str, statement: str, seen: Collection[int], *, acting_member: Member) -> NoneOfThese:
    """Conclude that no candidate of a list is the person searched for.

    Args:
        search_id: the search.
        statement: what sets all of the candidates apart from the probe.
        seen: the ranks that were on the member's screen.
        acting_member: an examiner.

    Raises:
        Refused: no permission or training, unknown, erased, no candidate, a candidate was not seen, no statement, or the
            member examined one as a potential candidate.
    """
    with acting("candidates.none", Permission.EXAMINATION_RECORD, acting_member):
        search = answered(search_id, acting_member)
        earlier = _concluded(search, acting_member).first()
        if earlier is not None:
            return earlier
        _allowed(acting_member)
        ranks = open_ranks(search, acting_member)
        examined = Examination.objects.filter(candidate__search=search, member=acting_member)
        rules.require(
            triage.nobody_examined(examined.filter(conclusion=POTENTIAL).exists()),
            triage.every_one_seen(ranks, seen),
            triage.stated(statement),
        )
        total = Candidate.objects.filter(search=search).count()
        conclusion = NoneOfThese(search=search, member=acting_member, statement=statement.strip(), count=total)
        write_entry(
            "candidates.none",
            {
                "agency": acting_member.agency.public_id,
                "search": search.public_id,
                "candidates": total,
                "is": triage.REVIEW,
            },
            {"statement": conclusion.statement},
            acting_member=acting_member,
            rows=lambda entry: saved_with(conclusion, entry),
        )
    return conclusion


def take_none_back(search_id: str, *, acting_member: Member) -> NoneOfThese:
    """Take back the conclusion about a whole list; it stays on record.

    Raises:
        Refused: no permission, unknown, or the member has not concluded it.
    """
    with acting("candidates.none_take_back", Permission.EXAMINATION_RECORD, acting_member):
        search = answered(search_id, acting_member)
        conclusion = _concluded(search, acting_member).first()
        if conclusion is None:
            raise Refused(
                "triage.nothing_to_undo",
                "Nothing changed",
                "You have not concluded this list.",
                "Nothing more is needed.",
            )
        write_entry(
            "candidates.none_taken_back",
            {
                "agency": acting_member.agency.public_id,
                "search": search.public_id,
                "concluded": conclusion.entry,
            },
            acting_member=acting_member,
            rows=lambda entry: _undone(conclusion, entry),
        )
    return conclusion


def open_ranks(search: Search, member: Member) -> list[int]:
    """Return the ranks of a list that this member has neither set aside nor examined."""
    rows = Candidate.objects.filter(search=search)
    rows = rows.exclude(pk__in=SetAside.objects.filter(member=member, undone_at=None).values("candidate"))
    rows = rows.exclude(pk__in=Examination.objects.filter(member=member).values("candidate"))
    return list(rows.order_by("rank").values_list("rank", flat=True))


def _undone(decision: SetAside | NoneOfThese, entry: int) -> list[Recorded]:
    decision.undo_entry, decision.undone_at = entry, timezone.now()
    decision.save()
    return [decision]


def _concluded(search: Search, member: Member) -> QuerySet[NoneOfThese]:
    return NoneOfThese.objects.filter(search=search, member=member, undone_at=None)


def _allowed(member: Member) -> None:
    _, policy = binding(member.agency)
    rules.require(trained(Role.EXAMINER, training_facts(member), policy, timezone.now().date()))

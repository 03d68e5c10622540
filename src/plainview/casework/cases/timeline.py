"""Everything that happened in a case, in one line of time, newest first. It only reads.

Owns the sentences. It must never show a conclusion that its reader may have to verify blind, nor a candidate's face that
its reader has not opened: no view of the case is an entry of the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plainview.casework.models import (
    Alert,
    Approval,
    Case,
    Examination,
    Lead,
    Member,
    NoneOfThese,
    Outcome,
    Preparation,
    Search,
    SetAside,
    SharedRequest,
    Video,
    Withheld,
)
from plainview.policy.wording import counted


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a case's time line.

    Attributes:
        at: when.
        kind: search, review, examination, lead, video, alert, approval, share or case: what the filters choose by.
        says: the sentence.
        who: the member who did it; "" for Plainview itself.
        page, key: the name of its page and the id there; "" for a line without a page.
        search, rank: the search whose probe, and the candidate whose face, belong to it.
        waits: whether it waits for somebody.
    """

    at: datetime
    kind: str
    says: str
    who: str = ""
    page: str = ""
    key: tuple[str | int, ...] = ()
    search: str = ""
    rank: int = 0
    waits: bool = False


KINDS = {
    "search": "Searches",
    "review": "Set aside",
    "examination": "Examined",
    "lead": "Leads",
    "video": "Videos",
    "alert": "Alerts",
    "approval": "Approvals",
    "share": "Shared",
    "case": "Case",
}
"""Kind -> its filter."""


def timeline(case: Case, member: Member, *, examinations: set[int]) -> list[Event]:
    """Return the events of a case, newest first.

    Args:
        case: the case.
        member: the reader; drafts are shown to their owner only.
        examinations: keys of the examinations that this member may see (`examination.read.examinations`).
    """
    events = [
        *_case(case),
        *_searches(case),
        *_reviews(case),
        *_examined(case, member, examinations),
        *_videos(case),
        *_alerts(case),
        *_approvals(case),
        *_shared(case),
        *_drafts(case, member),
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _case(case: Case) -> Iterator[Event]:
    yield Event(case.opened_at, "case", "Case opened", case.opened_by.name)
    if case.closed_at:
        reason = f": {case.close_reason}" if case.close_reason else ""
        yield Event(case.closed_at, "case", f"Case closed{reason}")


def _searches(case: Case) -> Iterator[Event]:
    for row in Search.objects.filter(case=case).select_related("member", "gallery"):
        found = row.candidate_set.count()
        if row.erased_at:
            yield Event(row.erased_at, "search", f"Search of {row.gallery.name} erased", "", "search", (row.public_id,))
            continue
        result = counted(found, "candidate") if row.answered_at else "not answered"
        if row.sealed_at:
            result = "sealed: on hold, and not authorised in time"
        waits = bool(row.authorise_by and not row.authorised_at)
        yield Event(
            row.requested_at,
            "search",
            f"{row.gallery.name} searched: {result}. {row.purpose}" + (" Urgent, not authorised yet." if waits else ""),
            row.member.name,
            "search",
            (row.public_id,),
            "" if row.sealed_at or not row.answered_at else row.public_id,
            waits=waits,
        )


def _reviews(case: Case) -> Iterator[Event]:
    aside = SetAside.objects.filter(candidate__search__case=case, undone_at=None)
    by_list: dict[tuple[str, str], list[SetAside]] = {}
    for row in aside.select_related("candidate__search", "member").order_by("pk"):
        by_list.setdefault((row.candidate.search.public_id, row.member.name), []).append(row)
    for (search, name), rows in by_list.items():
        yield Event(
            rows[-1].at,
            "review",
            f"{counted(len(rows), 'candidate')} set aside: a review, not an examination",
            name,
            "search",
            (search,),
        )
    for none in NoneOfThese.objects.filter(search__case=case, undone_at=None).select_related("search", "member"):
        yield Event(
            none.at,
            "review",
            f"None of these {none.count}: {none.statement}",
            none.member.name,
            "search",
            (none.search.public_id,),
        )


def _examined(case: Case, member: Member, visible: set[int]) -> Iterator[Event]:
    rows = Examination.objects.filter(candidate__search__case=case, pk__in=visible, candidate__search__erased_at=None)
    for row in rows.select_related("candidate__search", "member"):
        search, rank = row.candidate.search.public_id, row.candidate.rank
        yield Event(
            row.recorded_at,
            "examination",
            f"Candidate {rank} examined: {row.conclusion}",
            row.member.name,
            "search",
            (search,),
            search,
            rank if row.member_id == member.pk else 0,
        )
    for lead in Lead.objects.filter(examination__in=rows).select_related(
        "released_by", "examination__candidate__search"
    ):
        candidate = lead.examination.candidate
        yield Event(
            lead.released_at,
            "lead",
            f"Lead {lead.public_id} released",
            lead.released_by.name,
            "lead",
            (lead.public_id,),
            candidate.search.public_id,
            candidate.rank if lead.examination.member_id == member.pk else 0,
        )
    for withheld in Withheld.objects.filter(examination__in=rows).select_related("decided_by"):
        yield Event(withheld.decided_at, "lead", f"Sent back: {withheld.reason}", withheld.decided_by.name)
    for outcome in Outcome.objects.filter(lead__examination__in=rows).select_related("reported_by", "lead"):
        yield Event(
            outcome.reported_at,
            "lead",
            f"Outcome of lead {outcome.lead.public_id}: {outcome.outcome}",
            outcome.reported_by.name,
            "lead",
            (outcome.lead.public_id,),
        )


def _videos(case: Case) -> Iterator[Event]:
    for row in Video.objects.filter(case=case).select_related("member"):
        yield Event(row.begun_at, "video", f"Video {row.name} uploaded", row.member.name, "video", (row.public_id,))


def _alerts(case: Case) -> Iterator[Event]:
    for row in Alert.objects.filter(case=case).select_related("member"):
        yield Event(
            row.created_at,
            "alert",
            f"Alert {row.public_id} saved" + (" and ended" if row.closed_at else ", compared with new references"),
            row.member.name,
            "alerts",
        )


def _approvals(case: Case) -> Iterator[Event]:
    for row in Approval.objects.filter(case=case).select_related("member", "decided_by"):
        yield Event(row.requested_at, "approval", "Approval requested", row.member.name, waits=row.granted is None)
        if row.decided_at and row.decided_by:
            yield Event(
                row.decided_at,
                "approval",
                "Approval granted" if row.granted else f"Approval denied: {row.note}",
                row.decided_by.name,
            )


def _shared(case: Case) -> Iterator[Event]:
    for row in SharedRequest.objects.filter(case=case).select_related("agreement__holder", "member"):
        yield Event(
            row.made_at,
            "share",
            f"{row.agreement.holder.name} asked to search",
            row.member.name,
            "shared-request",
            (row.public_id,),
        )


def _drafts(case: Case, member: Member) -> Iterator[Event]:
    for row in Preparation.objects.filter(case=case, member=member, discarded_at=None, used_at=None):
        yield Event(
            row.changed_at,
            "search",
            f"Draft: {row.file_name}",
            member.name,
            "preparation",
            (row.public_id,),
            waits=True,
        )

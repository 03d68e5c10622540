"""Everything that happened in a case, in one line of time, newest first. It only reads.

Owns the sentences. It must never show a conclusion that its reader may have to verify blind, nor a candidate's face that
its reader has not opened: no view of the case is an entry of the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plainview.casework.examination.read import kept_blind, standing_of
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
        waits: whether somebody still has to act on it.
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
        *_reviews(case, member),
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
    for searched in Search.objects.filter(case=case).select_related("member", "gallery"):
        count = searched.candidate_set.count()
        if searched.erased_at:
            yield Event(
                searched.erased_at,
                "search",
                f"Search of {searched.gallery.name} erased",
                "",
                "search",
                (searched.public_id,),
            )
            continue
        result = counted(count, "candidate") if searched.answered_at else "not answered"
        if searched.sealed_at:
            result = "sealed: on hold, and not authorised in time"
        waits = bool(searched.authorise_by and not searched.authorised_at)
        yield Event(
            searched.requested_at,
            "search",
            f"{searched.gallery.name} searched, {result}: {searched.purpose}"
            + (" (urgent, not authorised yet)" if waits else ""),
            searched.member.name,
            "search",
            (searched.public_id,),
            "" if searched.sealed_at or not searched.answered_at else searched.public_id,
            waits=waits,
        )


def _reviews(case: Case, member: Member) -> Iterator[Event]:
    aside = SetAside.objects.filter(
        kept_blind(member, "candidate__search"), candidate__search__case=case, undone_at=None
    )
    by_list: dict[tuple[str, str], list[SetAside]] = {}
    for decision in aside.select_related("candidate__search", "member").order_by("pk"):
        by_list.setdefault((decision.candidate.search.public_id, decision.member.name), []).append(decision)
    for (search, name), rows in by_list.items():
        yield Event(
            rows[-1].at,
            "review",
            f"{counted(len(rows), 'candidate')} set aside: a review, not an examination",
            name,
            "search",
            (search,),
        )
    concluded = NoneOfThese.objects.filter(kept_blind(member, "search"), search__case=case, undone_at=None)
    for none in concluded.select_related("search", "member"):
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
    for examination in rows.select_related("candidate__search", "member", "lead", "withheld"):
        search, rank = examination.candidate.search.public_id, examination.candidate.rank
        standing = standing_of(examination)
        yield Event(
            examination.recorded_at,
            "examination",
            f"Candidate {rank} examined: {examination.conclusion}" + (f". {standing.text}" if standing.whose else ""),
            examination.member.name,
            "search",
            (search,),
            search,
            rank if examination.member_id == member.pk else 0,
            waits=bool(standing.whose),
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
    for video in Video.objects.filter(case=case).select_related("member"):
        yield Event(
            video.begun_at, "video", f"Video {video.name} uploaded", video.member.name, "video", (video.public_id,)
        )


def _alerts(case: Case) -> Iterator[Event]:
    for alert in Alert.objects.filter(case=case).select_related("member"):
        yield Event(
            alert.created_at,
            "alert",
            f"Alert {alert.public_id} saved" + (" and ended" if alert.closed_at else ", compared with new references"),
            alert.member.name,
            "alerts",
        )


def _approvals(case: Case) -> Iterator[Event]:
    for approval in Approval.objects.filter(case=case).select_related("member", "decided_by"):
        yield Event(
            approval.requested_at,
            "approval",
            "Approval requested",
            approval.member.name,
            waits=approval.granted is None,
        )
        if approval.decided_at and approval.decided_by:
            yield Event(
                approval.decided_at,
                "approval",
                "Approval granted" if approval.granted else f"Approval denied: {approval.note}",
                approval.decided_by.name,
            )


def _shared(case: Case) -> Iterator[Event]:
    for request in SharedRequest.objects.filter(case=case).select_related("agreement__holder", "member"):
        yield Event(
            request.made_at,
            "share",
            f"{request.agreement.holder.name} asked to search",
            request.member.name,
            "shared-request",
            (request.public_id,),
        )


def _drafts(case: Case, member: Member) -> Iterator[Event]:
    for draft in Preparation.objects.filter(case=case, member=member, discarded_at=None, used_at=None):
        yield Event(
            draft.changed_at,
            "search",
            f"Draft: {draft.file_name}",
            member.name,
            "preparation",
            (draft.public_id,),
            waits=True,
        )

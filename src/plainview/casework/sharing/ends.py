"""Ends of requests without an answer: declined, taken back, expired, or their agreement withdrawn.

Owns the only way to close a request, always with its entry, and the sweep that closes requests that are over. It must
never let a search of a closed request run.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.guard import locked_request
from plainview.casework.agreements.read import facts_of, named
from plainview.casework.erasure.erasers import answers_go
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agreement, Member, SharedRequest
from plainview.casework.sharing.notices import able, owe
from plainview.policy import joining, rules
from plainview.policy import sharing as words
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission


def decline(public_id: str, *, reason: str, acting_member: Member) -> SharedRequest:
    """Decline another agency's request; that agency reads the reason.

    Raises:
        Refused: no permission, not for the member's agency, over, or no reason in words.
    """
    with acting("shared.decline", Permission.SHARED_ANSWER, acting_member):
        request = _open(public_id, acting_member, holder=True)
        rules.require(explained(reason, "The reason"))
        close(request, words.DECLINED, reason, acting_member)
    return request


def refuse_authorisation(public_id: str, *, reason: str, acting_member: Member) -> SharedRequest:
    """Decide as a supervisor that a colleague's request is not sent.

    Raises:
        Refused: no permission, not of the member's agency, the member's own, already authorised or over, no reason in words.
    """
    with acting("shared.authorise", Permission.SHARED_AUTHORISE, acting_member):
        request = _open(public_id, acting_member, holder=False)
        rules.require(
            joining.another_person(acting_member.public_id, request.member.public_id, "Authorisation"),
            explained(reason, "The reason"),
        )
        if request.authorised_at is not None:
            raise Refused(
                "shared.authorised",
                "Nothing changed",
                "The request is already authorised.",
                "The member who made the request can take it back.",
                act=Permission.SHARED_REQUEST,
            )
        close(request, words.NOT_AUTHORISED, reason, acting_member)
    return request


def take_back(public_id: str, *, reason: str, acting_member: Member) -> SharedRequest:
    """Withdraw a request of the member's agency; from then on it is neither searched nor answered.

    Raises:
        Refused: no permission, not of the member's agency, over, or no reason in words.
    """
    with acting("shared.take_back", Permission.SHARED_REQUEST, acting_member):
        request = _open(public_id, acting_member, holder=False)
        rules.require(explained(reason, "The reason"))
        close(request, words.TAKEN_BACK, reason, acting_member)
    return request


def _open(public_id: str, member: Member, *, holder: bool) -> SharedRequest:
    request = locked_request(find.shared_request(public_id, member).public_id)
    agency = request.agreement.holder_id if holder else request.agreement.asker_id
    if agency != member.agency_id:
        raise Refused(
            "shared.other_side",
            "Nothing changed",
            "Only the other agency can do this.",
            "Ask the other agency if it matters.",
        )
    rules.require(words.request_open(request.closed_as, request.expires_at, timezone.now()))
    return request


def end_all(agreement: Agreement, why: str) -> list[str]:
    """Close every open request of an agreement in the running transaction; return their ids."""
    rows = SharedRequest.objects.filter(agreement=agreement, closed_at=None).order_by("pk")
    ended = [locked_request(public_id) for public_id in rows.values_list("public_id", flat=True)]
    for request in ended:
        close(request, words.AGREEMENT_ENDED, why, None)
    return [request.public_id for request in ended]


def close(request: SharedRequest, how: str, why: str, acting_member: Member | None) -> None:
    """Close a request and its mirror case in the running transaction, with its entry and letters."""
    now = timezone.now()
    request.closed_as, request.closed_at = how, now
    request.closed_by, request.closed_why = acting_member, why.strip()
    request.save(update_fields=["closed_as", "closed_at", "closed_by", "closed_why", "result", "version"])
    write_entry(
        "shared.closed",
        {**named(request), "as": how, "result": request.result or None},
        {"why": request.closed_why} if request.closed_why else {},
        acting_member=acting_member,
        rows=[request],
    )
    if request.mirror is not None and request.mirror.closed_at is None:
        request.mirror.closed_at = now
        request.mirror.close_reason = f"request {request.public_id}: {how}"
        request.mirror.save(update_fields=["closed_at", "close_reason"])
        write_entry(
            "case.closed",
            {**named(request), "case": request.mirror_id, "unsolved": False},
            acting_member=None,
        )
    answers_go(Member.objects.filter(agency=request.agreement.holder_id))  # it may no longer see the probe
    _tell(request, how, acting_member)


def _tell(request: SharedRequest, how: str, acting_member: Member | None) -> None:
    concerned = [request.member, request.authorised_by, request.taken_by]
    if request.authorised_at is not None and request.taken_by is None and how != words.DECLINED:
        concerned += able(request.agreement.holder, Permission.SHARED_ANSWER)
    people = [person for person in concerned if person is not None and person.is_active and person != acting_member]
    owe(people, f"Request {request.public_id} is over: {how}.", request)


def sweep_requests() -> list[str]:
    """Close every request whose time, case or agreement has ended; return their ids.

    Runs every minute. No rule depends on it: each act checks the same itself.
    """
    now = timezone.now()
    rows = SharedRequest.objects.filter(closed_at=None)
    last_days = Q(expires_at__lte=now) | Q(agreement__versions__ends_on__lt=now.date())
    ripe = rows.filter(last_days | Q(case__closed_at__isnull=False))
    gone = []
    for public_id in ripe.distinct().values_list("public_id", flat=True):
        with transaction.atomic():
            request = locked_request(public_id)
            how = _over(request)
            if how and not request.closed_as:
                close(request, how, "by the clock", None)
                gone.append(public_id)
    return gone


def _over(request: SharedRequest) -> str:
    facts = facts_of(request)
    if isinstance(words.agreement_in_force(facts.terms, facts.withdrawn, facts.now.date()), Refused):
        return words.AGREEMENT_ENDED
    if facts.case_closed_on is not None:
        return words.TAKEN_BACK
    return words.EXPIRED if request.expires_at <= facts.now else ""

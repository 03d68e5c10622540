"""Checks before every act on a search for another agency: the agreement, and the rules of both agencies.

Owns the lock: every change of an agreement or a request, and every record of a search or its answer, locks the
agreement's row. It must never let anything be recorded once the agreement is withdrawn.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from plainview.casework.agreements.read import both, facts_of
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agreement, Member, Search, SharedRequest
from plainview.casework.people.read import binding
from plainview.policy import rules
from plainview.policy import sharing as words
from plainview.policy.decision import Decision, Refused
from plainview.policy.permissions import Permission


def locked(key: int) -> Agreement:
    """Return the current state of an agreement; in a transaction its row is locked until the end."""
    rows = Agreement.objects.select_related("holder", "asker")
    if transaction.get_connection().in_atomic_block:
        rows = rows.select_for_update(of=("self",))
    return rows.get(pk=key)


def locked_request(public_id: str) -> SharedRequest:
    """Return the current state of a request, its agreement locked as by `locked`."""
    key = SharedRequest.objects.values_list("agreement_id", flat=True).get(public_id=public_id)
    agreement = locked(key)
    request = SharedRequest.objects.select_related(
        "gallery", "case", "member__agency", "authorised_by", "taken_by", "mirror", "version"
    ).get(public_id=public_id)
    request.agreement = agreement
    return request


def require_agreed(request: SharedRequest) -> None:
    """Check what must hold at every moment.

    Raises:
        Refused: the first rule that refuses.
    """
    rules.require(*words.agreed(facts_of(request)))


def require_asked(request: SharedRequest, acting_member: Member) -> None:
    """Check the rules of the requesting agency, by its current policy.

    The other agency reads which rule refuses, not the policy behind it.

    Raises:
        Refused: the first rule that refuses.
    """
    asker = request.agreement.asker
    _, policy = binding(asker)
    for decision in words.asked(facts_of(request), policy):
        if not isinstance(decision, Refused):
            continue
        if acting_member.agency_id == asker.pk:
            raise decision
        raise Refused(
            decision.rule_id,
            decision.what,
            "The requesting agency's policy no longer allows this search.",
            "Decline the request and state the reason. The agency can make a new request.",
            act=Permission.SHARED_ANSWER,
        ).under(asker.name)


def under_holder(request: SharedRequest | None, decision: Decision) -> Decision:
    """Return a decision of the searching agency's rules, marked as such when the rules of two agencies apply."""
    if request is None or not isinstance(decision, Refused):
        return decision
    return decision.under(request.agreement.holder.name)


def still_agreed(search: Search) -> None:
    """Check again, for a recorded search, what must hold at every moment; nothing for an agency's own search.

    Raises:
        Refused: the first rule that refuses.
    """
    if search.shared_request_id is not None:
        assert search.shared_request is not None  # noqa: S101
        require_agreed(locked_request(search.shared_request.public_id))


def withhold(search: Search, requested_in: int, refused: Refused, acting_member: Member) -> None:
    """Record that a search for another agency is not answered, and by which rule."""
    with transaction.atomic():
        search.withheld_at, search.withheld_rule = timezone.now(), refused.rule_id
        search.save(update_fields=["withheld_at", "withheld_rule"])
        write_entry(
            "search.withheld",
            {
                **both(search),
                "search": search.public_id,
                "requested_in": requested_in,
                "rule": refused.rule_id,
            },
            {"why": refused.why},
            acting_member=acting_member,
            rows=[search],
        )

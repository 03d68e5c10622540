"""Erasing an ended request to another agency: its probe, its further photographs and its texts.

Owns what is erased and what stays: that the request was made, by whom and to whom, its dates, and how it ended. It must
never erase what a hold of either agency keeps, nor the probe of a request that can still be searched.
"""

from __future__ import annotations

from collections.abc import Mapping

from plainview.audit.record import Value
from plainview.casework.erasure.erasers import answers_go, pictures_go
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_request
from plainview.casework.log.read import entries_naming
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import LogOpening, Search, SharedRequest
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

REQUEST_ERASED = "shared.erased"
"""The action of the entry about an erasure; a restore looks for it."""


def request_locked(public_id: str) -> SharedRequest:
    """Return the current row of a request, locked until the running transaction ends."""
    rows = SharedRequest.objects.select_for_update(of=("self",))
    return rows.select_related("agreement__holder", "agreement__asker", "case__agency").get(public_id=public_id)


def erase_request(request: SharedRequest, why: str, *, cause: Mapping[str, Value] | None = None) -> Receipt:
    """Erase an ended request, locked by the caller, in the running transaction; its pictures are erased after the commit.

    Args:
        request: a request that is not erased yet.
        why: the reason in words, without personal data: it is public.
        cause: more public facts for the entry, such as the run and the rule.

    Raises:
        Refused: hold.in_force, or the request is still open.
    """
    if request.closed_at is None:
        raise Refused(
            "shared.open",
            "Nothing erased",
            "This request is still open.",
            "Take the request back first, or wait for its end.",
            act=Permission.SHARED_REQUEST,
        )
    lock_holds(request.case.agency)
    require_free(held_request(request), f"Request {request.public_id}")
    return blank_request(request, why, cause=cause)


def erase_with(search: Search, why: str, *, cause: Mapping[str, Value] | None = None) -> None:
    """Erase the ended request that an erased search answered, unless a hold or another search of it keeps its probe."""
    if search.shared_request is None:
        return
    request = request_locked(search.shared_request.public_id)
    lock_holds(request.case.agency)
    still_needed = request.searches.filter(erased_at=None).exists() or held_request(request)
    if request.closed_at is not None and not request.is_erased and not still_needed:
        blank_request(request, why, cause={"search": search.public_id, **(cause or {})})


def blank_request(
    request: SharedRequest, why: str, *, cause: Mapping[str, Value] | None = None, action: str = REQUEST_ERASED
) -> Receipt:
    """As `erase_request`, without checks: for a restore."""
    entries = [seq for seq, _ in entries_naming({request.public_id})]
    openings = LogOpening.objects.filter(entry_id__in=entries).delete()[0]
    pictures = {request.probe_blob, *(frame["blob"] for frame in request.further)}
    request.purpose = request.probe_name = request.probe_blob = request.closed_why = ""
    request.box, request.edits, request.quality_detail, request.quality = [], [], {}, 0
    request.provenance, request.further = {}, []
    request.save()
    receipt = write_entry(
        action,
        {
            "shared_request": request.public_id,
            "agency": request.agreement.holder.public_id,
            "for_agency": request.agreement.asker.public_id,
            "why": why,
            "openings": openings,
            **(cause or {}),
        },
        acting_member=None,
        rows=[request],
    )
    pictures_go(pictures)
    answers_go()
    return receipt

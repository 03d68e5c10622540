"""The search with a prepared probe, once for each gallery. The page with its form is that of the draft."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from plainview.casework import find
from plainview.casework.models import Preparation
from plainview.casework.probes.preparations import save
from plainview.casework.probes.read import offers
from plainview.casework.search.prepared import search_prepared
from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia
from plainview.web.readiness import needs
from plainview.web.views.common import member_of
from plainview.web.views.probes import changes_of, draft_page

_CHECKED_BY_THE_SEARCH = frozenset({"approval-title"})  # a rule of the search, whose refusal is recorded


@require_http_methods(["GET", "POST"])
def preparation_search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Search; the answer has its own address, so going back searches nothing again."""
    member = member_of(request)
    find.preparation(public_id, member)
    if request.method != "POST":
        return redirect("preparation", public_id)
    draft = save(public_id, changes_of(request), acting_member=member)
    missing = _missing(draft, urgent="urgent" in request.POST)
    if missing:
        return draft_page(request, draft, errors=missing)
    try:
        searches = search_prepared(public_id, acting_member=member)
    except Refused as refused:
        return draft_page(request, draft, errors=[("form", f"{refused.why} {refused.next_step}")])
    except BadMedia as bad:
        return draft_page(request, draft, errors=[("form", f"{bad.why} {bad.next_step}")])
    return redirect("search", searches[0].public_id)


def _missing(draft: Preparation, *, urgent: bool) -> list[tuple[str, str]]:
    """Return (field, message) for each missing answer; the search checks every rule again."""
    requirements = needs(draft, offers(draft), urgent=urgent)
    missing = [
        (need.field, f"{need.says}.")
        for need in requirements
        # A chosen gallery that the rules do not allow is for the search to refuse, on record.
        if not need.met
        and need.field not in _CHECKED_BY_THE_SEARCH
        and not (need.field == "galleries" and draft.galleries)
    ]
    if not draft.galleries and not any(field == "galleries" for field, _ in missing):
        missing.append(("galleries", "Choose at least one gallery."))  # the page ticked one; it was unticked
    return missing

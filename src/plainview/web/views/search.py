"""Step 2: purpose, galleries and length of the list; then the search itself, once for each gallery."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from plainview.casework import find
from plainview.casework.models import Preparation
from plainview.casework.people.read import binding
from plainview.casework.probes.preparations import save
from plainview.casework.probes.read import approval_wanted, approvals_of, chosen_face, offers
from plainview.casework.search.prepared import search_prepared
from plainview.policy.agency import MIN_LIST
from plainview.policy.decision import Refused
from plainview.policy.disclosure import EXONERATION
from plainview.recognition.edits import read, says
from plainview.recognition.errors import BadMedia
from plainview.web.views.common import member_of
from plainview.web.views.probes import version


@require_http_methods(["GET", "POST"])
def preparation_search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the form, then search; the answer has its own address, so going back searches nothing again."""
    member = member_of(request)
    draft = find.preparation(public_id, member)
    if request.method != "POST":
        return _page(request, draft, [])
    draft = save(public_id, _typed(request), acting_member=member)
    missing = _missing(draft, urgent="urgent" in request.POST)
    if missing:
        return _page(request, draft, missing)
    try:
        searches = search_prepared(public_id, acting_member=member)
    except Refused as refused:
        return _page(request, draft, [("form", f"{refused.why} {refused.next_step}")])
    except BadMedia as bad:
        return _page(request, draft, [("form", f"{bad.why} {bad.next_step}")])
    return redirect("search", searches[0].public_id)


def _typed(request: HttpRequest) -> dict[str, object]:
    top = request.POST.get("top", "")
    urgent = request.POST.get("urgent_reason", "").strip() if "urgent" in request.POST else ""
    return {
        "purpose": (request.POST.get("listed") or request.POST.get("purpose", "")).strip(),
        "galleries": request.POST.getlist("galleries")[:999],
        "top": min(int(top), 999) if top.isascii() and top.isdigit() else 0,
        "urgent_reason": urgent,
    }


def _missing(draft: Preparation, *, urgent: bool) -> list[tuple[str, str]]:
    """Return (field, message) for each missing answer; the search checks every rule again."""
    _, policy = binding(draft.member.agency)
    missing = []
    if draft.face is None:
        missing.append(("face", "No face is chosen. Go back to step 1 and choose one."))
    if not draft.origin and policy.origin_required:
        missing.append(("face", "The origin of the photograph is not stated. Go back to step 1 and choose it."))
    if not draft.purpose:
        missing.append(("purpose", "State the purpose of the search."))
    if not draft.galleries:
        missing.append(("galleries", "Choose at least one gallery."))
    if not MIN_LIST <= draft.top <= policy.list_max:
        missing.append(("top", f"A list has {MIN_LIST} to {policy.list_max} candidates."))
    if urgent and not draft.urgent_reason:
        missing.append(("id_urgent", "State why the search cannot wait for a supervisor."))
    return missing


def _page(request: HttpRequest, draft: Preparation, errors: list[tuple[str, str]]) -> HttpResponse:
    _, policy = binding(draft.member.agency)
    rows = offers(draft)
    wanted = approval_wanted(draft)
    approvals = approvals_of(draft) if wanted else []
    return render(
        request,
        "probes/search.html",
        {
            "draft": draft,
            "chosen": chosen_face(draft),
            "version": version(draft),
            "errors": errors,
            "edits": [says(edit) for edit in read(draft.edits)],
            "offered": [offer for offer in rows if offer.refused is None],
            "others": [offer for offer in rows if offer.refused is not None],
            "purposes": [word for word in policy.purposes if word != EXONERATION],
            "free_purpose": policy.unlisted_purposes,
            "listed": " ".join(draft.purpose.split()).lower() in policy.purposes,
            "policy": policy,
            "least": MIN_LIST,
            "wanted": wanted,
            "urgent": "urgent" in request.POST or bool(draft.urgent_reason),
            "approved": [offer for offer in approvals if offer.granted and not offer.search_set.all()],
        },
        status=422 if errors else 200,
    )

"""A new search on one page: the photograph, its face, origin, purpose and galleries. Every change is saved at once."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from plainview.casework import find
from plainview.casework.agreements.read import agreements_to_ask
from plainview.casework.cases.open_close import open_case
from plainview.casework.cases.read import find_cases, has_case
from plainview.casework.galleries.favourites import set_favourite
from plainview.casework.models import Preparation
from plainview.casework.people.read import binding
from plainview.casework.pictures import THUMBNAIL, face_jpeg, small_jpeg, whole_jpeg
from plainview.casework.probes import preparations as actions
from plainview.casework.probes.approvals import request_approval
from plainview.casework.probes.photographs import prepare_again
from plainview.casework.probes.read import approval_wanted, approvals_of, chosen_face, drafts, offers, searches_of
from plainview.policy.agency import MIN_LIST
from plainview.policy.decision import Refused
from plainview.policy.disclosure import EXONERATION
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.search import DRAFT_DAYS, ORIGINS
from plainview.recognition.edits import CONTRAST, GAMMA, MAX_BRIGHTNESS, Crop, Drawn, Light, read, says
from plainview.recognition.errors import BadMedia
from plainview.recognition.quality import MIN_PROBE_PX, explain
from plainview.web.readiness import needs, ticked
from plainview.web.uploads import InMemory
from plainview.web.views.common import from_htmx, member_of, picture

_ABOUT = 3.0  # side of a crop around the face, in sizes of the face: hair, ears, neck and room to rotate it
_LIGHT = Light(0, 1.0, 1.0)


@csrf_exempt  # until the handler is set; `_start` is protected
@require_http_methods(["GET", "POST"])
def prepare(request: HttpRequest) -> HttpResponse:
    """Start with a photograph, or continue a draft."""
    request.upload_handlers = [InMemory(request)]
    return _start(request)


@csrf_protect
def _start(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    problem: BadMedia | Refused | None = None
    number = request.POST.get("case", request.GET.get("case", ""))[:100].strip()
    offence = request.POST.get("offence", "")[:200].strip()
    if request.method == "POST":
        try:
            photograph = uploaded(request)
            if offence and not has_case(member, number):
                open_case(number, offence, acting_member=member)
            draft = actions.prepare(number, *photograph, acting_member=member)
        except (BadMedia, Refused) as error:
            problem = error
        else:
            there = redirect("preparation", draft.public_id)
            return HttpResponseClientRedirect(there.url) if from_htmx(request) else there
    return render(
        request,
        "probes/start.html",
        {
            "number": number,
            "offence": offence,
            "offences": binding(member.agency)[1].offences,
            "may_open": holds(member.roles, Permission.CASE_OPEN),
            "problem": problem,
            "about_case": isinstance(problem, Refused),
            "cases": find_cases(member, closed=False),
            "drafts": drafts(member),
            "most_bytes": actions.MAX_BYTES,
            "days": DRAFT_DAYS,
        },
        status=200 if problem is None or from_htmx(request) else 422,
    )


def uploaded(request: HttpRequest) -> tuple[str, bytes]:
    """Return the name and the bytes of the photograph that a form has.

    Raises:
        BadMedia: none was chosen, or it is too large.
    """
    file = request.FILES.get("photo")
    if file is None:
        raise BadMedia("empty", "No photograph was chosen.", "Choose, drop or paste a photograph.")
    if (file.size or 0) > actions.MAX_BYTES:
        raise BadMedia(
            "too_large",
            f"The file has {file.size or 0:,} bytes; the limit is {actions.MAX_BYTES:,}.",
            "Send a cropped lossless copy of the photograph.",
        )
    return file.name or "", file.read()


@require_GET
def preparation(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the draft."""
    return draft_page(request, find.preparation(public_id, member_of(request)))


def draft_page(
    request: HttpRequest,
    draft: Preparation,
    problem: BadMedia | None = None,
    errors: list[tuple[str, str]] | None = None,
    undone: str = "Not searched.",
) -> HttpResponse:
    """Return the page of a new search: the photograph, its face, and everything that the search needs."""
    chain, chosen = read(draft.edits), chosen_face(draft)
    drawn = bool(chain) and isinstance(chain[-1], Drawn)
    seen = chain[:-1] if drawn else chain
    wanted = approval_wanted(draft)
    width, height = draft.size
    _, policy = binding(draft.member.agency)
    rows = offers(draft)
    urgent = "urgent" in request.POST or bool(draft.urgent_reason)
    required = needs(draft, rows, urgent=urgent)
    return render(
        request,
        "probes/draft.html",
        {
            "draft": draft,
            "width": width,
            "height": height,
            "faces": _shown(draft),
            "chosen": chosen,
            "components": explain(chosen["components"]) if chosen else [],
            "version": version(draft),
            "chain": [{"says": says(edit), "back_to": number} for number, edit in enumerate(chain)],
            "drawn": drawn,
            "edited": bool(chain),
            "light": seen[-1] if seen and isinstance(seen[-1], Light) else _LIGHT,
            "upright": -round(chosen["components"].get("turned", 0)) if chosen else 0,
            "limits": {"brightness": MAX_BRIGHTNESS, "contrast": CONTRAST, "gamma": GAMMA},
            "origins": ORIGINS,
            "problem": problem,
            "errors": errors or [],
            "undone": undone,
            "photographs": _beside(draft),
            "more_photographs": not draft.used_at and not draft.provenance.get("with"),
            "wanted": wanted,
            "least": MIN_PROBE_PX,
            "approvals": approvals_of(draft) if wanted else [],
            "searches": searches_of(draft),
            "text_size": _text_size(draft),
            "may_ask": bool(agreements_to_ask(draft.member)),
            "asked": draft.shared_requests.order_by("pk"),
            "policy": policy,
            "least_list": MIN_LIST,
            "offered": [offer for offer in rows if offer.refused is None],
            "others": [offer for offer in rows if offer.refused is not None],
            "ticked": ticked(draft, rows),
            "purposes": [word for word in policy.purposes if word != EXONERATION],
            "free_purpose": policy.unlisted_purposes,
            "listed": " ".join(draft.purpose.split()).lower() in policy.purposes,
            "urgent": urgent,
            "needs": required,
            "missing": [need for need in required if not need.met],
        },
        status=422 if (problem is not None or errors) and not from_htmx(request) else 200,
    )


def _shown(draft: Preparation) -> list[dict[str, Any]]:
    """Return the faces as the drawing needs them: the box and a square around it, in whole pixels."""
    shown = []
    for number, face in enumerate(draft.faces, start=1):
        x, y, width, height = (round(value) for value in face["box"])
        side = round(1.6 * max(width, height))
        shown.append(
            {
                "number": number,
                "x": x,
                "y": y,
                "width": width,
                "height": height,
                "quality": face["quality"],
                "left": x + width // 2 - side // 2,
                "top": y + height // 2 - side // 2,
                "side": side,
                "bottom": y + height,
                "usable": face["box"][2] >= MIN_PROBE_PX,
                "chosen": draft.face == number,
            }
        )
    return shown


def _beside(draft: Preparation) -> list[dict[str, Any]]:
    """Return the further photographs of a draft as the page lists them, each with its faces."""
    return [
        {
            "number": other.number,
            "name": other.file_name,
            "notes": other.notes,
            "face": other.face,
            "chosen": other.faces[other.face - 1] if other.face else None,
            "faces": [
                {"number": number, "quality": face["quality"], "usable": face["box"][2] >= MIN_PROBE_PX}
                for number, face in enumerate(other.faces, start=1)
            ],
        }
        for other in draft.photographs.order_by("number")
    ]


def _text_size(draft: Preparation) -> int:
    """Return the size of the numbers in the picture, in its pixels: a third of a usual face, so a crowd stays readable."""
    widths: list[float] = sorted(face["box"][2] for face in draft.faces) or [0.0]
    longest = int(max(draft.size))
    return round(min(max(widths[len(widths) // 2] / 3, longest / 150), longest / 30))


def version(draft: Preparation) -> str:
    """Return a text that changes with the edits, so no browser shows an earlier picture."""
    return hashlib.sha256("|".join(draft.edits).encode()).hexdigest()[:8]


@require_GET
def preparation_picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the photograph after its edits; with `original`, as uploaded."""
    draft = find.preparation(public_id, member_of(request))
    return picture(whole_jpeg(draft.blob, () if "original" in request.GET else draft.edits))


@require_GET
def preparation_face(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the chosen face, enlarged."""
    draft = find.preparation(public_id, member_of(request))
    chosen = chosen_face(draft)
    if chosen is None:
        raise Refused("face.unknown", "Not found", "No face was chosen.", "Choose a face first.")
    return picture(face_jpeg(draft.blob, chosen["box"], 320, draft.edits))


@require_GET
def preparation_thumbnail(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the chosen face, or the whole photograph, small: for lists."""
    draft = find.preparation(public_id, member_of(request))
    chosen = chosen_face(draft)
    if chosen is not None:
        return picture(face_jpeg(draft.blob, chosen["box"], THUMBNAIL, draft.edits))
    return picture(small_jpeg(draft.blob, draft.edits))


@require_POST
def preparation_save(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save the answers so far."""
    draft = actions.save(public_id, changes_of(request), acting_member=member_of(request))
    if from_htmx(request) and request.headers.get("HX-Target") != "chosen":
        return HttpResponse(status=204)
    return redirect("preparation", draft.public_id)


def changes_of(request: HttpRequest) -> dict[str, Any]:
    """Return what the form says; a field that it does not have stays as it is."""
    posted = request.POST
    changes: dict[str, Any] = {}
    for name in ("origin", "purpose", "urgent_reason"):
        if name in posted:
            changes[name] = posted[name].strip()
    if posted.get("listed"):
        changes["purpose"] = posted["listed"].strip()
    if "face" in posted:
        changes["face"] = whole_number(posted["face"])
    if "top" in posted:
        changes["top"] = min(whole_number(posted["top"]) or 0, 999)
    if "galleries_shown" in posted:
        changes["galleries"] = posted.getlist("galleries")[:999]
        if "urgent" not in posted:
            changes["urgent_reason"] = ""
    return changes


def whole_number(text: str) -> int | None:
    """Return a whole number of a form; None for another text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


@require_POST
def preparation_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add an edit, or undo edits."""
    member = member_of(request)
    try:
        if "back_to" in request.POST:
            actions.undo(public_id, back_to=whole_number(request.POST["back_to"]) or 0, acting_member=member)
        else:
            draft = find.preparation(public_id, member)
            actions.edit(public_id, _edit(request, draft), acting_member=member)
    except BadMedia as error:
        return draft_page(request, find.preparation(public_id, member), error)
    return redirect("preparation", public_id)


def _edit(request: HttpRequest, draft: Preparation) -> str:
    """Return the edit that the form states, in the words of recognition.edits."""
    posted = request.POST
    if posted.get("edit") == "face":
        return str(_around(draft))
    if posted.get("edit") in ("crop", "drawn"):
        word = "crop" if posted["edit"] == "crop" else "face"
        return f"{word}:{','.join(posted.get(name, '') for name in ('x', 'y', 'width', 'height'))}"
    if posted.get("edit") == "light":
        return f"light:{','.join(posted.get(name, '') for name in ('brightness', 'contrast', 'gamma'))}"
    return f"rotate:{posted.get('rotate', '')}"


def _around(draft: Preparation) -> Crop:
    """Return a square around the chosen face, limited to the picture."""
    chosen = chosen_face(draft)
    if chosen is None:
        raise BadMedia("bad_edit", "No face was chosen.", "Choose a face first.")
    x, y, width, height = chosen["box"]
    half = _ABOUT * max(width, height) / 2
    left, top = max(0, round(x + width / 2 - half)), max(0, round(y + height / 2 - half))
    right = min(draft.size[0], round(x + width / 2 + half))
    bottom = min(draft.size[1], round(y + height / 2 + half))
    if [right - left, bottom - top] == draft.size:
        raise BadMedia("bad_edit", "The picture already shows little more than the face.", "No crop is needed.")
    return Crop(left, top, max(1, right - left), max(1, bottom - top))


@require_POST
def preparation_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Prepare the photograph of a used draft again."""
    return redirect("preparation", prepare_again(public_id, acting_member=member_of(request)).public_id)


@require_POST
def preparation_discard(request: HttpRequest, public_id: str) -> HttpResponse:
    """Discard the draft."""
    actions.discard(public_id, acting_member=member_of(request))
    messages.success(request, "Draft and photograph discarded.")
    return redirect("prepare")


@require_POST
def preparation_favourite(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put a gallery at the top of the member's new searches, or take it away from there."""
    posted = request.POST
    name = posted.get("favourite", posted.get("ordinary", ""))
    set_favourite(name, "favourite" in posted, acting_member=member_of(request))
    return redirect(f"{reverse('preparation', args=[public_id])}#galleries")


@require_POST
def preparation_approval(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the supervisors to approve this probe under this case."""
    member = member_of(request)
    draft = find.preparation(public_id, member)
    purpose = request.POST.get("purpose", "").strip()
    if not purpose:
        messages.error(request, "Approval not requested: state the purpose of the search.")
    else:
        actions.save(public_id, {"purpose": purpose}, acting_member=member)
        request_approval(draft.case.number, purpose, draft.blob, acting_member=member)
        messages.success(request, "Approval requested. The decision will appear here.")
    return redirect("preparation", public_id)

"""Further photographs of the person of a draft: added beside the first, each with its face, and removed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST

from plainview.casework import find
from plainview.casework.pictures import face_jpeg, whole_jpeg
from plainview.casework.probes import photographs as actions
from plainview.casework.search.candidates import answered, frame_of
from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia
from plainview.web.uploads import InMemory
from plainview.web.views.candidates import open_list
from plainview.web.views.common import member_of, picture
from plainview.web.views.probes import draft_page, uploaded, whole_number


@csrf_exempt  # until the handler is set; `_added` is protected
@require_POST
def photograph_add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a photograph of the same person to a draft."""
    request.upload_handlers = [InMemory(request)]
    return _added(request, public_id)


@csrf_protect
def _added(request: HttpRequest, public_id: str) -> HttpResponse:
    member = member_of(request)
    try:
        actions.add_photograph(public_id, *uploaded(request), acting_member=member)
    except (BadMedia, Refused) as problem:
        draft = find.preparation(public_id, member)
        why = f"{problem.why} {problem.next_step}"
        return draft_page(request, draft, errors=[("photographs", why)], undone="Photograph not added.")
    return _back(public_id)


@require_POST
def photograph_change(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Choose the face of a further photograph, or remove the photograph."""
    member = member_of(request)
    try:
        if "remove" in request.POST:
            actions.remove_photograph(public_id, number, acting_member=member)
        else:
            face = whole_number(request.POST.get("face", "")) or 0
            actions.choose_face(public_id, number, face, acting_member=member)
    except Refused as refused:
        if refused.rule_id.endswith(("unknown", ".permission")):
            raise
        draft = find.preparation(public_id, member)
        why = f"{refused.why} {refused.next_step}"
        return draft_page(request, draft, errors=[("photographs", why)], undone="Nothing changed.")
    return _back(public_id)


def _back(public_id: str) -> HttpResponse:
    return redirect(f"{reverse('preparation', args=[public_id])}#photographs")


@require_GET
def photograph_picture(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Return a further photograph; with `face`, this face of it, enlarged."""
    chosen = actions.photograph_of(find.preparation(public_id, member_of(request)), number)
    face = whole_number(request.GET.get("face", ""))
    if face is not None and 1 <= face <= len(chosen.faces):
        return picture(face_jpeg(chosen.blob, chosen.faces[face - 1]["box"], 320))
    return picture(whole_jpeg(chosen.blob))


@require_GET
def search_photograph(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Return a further picture of a search's probe: its face, or with `whole` the picture as it was searched."""
    member = member_of(request)
    search = answered(public_id, member)
    frame = frame_of(search, number)
    open_list(request, search, member)
    edits = frame.provenance.get("edits", ())
    if "whole" in request.GET:
        return picture(whole_jpeg(frame.blob, edits), lasting=True)
    box = [float(value) for value in frame.provenance["box"]]
    return picture(face_jpeg(frame.blob, box, 320, edits), lasting=True)

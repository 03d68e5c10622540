"""Blind verification: a verifier's tasks, each face next to the probe, and the record of all conclusions.

Owns what these pages receive: an id, positions, the verifier's own answers. Nothing else of a task may reach them.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from plainview.casework.examination.blind import blind_picture, own_task, waiting
from plainview.casework.examination.drafts import Answers, opened
from plainview.casework.examination.verify import BlindDesk, answer_verification, open_verification, save_draft
from plainview.casework.models import Draft
from plainview.casework.pictures import EXAMINED
from plainview.casework.proficiency.read import own_figures
from plainview.policy.decision import Refused
from plainview.policy.examination import face_answered
from plainview.policy.permissions import Permission
from plainview.web.tasks import forget
from plainview.web.views.common import from_htmx, member_of, picture, side_of
from plainview.web.views.sharing import answers_of, laid_out, saved_json, state_json, version_of


@require_GET
def verification_list(request: HttpRequest) -> HttpResponse:
    """List the member's tasks."""
    member = member_of(request)
    context = {"tasks": waiting(member), "own": own_figures(member)}
    return render(request, "verification/list.html", context)


@require_http_methods(["GET", "POST"])
def verification(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the probe and the faces with the conclusions so far; record them when all are done."""
    member = member_of(request)
    desk = open_verification(public_id, acting_member=member)
    faces = opened(desk.draft)
    if request.method == "POST" and all(_done(faces.get(place)) for place in desk.positions):
        return _record(request, desk, faces)
    rows = [(place, faces.get(place, Answers()), _done(faces.get(place))) for place in desk.positions]
    following = next((place for place, _, done in rows if not done), None)
    if request.method == "GET" and following is not None and "all" not in request.GET:
        return redirect("verification-face", public_id, following)
    return render(request, "verification/overview.html", {"task": desk, "rows": rows, "following": following})


def _done(answers: Answers | None) -> bool:
    return answers is not None and not isinstance(face_answered(answers.conclusion, answers.components), Refused)


@require_http_methods(["GET", "POST"])
def face(request: HttpRequest, public_id: str, position: int) -> HttpResponse:
    """Show one face next to the probe, and save the verifier's conclusion.

    After a decision htmx takes the next face out of the page that follows; without a script that page opens. What is
    saved and what is logged is the same.
    """
    member = member_of(request)
    desk = open_verification(public_id, acting_member=member)
    if position not in desk.positions:
        raise Refused(
            "verification.unknown",
            "Not found",
            "This task has no such face.",
            "Choose a face of your task.",
            act=Permission.VERIFICATION_RECORD,
        )
    if request.method == "GET":
        return _face(request, desk, position, opened(desk.draft).get(position, Answers()))
    answers = answers_of(request)
    save_draft(public_id, position, answers, version_of(request), acting_member=member)
    decision = face_answered(answers.conclusion, answers.components)
    if isinstance(decision, Refused):
        desk.draft.refresh_from_db()
        return _face(request, desk, position, answers, refused=decision)
    faces = opened(Draft.objects.get(pk=desk.draft.pk))
    open_ones = [place for place in desk.positions if not _done(faces.get(place))]
    later = [place for place in open_ones if place > position]
    following = next(iter(later or open_ones), None)
    if following is not None:
        return redirect("verification-face", public_id, following)
    return _record(request, desk, faces)


def _record(request: HttpRequest, desk: BlindDesk, faces: Mapping[int, Answers]) -> HttpResponse:
    """Record the conclusions on all faces: the last decision does, and so does the page of all faces."""
    member = member_of(request)
    try:
        answer_verification(
            desk.public_id,
            {place: faces[place].conclusion for place in desk.positions},
            {place: faces[place].components for place in desk.positions},
            acting_member=member,
        )
    except Refused as refused:
        messages.error(request, f"Not recorded yet. {refused.why} {refused.next_step}")
        return _open(request, reverse("verification", args=[desk.public_id]) + "?all=1")
    forget(member)
    messages.success(request, f"Verification {desk.public_id} recorded. Thank you.")
    return _open(request, reverse("home"))


def _open(request: HttpRequest, address: str) -> HttpResponse:
    """Return a redirect to another page, which htmx must open and not take a face out of."""
    return HttpResponseClientRedirect(address) if from_htmx(request) else redirect(address)


def _number(request: HttpRequest) -> int:
    """Return the number of the picture that the address names, from 1."""
    named = request.GET.get("picture", "")
    return max(1, int(named)) if named.isascii() and named.isdigit() and len(named) < 4 else 1


def _face(
    request: HttpRequest, desk: BlindDesk, position: int, answers: Answers, *, refused: Refused | None = None
) -> HttpResponse:
    faces = opened(desk.draft)
    context = {
        "task": desk,
        "position": position,
        "label": f"Face {position}",
        "numbers": range(1, desk.pictures + 1),
        "number": (number := min(_number(request), desk.pictures)),
        "number_text": str(number),
        "form": laid_out(answers, marked=refused is not None),
        "faces": [(place, _done(faces.get(place))) for place in desk.positions],
        "held": answers.conclusion,
        "refused": refused,
        "draft_url": reverse("verification-draft", args=[desk.public_id, position]),
    }
    return render(request, "verification/face.html", context, status=422 if refused and not from_htmx(request) else 200)


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, public_id: str, position: int) -> HttpResponse:
    """Save the draft of one face, or return the version of the draft."""
    member = member_of(request)
    if request.method == "POST":
        answers, version = answers_of(request), version_of(request)
        return saved_json(save_draft(public_id, position, answers, version, acting_member=member))
    task = own_task(public_id, member)
    return state_json(request, Draft.objects.filter(member=member, verification=task).first())


@require_GET
def verification_picture(request: HttpRequest, public_id: str, position: int = 0) -> HttpResponse:
    """Return the face at a position, or the probe without one; of a person with several pictures, the one of this number."""
    number, side = _number(request), side_of(request, EXAMINED)
    return picture(blind_picture(public_id, position, member_of(request), number=number, side=side))

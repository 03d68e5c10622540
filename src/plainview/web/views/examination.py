"""Examining one candidate against the probe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from plainview.casework import find
from plainview.casework.examination.drafts import Answers, opened
from plainview.casework.examination.examine import Desk, examine, save_draft, view_examination
from plainview.casework.examination.read import examinations, examined_picture, standing_of
from plainview.casework.models import Candidate, Draft
from plainview.casework.pictures import EXAMINED
from plainview.casework.search.candidates import made_of, pictures_by_rank
from plainview.casework.search.meaning import cautions_about
from plainview.casework.triage.aside import open_ranks
from plainview.policy.decision import Refused
from plainview.policy.examination import POTENTIAL
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.wording import day
from plainview.web.tasks import forget
from plainview.web.views.common import member_of, picture, side_of
from plainview.web.views.sharing import answers_of, laid_out, saved_json, state_json, version_of


@require_http_methods(["GET", "POST"])
def examination(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Show the pair and the form; once recorded, the record."""
    member = member_of(request)
    if request.method == "GET":
        desk = view_examination(public_id, rank, picture=request.GET.get("picture", ""), acting_member=member)
        answers = opened(desk.draft).get(0, Answers()) if desk.draft else Answers()
        return _desk(request, desk, answers)
    answers = answers_of(request)
    if request.POST.get("act") == "draft":
        save_draft(public_id, rank, answers, version_of(request), acting_member=member)
        messages.info(request, "Your answers are saved as a draft. Nothing is recorded yet.")
        return redirect("examine", public_id, rank)
    try:
        recorded = examine(
            public_id,
            rank,
            components=answers.components,
            conclusion=answers.conclusion,
            notes=answers.notes,
            acknowledged=answers.acknowledged,
            marks=answers.marks,
            acting_member=member,
        )
    except Refused as refused:
        if refused.rule_id != "member.training" and not refused.rule_id.startswith("examination."):
            raise
        if refused.rule_id == "examination.twice":
            messages.warning(request, f"{refused.why} {refused.next_step}")
            return redirect("examine", public_id, rank)
        save_draft(public_id, rank, answers, version_of(request), acting_member=member)
        return _desk(request, view_examination(public_id, rank, acting_member=member), answers, refused=refused)
    forget(member)
    messages.success(request, f"Examination {recorded.public_id} is recorded: {recorded.conclusion}.")
    if request.POST.get("act") == "next":
        open_ones = open_ranks(recorded.candidate.search, member)
        if recorded.conclusion != POTENTIAL and open_ones:
            return redirect("examine", public_id, next((after for after in open_ones if after > rank), open_ones[0]))
        return redirect("search", public_id)
    return redirect("examine", public_id, rank)


def _desk(request: HttpRequest, desk: Desk, answers: Answers, *, refused: Refused | None = None) -> HttpResponse:
    candidate = desk.candidate
    context = {
        "candidate": candidate,
        "search": candidate.search,
        "receipt": desk.receipt,
        "listed": Candidate.objects.filter(search_id=candidate.search_id).count(),
        "cautions": cautions_about(candidate),
        "probe_words": _under(candidate.search.quality, _day(candidate.search.captured_on), candidate.search.box),
        "face_words": _under(desk.picture.quality, desk.picture.captured, desk.picture.box),
        "shown": desk.picture,
        "pictures": pictures_by_rank([candidate])[candidate.rank],
        "frames": (frames := list(candidate.search.frames.order_by("number"))),
        "together_words": made_of(frames),
    }
    if desk.recorded is not None:
        recorded = desk.recorded
        shown = {"examination": recorded, "standing": standing_of(recorded), "components": recorded.components.items()}
        return render(request, "examination/recorded.html", context | shown)
    form = laid_out(answers, marked=refused is not None)
    shown = {"form": form, "draft": desk.draft, "refused": refused}
    return render(request, "examination/desk.html", context | shown, status=422 if refused else 200)


def _day(captured_on: date | None) -> str:
    return day(captured_on) if captured_on else ""


def _under(quality: int, taken: str, box: Sequence[float]) -> str:
    """Return the caption of a picture: its date, quality and width of the face."""
    return f"{taken or 'no date'}, quality {quality} of 100, {box[2]:.0f} pixels wide"


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Save the draft; with GET, return its version."""
    member = member_of(request)
    if request.method == "POST":
        answers, version = answers_of(request), version_of(request)
        return saved_json(save_draft(public_id, rank, answers, version, acting_member=member))
    candidate = find.candidate(public_id, rank, member)
    return state_json(request, Draft.objects.filter(member=member, candidate=candidate).first())


@require_GET
def examination_picture(request: HttpRequest, public_id: str, rank: int, which: str) -> HttpResponse:
    """Return the probe's or the candidate's face."""
    if which not in ("probe", "candidate"):
        raise Http404
    named = request.GET.get("picture", "")
    side = side_of(request, EXAMINED)
    return picture(examined_picture(public_id, rank, which, member_of(request), picture=named, side=side))


@require_GET
def examination_list(request: HttpRequest) -> HttpResponse:
    """Show the agency's examinations with their status; those waiting for a supervisor come first."""
    member = member_of(request)
    rows = [(recorded, standing_of(recorded)) for recorded in examinations(member)]
    rows.sort(key=lambda pair: pair[1].whose != "supervisor")
    context = {"rows": rows, "decides": holds(member.roles, Permission.LEAD_RELEASE)}
    return render(request, "examination/list.html", context)

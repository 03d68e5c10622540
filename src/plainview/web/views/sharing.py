"""Searches for other agencies: what one's agency asks for, what it is asked for, one request, and its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.agreements import read as agreed
from plainview.casework.examination.drafts import Answers, Saved
from plainview.casework.models import Draft, Member
from plainview.casework.pictures import face_jpeg, whole_jpeg
from plainview.casework.probes.read import chosen_face
from plainview.casework.sharing import ends as shared_ends
from plainview.casework.sharing import read
from plainview.casework.sharing import requests as shared_requests
from plainview.casework.sharing import search as shared_search
from plainview.policy.agency import DEFAULT_LIST, MIN_LIST
from plainview.policy.decision import Allow, Refused
from plainview.policy.examination import ANSWERS, COMPONENTS, CONCLUSIONS, OUTCOMES, STATEMENT, WHAT_TO_LOOK_AT
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.recognition.edits import read as chain
from plainview.recognition.edits import says
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError
from plainview.web.views.common import member_of, picture, require_shown, say, shown


class AskForm(forms.Form):
    """What is asked for. A choice is an agreement and a gallery that it names."""

    where = forms.ChoiceField(label="Who is asked, and for which gallery", widget=forms.RadioSelect)
    purpose = forms.CharField(
        max_length=2000, label="What is the search to find out?", widget=forms.Textarea(attrs={"rows": 2})
    )
    authority = forms.CharField(
        max_length=2000,
        label="By what authority do you ask?",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The law, warrant or order, and the jurisdiction it comes from.",
    )
    top = forms.IntegerField(label="Length of the candidate list", min_value=MIN_LIST, initial=DEFAULT_LIST)

    def __init__(self, *arguments: Any, member: Member, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["where"].choices = [  # type: ignore[attr-defined]
            (f"{row.agreement.public_id} {gallery.pk}", f"{row.other.name}: {gallery.name}")
            for row in agreed.agreements_to_ask(member)
            if row.version is not None
            for gallery in row.version.galleries.all()
        ]
        if len(self.fields["where"].choices) == 1:  # type: ignore[attr-defined]
            self.fields["where"].initial = self.fields["where"].choices[0][0]  # type: ignore[attr-defined]

    def wish(self) -> shared_requests.Wish:
        """What was filled in."""
        held = self.cleaned_data
        names = dict(self.fields["where"].choices)  # type: ignore[attr-defined]
        agreement, _, _ = held["where"].partition(" ")
        _, _, gallery = names[held["where"]].partition(": ")
        return shared_requests.Wish(agreement, gallery, held["purpose"], held["authority"], held["top"])


class ReasonForm(forms.Form):
    """One reason in words, which the other agency reads."""

    reason = forms.CharField(label="Why?", widget=forms.Textarea(attrs={"rows": 2}))


class OutcomeForm(forms.Form):
    """What came of a lead."""

    lead = forms.CharField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label="What came of it", widget=forms.RadioSelect, choices=[(word, word.capitalize()) for word in OUTCOMES]
    )
    note = forms.CharField(required=False, label="More in words", widget=forms.Textarea(attrs={"rows": 2}))


@require_GET
def shared(request: HttpRequest) -> HttpResponse:
    """Everything between one's agency and others."""
    member = member_of(request)
    reads = holds(member.roles, Permission.SHARED_READ)
    return render(
        request,
        "sharing/list.html",
        {
            "agreements": agreed.agreements(member),
            "reads": reads,
            "own": member.agency,
            "received": read.requests(member, asked_by_us=False) if reads else [],
            "made": read.requests(member, asked_by_us=True) if reads else [],
            "manages": holds(member.roles, Permission.AGREEMENT_MANAGE),
            "asks": holds(member.roles, Permission.SHARED_REQUEST),
        },
    )


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask another agency with a prepared probe."""
    member = member_of(request)
    draft = find.preparation(public_id, member)
    form = AskForm(request.POST or None, member=member, initial={"purpose": draft.purpose})
    if request.method == "POST" and form.is_valid():
        try:
            made = shared_requests.make_request(public_id, form.wish(), acting_member=member)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Asked. A supervisor of your agency authorises it, then it goes out.")
            return redirect("shared-request", made.public_id)
    return render(
        request,
        "sharing/ask.html",
        {"draft": draft, "form": form, "chosen": chosen_face(draft), "some": bool(agreed.agreements_to_ask(member))},
        status=422 if form.errors else 200,
    )


@require_GET
def shared_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """One request; the view is an entry."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    member = member_of(request)
    held = shared_requests.view_request(public_id, acting_member=member)
    shown(request, held.public_id)
    row = read.shown(held, member)
    open_still = row.turn is not None
    return render(
        request,
        "sharing/request.html",
        {
            "row": row,
            "held": held,
            "statement": STATEMENT,
            "edits": [says(edit) for edit in chain(held.edits)],
            "probe": read.probe_shown(held, member),
            "given": read.candidates_given(held),
            "own": member.agency,
            "withheld": read.withheld_searches(held),
            "approval": "" if row.asked_by_us else read.approval_state(held, member),
            "reason_form": form if isinstance(form, ReasonForm) else ReasonForm(),
            "outcome_form": form if isinstance(form, OutcomeForm) else OutcomeForm(),
            "taken_by_me": held.taken_by_id == member.pk,
            "leads": [] if row.asked_by_us else read.leads_of(held),
            "not_yet": _not_yet(row),
            "authorises": row.turn is Permission.SHARED_AUTHORISE
            and row.asked_by_us
            and _may(member, "SHARED_AUTHORISE"),
            "asked_by_me": held.member_id == member.pk,
            "takes_back": row.asked_by_us and open_still and _may(member, "SHARED_REQUEST"),
            "answers": not row.asked_by_us and open_still and _may(member, "SHARED_ANSWER"),
            "reports": row.asked_by_us and _may(member, "OUTCOME_REPORT"),
        },
        status=status,
    )


def _not_yet(row: read.Shown) -> str:
    """Why the request cannot be answered yet, for the agency that searches; "" when it can."""
    answer = Allow() if row.asked_by_us or row.turn is None else read.answer_of(row.request)
    return f"{answer.why} {answer.next_step}" if isinstance(answer, Refused) else ""


def _may(member: Member, name: str) -> bool:
    return holds(member.roles, Permission[name])


@require_GET
def shared_probe(request: HttpRequest, public_id: str) -> HttpResponse:
    """The probe as it is asked with; with `face` the chosen face alone."""
    member = member_of(request)
    held = find.shared_request(public_id, member)
    require_shown(request, held.public_id)
    if not read.probe_shown(held, member):
        raise Http404
    try:
        if "face" in request.GET:
            return picture(face_jpeg(held.probe_blob, held.box, 320, held.edits))
        return picture(whole_jpeg(held.probe_blob, held.edits))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_GET
def shared_candidate(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """The face of a candidate that was given."""
    held = find.shared_request(public_id, member_of(request))
    require_shown(request, held.public_id)
    reference = read.given_candidate(held, rank).reference
    try:
        return picture(face_jpeg(reference.blob, reference.box, 320))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_POST
def authorise(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let a colleague's request go out, or not."""
    if request.POST.get("authorise") == "no":
        return _with_reason(request, public_id, shared_ends.refuse_authorisation, "It does not go out.")
    shared_requests.authorise_request(public_id, acting_member=member_of(request))
    messages.success(request, "Authorised. The other agency sees it now.")
    return redirect("shared-request", public_id)


@require_POST
def take_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take one's agency's request back."""
    return _with_reason(request, public_id, shared_ends.take_back, "Taken back.")


@require_POST
def decline(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say no to another agency."""
    return _with_reason(request, public_id, shared_ends.decline, "Declined. They read your reason.")


def _with_reason(request: HttpRequest, public_id: str, act: Callable[..., Any], told: str) -> HttpResponse:
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            act(public_id, reason=form.cleaned_data["reason"], acting_member=member_of(request))
        except Refused as refused:
            if refused.rule_id != "examination.explain":
                raise
            say(form, refused, "reason")
        else:
            messages.success(request, told)
            return redirect("shared-request", public_id)
    return _page(request, public_id, form, status=422)


@require_POST
def take(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take another agency's request."""
    shared_requests.take(public_id, acting_member=member_of(request))
    messages.success(request, "It is yours. Search when you are ready.")
    return redirect("shared-request", public_id)


@require_POST
def approval(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask one's own supervisors, where one's own policy wants it."""
    shared_requests.ask_approval(public_id, acting_member=member_of(request))
    messages.success(request, "Your supervisors are asked. Their answer appears here.")
    return redirect("shared-request", public_id)


@require_POST
def search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Search as the other agency asked."""
    made = shared_search.search_shared(public_id, acting_member=member_of(request))
    return redirect("search", made.public_id)


@require_POST
def answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the other agency what the agreement says."""
    made = shared_search.answer_request(public_id, acting_member=member_of(request))
    messages.success(request, f"Answered: {made.result}.")
    return redirect("shared-request", public_id)


@require_POST
def outcome(request: HttpRequest, public_id: str) -> HttpResponse:
    """Report what came of a lead that another agency gave."""
    form = OutcomeForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        shared_search.report_shared_outcome(
            public_id, told["lead"], told["outcome"], reason=told["note"], acting_member=member_of(request)
        )
        messages.success(request, "Reported. It counts for both agencies.")
        return redirect("shared-request", public_id)
    return _page(request, public_id, form, status=422)


def answers_of(request: HttpRequest) -> Answers:
    """What the form holds, complete or not."""
    sent = request.POST
    return Answers.of(
        {
            "components": {name: sent.get(f"c{n}") for n, name in enumerate(COMPONENTS, start=1)},
            "conclusion": sent.get("conclusion"),
            "notes": sent.get("notes"),
            "acknowledged": sent.getlist("acknowledged"),
        }
    )


def laid_out(answers: Answers, *, marked: bool) -> dict[str, Any]:
    """The form for the template: a row for each component, the conclusions, the notes.

    Args:
        answers: what is answered so far.
        marked: whether blank rows are marked as missing.
    """
    return {
        "rows": [
            {
                "field": f"c{number}",
                "name": name,
                "number": number,
                "look_at": WHAT_TO_LOOK_AT[name],
                "missing": marked and name not in answers.components,
                "choices": [
                    {"word": word, "id": f"c{number}-{place}", "checked": answers.components.get(name) == word}
                    for place, word in enumerate(ANSWERS, start=1)
                ],
            }
            for number, name in enumerate(COMPONENTS, start=1)
        ],
        "answered": len(answers.components),
        "conclusions": [
            {"word": word, "id": f"conclusion-{place}", "checked": answers.conclusion == word}
            for place, word in enumerate(CONCLUSIONS, start=1)
        ],
        "notes": answers.notes,
        "acknowledged": answers.acknowledged,
    }


def version_of(request: HttpRequest) -> int:
    """The draft's version that the page was made from; 0 when it says none."""
    sent = request.POST.get("version", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0


def saved_json(saved: Saved) -> JsonResponse:
    """What the page shows after saving."""
    return JsonResponse(
        {"version": saved.version, "saved_at": f"{saved.saved_at:%H:%M:%S}", "elsewhere": saved.elsewhere}
    )


def state_json(request: HttpRequest, draft: Draft | None) -> JsonResponse:
    """The draft's version, and a fresh form token for a page that outlived its session."""
    return JsonResponse({"version": draft.version if draft else 0, "token": get_token(request)})

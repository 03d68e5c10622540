"""Searches for other agencies: requests sent and received, one request, and its answer."""

from __future__ import annotations

import json
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
from plainview.casework.pictures import face_jpeg, reference_jpeg, whole_jpeg
from plainview.casework.probes.probe import frames_of
from plainview.casework.probes.read import chosen_face
from plainview.casework.search.candidates import made_of
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
from plainview.web.times import written
from plainview.web.views.common import member_of, picture, require_shown, say, shown


class AskForm(forms.Form):
    """A new request. A choice of `where` is an agreement and a gallery that it names."""

    where = forms.ChoiceField(label="Agency and gallery", widget=forms.RadioSelect)
    purpose = forms.CharField(max_length=2000, label="Purpose", widget=forms.Textarea(attrs={"rows": 2}))
    authority = forms.CharField(
        max_length=2000,
        label="Authority",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The law, warrant or order you act under, and its jurisdiction.",
    )
    top = forms.IntegerField(label="Length of the candidate list", min_value=MIN_LIST, initial=DEFAULT_LIST)

    def __init__(self, *arguments: Any, member: Member, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["where"].choices = [  # type: ignore[attr-defined]
            (f"{shown.agreement.public_id} {gallery.pk}", f"{shown.other.name}: {gallery.name}")
            for shown in agreed.agreements_to_ask(member)
            if shown.version is not None
            for gallery in shown.version.galleries.all()
        ]
        if len(self.fields["where"].choices) == 1:  # type: ignore[attr-defined]
            self.fields["where"].initial = self.fields["where"].choices[0][0]  # type: ignore[attr-defined]

    def wish(self) -> shared_requests.Wish:
        """Return the request that was filled in."""
        form_data = self.cleaned_data
        names = dict(self.fields["where"].choices)  # type: ignore[attr-defined]
        agreement, _, _ = form_data["where"].partition(" ")
        _, _, gallery = names[form_data["where"]].partition(": ")
        return shared_requests.Wish(agreement, gallery, form_data["purpose"], form_data["authority"], form_data["top"])


class ReasonForm(forms.Form):
    """A reason, which the other agency sees."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


class OutcomeForm(forms.Form):
    """The outcome of a lead."""

    lead = forms.CharField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label="Outcome", widget=forms.RadioSelect, choices=[(word, word.capitalize()) for word in OUTCOMES]
    )
    note = forms.CharField(required=False, label="Details", widget=forms.Textarea(attrs={"rows": 2}))


@require_GET
def shared(request: HttpRequest) -> HttpResponse:
    """Show the agreements and requests between the member's agency and others."""
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
            "sent": read.requests(member, asked_by_us=True) if reads else [],
            "manages": holds(member.roles, Permission.AGREEMENT_MANAGE),
            "asks": holds(member.roles, Permission.SHARED_REQUEST),
        },
    )


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask another agency to search with a prepared probe."""
    member = member_of(request)
    draft = find.preparation(public_id, member)
    form = AskForm(request.POST or None, member=member, initial={"purpose": draft.purpose})
    if request.method == "POST" and form.is_valid():
        try:
            new_request = shared_requests.make_request(public_id, form.wish(), acting_member=member)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Request saved. It is sent once a supervisor of your agency authorises it.")
            return redirect("shared-request", new_request.public_id)
    return render(
        request,
        "sharing/ask.html",
        {"draft": draft, "form": form, "chosen": chosen_face(draft), "some": bool(agreed.agreements_to_ask(member))},
        status=422 if form.errors else 200,
    )


@require_GET
def shared_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one request; the view is logged."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    member = member_of(request)
    shared = shared_requests.view_request(public_id, acting_member=member)
    shown(request, shared.public_id)
    shown_request = read.shown(shared, member)
    open_still = shown_request.turn is not None
    return render(
        request,
        "sharing/request.html",
        {
            "shown": shown_request,
            "shared": shared,
            "statement": STATEMENT,
            "edits": [says(edit) for edit in chain(shared.edits)],
            "frames": (frames := frames_of(shared.further)),
            "together_words": made_of(frames),
            "probe": read.probe_shown(shared, member),
            "answered": read.candidates_given(shared),
            "own": member.agency,
            "withheld": read.withheld_searches(shared),
            "approval": "" if shown_request.asked_by_us else read.approval_state(shared, member),
            "reason_form": form if isinstance(form, ReasonForm) else ReasonForm(),
            "outcome_form": form if isinstance(form, OutcomeForm) else OutcomeForm(),
            "taken_by_me": shared.taken_by_id == member.pk,
            "leads": [] if shown_request.asked_by_us else read.leads_of(shared),
            "not_yet": _not_yet(shown_request),
            "authorises": shown_request.turn is Permission.SHARED_AUTHORISE
            and shown_request.asked_by_us
            and _may(member, "SHARED_AUTHORISE"),
            "asked_by_me": shared.member_id == member.pk,
            "takes_back": shown_request.asked_by_us and open_still and _may(member, "SHARED_REQUEST"),
            "answers": not shown_request.asked_by_us and open_still and _may(member, "SHARED_ANSWER"),
            "reports": shown_request.asked_by_us and _may(member, "OUTCOME_REPORT"),
        },
        status=status,
    )


def _not_yet(shown_request: read.Shown) -> str:
    """Say why the searching agency cannot answer the request yet; "" when it can."""
    answer = (
        Allow() if shown_request.asked_by_us or shown_request.turn is None else read.answer_of(shown_request.request)
    )
    return f"{answer.why} {answer.next_step}" if isinstance(answer, Refused) else ""


def _may(member: Member, name: str) -> bool:
    return holds(member.roles, Permission[name])


@require_GET
def shared_probe(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the probe of the request; with `face` the chosen face alone; with `number` a further photograph, from 2."""
    member = member_of(request)
    shared = find.shared_request(public_id, member)
    require_shown(request, shared.public_id)
    if not read.probe_shown(shared, member):
        raise Http404
    try:
        if "number" in request.GET:
            number = request.GET["number"]
            other = next((frame for frame in frames_of(shared.further) if str(frame.number) == number), None)
            if other is None:
                raise Http404
            return picture(face_jpeg(other.blob, other.provenance["box"], 320, other.provenance["edits"]))
        if "face" in request.GET:
            return picture(face_jpeg(shared.probe_blob, shared.box, 320, shared.edits))
        return picture(whole_jpeg(shared.probe_blob, shared.edits))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_GET
def shared_candidate(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Return the face of a candidate in the answer."""
    shared = find.shared_request(public_id, member_of(request))
    require_shown(request, shared.public_id)
    reference = read.given_candidate(shared, rank).reference
    try:
        return picture(reference_jpeg(reference, 320))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_POST
def authorise(request: HttpRequest, public_id: str) -> HttpResponse:
    """Authorise a colleague's request, or refuse to."""
    if request.POST.get("authorise") == "no":
        return _with_reason(
            request, public_id, shared_ends.refuse_authorisation, "Not authorised. The request is not sent."
        )
    shared_requests.authorise_request(public_id, acting_member=member_of(request))
    messages.success(request, "Authorised. The other agency can now see it.")
    return redirect("shared-request", public_id)


@require_POST
def take_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take back a request of the member's agency."""
    return _with_reason(request, public_id, shared_ends.take_back, "Request taken back.")


@require_POST
def decline(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decline another agency's request."""
    return _with_reason(
        request, public_id, shared_ends.decline, "Request declined. The other agency can read your reason."
    )


def _with_reason(request: HttpRequest, public_id: str, act: Callable[..., Any], success: str) -> HttpResponse:
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            act(public_id, reason=form.cleaned_data["reason"], acting_member=member_of(request))
        except Refused as refused:
            if refused.rule_id != "examination.explain":
                raise
            say(form, refused, "reason")
        else:
            messages.success(request, success)
            return redirect("shared-request", public_id)
    return _page(request, public_id, form, status=422)


@require_POST
def take(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take another agency's request."""
    shared_requests.take(public_id, acting_member=member_of(request))
    messages.success(request, "Request taken. Search when you are ready.")
    return redirect("shared-request", public_id)


@require_POST
def approval(request: HttpRequest, public_id: str) -> HttpResponse:
    """Request approval from the agency's own supervisors, where its policy requires it."""
    shared_requests.ask_approval(public_id, acting_member=member_of(request))
    messages.success(request, "Approval requested. The decision will appear here.")
    return redirect("shared-request", public_id)


@require_POST
def search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Search as the other agency asked."""
    new_search = shared_search.search_shared(public_id, acting_member=member_of(request))
    return redirect("search", new_search.public_id)


@require_POST
def answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer the other agency as the agreement provides."""
    answered = shared_search.answer_request(public_id, acting_member=member_of(request))
    messages.success(request, f"Answered: {answered.result}.")
    return redirect("shared-request", public_id)


@require_POST
def outcome(request: HttpRequest, public_id: str) -> HttpResponse:
    """Report the outcome of a lead that another agency gave."""
    form = OutcomeForm(request.POST)
    if form.is_valid():
        form_data = form.cleaned_data
        shared_search.report_shared_outcome(
            public_id,
            form_data["lead"],
            form_data["outcome"],
            reason=form_data["note"],
            acting_member=member_of(request),
        )
        messages.success(request, "Outcome reported to both agencies.")
        return redirect("shared-request", public_id)
    return _page(request, public_id, form, status=422)


def answers_of(request: HttpRequest) -> Answers:
    """Return the answers on the form, complete or not."""
    sent = request.POST
    return Answers.of(
        {
            "components": {name: sent.get(f"c{n}") for n, name in enumerate(COMPONENTS, start=1)},
            "conclusion": sent.get("conclusion"),
            "notes": sent.get("notes"),
            "acknowledged": sent.getlist("acknowledged"),
            "marks": _marks(sent.get("marks", "")),
        }
    )


def _marks(text: str) -> object:
    """Return what the field of the marks holds; Answers takes only what is valid."""
    try:
        return json.loads(text[:20_000]) if text else []
    except (ValueError, RecursionError):
        return []


def laid_out(answers: Answers, *, marked: bool) -> dict[str, Any]:
    """Return the form for the template: a row for each component, the conclusions, the notes.

    Args:
        answers: the answers so far.
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
            {"word": word, "id": f"conclusion-{place}", "checked": answers.conclusion == word, "key": "qwe"[place - 1]}
            for place, word in enumerate(CONCLUSIONS, start=1)
        ],
        "notes": answers.notes,
        "acknowledged": answers.acknowledged,
        "marks": json.dumps(answers.marks),
    }


def version_of(request: HttpRequest) -> int:
    """Return the draft's version that the page was made from; 0 when the page names none."""
    sent = request.POST.get("version", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0


def saved_json(saved: Saved) -> JsonResponse:
    """Return what the page shows after saving."""
    return JsonResponse(
        {"version": saved.version, "saved_at": written(saved.saved_at, "time"), "elsewhere": saved.elsewhere}
    )


def state_json(request: HttpRequest, draft: Draft | None) -> JsonResponse:
    """Return the draft's version, and a fresh form token for a page that outlived its session."""
    return JsonResponse({"version": draft.version if draft else 0, "token": get_token(request)})

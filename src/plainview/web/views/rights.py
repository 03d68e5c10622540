"""Requests from people about themselves: the pages of those who answer them, and of the auditor who reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from plainview.casework import find
from plainview.casework.models import SubjectFinding, SubjectRequest
from plainview.casework.people.read import binding
from plainview.casework.pictures import jpeg, reference_jpeg
from plainview.casework.rights import checks, read
from plainview.casework.rights.answers import answer_request
from plainview.casework.rights.search import decide, search_person
from plainview.casework.workspace.services import services
from plainview.policy.rights import ACCESS, GROUNDS, MAX_EXTENSION, WISHES
from plainview.recognition.crop import within
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError
from plainview.web.views.common import beside, member_of, picture, require_shown, shown

_LONGEST = 640  # pixels: longest side of the person's photograph on the page


class ConfirmForm(forms.Form):
    """How the person's identity was checked."""

    how = forms.CharField(
        label="Identity check",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="The document shown, and who compared it with the person and any photograph. No document numbers, no copies.",
    )


class AnswerForm(forms.Form):
    """The reason for keeping pictures that the person asked to erase."""

    reason = forms.CharField(
        label="Reason for keeping the pictures you did not select",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="The person can read it. Required only if you keep pictures that they asked to erase.",
    )


class RefuseForm(forms.Form):
    """The refusal of a whole request."""

    ground = forms.ChoiceField(
        label="Ground",
        choices=[(name, why) for name, (why, _) in GROUNDS.items()],
        widget=forms.RadioSelect,
        required=False,
    )
    reason = forms.CharField(
        label="Reason (the person can read it)", widget=forms.Textarea(attrs={"rows": 3}), required=False
    )


class ExtendForm(forms.Form):
    """A later deadline."""

    days = forms.IntegerField(label="Additional days", min_value=1, max_value=MAX_EXTENSION)
    reason = forms.CharField(
        label="Reason (the person can read it)", widget=forms.Textarea(attrs={"rows": 2}), required=False
    )


_FORMS: dict[str, type[forms.Form]] = {
    "confirm": ConfirmForm,
    "search": forms.Form,
    "decide": forms.Form,
    "answer": AnswerForm,
    "refuse": RefuseForm,
    "extend": ExtendForm,
}
"""Act -> its form on the page of a request."""


@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    """List the requests to the agency, nearest deadline first."""
    rows = [_summary(summary) for summary in read.requests_of(member_of(request))]
    return render(
        request,
        "rights/list.html",
        {
            "open": [summary for summary in rows if summary["waits"]],
            "closed": [summary for summary in rows if not summary["waits"]],
            "overdue": sum(bool(summary["overdue"]) for summary in rows),
        },
    )


def _summary(rights_request: SubjectRequest) -> dict[str, Any]:
    left = read.days_left(rights_request)
    return {
        "rights_request": rights_request,
        "wishes": ", ".join(rights_request.wishes),
        "waits": rights_request.state in read.OPEN,
        "left": left,
        "late": -left,
        "overdue": read.is_overdue(rights_request),
        "pressing": read.is_pressing(rights_request),
    }


@require_GET
def request(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one request: the person, the faces, the answer."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, act: str = "", form: forms.Form | None = None) -> HttpResponse:
    member = member_of(request)
    seen = checks.view_request(public_id, acting_member=member)
    rights_request, faces = seen.request, seen.faces
    shown(request, rights_request.public_id)
    _, policy = binding(member.agency)
    forms_shown = {name: form_class(auto_id=f"{name}_%s") for name, form_class in _FORMS.items()}
    if form is not None:
        forms_shown[act] = form
    undecided = sum(finding.is_person is None for finding in faces)
    photo = read.has_photo(rights_request)
    looked = rights_request.searched_at is not None or not (photo or seen.filing.named)
    return render(
        request,
        "rights/request.html",
        _summary(rights_request)
        | {
            "filing": seen.filing,
            "wished": [WISHES[wish] for wish in rights_request.wishes],
            "faces": faces,
            "photo": photo,
            "asks_erasure": set(rights_request.wishes) != {ACCESS},
            "forms": forms_shown,
            "undecided": undecided,
            "theirs": [finding for finding in faces if finding.is_person],
            "spared": _spared(request, act, faces),
            "answers": seen.answers,
            "confirms": seen.confirms,
            "person_shown": seen.answers or seen.confirms,
            "ready": rights_request.state == "confirmed" and looked and not undecided,
            "ground": GROUNDS.get(rights_request.ground),
            "searches": rights_request.state == "confirmed" and (photo or seen.filing.named),
            "policy": policy,
            "letter": read.answer_pdf(rights_request) is not None,
        },
        status=422 if form is not None else 200,
    )


def _spared(request: HttpRequest, act: str, faces: list[SubjectFinding]) -> set[int]:
    """Return the faces that the member deselected when the answer was refused, so the choice is not lost."""
    if act != "answer":
        return set()
    erase = set(request.POST.getlist("erase"))
    return {finding.pk for finding in faces if finding.reference.public_id not in erase}


Act = Callable[[dict[str, Any]], object]


def _acted(request: HttpRequest, public_id: str, name: str, act: Act, field: str | None, done: str) -> HttpResponse:
    """Do one act with its form; a refusal is shown in the form, at this field."""
    if request.method == "GET":  # the page was reloaded after a refusal
        return redirect("rights-request", find.rights_request(public_id, member_of(request)).public_id)
    form = _FORMS[name](request.POST, auto_id=f"{name}_%s")
    if form.is_valid():
        try:
            with beside(form, field):
                act(form.cleaned_data)
                messages.success(request, done)
                return redirect("rights-request", public_id)
        except BadMedia as error:  # a photograph that an earlier model pack accepted
            form.add_error(field, f"{error.why} {error.next_step}")
    return _page(request, public_id, name, form)


@require_http_methods(["GET", "POST"])
def request_confirm(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record that the person's identity is confirmed."""
    member = member_of(request)

    def act(fields: dict[str, Any]) -> None:
        checks.confirm(public_id, fields["how"], acting_member=member)

    done = "Identity confirmed. A colleague who answers requests searches next: nothing has been compared yet."
    return _acted(request, public_id, "confirm", act, "how", done)


@require_http_methods(["GET", "POST"])
def request_search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Search the agency's galleries for the person."""
    member = member_of(request)

    def act(fields: dict[str, Any]) -> None:
        search_person(public_id, acting_member=member)

    return _acted(request, public_id, "search", act, None, "Search complete. Examine each face.")


@require_http_methods(["GET", "POST"])
def request_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record which faces show the person."""
    member, listed, ticked = member_of(request), _numbers(request, "looked"), set(_numbers(request, "person"))

    def act(fields: dict[str, Any]) -> None:
        decide(public_id, sorted(ticked), [face for face in listed if face not in ticked], acting_member=member)

    return _acted(request, public_id, "decide", act, None, "Decisions recorded.")


def _numbers(request: HttpRequest, field: str) -> list[int]:
    # What is no number is a face that no request lists: left out, a decision would be told as recorded and be lost.
    return [int(text) if text.isdecimal() and len(text) < 19 else 0 for text in request.POST.getlist(field)]


@require_http_methods(["GET", "POST"])
def request_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer, and erase the selected pictures."""
    member, erase = member_of(request), request.POST.getlist("erase")

    def act(fields: dict[str, Any]) -> None:
        answer_request(public_id, erase=erase, reason=fields["reason"], acting_member=member)

    done = "Answered. The person is informed by e-mail if they gave an address; otherwise print the letter."
    return _acted(request, public_id, "answer", act, "reason", done)


@require_http_methods(["GET", "POST"])
def request_refuse(request: HttpRequest, public_id: str) -> HttpResponse:
    """Refuse the whole request."""
    member = member_of(request)

    def act(fields: dict[str, Any]) -> None:
        checks.refuse(public_id, fields["ground"], fields["reason"], acting_member=member)

    done = "Refused. The letter says why and what the person can do."
    return _acted(request, public_id, "refuse", act, "reason", done)


@require_http_methods(["GET", "POST"])
def request_extend(request: HttpRequest, public_id: str) -> HttpResponse:
    """Extend the deadline."""
    member = member_of(request)

    def act(fields: dict[str, Any]) -> None:
        checks.extend(public_id, fields["days"], fields["reason"], acting_member=member)

    return _acted(request, public_id, "extend", act, "reason", "Extended. The person is informed of the reason.")


@require_GET
def request_photo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the photograph of the person who asks, decoded in the restricted child; no cache keeps it."""
    rights_request = find.rights_request(public_id, member_of(request))
    require_shown(request, rights_request.public_id)
    data = read.photo_of(rights_request)
    if data is None:
        raise Http404
    return picture(jpeg(within(services().decoder.decode(data).pixels, _LONGEST)))


@require_GET
def request_face(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Return the face of a reference that the request lists."""
    rights_request = find.rights_request(public_id, member_of(request))
    require_shown(request, rights_request.public_id)
    if member_of(request).pk in (rights_request.confirmed_by_id, rights_request.filed_by_id):
        raise Http404  # a member who confirmed the identity does not look through the galleries
    reference = find.finding(number, member_of(request), among=rights_request.findings.all()).reference
    try:
        return picture(reference_jpeg(reference, 320))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_GET
def request_letter(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the letter, to print for a person without e-mail."""
    rights_request = find.rights_request(public_id, member_of(request))
    require_shown(request, rights_request.public_id)
    pdf = read.answer_pdf(rights_request)
    if pdf is None:
        raise Http404
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="answer-{rights_request.public_id}.pdf"'
    return answer

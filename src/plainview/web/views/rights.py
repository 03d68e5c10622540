"""Requests of people about themselves, for those of the agency who answer them, and for its auditor to read."""

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
from plainview.casework.pictures import face_jpeg, jpeg
from plainview.casework.rights import checks, read
from plainview.casework.rights.answers import answer_request
from plainview.casework.rights.search import decide, search_person
from plainview.casework.workspace.services import services
from plainview.policy.agency import DEFAULT_LIST, MAX_LIST
from plainview.policy.rights import ACCESS, GROUNDS, MAX_EXTENSION, WISHES
from plainview.recognition.crop import within
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError
from plainview.web.views.common import beside, member_of, picture, require_shown, shown

_LONGEST = 640  # pixels of the person's photograph on the page


class ConfirmForm(forms.Form):
    """How identity was checked."""

    how = forms.CharField(
        label="How was it checked that the person is who they say?",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="What was shown, who compared it with the person, and with the photograph if there is one. No number of a document, no copy.",
    )


class SearchForm(forms.Form):
    """How many faces people look at."""

    top = forms.IntegerField(
        label="Most similar faces of each gallery to look at",
        min_value=2,
        max_value=MAX_LIST,
        initial=DEFAULT_LIST,
        help_text="Search again with more if the last ones still show the person.",
    )


class AnswerForm(forms.Form):
    """Why something that was asked for is not done."""

    reason = forms.CharField(
        label="Why what is not ticked stays",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="The person reads it. Needed only if something stays that they asked to be erased.",
    )


class RefuseForm(forms.Form):
    """A refusal of the whole request."""

    ground = forms.ChoiceField(
        label="Ground",
        choices=[(name, why) for name, (why, _) in GROUNDS.items()],
        widget=forms.RadioSelect,
        required=False,
    )
    reason = forms.CharField(label="Reason, for the person", widget=forms.Textarea(attrs={"rows": 3}), required=False)


class ExtendForm(forms.Form):
    """A later deadline."""

    days = forms.IntegerField(label="Days more", min_value=1, max_value=MAX_EXTENSION)
    reason = forms.CharField(label="Reason, for the person", widget=forms.Textarea(attrs={"rows": 2}), required=False)


_FORMS: dict[str, type[forms.Form]] = {
    "confirm": ConfirmForm,
    "search": SearchForm,
    "decide": forms.Form,
    "answer": AnswerForm,
    "refuse": RefuseForm,
    "extend": ExtendForm,
}
"""The forms of a request's page, by the act that each is for."""


@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    """Every request to the agency, those with the nearest deadline first."""
    rows = [_row(row) for row in read.requests_of(member_of(request))]
    return render(
        request,
        "rights/list.html",
        {
            "open": [row for row in rows if row["waits"]],
            "closed": [row for row in rows if not row["waits"]],
            "overdue": sum(bool(row["overdue"]) for row in rows),
        },
    )


def _row(row: SubjectRequest) -> dict[str, Any]:
    left = read.days_left(row)
    return {
        "row": row,
        "wishes": ", ".join(row.wishes),
        "waits": row.state in read.OPEN,
        "left": left,
        "late": -left,
        "overdue": read.is_overdue(row),
        "pressing": read.is_pressing(row),
    }


@require_GET
def request(request: HttpRequest, public_id: str) -> HttpResponse:
    """One request: who asks, the faces, the answer."""
    return _page(request, public_id)


def _page(request: HttpRequest, public_id: str, act: str = "", form: forms.Form | None = None) -> HttpResponse:
    member = member_of(request)
    seen = checks.view_request(public_id, acting_member=member)
    row, faces = seen.request, seen.faces
    shown(request, row.public_id)
    _, policy = binding(member.agency)
    asked = {name: made(auto_id=f"{name}_%s") for name, made in _FORMS.items()}
    if form is not None:
        asked[act] = form
    undecided = sum(one.is_person is None for one in faces)
    photo = read.has_photo(row)
    looked = row.searched_at is not None or not (photo or seen.filing.named)
    return render(
        request,
        "rights/request.html",
        _row(row)
        | {
            "filing": seen.filing,
            "wished": [WISHES[wish] for wish in row.wishes],
            "faces": faces,
            "photo": photo,
            "asks_erasure": set(row.wishes) != {ACCESS},
            "forms": asked,
            "undecided": undecided,
            "theirs": [one for one in faces if one.is_person],
            "spared": _spared(request, act, faces),
            "answers": seen.answers,
            "ready": row.state == "confirmed" and looked and not undecided,
            "ground": GROUNDS.get(row.ground),
            "searches": row.state == "confirmed" and (photo or seen.filing.named),
            "policy": policy,
            "letter": read.answer_pdf(row) is not None,
        },
        status=422 if form is not None else 200,
    )


def _spared(request: HttpRequest, act: str, faces: list[SubjectFinding]) -> set[int]:
    """The faces whose erasure the member had taken out when the answer was refused: nothing is lost."""
    if act != "answer":
        return set()
    erase = set(request.POST.getlist("erase"))
    return {one.pk for one in faces if one.reference.public_id not in erase}


Act = Callable[[dict[str, Any]], object]


def _acted(request: HttpRequest, public_id: str, name: str, act: Act, field: str | None, done: str) -> HttpResponse:
    """Do one act with its form; a refusal comes back beside the form, at this field."""
    if request.method == "GET":  # a page that was loaded again after a refusal
        return redirect("rights-request", find.rights_request(public_id, member_of(request)).public_id)
    form = _FORMS[name](request.POST, auto_id=f"{name}_%s")
    if form.is_valid():
        try:
            with beside(form, field):
                act(form.cleaned_data)
                messages.success(request, done)
                return redirect("rights-request", public_id)
        except BadMedia as error:  # a photograph that an earlier model pack took
            form.add_error(field, f"{error.why} {error.next_step}")
    return _page(request, public_id, name, form)


@require_http_methods(["GET", "POST"])
def request_confirm(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record that the person is who they say."""
    member = member_of(request)

    def act(fields: dict[str, Any]) -> None:
        checks.confirm(public_id, fields["how"], acting_member=member)

    done = "Recorded. Nothing was compared yet: search next."
    return _acted(request, public_id, "confirm", act, "how", done)


@require_http_methods(["GET", "POST"])
def request_search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Search the agency's galleries for the person."""
    member = member_of(request)

    def act(fields: dict[str, Any]) -> None:
        search_person(public_id, top=fields["top"], acting_member=member)

    return _acted(request, public_id, "search", act, "top", "Searched. Look at each face.")


@require_http_methods(["GET", "POST"])
def request_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Record which faces are the person's."""
    member, listed, ticked = member_of(request), request.POST.getlist("looked"), set(request.POST.getlist("person"))

    def act(fields: dict[str, Any]) -> None:
        decide(public_id, sorted(ticked), [face for face in listed if face not in ticked], acting_member=member)

    return _acted(request, public_id, "decide", act, None, "Recorded.")


@require_http_methods(["GET", "POST"])
def request_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Answer, and erase what was ticked."""
    member, erase = member_of(request), request.POST.getlist("erase")

    def act(fields: dict[str, Any]) -> None:
        answer_request(public_id, erase=erase, reason=fields["reason"], acting_member=member)

    done = "Answered. The person is told by e-mail if they gave an address; print the letter if not."
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
    """Give the agency more time."""
    member = member_of(request)

    def act(fields: dict[str, Any]) -> None:
        checks.extend(public_id, fields["days"], fields["reason"], acting_member=member)

    return _acted(request, public_id, "extend", act, "reason", "Extended. The person is told why.")


@require_GET
def request_photo(request: HttpRequest, public_id: str) -> HttpResponse:
    """The photograph of whoever asks, decoded in the restricted child; it passes no cache."""
    row = find.rights_request(public_id, member_of(request))
    require_shown(request, row.public_id)
    data = read.photo_of(row)
    if data is None:
        raise Http404
    return picture(jpeg(within(services().decoder.decode(data).pixels, _LONGEST)))


@require_GET
def request_face(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """The face of a reference that the request lists."""
    row = find.rights_request(public_id, member_of(request))
    require_shown(request, row.public_id)
    reference = find.finding(number, member_of(request), among=row.findings.all()).reference
    try:
        return picture(face_jpeg(reference.blob, reference.box, 320))
    except (BadMedia, StorageError):
        raise Http404 from None


@require_GET
def request_letter(request: HttpRequest, public_id: str) -> HttpResponse:
    """The letter, to print it for somebody without e-mail."""
    row = find.rights_request(public_id, member_of(request))
    require_shown(request, row.public_id)
    pdf = read.answer_pdf(row)
    if pdf is None:
        raise Http404
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="answer-{row.public_id}.pdf"'
    return answer

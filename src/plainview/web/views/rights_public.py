"""For the people in the pictures, without an account: the form, its receipt, and the state of a request with its code.

Owns the pages. No code ever stands in an address, and nothing is kept in a session.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from plainview.audit.checkpoint import parse
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import SubjectRequest
from plainview.casework.pictures import face_jpeg
from plainview.casework.rights import filing
from plainview.casework.rights.letters import proof_of_entry
from plainview.casework.rights.read import findings_of, is_overdue, open_agencies
from plainview.policy.decision import Refused
from plainview.policy.rights import ACCESS, GROUNDS, MAX_EXTENSION, PHOTO_BYTES, WISHES, faults, read_filing
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError
from plainview.web.uploads import InMemory
from plainview.web.views.common import client_address

_FIELDS = {
    "rights.wish": "wishes",
    "rights.whose": "own",
    "rights.another_person": "own",
    "rights.name": "name",
    "rights.contact": "email",
    "rights.text": "about",
    "rights.named": "named",
    "rights.agency": "agency",
}


class RightsForm(forms.Form):
    """What a person asks; the rules of policy.rights check it."""

    agency = forms.ChoiceField(
        label="Which agency do you ask?",
        required=False,
        help_text="Each agency answers for its own galleries. Ask several one by one.",
    )
    wishes = forms.MultipleChoiceField(
        label="What do you ask for?",
        choices=tuple(WISHES.items()),
        initial=[ACCESS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    own = forms.ChoiceField(
        label="Whose pictures are they?",
        required=False,
        widget=forms.RadioSelect,
        choices=[("yes", "Mine: I ask about myself"), ("no", "Somebody else's")],
    )
    name = forms.CharField(
        label="Your name",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="As your documents have it. Galleries are not searched by names: it is for the agency to know who asks.",
    )
    email = forms.CharField(
        label="E-mail address",
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="Or a postal address below. You are told when the answer is ready; the answer itself is never mailed.",
    )
    post = forms.CharField(
        label="Postal address",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
    )
    about = forms.CharField(
        label="What is it about?",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="When and where you think a picture of you was taken or used. You need not give a reason.",
    )
    named = forms.CharField(
        label="References or links that you know",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One a line: the number of a reference (R and twelve signs), or the link of a published picture.",
    )
    photo = forms.FileField(
        label="A photograph of you",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "image/*"}),
        help_text=f"Without one the agency cannot look for your face. You alone, from the front; up to {PHOTO_BYTES >> 20} MB. "
        "It is kept sealed, compared only after somebody has checked that it is you who asks, and erased with the answer. "
        "No template of it is ever stored.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Offer the agencies that are open."""
        super().__init__(*arguments, **options)
        field = self.fields["agency"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [("", "Choose one"), *((row.public_id, row.name) for row in open_agencies())]


@csrf_exempt  # until the handler is set; `_rights` is protected
@require_http_methods(["GET", "POST"])
def rights(request: HttpRequest) -> HttpResponse:
    """The form; a sent one becomes a request and shows its receipt."""
    request.upload_handlers = [InMemory(request)]
    return _rights(request)


@csrf_protect
def _rights(request: HttpRequest) -> HttpResponse:
    form = RightsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        filed = _filed(form, request)
        if filed is not None:
            told = {"row": filed.request, "code": filed.code, "wishes": _wishes(filed.request)}
            return render(request, "rights/filed.html", told)
        if request.FILES and not form.has_error("photo"):
            _say(form, "photo", "Choose the photograph once more: it was not kept.")
    return render(
        request, "rights/file.html", {"form": form, "most": MAX_EXTENSION}, status=422 if form.errors else 200
    )


def _filed(form: RightsForm, request: HttpRequest) -> filing.Filed | None:
    """The request, or None with everything that is wrong said in the form."""
    told, network = form.cleaned_data, client_address(request)
    photo, agency = told["photo"], told["agency"]
    written: dict[str, Any] = {
        "own": {"yes": True, "no": False}.get(told["own"]),
        **{name: told[name] for name in ("wishes", "name", "email", "post", "about", "named")},
    }
    if not agency:
        _say(form, "agency", "No agency is chosen. Choose one.")
    for fault in faults(**written):
        _say(form, _FIELDS.get(fault.rule_id), f"{fault.why} {fault.next_step}")
        if agency and fault.rule_id == "rights.another_person":
            filing.record_refused_filing(agency, fault, network=network)
    if form.errors:
        return None
    try:
        if photo is not None and (photo.size or 0) > PHOTO_BYTES:
            raise filing.too_large(photo.size)
        data = photo.read() if photo is not None else None
        return filing.file_request(agency, read_filing(**written), data, network=network)
    except Refused as refused:
        _say(form, _FIELDS.get(refused.rule_id), f"{refused.why} {refused.next_step}")
    except BadMedia as error:
        _say(form, "photo", f"{error.why} {error.next_step}")
    return None


def _say(form: forms.Form, field: str | None, words: str) -> None:
    form.add_error(field, ValidationError(words))


def _wishes(row: SubjectRequest) -> list[str]:
    return [WISHES[wish] for wish in row.wishes]


class CodeForm(forms.Form):
    """The code of the receipt."""

    code = forms.CharField(
        label="Code",
        help_text="Sixteen signs; it stands on your receipt.",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest, public_id: str) -> HttpResponse:
    """The state of a request, and its answer, for whoever holds its code."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        try:
            opened = filing.open_request(public_id, code, network=client_address(request))
        except Refused as refused:
            _say(form, "code", f"{refused.why} {refused.next_step}")
        else:
            return render(request, "rights/state.html", _state(opened, code))
    return render(
        request,
        "rights/code.html",
        {"form": form, "number": public_id[:16]},
        status=403 if form.errors else 200,
    )


def _state(opened: filing.Opened, code: str) -> dict[str, Any]:
    row = opened.request
    return {
        "row": row,
        "code": code,
        "wishes": _wishes(row),
        "overdue": is_overdue(row),
        "ground": GROUNDS.get(row.ground),
        "answered": opened.pdf is not None,
        "pictures": _pictures(row) if row.state == "answered" else [],
        "erased": [one for one in findings_of(row, of_person=True) if one.outcome == "erased"],
    }


def _pictures(row: SubjectRequest) -> list[dict[str, str]]:
    """The person's pictures that are still held, inside the page: an address could be handed on."""
    shown = []
    for one in findings_of(row, of_person=True):
        if one.reference.template:
            try:
                data = face_jpeg(one.reference.blob, one.reference.box, 320)
            except (BadMedia, StorageError):
                continue
            shown.append(
                {
                    "reference": one.reference.public_id,
                    "src": f"data:image/jpeg;base64,{base64.b64encode(data).decode()}",
                }
            )
    return shown


@sensitive_post_parameters("code")
@require_POST
def own_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """The letter as PDF."""
    opened = filing.open_request(public_id, request.POST.get("code", ""), network=client_address(request))
    if opened.pdf is None:
        raise Http404
    return _file(opened.pdf, "application/pdf", f"answer-{opened.request.public_id}.pdf")


@sensitive_post_parameters("code")
@require_POST
def own_proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """The proof that the erasure of one reference stands in the log, with the log's signed head, as a file."""
    opened = filing.open_request(public_id, request.POST.get("code", ""), network=client_address(request))
    asked, note = request.POST.get("reference", ""), newest_checkpoint()
    erased = {one.reference.public_id: one for one in findings_of(opened.request, of_person=True)}
    proof = proof_of_entry(erased[asked].entry, parse(note).size) if asked in erased else None
    if proof is None:
        raise Http404
    data = json.dumps(proof | {"checkpoint": note}, indent=1).encode()
    return _file(data, "application/json", f"proof-{asked}.json")


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

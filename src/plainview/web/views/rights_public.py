"""Pages for people in pictures, without an account: the form, its receipt, and the status of a request with its code.

Owns these pages. They must never put a code into an address, or anything into a session.
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
from plainview.casework.models import Member, SubjectRequest
from plainview.casework.pictures import reference_jpeg
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
    """A person's request; the rules of policy.rights check it."""

    agency = forms.ChoiceField(
        label="Agency",
        required=False,
        help_text="Each agency answers for its own galleries. To ask several agencies, send one request to each.",
    )
    wishes = forms.MultipleChoiceField(
        label="Your request",
        choices=tuple(WISHES.items()),
        initial=[ACCESS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    own = forms.ChoiceField(
        label="Who is in the pictures?",
        required=False,
        widget=forms.RadioSelect,
        choices=[("yes", "I am: I ask about myself"), ("no", "Another person")],
    )
    name = forms.CharField(
        label="Your name",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="As on your documents. The agency needs it to know who is asking; galleries are not searched by name.",
    )
    email = forms.CharField(
        label="E-mail address",
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="Or give a postal address below. We write to you when the answer is ready; the answer itself is never sent by e-mail.",
    )
    post = forms.CharField(
        label="Postal address",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
    )
    about = forms.CharField(
        label="Details",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="When and where you think a picture of you was taken or used. You need not give a reason.",
    )
    named = forms.CharField(
        label="References or links that you know",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One per line: a reference id (R and 12 characters) or the link to a published picture.",
    )
    photo = forms.FileField(
        label="A photograph of you",
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "image/*"}),
        help_text=f"Without one, the agency cannot search for your face. Only you in the picture, from the front; up to {PHOTO_BYTES >> 20} MB. "
        "It is stored sealed, compared only after your identity is confirmed, and erased with the answer. "
        "No template of it is ever stored.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Offer the open agencies."""
        super().__init__(*arguments, **options)
        field = self.fields["agency"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [("", "Choose an agency"), *((agency.public_id, agency.name) for agency in open_agencies())]


@csrf_exempt  # until the handler is set; `_rights` is protected
@require_http_methods(["GET", "POST"])
def rights(request: HttpRequest) -> HttpResponse:
    """Show the form; once sent, file the request and show its receipt."""
    request.upload_handlers = [InMemory(request)]
    return _rights(request)


@csrf_protect
def _rights(request: HttpRequest) -> HttpResponse:
    form = RightsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        filed = _filed(form, request)
        if filed is not None:
            context = {"rights_request": filed.request, "code": filed.code, "wishes": _wishes(filed.request)}
            return render(request, "rights/filed.html", context)
        if request.FILES and not form.has_error("photo"):
            _say(form, "photo", "Choose the photograph again: it was not kept.")
    return render(
        request, "rights/file.html", {"form": form, "most": MAX_EXTENSION}, status=422 if form.errors else 200
    )


def _filed(form: RightsForm, request: HttpRequest) -> filing.Filed | None:
    """Return the filed request, or None with every fault shown in the form."""
    fields, network = form.cleaned_data, client_address(request)
    photo, agency = fields["photo"], fields["agency"]
    written: dict[str, Any] = {
        "own": {"yes": True, "no": False}.get(fields["own"]),
        **{name: fields[name] for name in ("wishes", "name", "email", "post", "about", "named")},
    }
    if not agency:
        _say(form, "agency", "Choose an agency.")
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
        signed_in = request.user if isinstance(request.user, Member) else None
        return filing.file_request(agency, read_filing(**written), data, network=network, signed_in=signed_in)
    except Refused as refused:
        _say(form, _FIELDS.get(refused.rule_id), f"{refused.why} {refused.next_step}")
    except BadMedia as error:
        _say(form, "photo", f"{error.why} {error.next_step}")
    return None


def _say(form: forms.Form, field: str | None, words: str) -> None:
    form.add_error(field, ValidationError(words))


def _wishes(rights_request: SubjectRequest) -> list[str]:
    return [WISHES[wish] for wish in rights_request.wishes]


class CodeForm(forms.Form):
    """The code on the receipt."""

    code = forms.CharField(
        label="Code",
        help_text="16 characters; it is on your receipt.",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the status of a request, and its answer, to anyone with its code."""
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
    rights_request = opened.request
    return {
        "rights_request": rights_request,
        "code": code,
        "wishes": _wishes(rights_request),
        "overdue": is_overdue(rights_request),
        "ground": GROUNDS.get(rights_request.ground),
        "answered": opened.pdf is not None,
        "pictures": _pictures(rights_request) if rights_request.state == "answered" else [],
        "erased": [finding for finding in findings_of(rights_request, of_person=True) if finding.outcome == "erased"],
    }


def _pictures(rights_request: SubjectRequest) -> list[dict[str, str]]:
    """Return the person's pictures that are not erased, as data in the page: a link could be passed on."""
    shown = []
    for finding in findings_of(rights_request, of_person=True):
        if finding.reference.template:
            try:
                data = reference_jpeg(finding.reference, 320)
            except (BadMedia, StorageError):
                continue
            shown.append(
                {
                    "reference": finding.reference.public_id,
                    "src": f"data:image/jpeg;base64,{base64.b64encode(data).decode()}",
                }
            )
    return shown


@sensitive_post_parameters("code")
@require_POST
def own_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the letter as PDF."""
    opened = filing.open_request(public_id, request.POST.get("code", ""), network=client_address(request))
    if opened.pdf is None:
        raise Http404
    return _file(opened.pdf, "application/pdf", f"answer-{opened.request.public_id}.pdf")


@sensitive_post_parameters("code")
@require_POST
def own_proof(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the proof that the erasure of one reference is in the log, with the log's checkpoint, as a file."""
    opened = filing.open_request(public_id, request.POST.get("code", ""), network=client_address(request))
    asked, note = request.POST.get("reference", ""), newest_checkpoint()
    erased = {finding.reference.public_id: finding for finding in findings_of(opened.request, of_person=True)}
    proof = proof_of_entry(erased[asked].entry, parse(note).size) if asked in erased else None
    if proof is None:
        raise Http404
    data = json.dumps(proof | {"checkpoint": note}, indent=1).encode()
    return _file(data, "application/json", f"proof-{asked}.json")


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

"""The public register, for whoever asks: no sign-in, no script needed, nothing that is not published.

Owns what is searched and sorted. An administrator or supervisor who is signed in attests months without use from the
page of their agency.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import Member
from plainview.casework.register import publish as publishing
from plainview.casework.register import read
from plainview.casework.register.site import chart, table
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import member_of, say

SORTS = {
    "name": "Agency",
    "jurisdiction": "Jurisdiction",
    "searches": "Searches",
    "leads": "Leads",
    "wrong_person_reports": "Wrong person",
    "galleries": "Galleries",
}
"""What the table is sorted by -> the heading of its column."""


class FindForm(forms.Form):
    """What to look for, and in which order."""

    q = forms.CharField(label="Agency, place or offence", required=False, max_length=100)
    sort = forms.ChoiceField(label="Sorted by", required=False, choices=tuple(SORTS.items()))
    order = forms.ChoiceField(label="Order", required=False, choices=(("", "rising"), ("down", "falling")))


class AttestForm(forms.Form):
    """Months without use."""

    office = forms.CharField(
        label="Name of the office", max_length=80, help_text="As “Chief of Police”; nobody's own name."
    )
    first = forms.CharField(label="From month", widget=forms.TextInput(attrs={"type": "month"}))
    last = forms.CharField(label="Until month", widget=forms.TextInput(attrs={"type": "month"}))


def _current() -> dict[str, Any]:
    return read.current(newest_checkpoint)


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """The table of agencies."""
    told, form = _current(), FindForm(request.GET)
    found: dict[str, Any] = form.cleaned_data if form.is_valid() else {"q": "", "sort": "", "order": ""}
    agencies = [row for row in told["agencies"] if _fits(row, found["q"])]
    agencies.sort(key=lambda row: _key(row, found["sort"] or "name"), reverse=found["order"] == "down")
    return render(
        request,
        "register/list.html",
        {
            "register": told,
            "agencies": agencies,
            "form": form,
            "sort": found["sort"] or "name",
            "down": found["order"] == "down",
            "q": found["q"],
            "sorts": SORTS,
        },
    )


def _fits(agency: dict[str, Any], words: str) -> bool:
    """Every word stands in the agency's name, its place or the offences that it searches for."""
    text = " ".join((agency["name"], agency["jurisdiction"], *agency["by_offence"])).casefold()
    return all(word in text for word in words.casefold().split())


def _key(agency: dict[str, Any], sort: str) -> tuple[Any, str]:
    value = agency[sort]
    if isinstance(value, str):
        return value.casefold(), agency["name"]
    return (len(value) if isinstance(value, list) else 0.5 if value is None else value), agency["name"]


@require_GET
def register_agency(request: HttpRequest, public_id: str) -> HttpResponse:
    """The page of one agency."""
    return _agency_page(request, public_id)


def _agency_page(
    request: HttpRequest, public_id: str, form: AttestForm | None = None, status: int = 200
) -> HttpResponse:
    told = _current()
    agency = next((row for row in told["agencies"] if row["id"] == public_id), None)
    if agency is None:
        raise Http404
    member = request.user
    own = isinstance(member, Member) and member.agency.public_id == public_id
    attests = own and holds(member.roles, Permission.REGISTER_ATTEST)  # type: ignore[union-attr]
    return render(
        request,
        "register/agency.html",
        {
            "register": told,
            "agency": agency,
            "chart": chart(agency),
            "table": table(agency),
            "form": (form or AttestForm()) if attests else None,
        },
        status=status,
    )


@require_GET
def register_json(request: HttpRequest) -> HttpResponse:
    """The same as data."""
    answer = JsonResponse(_current(), json_dumps_params={"indent": 1, "ensure_ascii": False})
    answer["Cache-Control"] = f"public, max-age={read.FRESH}"
    return answer


@require_GET
def register_history(request: HttpRequest) -> HttpResponse:
    """The registers of past months, each with its hash, and the checkpoints in them."""
    return render(request, "register/history.html", {"rows": read.published(), "register": _current()})


@require_GET
def register_published(request: HttpRequest, digest: str) -> HttpResponse:
    """A past month's register, byte for byte."""
    row = read.published().filter(sha256=digest).first()
    if row is None:
        raise Http404
    answer = HttpResponse(bytes(row.data), content_type="application/json")
    answer["Cache-Control"] = "public, max-age=86400, immutable"
    return answer


@require_POST
def register_attest(request: HttpRequest) -> HttpResponse:
    """Attest months without use, in the name of an office of the member's agency."""
    member, form = member_of(request), AttestForm(request.POST)
    if form.is_valid():
        held = form.cleaned_data
        try:
            publishing.attest(held["first"], held["last"], office=held["office"], acting_member=member)
        except Refused as refused:
            say(form, refused, "office" if refused.rule_id.startswith("attest.office") else None)
        else:
            messages.success(request, "Attested. It stands in the register now.")
            return redirect(f"{reverse('register-agency', args=[member.agency.public_id])}#attested")
    return _agency_page(request, member.agency.public_id, form, 422)

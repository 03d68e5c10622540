"""The public register, open to anyone: no sign-in, no script, only published figures.

Owns search and sort order. An administrator or supervisor who is signed in attests months without use on the page of
their agency. It must never show a figure that is not published.
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
"""Key to sort by -> heading of its column."""


class FindForm(forms.Form):
    """Words to look for, and the order of the agencies."""

    q = forms.CharField(label="Agency, place or offence", required=False, max_length=100)
    sort = forms.ChoiceField(label="Sort by", required=False, choices=tuple(SORTS.items()))
    order = forms.ChoiceField(label="Order", required=False, choices=(("", "ascending"), ("down", "descending")))


class AttestForm(forms.Form):
    """Months without use."""

    office = forms.CharField(
        label="Office", max_length=80, help_text="For example “Chief of Police”. Do not enter a person's name."
    )
    first = forms.CharField(label="First month", widget=forms.TextInput(attrs={"type": "month"}))
    last = forms.CharField(label="Last month", widget=forms.TextInput(attrs={"type": "month"}))


def _current() -> dict[str, Any]:
    return read.current(newest_checkpoint)


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """Show the table of agencies."""
    current, form = _current(), FindForm(request.GET)
    query: dict[str, Any] = form.cleaned_data if form.is_valid() else {"q": "", "sort": "", "order": ""}
    agencies = [agency for agency in current["agencies"] if _fits(agency, query["q"])]
    agencies.sort(key=lambda agency: _key(agency, query["sort"] or "name"), reverse=query["order"] == "down")
    return render(
        request,
        "register/list.html",
        {
            "register": current,
            "agencies": agencies,
            "form": form,
            "sort": query["sort"] or "name",
            "down": query["order"] == "down",
            "q": query["q"],
            "sorts": SORTS,
        },
    )


def _fits(agency: dict[str, Any], words: str) -> bool:
    """Say whether every word is in the agency's name, its jurisdiction or the offences it searches for."""
    text = " ".join((agency["name"], agency["jurisdiction"], *agency["by_offence"])).casefold()
    return all(word in text for word in words.casefold().split())


def _key(agency: dict[str, Any], sort: str) -> tuple[Any, str]:
    value = agency[sort]
    if isinstance(value, str):
        return value.casefold(), agency["name"]
    return (len(value) if isinstance(value, list) else 0.5 if value is None else value), agency["name"]


@require_GET
def register_agency(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one agency."""
    return _agency_page(request, public_id)


def _agency_page(
    request: HttpRequest, public_id: str, form: AttestForm | None = None, status: int = 200
) -> HttpResponse:
    current = _current()
    agency = next((listed for listed in current["agencies"] if listed["id"] == public_id), None)
    if agency is None:
        raise Http404
    member = request.user
    own = isinstance(member, Member) and member.agency.public_id == public_id
    attests = own and holds(member.roles, Permission.REGISTER_ATTEST)  # type: ignore[union-attr]
    return render(
        request,
        "register/agency.html",
        {
            "register": current,
            "agency": agency,
            "chart": chart(agency),
            "table": table(agency),
            "form": (form or AttestForm()) if attests else None,
        },
        status=status,
    )


@require_GET
def register_json(request: HttpRequest) -> HttpResponse:
    """Return the register as JSON."""
    answer = JsonResponse(_current(), json_dumps_params={"indent": 1, "ensure_ascii": False})
    answer["Cache-Control"] = f"public, max-age={read.FRESH}"
    return answer


@require_GET
def register_history(request: HttpRequest) -> HttpResponse:
    """List the registers of past months, with their hashes and checkpoints."""
    return render(request, "register/history.html", {"rows": read.published(), "register": _current()})


@require_GET
def register_published(request: HttpRequest, digest: str) -> HttpResponse:
    """Return a past month's register, byte for byte."""
    month = read.published().filter(sha256=digest).first()
    if month is None:
        raise Http404
    answer = HttpResponse(bytes(month.data), content_type="application/json")
    answer["Cache-Control"] = "public, max-age=86400, immutable"
    return answer


@require_POST
def register_attest(request: HttpRequest) -> HttpResponse:
    """Attest months without use, in the name of an office of the member's agency."""
    member, form = member_of(request), AttestForm(request.POST)
    if form.is_valid():
        fields = form.cleaned_data
        try:
            publishing.attest(fields["first"], fields["last"], office=fields["office"], acting_member=member)
        except Refused as refused:
            say(form, refused, "office" if refused.rule_id.startswith("attest.office") else None)
        else:
            messages.success(request, "Attested. The register now shows it.")
            return redirect(f"{reverse('register-agency', args=[member.agency.public_id])}#attested")
    return _agency_page(request, member.agency.public_id, form, 422)

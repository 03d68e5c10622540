"""Cases: find one, open one, see the searches under it, close it."""

from __future__ import annotations

from datetime import date

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.cases.open_close import close_case, open_case
from plainview.casework.cases.read import SHOWN, find_cases, probe_faces, searches_under
from plainview.casework.cases.timeline import KINDS, Event, timeline
from plainview.casework.erasure.read import held_case
from plainview.casework.examination.read import examinations
from plainview.casework.people.read import binding
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import member_of, say, shown


class CaseForm(forms.Form):
    """A new case."""

    number = forms.CharField(
        max_length=100,
        label="Case number",
        help_text="As your agency writes it. It is sealed in the log.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    offence = forms.CharField(max_length=200, label="Offence under investigation")
    jurisdiction = forms.CharField(
        max_length=200, required=False, label="Jurisdiction", help_text="Only if it is not your agency's own."
    )


class CloseForm(forms.Form):
    """The reason for closing a case."""

    reason = forms.CharField(max_length=1000, label="Reason", widget=forms.Textarea(attrs={"rows": 3}))


@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """Show the agency's cases; htmx takes the list out of the same page."""
    member = member_of(request)
    text = request.GET.get("q", "")[:100]
    matching = find_cases(member, text)
    may = holds(member.roles, Permission.CASE_OPEN)
    return render(request, "cases/list.html", {"cases": matching, "q": text, "most": SHOWN, "may_open": may})


@require_http_methods(["GET", "POST"])
def case_open(request: HttpRequest) -> HttpResponse:
    """Open a case."""
    member = member_of(request)
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            case = open_case(**form.cleaned_data, acting_member=member)
        except Refused as refused:
            say(
                form,
                refused,
                "offence" if "offence" in refused.rule_id or "ground" in refused.rule_id else "number",
            )
        else:
            messages.success(request, f"Case {case.number} is open.")
            return redirect("case", case.pk)
    _, policy = binding(member.agency)
    return render(request, "cases/open.html", {"form": form, "offences": policy.offences})


@require_GET
def case(request: HttpRequest, number: int) -> HttpResponse:
    """Show one case with its searches."""
    return _case_page(request, number, CloseForm())


@require_POST
def case_close(request: HttpRequest, number: int) -> HttpResponse:
    """Close a case, with a reason."""
    member, form = member_of(request), CloseForm(request.POST)
    if form.is_valid():
        closed = close_case(
            find.case_by_key(number, member).number, reason=form.cleaned_data["reason"], acting_member=member
        )
        messages.success(request, f"Case {closed.number} is closed. No search can be made under it now.")
        return redirect("case", number)
    return _case_page(request, number, form, status=422)


def _case_page(request: HttpRequest, number: int, form: CloseForm, status: int = 200) -> HttpResponse:
    member = member_of(request)
    case = find.case_by_key(number, member)
    _, policy = binding(member.agency)
    visible = {examination.pk for examination in examinations(member)}
    shown(request, reverse("case", args=[number]))
    events = timeline(case, member, examinations=visible)
    only = request.GET.get("only", "")
    rows = [event for event in events if not only or event.kind == only]
    searches = searches_under(case)
    return render(
        request,
        "cases/case.html",
        {
            "case": case,
            "days": _days(rows),
            "counts": {
                kind: (words, sum(1 for event in events if event.kind == kind)) for kind, words in KINDS.items()
            },
            "only": only,
            "total": len(events),
            "waiting": [(event, _address(event)) for event in events if event.waits],
            "probes": probe_faces(case),
            "purposes": sorted({search.purpose for search in searches if search.purpose}),
            "searches": searches,
            "form": form,
            "holds": held_case(case),
            "needs_approval": policy.needs_approval(case.offence),
            "may_search": holds(member.roles, Permission.SEARCH_RUN),
            "may_hold": holds(member.roles, Permission.HOLD_PLACE),
            "may_close": holds(member.roles, Permission.CASE_CLOSE),
            "may_video": holds(member.roles, Permission.VIDEO_UPLOAD),
        },
        status=status,
    )


def _days(events: list[Event]) -> list[tuple[date, list[tuple[Event, str]]]]:
    """Return the events by the reader's days, each with the address of its page."""
    days: dict[date, list[tuple[Event, str]]] = {}
    for event in events:
        days.setdefault(timezone.localtime(event.at).date(), []).append((event, _address(event)))
    return list(days.items())


def _address(event: Event) -> str:
    """Return the address of an event's page, "" if it has none."""
    return reverse(event.page, args=event.key) if event.page else ""

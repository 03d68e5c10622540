"""Reports of the agency's work: a page, the same as files, and the standing orders by which they are sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework.reports.make import MadeReport, make_report
from plainview.casework.reports.pdf import HOW
from plainview.casework.reports.read import readers
from plainview.casework.reports.read import schedules as schedules_of
from plainview.casework.reports.schedules import schedule_report, stop_schedule
from plainview.casework.reports.sections import sections
from plainview.casework.reports.tables import Section
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.reporting import EVERY, Period, default_period
from plainview.policy.roles import holds
from plainview.web.plot import drawing
from plainview.web.views.common import member_of, say

_TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "json": "application/json"}
_BEFORE, _NONE, _CHOSEN = "before", "none", "chosen"


def _date(label: str, *, required: bool) -> forms.DateField:
    return forms.DateField(label=label, required=required, widget=forms.DateInput(attrs={"type": "date"}))


class PeriodForm(forms.Form):
    """The days of the report, and those to compare them with."""

    since = _date("From", required=True)
    until = _date("Until", required=True)
    compare = forms.ChoiceField(
        label="Compare with",
        choices=[
            (_BEFORE, "The time before"),
            (_NONE, "Nothing"),
            (_CHOSEN, "Other days"),
        ],
    )
    other_since = _date("Other days, from", required=False)
    other_until = _date("Other days, until", required=False)

    def clean(self) -> dict[str, Any]:
        """Days to compare with are named where they are asked for."""
        told = super().clean() or self.cleaned_data
        if told.get("compare") == _CHOSEN and not (told.get("other_since") and told.get("other_until")):
            self.add_error("other_since", "Name the first and the last day to compare with.")
        return told

    def periods(self) -> tuple[Period, Period | None]:
        """The period, and the other one if there is any."""
        told = self.cleaned_data
        period = Period(told["since"], told["until"])
        if told["compare"] == _CHOSEN:
            return period, Period(told["other_since"], told["other_until"])
        return period, period.before() if told["compare"] == _BEFORE else None


class ScheduleForm(forms.Form):
    """How often a report is sent, and to whom."""

    every = forms.ChoiceField(
        label="How often",
        widget=forms.RadioSelect,
        choices=[("weekly", "Every Monday, of the week before"), ("monthly", "On the first, of the month before")],
    )
    recipients = forms.MultipleChoiceField(
        label="To whom",
        widget=forms.CheckboxSelectMultiple,
        help_text="Members who may read reports. The letter carries the report as PDF, and as JSON to check it.",
    )


def _form(request: HttpRequest) -> PeriodForm:
    """What was asked for; thirty days and those before them where nothing was."""
    usual = default_period(timezone.now().date()).to_dict() | {"compare": _BEFORE}
    return PeriodForm({**usual, **request.GET.dict()})


def _made(request: HttpRequest, form: PeriodForm, *forms_wanted: str) -> MadeReport | None:
    """The report that the form asks for; None with the reason in the form."""
    if not form.is_valid():
        return None
    try:
        return make_report(*form.periods(), forms_wanted, acting_member=member_of(request))
    except Refused as refused:
        if not refused.rule_id.startswith("report."):
            raise
        say(form, refused)
        return None


@require_GET
def reports(request: HttpRequest) -> HttpResponse:
    """The agency's report of a period; every view of it is a report of its own, and an entry."""
    form = _form(request)
    made = _made(request, form)
    context: dict[str, Any] = {
        "form": form,
        "query": request.GET.urlencode(),
        "how": HOW,
        "reads_log": holds(member_of(request).roles, Permission.AUDIT_READ),
    }
    if made is not None:
        context |= {"made": made, "told": made.report, "sections": [_shown(one) for one in sections(made.report)]}
    return render(request, "reports/report.html", context)


def _shown(section: Section) -> dict[str, Any]:
    rows = [
        [{"value": cell, "number": number} for cell, number in zip(row, section.numbers, strict=True)]
        for row in section.rows
    ]
    chart = section.chart
    return {
        "section": section,
        "rows": rows,
        "heads": [
            {"text": head, "number": number} for head, number in zip(section.heads, section.numbers, strict=True)
        ],
        "chart": chart and drawing(chart.labels, chart.counts, chart.before, lying=chart.lying),
    }


@require_GET
def report_file(request: HttpRequest, form: str) -> HttpResponse:
    """The same report as a file, made anew."""
    asked = _form(request)
    made = _made(request, asked, form)
    if made is None:
        return render(request, "reports/report.html", {"form": asked}, status=400)
    answer = HttpResponse(made.files[form], content_type=_TYPES[form])
    name = f"report-{made.report['period']['since']}-{made.report['period']['until']}.{form}"
    answer["Content-Disposition"] = f'{"inline" if form == "pdf" else "attachment"}; filename="{name}"'
    return answer


@require_GET
def schedules(request: HttpRequest) -> HttpResponse:
    """The reports that are sent by the clock, and the form for another."""
    return _schedules_page(request, _schedule_form(request))


def _schedules_page(request: HttpRequest, form: ScheduleForm) -> HttpResponse:
    member = member_of(request)
    return render(
        request,
        "reports/schedules.html",
        {"rows": schedules_of(member), "form": form, "orders": holds(member.roles, Permission.REPORT_SCHEDULE)},
    )


def _schedule_form(request: HttpRequest) -> ScheduleForm:
    form = ScheduleForm(request.POST if request.method == "POST" else None, initial={"every": EVERY[0]})
    form.fields["recipients"].choices = [  # type: ignore[attr-defined]
        (row.email, f"{row.name}, {', '.join(row.roles)}")
        for row in readers(member_of(request))
        if holds(row.roles, Permission.REPORT_READ)
    ]
    return form


@require_http_methods(["GET", "POST"])
def schedule_new(request: HttpRequest) -> HttpResponse:
    """Have a report sent."""
    form = _schedule_form(request)
    if form.is_valid():
        told = form.cleaned_data
        try:
            schedule_report(told["every"], told["recipients"], acting_member=member_of(request))
        except Refused as refused:
            say(form, refused, "recipients")
        else:
            messages.success(request, "Scheduled. The first letter goes when the running week or month is over.")
            return redirect("report-schedules")
    return _schedules_page(request, form)


@require_POST
def schedule_stop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send a report no more."""
    stop_schedule(public_id, acting_member=member_of(request))
    messages.success(request, "Stopped.")
    return redirect("report-schedules")

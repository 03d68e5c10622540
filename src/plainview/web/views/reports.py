"""Reports of the agency's work: a page, its files, and the schedules by which reports are sent."""

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
    """The period of the report, and the period to compare it with."""

    since = _date("From", required=True)
    until = _date("Until", required=True)
    compare = forms.ChoiceField(
        label="Compare with",
        choices=[
            (_BEFORE, "The period before"),
            (_NONE, "Nothing"),
            (_CHOSEN, "Another period"),
        ],
    )
    other_since = _date("Other period, from", required=False)
    other_until = _date("Other period, until", required=False)

    def clean(self) -> dict[str, Any]:
        """Require both days of another period when one is chosen."""
        fields = super().clean() or self.cleaned_data
        if fields.get("compare") == _CHOSEN and not (fields.get("other_since") and fields.get("other_until")):
            self.add_error("other_since", "Enter the first and the last day of the other period.")
        return fields

    def periods(self) -> tuple[Period, Period | None]:
        """Return the period, and the one to compare it with, if any."""
        fields = self.cleaned_data
        period = Period(fields["since"], fields["until"])
        if fields["compare"] == _CHOSEN:
            return period, Period(fields["other_since"], fields["other_until"])
        return period, period.before() if fields["compare"] == _BEFORE else None


class ScheduleForm(forms.Form):
    """How often a report is sent, and its recipients."""

    every = forms.ChoiceField(
        label="How often",
        widget=forms.RadioSelect,
        choices=[
            ("weekly", "Every Monday, for the week before"),
            ("monthly", "On the first of each month, for the month before"),
        ],
    )
    recipients = forms.MultipleChoiceField(
        label="Recipients",
        widget=forms.CheckboxSelectMultiple,
        help_text="Members who may read reports. The e-mail has the report as PDF, and as JSON for checking.",
    )


def _form(request: HttpRequest) -> PeriodForm:
    """Return the form of the request; by default thirty days, compared with the thirty before."""
    usual = default_period(timezone.now().date()).to_dict() | {"compare": _BEFORE}
    return PeriodForm({**usual, **request.GET.dict()})


def _report_of(request: HttpRequest, form: PeriodForm, *forms_wanted: str) -> MadeReport | None:
    """Return the report that the form asks for, or None with the reason in the form."""
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
    """Show the agency's report of a period; every view is a new report with its own entry."""
    form = _form(request)
    report = _report_of(request, form)
    context: dict[str, Any] = {
        "form": form,
        "query": request.GET.urlencode(),
        "how": HOW,
        "reads_log": holds(member_of(request).roles, Permission.AUDIT_READ),
    }
    if report is not None:
        context |= {
            "report": report,
            "contents": report.report,
            "sections": [_shown(section) for section in sections(report.report)],
        }
    return render(request, "reports/report.html", context)


def _shown(section: Section) -> dict[str, Any]:
    rows = [
        [{"value": cell, "number": number} for cell, number in zip(cells, section.numbers, strict=True)]
        for cells in section.rows
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
    """Return the report as a file, made again."""
    asked = _form(request)
    report = _report_of(request, asked, form)
    if report is None:
        return render(request, "reports/report.html", {"form": asked}, status=400)
    answer = HttpResponse(report.files[form], content_type=_TYPES[form])
    name = f"report-{report.report['period']['since']}-{report.report['period']['until']}.{form}"
    answer["Content-Disposition"] = f'{"inline" if form == "pdf" else "attachment"}; filename="{name}"'
    return answer


@require_GET
def schedules(request: HttpRequest) -> HttpResponse:
    """List the scheduled reports, with the form for another."""
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
        (reader.email, f"{reader.name}, {', '.join(reader.roles)}")
        for reader in readers(member_of(request))
        if holds(reader.roles, Permission.REPORT_READ)
    ]
    return form


@require_http_methods(["GET", "POST"])
def schedule_new(request: HttpRequest) -> HttpResponse:
    """Schedule a report."""
    form = _schedule_form(request)
    if form.is_valid():
        fields = form.cleaned_data
        try:
            schedule_report(fields["every"], fields["recipients"], acting_member=member_of(request))
        except Refused as refused:
            say(form, refused, "recipients")
        else:
            messages.success(request, "Scheduled. The first report will be sent when the current week or month ends.")
            return redirect("report-schedules")
    return _schedules_page(request, form)


@require_POST
def schedule_stop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Stop a scheduled report."""
    stop_schedule(public_id, acting_member=member_of(request))
    messages.success(request, "Schedule stopped.")
    return redirect("report-schedules")
